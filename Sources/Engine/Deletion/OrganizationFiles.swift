import Common
import Glibc

/// Files of an organization that is being deleted: found before its rows go, removed after they are gone.
///
/// Everything is removed through descriptors of folders, name by name, and no symbolic link is followed: nothing outside
/// the uploads folder can be reached, whatever lies in it.
struct OrganizationFiles {
  /// What becomes of the files.
  enum Reach: String, Codable, Sendable {
    case none
    /// The folders that carry the organization's id.
    case organization
    /// All that is in the uploads folder: for a server that hosts nothing else.
    case everything
  }

  struct Amount: Sendable, Equatable {
    var files: Int64 = 0
    var bytes: Int64 = 0
  }

  let uploads: String
  let organization: Int64
  let reach: Reach

  /// The folders to remove, below the uploads folder. The server puts an organization's files into folders named after
  /// its id: messages' files and their thumbnails, avatars with emoji and logos, exports.
  var folders: [String] {
    switch reach {
    case .none: []
    case .organization:
      ["files", "files/thumbnail", "avatars", "avatars/exports", "files/exports"].map { "\($0)/\(organization)" }
    case .everything: ["files", "avatars"]
    }
  }

  /// How many files there are.
  func measure() throws -> Amount {
    var amount = Amount()
    try visit { _, _, status in
      if status.st_mode & S_IFMT != S_IFDIR {
        amount.files += 1
        amount.bytes += Int64(status.st_size)
      }
    }
    return amount
  }

  /// Removes them. What is gone already is no error.
  ///
  /// - Parameter each: called after each file; what it throws stops the removal.
  func remove(each: () throws -> Void = {}) throws -> Amount {
    var amount = Amount()
    try visit { folder, name, status in
      let isFolder = status.st_mode & S_IFMT == S_IFDIR
      // The folders of all organizations stay: the server's own, with its owner and mode.
      if reach == .everything, isFolder, folder.isTop { return }
      guard unlinkat(folder.descriptor, name, isFolder ? AT_REMOVEDIR : 0) == 0 || errno == ENOENT else {
        let code = errno
        throw PlainFailure.system(shown(folder, name), "cannot be removed", errno: code)
      }
      guard !isFolder else { return }
      amount.files += 1
      amount.bytes += Int64(status.st_size)
      try each()
    }
    return amount
  }

  // MARK: Walking

  private struct Folder {
    let descriptor: Int32
    /// Below the uploads folder.
    let path: String
    /// Whether it is the uploads folder itself.
    let isTop: Bool
  }

  /// Every entry below the folders, and the folders themselves; what is in a folder before the folder.
  private func visit(_ body: (Folder, [CChar], stat) throws -> Void) throws {
    guard !folders.isEmpty, FileSystem.exists(uploads) else { return }
    let root = open(uploads, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard root >= 0 else { throw PlainFailure.system(uploads, "cannot be opened", errno: errno) }
    defer { close(root) }
    for path in folders {
      let parts = path.split(separator: "/").map(String.init)
      let parent = parts.dropLast().joined(separator: "/")
      let descriptor =
        parent.isEmpty
        ? fcntl(root, F_DUPFD_CLOEXEC, 3)
        : FileSystem.openBeneath(root, parent, O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
      guard descriptor >= 0 else {
        // No such folder, or a link in its place: nothing of the organization is there.
        if errno == ENOENT || errno == ENOTDIR || errno == ELOOP || errno == EXDEV { continue }
        throw PlainFailure.system("\(uploads)/\(parent)", "cannot be opened", errno: errno)
      }
      defer { close(descriptor) }
      let folder = Folder(descriptor: descriptor, path: parent, isTop: parent.isEmpty)
      try visit(Array(parts[parts.count - 1].utf8CString), in: folder, body)
    }
  }

  private func visit(_ name: [CChar], in folder: Folder, _ body: (Folder, [CChar], stat) throws -> Void) throws {
    var status = stat()
    guard fstatat(folder.descriptor, name, &status, AT_SYMLINK_NOFOLLOW) == 0 else { return }
    if status.st_mode & S_IFMT == S_IFDIR {
      let descriptor = openat(folder.descriptor, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
      guard descriptor >= 0 else {
        let code = errno
        throw PlainFailure.system(shown(folder, name), "cannot be opened", errno: code)
      }
      defer { close(descriptor) }
      let path = folder.path.isEmpty ? Self.text(name) : "\(folder.path)/\(Self.text(name))"
      let inner = Folder(descriptor: descriptor, path: path, isTop: false)
      for entry in try Self.names(descriptor, path: path) { try visit(entry, in: inner, body) }
    }
    try body(folder, name, status)
  }

  private func shown(_ folder: Folder, _ name: [CChar]) -> String {
    SafeText.clean("\(uploads)/\(folder.path)/\(Self.text(name))", limit: 300)
  }

  private static func text(_ name: [CChar]) -> String {
    String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  /// Names need not be text: they are kept as the bytes that they are, a zero behind them.
  private static func names(_ descriptor: Int32, path: String) throws -> [[CChar]] {
    let copy = fcntl(descriptor, F_DUPFD_CLOEXEC, 3)
    guard copy >= 0, let folder = fdopendir(copy) else {
      throw PlainFailure.system(SafeText.clean(path, limit: 300), "cannot be listed", errno: errno)
    }
    defer { closedir(folder) }
    var names: [[CChar]] = []
    while let entry = readdir(folder) {
      let name = withUnsafeBytes(of: &entry.pointee.d_name) { raw in
        raw.prefix { $0 != 0 }.map { CChar(bitPattern: $0) } + [0]
      }
      if name != [46, 0] && name != [46, 46, 0] { names.append(name) }
    }
    return names
  }
}
