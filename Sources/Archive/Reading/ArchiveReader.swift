import Common
import Glibc

/// Reads a .tar.gz or a .tar once, from its beginning to its end, and gives its files in the order of the archive.
///
/// Nothing is taken on trust: links, devices, names that lead elsewhere and second copies are refused, sizes are
/// limited, and gzip's checksum and our own seal are compared here. What the members hold is believed only when
/// ``next()`` has returned nil, and, where there is a manifest, when it has been compared too.
public final class ArchiveReader: MemberSource {
  public let path: String
  /// Bytes of the archive as it is on the disk; of a stream, the most that can come.
  public let size: Int64
  public private(set) var rootFolder: String?
  public private(set) var folders: Set<String> = []
  /// Names of symbolic links that were passed over, as far as it has been read; see `skipsLinks`.
  public private(set) var skippedLinks: [String] = []
  /// Bytes unpacked so far.
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
  /// The folders that the members are in.
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
  ///   - stream: where the bytes come from instead of the file: `path` is only its name then.
  ///   - skipsLinks: symbolic links are passed over and named in ``skippedLinks`` instead of ending the reading. The
  ///     server's own backups can hold some; none is ever made or followed.
  ///   - progress: called now and then with bytes of the file.
  /// - Throws: `.archive` where it is missing or unreadable, `.unsuitableArchive` where it is something else.
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

  /// Reads an open file; its position is neither used nor changed.
  ///
  /// - Parameter remembersNames: false where the caller compares the names with a list anyway, so that they need not be
  ///   in memory twice.
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

  /// Whether the archive carries our seal and it matched; known at the end.
  var origin: GzipReader.Origin { isFinished ? gzip?.origin ?? .foreign : .foreign }

  /// How many bytes it will unpack to, as far as that is known before: exact for our own archives; a lower bound, off by
  /// a multiple of 4 GiB, for others.
  public var expectedBytes: Int64 {
    guard gzip != nil else { return size }
    return max(size, claimed)
  }

  /// The most that some packed bytes can unpack to: deflate makes 1,032 of one. Some more have been unpacked already when
  /// their number is known.
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

  /// The name below the root folder; nil for a folder.
  private func checkedName(_ entry: TarDecoder.Entry) throws -> String? {
    func refuse(_ why: ArchiveFailure.Refusal) -> ArchiveFailure {
      ArchiveFailure(path, .refused(member: String(decoding: entry.rawName, as: UTF8.self), why))
    }
    let isFolder = entry.type == S_IFDIR && !entry.isHardLink
    var bytes = entry.rawName[...]
    // "tar -c ./folder" writes names that way.
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
    // Its depth in an unpacked folder, which has no root folder above.
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

  /// Refuses a name that was there already, and names that cannot be unpacked side by side.
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
      // Where it is known, so are those above.
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
