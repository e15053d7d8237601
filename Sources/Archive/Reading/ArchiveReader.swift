import Common
import Glibc

/// Reads a .tar.gz or .tar once and returns its files in order.
///
/// Links, devices, names that lead out of the folder, and duplicates are refused, sizes are limited, and gzip's
/// checksum and this program's checksum are compared. The content is trustworthy only after ``next()`` has returned
/// nil, and after the comparison with the manifest, if there is one.
public final class ArchiveReader: MemberSource {
  public let path: String
  /// The size of the file in bytes; for a stream, the maximum.
  public let size: Int64
  public private(set) var rootFolder: String?
  public private(set) var folders: Set<String> = []
  /// The names of skipped symbolic links so far; see `skipsLinks`.
  public private(set) var skippedLinks: [String] = []
  /// The number of unpacked bytes so far.
  public var unpacked: Int64 { pieces.given }

  private let limits: Limits
  private let cancellation: Cancellation?
  private let progress: ByteProgress?
  private let pieces: ReadAhead
  private let gzip: GzipReader?
  private let tar: TarDecoder

  private let remembersNames: Bool
  private let skipsLinks: Bool
  private var names: Set<ExactName> = []
  /// The folders of the members.
  private var parents: Set<ExactName> = []
  private var nameBytes: Int64 = 0
  private var entries = 0
  private var total: Int64 = 0
  private var current: (name: String, size: Int64, read: Int64)?
  private var isFinished = false
  private let descriptor: Int32
  private let ownsDescriptor: Bool
  private let claimed: Int64

  /// - Parameters:
  ///   - stream: the source of the bytes, instead of the file: `path` is then only a name.
  ///   - skipsLinks: whether to skip symbolic links and list them in ``skippedLinks`` instead of failing. Official
  ///     backups can contain some; none is ever created or followed.
  ///
  /// - progress: called regularly with the bytes of the file.
  /// - Throws: `.archive` if it is missing or unreadable, `.unsuitableArchive` for another format.
  public convenience init(
    _ path: String, stream: ArchiveStream? = nil, skipsLinks: Bool = false, limits: Limits = .standard,
    cancellation: Cancellation? = nil, progress: ByteProgress? = nil
  ) throws {
    if let stream {
      let source = try StreamSource(
        stream.bytes, path: path, head: max(FileFormat.headSize, GzipSeal.headerSize))
      try self.init(
        source, format: FileFormat.recognize(source.head), size: stream.size,
        claimed: GzipReader.claimedSize(head: source.head), descriptor: nil, remembersNames: true,
        skipsLinks: skipsLinks, limits: limits, cancellation: cancellation, progress: progress)
    } else {
      let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)
      guard descriptor >= 0 else {
        if errno == ENOENT { throw ArchiveFailure(path, .missing) }
        throw PlainFailure.system(SafeText.clean(path), "cannot be read", errno: errno, family: .archive)
      }
      do {
        try self.init(
          descriptor, path: path, closing: true, skipsLinks: skipsLinks, limits: limits, cancellation: cancellation,
          progress: progress)
      } catch {
        close(descriptor)
        throw error
      }
    }
  }

  /// Reads an open file, without using or changing its position.
  ///
  /// - Parameter remembersNames: false if the caller compares the names with a list, so that they are not stored twice.
  convenience init(
    _ descriptor: Int32, path: String, closing: Bool = false, remembersNames: Bool = true, skipsLinks: Bool = false,
    limits: Limits, cancellation: Cancellation?, progress: ByteProgress?
  ) throws {
    var status = stat()
    guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
      throw ArchiveFailure(path, .foreign(status.st_mode & S_IFMT == S_IFDIR ? "a folder" : "no plain file"))
    }
    let size = Int64(status.st_size)
    try self.init(
      FileSource(descriptor, path: path), format: FileFormat.recognize(descriptor, path: path), size: size,
      claimed: GzipReader.claimedSize(of: descriptor, path: path, size: size),
      descriptor: (descriptor, closing), remembersNames: remembersNames, skipsLinks: skipsLinks, limits: limits,
      cancellation: cancellation, progress: progress)
  }

  private init(
    _ file: any ByteSource, format: FileFormat, size: Int64, claimed: Int64,
    descriptor: (number: Int32, isOwned: Bool)?, remembersNames: Bool, skipsLinks: Bool, limits: Limits,
    cancellation: Cancellation?, progress: ByteProgress?
  ) throws {
    path = file.path
    self.limits = limits
    self.cancellation = cancellation
    self.progress = progress
    self.size = size
    self.claimed = claimed
    let path = file.path
    gzip = format == .gzip ? try GzipReader(file, limits: limits) : nil
    if case .foreign(let what) = format { throw ArchiveFailure(path, .foreign(what)) }
    if gzip != nil {
      guard claimed <= Self.mostUnpacked(size) else {
        throw ArchiveFailure(path, .damaged("it claims to hold \(claimed) bytes, more than its \(size) can be"))
      }
    }
    let pieces = try ReadAhead(gzip ?? file)
    self.pieces = pieces
    let total = size
    tar = try TarDecoder(path: path) {
      try cancellation?.check()
      let piece = try pieces.next()
      try progress?(pieces.position, total)
      return piece
    }
    self.descriptor = descriptor?.number ?? -1
    ownsDescriptor = descriptor?.isOwned ?? false
    self.remembersNames = remembersNames
    self.skipsLinks = skipsLinks
  }

  deinit {
    pieces.stop()
    if ownsDescriptor { close(descriptor) }
  }

  // MARK: Members

  public func next() throws -> MemberHeader? {
    current = nil
    while !isFinished, let entry = try tar.next() {
      entries += 1
      guard entries <= limits.entries else {
        throw ArchiveFailure(path, .beyondLimit("it has more than \(limits.entries) entries"))
      }
      guard let name = try checkedName(entry) else { continue }
      try checkSize(entry.size, of: name)
      current = (name, entry.size, 0)
      return MemberHeader(name: name, size: entry.size, modified: entry.modified, mode: entry.mode)
    }
    if !isFinished { try finish() }
    return nil
  }

  public func chunk() throws -> UnsafeRawBufferPointer? {
    guard var member = current else { return nil }
    guard let bytes = try tar.chunk(at: member.read) else {
      guard member.read == member.size else {
        throw ArchiveFailure(
          path, .damaged("\"\(SafeText.clean(member.name, limit: .line))\" is shorter than it should be"))
      }
      current = nil
      return nil
    }
    member.read += Int64(bytes.count)
    current = member
    return bytes
  }

  /// The maker by the checksum record, which was compared; known at the end.
  var origin: GzipReader.Origin { isFinished ? gzip?.origin ?? .foreign : .foreign }

  /// The expected unpacked size in bytes: exact for archives of this program; for others a lower bound modulo 4 GiB.
  public var expectedBytes: Int64 {
    guard gzip != nil else { return size }
    return max(size, claimed)
  }

  /// Returns the maximum unpacked size of packed bytes: deflate reaches 1,032 to 1. A margin covers bytes that are
  /// already unpacked.
  private static func mostUnpacked(_ packed: Int64) -> Int64 {
    let (product, overflow) = packed.multipliedReportingOverflow(by: 1032)
    let (sum, carry) = product.addingReportingOverflow(ahead)
    return overflow || carry ? .max : sum
  }

  private static let ahead: Int64 = 4 << 20

  private func finish() throws {
    try tar.finish()
    isFinished = true
  }

  // MARK: What is refused

  /// Returns the name below the root folder; nil for a folder.
  private func checkedName(_ entry: TarDecoder.Entry) throws -> String? {
    func refuse(_ why: ArchiveFailure.Refusal) -> ArchiveFailure {
      ArchiveFailure(path, .refused(member: String(decoding: entry.rawName, as: UTF8.self), why))
    }
    let isFolder = entry.type == S_IFDIR && !entry.isHardLink
    var bytes = entry.rawName[...]
    // `tar -c ./folder` writes names with this prefix.
    while bytes.starts(with: "./".utf8) { bytes = bytes.dropFirst(2) }
    if isFolder {
      while bytes.last == UInt8(ascii: "/"), bytes.count > 1 { bytes = bytes.dropLast() }
    }
    guard let name = String(validating: bytes, as: UTF8.self) else { throw refuse(.notUTF8) }
    if isFolder, name.isEmpty || name == "." { return nil }
    if let refusal = MemberName.refusal(name) { throw refuse(refusal) }
    if let refusal = Self.refusal(entry) {
      guard skipsLinks, refusal == .symbolicLink else { throw refuse(refusal) }
      skippedLinks.append(MemberName.split(name)?.rest ?? name)
      return nil
    }
    // The depth in an unpacked folder, which has no root folder.
    guard MemberName.depth(name) - (isFolder ? 0 : 1) <= limits.depth else {
      throw ArchiveFailure(path, .beyondLimit("folders are nested deeper than \(limits.depth)"))
    }
    let root = name.utf8.split(separator: UInt8(ascii: "/"), maxSplits: 1).first.map { String($0) ?? "" } ?? name
    if let rootFolder, !rootFolder.utf8.elementsEqual(root.utf8) { throw refuse(.secondRoot) }
    if isFolder {
      rootFolder = root
      if let (_, rest) = MemberName.split(name), !rest.utf8.contains(UInt8(ascii: "/")) { folders.insert(rest) }
      return nil
    }
    guard let (_, rest) = MemberName.split(name) else { throw refuse(.secondRoot) }
    rootFolder = root
    if remembersNames { try remember(rest, refuse) }
    return rest
  }

  /// Refuses duplicate names, and names that cannot exist in one folder.
  private func remember(_ name: String, _ refuse: (ArchiveFailure.Refusal) -> ArchiveFailure) throws {
    nameBytes += Int64(name.utf8.count)
    guard nameBytes <= limits.nameBytes else {
      throw ArchiveFailure(path, .beyondLimit("the names of its members have more than \(limits.nameBytes) bytes"))
    }
    guard names.insert(ExactName(name)).inserted else { throw refuse(.duplicate) }
    guard !parents.contains(ExactName(name)) else { throw ArchiveFailure(path, .refused(member: name, .clash)) }
    var end = name.utf8.endIndex
    while let slash = name.utf8[..<end].lastIndex(of: UInt8(ascii: "/")) {
      let folder = String(name[..<slash])
      // The parents of a known folder are known.
      guard parents.insert(ExactName(folder)).inserted else { return }
      guard !names.contains(ExactName(folder)) else { throw ArchiveFailure(path, .refused(member: folder, .clash)) }
      end = slash
    }
  }

  private static func refusal(_ entry: TarDecoder.Entry) -> ArchiveFailure.Refusal? {
    if entry.isHardLink { return .hardLink }
    switch entry.type {
    case S_IFREG: return entry.isSparse ? .sparse : nil
    case S_IFDIR: return nil
    case S_IFLNK: return .symbolicLink
    case S_IFCHR, S_IFBLK: return .device
    case S_IFIFO: return .namedPipe
    case S_IFSOCK: return .socket
    default: return .unknownType
    }
  }

  private func checkSize(_ size: Int64, of name: String) throws {
    guard size >= 0, size <= limits.memberBytes else {
      throw ArchiveFailure(path, .beyondLimit("\"\(SafeText.clean(name, limit: .line))\" has \(size) bytes"))
    }
    let left = self.size - pieces.position
    guard size <= (gzip == nil ? left + Self.ahead : Self.mostUnpacked(left)) else {
      throw ArchiveFailure(
        path, .damaged("\"\(SafeText.clean(name, limit: .line))\" has \(size) bytes, more than the archive can hold"))
    }
    total += size
    guard total <= limits.totalBytes else {
      throw ArchiveFailure(path, .beyondLimit("its members have more than \(limits.totalBytes) bytes"))
    }
  }
}
