import Common
import Glibc

/// Writes members into a private folder.
///
/// The folder is new, and only folders and plain files are created in it, without following links, so that no name can
/// lead out of it.
final class Unpacker {
  private let archive: String
  private let opened: OpenFolder
  private var folder: Int32 { opened.descriptor }
  private let folderPath: String
  private var made: Set<ExactName> = []
  private var unchecked: Int64 = 0
  /// Whether to keep permissions and times of the archive, with folders accessible to all; otherwise everything is
  /// private.
  private let keepsAttributes: Bool

  /// The amount between two checks of the free space, and the space left for others.
  private static let spaceStep: Int64 = 64 << 20
  private static let spaceReserve: Int64 = 32 << 20

  init(archive: String, into path: String, keepsAttributes: Bool = false) throws {
    self.archive = archive
    self.keepsAttributes = keepsAttributes
    folderPath = path
    let slash = path.lastIndex(of: "/")
    let parent = slash.map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
    let name = slash.map { String(path[path.index(after: $0)...]) } ?? path
    guard let made = try OpenFolder(parent).make(name) else {
      throw PlainFailure.system(path, "the folder cannot be made", errno: EEXIST)
    }
    opened = made
  }

  /// - Throws: `.file` if the file system has no space for `bytes`.
  static func checkSpace(_ folder: String, for bytes: Int64) throws {
    guard let free = FileSystem.freeBytes(folder), free < bytes + spaceReserve else { return }
    throw PlainFailure(
      .file, folder, "has \(free >> 20) MiB free; unpacking needs \((bytes + spaceReserve) >> 20) MiB",
      remedy: "free some space on that file system, or name another work folder")
  }

  /// Writes a member and returns it with its digest.
  func write(
    _ header: MemberHeader, from source: some MemberSource, _ body: (UnsafeRawBufferPointer) throws -> Void
  ) throws -> Member {
    try Self.checkSpace(folderPath, forStep: header.size, &unchecked)
    let file = try create(header.name)
    defer { close(file) }
    let member = try ArchiveCheck.digest(of: header, from: source) { bytes in
      try FileSystem.writeAll(file, bytes, path: "\(folderPath)/\(SafeText.clean(header.name, limit: .line))")
      try body(bytes)
    }
    if keepsAttributes { try setAttributes(of: file, header) }
    return member
  }

  /// Deletes a file that turned out to be wrong.
  func remove(_ name: String) { unlinkat(folder, name, 0) }

  private func setAttributes(of file: Int32, _ header: MemberHeader) throws {
    let modified = timespec(tv_sec: Int(header.modified), tv_nsec: 0)
    var times = [modified, modified]
    guard fchmod(file, (header.mode | 0o600) & 0o755) == 0, futimens(file, &times) == 0 else {
      throw PlainFailure.system(
        "\(folderPath)/\(SafeText.clean(header.name, limit: .line))", "cannot be given its permissions", errno: errno)
    }
  }

  private static func checkSpace(_ folder: String, forStep size: Int64, _ unchecked: inout Int64) throws {
    unchecked += size
    guard unchecked >= spaceStep else { return }
    unchecked = 0
    try checkSpace(folder, for: size)
  }

  private func create(_ name: String) throws -> Int32 {
    try makeParents(of: name)
    let file = FileSystem.openBeneath(folder, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, mode: 0o600)
    guard file >= 0 else { throw failure(name) }
    return file
  }

  private func makeParents(of name: String) throws {
    guard let slash = name.utf8.lastIndex(of: UInt8(ascii: "/")) else { return }
    let parent = String(name[..<slash])
    guard !made.contains(ExactName(parent)) else { return }
    try makeParents(of: parent)
    try makeFolder(parent)
    made.insert(ExactName(parent))
  }

  private func makeFolder(_ name: String) throws {
    let parts = name.utf8.lastIndex(of: UInt8(ascii: "/")).map { ($0, name.utf8.index(after: $0)) }
    let above = parts.map { String(name[..<$0.0]) } ?? "."
    let last = parts.map { String(name[$0.1...]) } ?? name
    let parent = FileSystem.openBeneath(folder, above, O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
    guard parent >= 0 else { throw failure(name) }
    defer { close(parent) }
    guard mkdirat(parent, last, keepsAttributes ? 0o755 : 0o700) == 0 else { throw failure(name) }
  }

  private func failure(_ name: String) -> any Error {
    let code = errno
    return switch code {
    case EEXIST, ENOTDIR, EISDIR: ArchiveFailure(archive, .refused(member: name, .clash))
    case ENAMETOOLONG: ArchiveFailure(archive, .refused(member: name, .longName))
    case ELOOP, EXDEV: ArchiveFailure(archive, .refused(member: name, .symbolicLink))
    default:
      PlainFailure.system("\(folderPath)/\(SafeText.clean(name, limit: .line))", "cannot be written", errno: code)
    }
  }
}
