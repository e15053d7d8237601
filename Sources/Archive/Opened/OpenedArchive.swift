import Common
import Glibc

/// An archive whose members can be read in any order: a .tar.gz or .tar unpacked into a private folder, or a folder that
/// the operator has unpacked, read where it is.
///
/// When ``open(_:workFolder:expecting:limits:cancellation:progress:)`` returns, everything has been read once, every
/// digest of the manifest, if there is one, has been compared, and nothing was refused.
///
/// Members may be opened from several threads.
public final class OpenedArchive: Sendable {
  public let path: String
  public let kind: ArchiveKind
  /// In the order of the archive; of a folder, in the order of names. The manifest is one of them.
  public let members: [Entry]
  /// Nil where the archive has none of ours; then no digest was compared.
  public let manifest: Manifest?
  /// The folder that the archive's members were in; of a folder, its own name.
  public let rootFolder: String
  /// Where the files are. Not for writing.
  public let folder: String

  private let index: [ExactName: Int]
  private let descriptor: Int32
  /// What to remove at the end; nil for a folder of the operator's.
  private let unpacked: String?
  private let isClosed = Monitor(false)

  public struct Entry: Sendable {
    public let name: String
    public let size: Int64
    /// Seconds since 1970.
    public let modified: Int64
    /// Nil in a folder without a manifest, which is not hashed.
    public let sha256: Checksum?
    fileprivate let identity: FileIdentity?
  }

  /// - Parameters:
  ///   - workFolder: where a folder for the members is made; it has to be there, or it is made.
  ///   - expecting: what the caller needs; anything else is refused as early as it is known.
  ///   - progress: bytes of the archive; of a folder with a manifest, bytes of its files.
  /// - Throws: ``ArchiveFailure``, or what `progress` throws. Nothing is left in the work folder then.
  public static func open(
    _ path: String, workFolder: String, expecting: ArchiveKind.Expectation = .anything, limits: Limits = .standard,
    cancellation: Cancellation? = nil, progress: ByteProgress? = nil
  ) throws -> OpenedArchive {
    if FileSystem.isFolder(path) {
      return try OpenedArchive(
        reading: FolderReader(path, limits: limits, cancellation: cancellation, progress: progress), limits: limits,
        expecting: expecting)
    }
    let reader = try ArchiveReader(path, limits: limits, cancellation: cancellation, progress: progress)
    try FileSystem.makeFolder(workFolder)
    try Unpacker.checkSpace(workFolder, for: reader.expectedBytes)
    let folder = "\(workFolder)/unpacked-\(RandomText.alphanumeric(12))"
    do {
      return try OpenedArchive(unpacking: reader, into: folder, limits: limits, expecting: expecting)
    } catch {
      try? FileSystem.removeTree(folder)
      throw error
    }
  }

  deinit { close() }

  // MARK: Members

  public func contains(_ name: String) -> Bool { index[ExactName(name)] != nil }

  public func entry(_ name: String) -> Entry? { index[ExactName(name)].map { members[$0] } }

  /// - Throws: `.archive` where there is no such member, `.damagedArchive` where it has changed since it was checked.
  public func open(_ name: String) throws -> MemberFile {
    guard let entry = entry(name), !isClosed.now({ $0 }) else { throw ArchiveFailure(path, .noMember(name)) }
    let file = try MemberFile.open(beneath: descriptor, entry.name, archive: path)
    guard file.size == entry.size, entry.identity == nil || entry.identity == file.identity else {
      throw ArchiveFailure(path, .damaged("\"\(SafeText.clean(name, limit: .line))\" has changed since it was checked"))
    }
    return file
  }

  /// Removes what was unpacked. A folder of the operator's stays.
  public func close() {
    let isFirst = isClosed.now { closed in
      defer { closed = true }
      return !closed
    }
    guard isFirst else { return }
    Glibc.close(descriptor)
    if let unpacked { try? FileSystem.removeTree(unpacked) }
  }

  // MARK: Opening

  private init(
    unpacking reader: ArchiveReader, into folder: String, limits: Limits, expecting: ArchiveKind.Expectation
  ) throws {
    let unpacker = try Unpacker(archive: reader.path, into: folder)
    var detector = KindDetector()
    var collector = ManifestCollector(path: reader.path, limits: limits)
    var found: [Member] = []
    var entries: [Entry] = []
    while let header = try reader.next() {
      detector.take(header.name)
      try collector.see(header)
      if detector.isCertainlyBackup, let failure = ArchiveKind.backup.failure(expecting: expecting, path: reader.path) {
        throw failure
      }
      let member = try unpacker.write(header, from: reader) { collector.take($0, of: header) }
      found.append(member)
      entries.append(
        Entry(
          name: header.name, size: header.size, modified: header.modified, sha256: member.sha256, identity: nil))
    }
    let manifest = try collector.manifest()
    // In this order for a folder too, which need not be read to know its kind.
    let kind = detector.kind(manifest: manifest)
    if let failure = kind.failure(expecting: expecting, path: reader.path) { throw failure }
    try ArchiveCheck.check(found, against: manifest, of: reader, path: reader.path)
    let descriptor = Glibc.open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW)
    guard descriptor >= 0 else { throw PlainFailure.system(folder, "cannot be opened", errno: errno) }
    self.kind = kind
    self.manifest = manifest
    self.folder = folder
    self.descriptor = descriptor
    path = reader.path
    rootFolder = reader.rootFolder ?? ""
    unpacked = folder
    members = entries
    index = Self.index(entries)
  }

  private init(reading reader: FolderReader, limits: Limits, expecting: ArchiveKind.Expectation) throws {
    var detector = KindDetector()
    reader.files.forEach { detector.take($0.header.name) }
    var collector = ManifestCollector(path: reader.path, limits: limits)
    for file in reader.files { try collector.see(file.header) }
    if let file = reader.files.first(where: { $0.header.name == Manifest.fileName }) {
      let member = try reader.open(file)
      while let piece = try member.chunk() { collector.take(piece, of: file.header) }
    }
    let manifest = try collector.manifest()
    let kind = detector.kind(manifest: manifest)
    if let failure = kind.failure(expecting: expecting, path: reader.path) { throw failure }
    var found: [Member] = []
    if manifest != nil {
      while let header = try reader.next() {
        found.append(try ArchiveCheck.digest(of: header, from: reader) { _ in })
      }
      try ArchiveCheck.check(found, against: manifest, of: reader, path: reader.path)
    }
    let entries = reader.files.enumerated().map { position, file in
      Entry(
        name: file.header.name, size: file.header.size, modified: file.header.modified,
        sha256: manifest == nil ? nil : found[position].sha256, identity: file.identity)
    }
    let descriptor = fcntl(reader.folder, F_DUPFD_CLOEXEC, 3)
    guard descriptor >= 0 else { throw PlainFailure.system(reader.path, "cannot be opened", errno: errno) }
    self.kind = kind
    self.manifest = manifest
    self.descriptor = descriptor
    path = reader.path
    rootFolder = MemberName.root(forArchive: reader.path)
    folder = reader.path
    unpacked = nil
    members = entries
    index = Self.index(entries)
  }

  private static func index(_ entries: [Entry]) -> [ExactName: Int] {
    Dictionary(entries.enumerated().map { (ExactName($1.name), $0) }) { first, _ in first }
  }
}
