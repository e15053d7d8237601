import Glibc

/// Visits a folder and its content through descriptors, one name at a time.
///
/// Only one folder is open at any time, at any depth: the walk returns through `..`, and checks that it is the folder
/// it came from. Links are not followed, and other file systems are not entered.
public enum FolderTree {
  /// An entry of a walk: a name in an open folder. Names are bytes with a trailing zero, and need not be text.
  public struct Entry {
    public let folder: Int32
    public let name: [CChar]
    public let status: stat
    /// The number of parent folders within the walk; 0 for its root.
    public let depth: Int
    fileprivate let folderPath: () -> String

    public var isFolder: Bool { status.st_mode & S_IFMT == S_IFDIR }

    /// The path for messages.
    public var path: String { SafeText.clean("\(folderPath())/\(FolderTree.text(name))", limit: .path) }

    /// Deletes the entry; a missing one is no error.
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
    /// The parent of this folder.
    let parent: Identity
    var rest: [[CChar]]
  }

  /// Calls `body` for every entry below an entry and for the entry itself; the content of a folder precedes the folder.
  /// A missing entry is skipped.
  ///
  /// - Parameters:
  ///   - folder: stays open, and is owned by the caller.
  ///   - path: the path of the folder, for messages.
  /// - Throws: `.file`, and the errors of `body`.
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

    /// Reports a file, or enters a folder.
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

  /// Visits an entry of an open folder.
  public static func visit(_ name: [CChar], in folder: OpenFolder, _ body: (Entry) throws -> Void) throws {
    try visit(name, in: folder.descriptor, path: folder.path, body)
  }

  /// Returns the number of bytes of all readable files of a tree.
  public static func bytes(of name: String, in folder: OpenFolder) -> Int64 {
    var sum: Int64 = 0
    try? visit(Array(name.utf8CString), in: folder) { entry in
      if !entry.isFolder { sum = sum.addingReportingOverflow(Int64(entry.status.st_size)).partialValue }
    }
    return sum
  }

  /// Returns the names in a folder, as bytes with a trailing zero.
  public static func names(in folder: OpenFolder) throws -> [[CChar]] {
    try names(folder.descriptor, path: folder.path)
  }

  /// Returns the names in an open folder, without `.` and `..`, each with a trailing zero.
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
