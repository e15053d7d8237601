import Glibc

/// Walks through a folder with all that is in it by descriptors, one name at a time.
///
/// At any time one folder is open, however deep they are: the way back is `..`, believed only where it is the folder
/// that the walk came from. No link is followed, and no other file system is entered.
public enum FolderTree {
  /// One entry that a walk meets: a name in an open folder. Names need not be text: they are bytes with a zero behind.
  public struct Entry {
    public let folder: Int32
    public let name: [CChar]
    public let status: stat
    /// How many folders are above it, within the walk; 0 for what the walk began with.
    public let depth: Int
    fileprivate let folderPath: () -> String

    public var isFolder: Bool { status.st_mode & S_IFMT == S_IFDIR }

    /// For texts.
    public var path: String { SafeText.clean("\(folderPath())/\(FolderTree.text(name))", limit: .path) }

    /// Removes it; a missing one is no error.
    public func remove() throws {
      guard unlinkat(folder, name, isFolder ? AT_REMOVEDIR : 0) == 0 || errno == ENOENT else {
        throw PlainFailure.system(path, "cannot be removed", errno: errno)
      }
    }
  }

  private struct Identity: Equatable {
    let device: UInt64
    let inode: UInt64

    init(_ status: stat) {
      device = UInt64(status.st_dev)
      inode = UInt64(status.st_ino)
    }
  }

  private struct Level {
    let name: [CChar]
    let status: stat
    /// The folder that this one is in.
    let parent: Identity
    var rest: [[CChar]]
  }

  /// Calls `body` for everything below an entry and for the entry itself; what is in a folder comes before the folder.
  /// A missing entry is passed over.
  ///
  /// - Parameters:
  ///   - folder: stays the caller's, and open.
  ///   - path: the folder's, for texts.
  /// - Throws: `.file`, and what `body` throws.
  public static func visit(
    _ name: [CChar], in folder: Int32, path: String, _ body: (Entry) throws -> Void
  ) throws {
    var current = fcntl(folder, F_DUPFD_CLOEXEC, 3)
    guard current >= 0 else { throw PlainFailure.system(path, "cannot be opened", errno: errno) }
    defer { close(current) }
    var levels: [Level] = []
    func shown() -> String { ([path] + levels.map { text($0.name) }).joined(separator: "/") }
    func failure(_ name: [CChar], _ doing: String, _ code: Int32) -> PlainFailure {
      PlainFailure.system(SafeText.clean("\(shown())/\(text(name))", limit: .path), doing, errno: code)
    }
    var device: UInt64?

    /// Reports a file, or goes into a folder.
    func meet(_ name: [CChar]) throws {
      var status = stat()
      guard fstatat(current, name, &status, AT_SYMLINK_NOFOLLOW) == 0 else {
        if errno == ENOENT { return }
        throw failure(name, "cannot be looked at", errno)
      }
      guard status.st_mode & S_IFMT == S_IFDIR else {
        return try body(Entry(folder: current, name: name, status: status, depth: levels.count, folderPath: shown))
      }
      let inner = openat(current, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
      guard inner >= 0 else { throw failure(name, "cannot be opened", errno) }
      var parent = stat()
      guard fstat(current, &parent) == 0, fstat(inner, &status) == 0 else {
        let code = errno
        close(inner)
        throw failure(name, "cannot be looked at", code)
      }
      let identity = Identity(status)
      guard identity.device == device ?? identity.device else {
        close(inner)
        throw PlainFailure(
          .file, SafeText.clean("\(shown())/\(text(name))", limit: .path), "another file system is mounted there",
          remedy: "unmount it first, then run it again")
      }
      device = identity.device
      close(current)
      current = inner
      levels.append(Level(name: name, status: status, parent: Identity(parent), rest: []))
      levels[levels.count - 1].rest = try names(current, path: shown()).reversed()
    }

    try meet(name)
    while var level = levels.popLast() {
      if let next = level.rest.popLast() {
        levels.append(level)
        try meet(next)
        continue
      }
      let above =
        levels.isEmpty ? fcntl(folder, F_DUPFD_CLOEXEC, 3) : openat(current, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
      var status = stat()
      guard above >= 0, fstat(above, &status) == 0, Identity(status) == level.parent else {
        if above >= 0 { close(above) }
        throw PlainFailure(
          .conflict, SafeText.clean("\(shown())/\(text(level.name))", limit: .path),
          "was moved to another folder in the meantime", remedy: "find out which program did that, then run it again")
      }
      close(current)
      current = above
      try body(
        Entry(folder: current, name: level.name, status: level.status, depth: levels.count, folderPath: shown))
    }
  }

  /// The same in a folder that is held open.
  public static func visit(_ name: [CChar], in folder: OpenFolder, _ body: (Entry) throws -> Void) throws {
    try visit(name, in: folder.descriptor, path: folder.path, body)
  }

  /// Bytes of all files of a tree, as far as they can be seen.
  public static func bytes(of name: String, in folder: OpenFolder) -> Int64 {
    var sum: Int64 = 0
    try? visit(Array(name.utf8CString), in: folder) { entry in
      if !entry.isFolder { sum = sum.addingReportingOverflow(Int64(entry.status.st_size)).partialValue }
    }
    return sum
  }

  /// The names in a folder, as bytes with a zero behind.
  public static func names(in folder: OpenFolder) throws -> [[CChar]] {
    try names(folder.descriptor, path: folder.path)
  }

  /// The names in an open folder, without `.` and `..`, each with a zero behind.
  static func names(_ descriptor: Int32, path: String) throws -> [[CChar]] {
    let copy = openat(descriptor, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard copy >= 0, let folder = fdopendir(copy) else {
      let code = errno
      if copy >= 0 { close(copy) }
      throw PlainFailure.system(SafeText.clean(path, limit: .path), "cannot be listed", errno: code)
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

  fileprivate static func text(_ name: [CChar]) -> String {
    String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }
}
