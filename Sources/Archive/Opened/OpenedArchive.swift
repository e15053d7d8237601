import Common
import Glibc

/// An archive whose members can be read in any order: a .tar.gz or .tar unpacked into a private folder, or an unpacked
/// folder read in place.
///
/// When ``open(_:workFolder:expecting:limits:cancellation:progress:)`` returns, everything has been read once, all
/// digests of the manifest, if there is one, have been compared, and nothing was refused.
///
/// Members can be opened from several threads.
public final class OpenedArchive: Sendable {
  public let path: String
  public let kind: ArchiveKind
  /// In the order of the archive; for a folder, in the order of names. Includes the manifest.
  public let members: [Entry]
  /// Nil without a manifest of this program; then no digest was compared.
  public let manifest: Manifest?
  /// The root folder of the archive; for a folder, its own name.
  public let rootFolder: String
  /// The folder of the files. Must not be written.
  public let folder: String

  private let index: [ExactName: Int]
  private let descriptor: Int32
  /// The folder to delete at the end; nil for an operator's folder.
  private let unpacked: String?
  private let isClosed = Monitor(false)

  public struct Entry: Sendable {
    public let name: String
    public let size: Int64
    /// Seconds since 1970.
    public let modified: Int64
    /// Nil in a folder without a manifest, whose files are not hashed.
    public let sha256: Checksum?
    fileprivate let identity: FileIdentity?
  }

  /// - Parameters:
  ///   - workFolder: the parent of the unpacked folder; created if it does not exist.
  ///   - expecting: the required kind; others are refused as early as possible.
  ///   - progress: bytes of the archive; for a folder with a manifest, bytes of its files.
  /// - Throws: ``ArchiveFailure``, or the errors of `progress`. Nothing is left in the work folder then.
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

  /// - Throws: `.archive` if there is no such member, `.damagedArchive` if it has changed since its check.
  public func open(_ name: String) throws -> MemberFile {
    guard let entry = entry(name), !isClosed.now({ $0 }) else { throw ArchiveFailure(path, .noMember(name)) }
    let file = try MemberFile.open(beneath: descriptor, entry.name, archive: path)
    guard file.size == entry.size, entry.identity == nil || entry.identity == file.identity else {
      throw ArchiveFailure(path, .damaged("\"\(SafeText.clean(name, limit: .line))\" has changed since it was checked"))
    }
    return file
  }

  /// Deletes what was unpacked. An operator's folder is kept.
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
    // The same order as for archives, although a folder's kind is known early.
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
