import Common
import Glibc

/// Reads an unpacked archive in place: the plain files below a folder, by name.
///
/// Files are opened without following links. A link, a device or a pipe is refused and never skipped.
public final class FolderReader: MemberSource {
  public let path: String
  public let rootFolder: String? = nil
  public private(set) var folders: Set<String> = []

  /// The identity of a file when the folder was listed, to detect changes.
  struct Found: Sendable {
    let header: MemberHeader
    let identity: FileIdentity
  }

  let folder: Int32
  private(set) var files: [Found] = []
  private let limits: Limits
  private let cancellation: Cancellation?
  private let progress: ByteProgress?
  private var position = 0
  private var current: MemberFile?
  private var readBytes: Int64 = 0
  private var entries = 0
  private var nameBytes: Int64 = 0

  /// The size of all files in bytes.
  public private(set) var totalBytes: Int64 = 0

  public init(
    _ path: String, limits: Limits = .standard, cancellation: Cancellation? = nil, progress: ByteProgress? = nil
  ) throws {
    self.path = path
    self.limits = limits
    self.cancellation = cancellation
    self.progress = progress
    folder = Glibc.open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard folder >= 0 else {
      if errno == ENOENT { throw ArchiveFailure(path, .missing) }
      throw PlainFailure.system(SafeText.clean(path), "cannot be read", errno: errno, family: .archive)
    }
    try list("", depth: 0)
  }

  deinit { if folder >= 0 { close(folder) } }

  public func next() throws -> MemberHeader? {
    try cancellation?.check()
    current = nil
    guard position < files.count else { return nil }
    let found = files[position]
    position += 1
    current = try open(found)
    return found.header
  }

  public func chunk() throws -> UnsafeRawBufferPointer? {
    guard let file = current else { return nil }
    try cancellation?.check()
    let bytes = try file.chunk()
    readBytes += Int64(bytes?.count ?? 0)
    if bytes != nil { try progress?(readBytes, totalBytes) } else { current = nil }
    return bytes
  }

  func open(_ found: Found) throws -> MemberFile {
    let file = try MemberFile.open(beneath: folder, found.header.name, archive: path)
    guard file.identity == found.identity else {
      throw ArchiveFailure(
        path, .damaged("\"\(SafeText.clean(found.header.name, limit: .line))\" has changed since the folder was listed")
      )
    }
    return file
  }

  // MARK: Listing

  private func list(_ prefix: String, depth: Int) throws {
    try cancellation?.check()
    guard depth <= limits.depth else {
      throw ArchiveFailure(path, .beyondLimit("folders are nested deeper than \(limits.depth)"))
    }
    let descriptor = FileSystem.openBeneath(folder, prefix.isEmpty ? "." : prefix, O_RDONLY | O_DIRECTORY)
    guard descriptor >= 0 else { throw unreadable(prefix) }
    guard let listing = fdopendir(descriptor) else {
      close(descriptor)
      throw unreadable(prefix)
    }
    defer { closedir(listing) }
    for name in try names(listing, in: prefix) {
      let whole = prefix.isEmpty ? name : "\(prefix)/\(name)"
      if let refusal = MemberName.refusal(whole) { throw refused(whole, refusal) }
      var status = stat()
      guard fstatat(descriptor, name, &status, AT_SYMLINK_NOFOLLOW) == 0 else { throw unreadable(whole) }
      switch status.st_mode & S_IFMT {
      case S_IFDIR:
        if depth == 0 { folders.insert(whole) }
        try list(whole, depth: depth + 1)
      case S_IFREG: try take(whole, status)
      case S_IFLNK: throw refused(whole, .symbolicLink)
      case S_IFCHR, S_IFBLK: throw refused(whole, .device)
      case S_IFIFO: throw refused(whole, .namedPipe)
      case S_IFSOCK: throw refused(whole, .socket)
      default: throw refused(whole, .unknownType)
      }
    }
  }

  private func names(_ listing: OpaquePointer, in prefix: String) throws -> [String] {
    var names: [String] = []
    while let entry = readdir(listing) {
      let raw = withUnsafeBytes(of: &entry.pointee.d_name) { Array($0.prefix { $0 != 0 }) }
      if raw == [0x2E] || raw == [0x2E, 0x2E] { continue }
      guard let name = String(validating: raw, as: UTF8.self) else {
        throw refused("\(prefix)/\(String(decoding: raw, as: UTF8.self))", .notUTF8)
      }
      entries += 1
      guard entries <= limits.entries else {
        throw ArchiveFailure(path, .beyondLimit("it has more than \(limits.entries) entries"))
      }
      names.append(name)
    }
    return names.sorted()
  }

  private func take(_ name: String, _ status: stat) throws {
    let size = Int64(status.st_size)
    guard size <= limits.memberBytes else {
      throw ArchiveFailure(path, .beyondLimit("\"\(SafeText.clean(name, limit: .line))\" has \(size) bytes"))
    }
    nameBytes += Int64(name.utf8.count)
    guard nameBytes <= limits.nameBytes else {
      throw ArchiveFailure(path, .beyondLimit("the names of its files have more than \(limits.nameBytes) bytes"))
    }
    totalBytes += size
    guard totalBytes <= limits.totalBytes else {
      throw ArchiveFailure(path, .beyondLimit("its files have more than \(limits.totalBytes) bytes"))
    }
    let header = MemberHeader(
      name: name, size: size, modified: Int64(status.st_mtim.tv_sec), mode: status.st_mode)
    files.append(Found(header: header, identity: FileIdentity(status)))
  }

  private func refused(_ name: String, _ why: ArchiveFailure.Refusal) -> ArchiveFailure {
    ArchiveFailure(path, .refused(member: name, why))
  }

  private func unreadable(_ name: String) -> PlainFailure {
    PlainFailure.system(SafeText.clean("\(path)/\(name)"), "cannot be read", errno: errno, family: .archive)
  }
}
