import Glibc

/// A folder held open by a descriptor: entries are created, replaced and deleted in exactly this folder, even if its
/// path changes.
///
/// Root works in folders of the server's user, who can replace any part of their paths by a link. Therefore each step
/// goes from an open folder to one name in it, and follows no link.
public final class OpenFolder: Sendable {
  public let descriptor: Int32
  /// The path for messages.
  public let path: String

  /// Opens a folder by its path.
  ///
  /// Links in the path are followed, because uploads are often on another disk. For root, a link of another user is
  /// followed only to a folder of the same user, so that no user can redirect root.
  ///
  /// - Throws: `.file`.
  public init(_ path: String) throws {
    self.path = path
    descriptor = geteuid() == 0 ? try TrustedWay.open(path) : open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else {
      throw PlainFailure.system(SafeText.clean(path, limit: .path), "the folder cannot be opened", errno: errno)
    }
  }

  private init(descriptor: Int32, path: String) {
    self.descriptor = descriptor
    self.path = path
  }

  deinit { close(descriptor) }

  /// Opens the subfolder with this name; returns nil if it does not exist.
  ///
  /// - Throws: `.file`, also for a link.
  public func folder(_ name: String) throws -> OpenFolder? {
    let inner = openat(descriptor, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
    if inner >= 0 { return OpenFolder(descriptor: inner, path: "\(path)/\(name)") }
    if errno == ENOENT { return nil }
    throw failure(name, "cannot be opened", errno)
  }

  // MARK: Making

  /// The owner of new entries; only root can set it.
  public struct Owner: Sendable, Equatable {
    public let user: UInt32
    public let group: UInt32

    public init(user: UInt32, group: UInt32) {
      self.user = user
      self.group = group
    }
  }

  /// The owner for new entries if this process is root: the owner of the folder; otherwise nil.
  public var ownerOfContents: Owner? {
    var status = stat()
    guard geteuid() == 0, fstat(descriptor, &status) == 0 else { return nil }
    return Owner(user: status.st_uid, group: status.st_gid)
  }

  /// Creates a folder.
  ///
  /// - Returns: nil if the name exists, or was deleted immediately.
  public func make(_ name: String, mode: mode_t = 0o700, owner: Owner? = nil) throws -> OpenFolder? {
    guard mkdirat(descriptor, name, 0o700) == 0 else {
      if errno == EEXIST { return nil }
      throw failure(name, "the folder cannot be made", errno)
    }
    let inner = openat(descriptor, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
    guard inner >= 0 else {
      if errno == ENOENT { return nil }
      throw failure(name, "the folder cannot be opened", errno)
    }
    let made = OpenFolder(descriptor: inner, path: "\(path)/\(name)")
    var status = stat()
    // The folder was replaced in the meantime: it must not get an owner or content.
    guard fstat(inner, &status) == 0, status.st_uid == geteuid() else {
      throw PlainFailure(
        .conflict, SafeText.clean(made.path, limit: .path), "was exchanged for another folder while it was being made",
        remedy: "find out which program did that, then run it again")
    }
    if let owner, fchown(inner, owner.user, owner.group) != 0 {
      throw failure(name, "cannot be given to its owner", errno)
    }
    guard fchmod(inner, mode) == 0 else { throw failure(name, "cannot be given its permissions", errno) }
    return made
  }

  /// Opens the folder with this name, and creates it if it does not exist.
  public func madeFolder(_ name: String, mode: mode_t = 0o700, owner: Owner? = nil) throws -> OpenFolder {
    for _ in 0..<3 {
      if let there = try folder(name) { return there }
      if let made = try make(name, mode: mode, owner: owner) { return made }
    }
    throw failure(name, "the folder cannot be made", EEXIST)
  }

  /// Creates a new file below this folder without following links. Its parent folders are created.
  ///
  /// - Returns: a descriptor for writing, owned by the caller.
  /// - Throws: `.file`, also if the name exists.
  public func create(_ path: String, mode: mode_t, folderMode: mode_t, owner: Owner? = nil) throws -> Int32 {
    try makeParents(of: path, mode: folderMode, owner: owner)
    let file = FileSystem.openBeneath(descriptor, path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, mode: 0o600)
    guard file >= 0 else { throw failure(path, "cannot be written", errno) }
    if let owner, fchown(file, owner.user, owner.group) != 0 {
      let code = errno
      close(file)
      throw failure(path, "cannot be given to its owner", code)
    }
    guard fchmod(file, mode) == 0 else {
      let code = errno
      close(file)
      throw failure(path, "cannot be given its permissions", code)
    }
    return file
  }

  private func makeParents(of path: String, mode: mode_t, owner: Owner?) throws {
    guard let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")) else { return }
    let parent = String(path[..<slash])
    let there = FileSystem.openBeneath(descriptor, parent, O_RDONLY | O_DIRECTORY)
    if there >= 0 {
      close(there)
      return
    }
    guard errno == ENOENT else { throw failure(parent, "cannot be opened", errno) }
    try makeParents(of: parent, mode: mode, owner: owner)
    let name = parent.utf8.lastIndex(of: UInt8(ascii: "/")).map { String(parent[parent.utf8.index(after: $0)...]) }
    let above =
      name == nil ? "." : String(parent[..<(parent.utf8.lastIndex(of: UInt8(ascii: "/")) ?? parent.startIndex)])
    let folder = FileSystem.openBeneath(descriptor, above, O_RDONLY | O_DIRECTORY)
    guard folder >= 0 else { throw failure(above, "cannot be opened", errno) }
    _ = try OpenFolder(descriptor: folder, path: "\(self.path)/\(above)").make(name ?? parent, mode: mode, owner: owner)
  }

  /// Replaces a file in this folder atomically, like ``FileSystem/replace(_:with:mode:)``.
  public func replace(_ name: String, with bytes: some Collection<UInt8>, mode: mode_t = 0o600) throws {
    let temporary = "\(name).\(RandomText.alphanumeric(8)).tmp"
    let file = openat(descriptor, temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode)
    guard file >= 0 else { throw failure(name, "cannot be written", errno) }
    do {
      defer { close(file) }
      try Array(bytes).withUnsafeBytes { try FileSystem.writeAll(file, $0, path: "\(path)/\(name)") }
      guard fchmod(file, mode) == 0, fsync(file) == 0 else { throw failure(name, "cannot be written", errno) }
      guard renameat(descriptor, temporary, descriptor, name) == 0 else {
        throw failure(name, "cannot be put in place", errno)
      }
      guard fsync(descriptor) == 0 else { throw failure(name, "cannot be synced", errno) }
    } catch {
      unlinkat(descriptor, temporary, 0)
      throw error
    }
  }

  // MARK: Looking

  /// Returns the status of an entry without following links; nil if it does not exist.
  public func status(_ name: String) -> stat? {
    var status = stat()
    return fstatat(descriptor, name, &status, AT_SYMLINK_NOFOLLOW) == 0 ? status : nil
  }

  /// Returns the names that are valid text, sorted.
  public func names() throws -> [String] {
    try FolderTree.names(descriptor, path: path).compactMap {
      String(validating: $0.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }.sorted()
  }

  /// Returns whether the folder has no entries.
  public func isEmpty() throws -> Bool { try FolderTree.names(descriptor, path: path).isEmpty }

  /// Returns the content of a small file.
  public func read(_ name: String, limit: Int = 1 << 20) throws -> [UInt8] {
    let file = openat(descriptor, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC)
    guard file >= 0 else { throw failure(name, "cannot be read", errno) }
    defer { close(file) }
    var bytes = [UInt8](repeating: 0, count: limit + 1)
    var filled = 0
    while filled < bytes.count {
      let count = bytes.withUnsafeMutableBytes { buffer in
        let rest = UnsafeMutableRawBufferPointer(rebasing: buffer[filled...])
        return Glibc.read(file, rest.baseAddress, rest.count)
      }
      if count < 0 && errno == EINTR { continue }
      guard count >= 0 else { throw failure(name, "cannot be read", errno) }
      if count == 0 { return Array(bytes[..<filled]) }
      filled += count
    }
    throw PlainFailure(
      .file, SafeText.clean("\(path)/\(name)", limit: .path), "is larger than \(limit >> 10) KiB, which no such file is"
    )
  }

  // MARK: Removing

  /// Deletes a file or a folder with its content; a missing one is no error. Links are deleted and not followed.
  ///
  /// - Throws: `.file`, also if another file system is mounted in it, which is kept.
  public func removeTree(_ name: String) throws {
    try FolderTree.visit(Array(name.utf8CString), in: descriptor, path: path) { entry in try entry.remove() }
  }

  /// Deletes the content of the folder.
  ///
  /// - Parameters:
  ///   - sparing: a name that is kept.
  ///   - removed: called after each deleted entry.
  public func removeContents(sparing: String? = nil, removed: () throws -> Void = {}) throws {
    let spared = sparing.map { Array($0.utf8CString) }
    for name in try FolderTree.names(descriptor, path: path) where name != spared {
      try FolderTree.visit(name, in: descriptor, path: path) { entry in
        try entry.remove()
        try removed()
      }
    }
  }

  /// Deletes a file; a missing one is no error.
  public func removeFile(_ name: String) throws {
    guard unlinkat(descriptor, name, 0) == 0 || errno == ENOENT else { throw failure(name, "cannot be removed", errno) }
  }

  private func failure(_ name: String, _ doing: String, _ code: Int32) -> PlainFailure {
    PlainFailure.system(SafeText.clean("\(path)/\(name)", limit: .path), doing, errno: code)
  }
}
