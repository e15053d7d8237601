import Common

/// Compares the content of an archive with its manifest, or with what was written.
public enum ArchiveCheck {
  public struct Report: Sendable, Equatable {
    public let kind: ArchiveKind
    public let members: [Member]
    public let manifest: Manifest?
    /// Whether all digests were compared; false without a manifest.
    public let isDigestChecked: Bool
    /// The names of folders at the top of the archive.
    public let folders: Set<String>
    /// The size of all members in bytes.
    public let memberBytes: Int64
  }

  /// Reads an archive or an unpacked folder completely, and compares all digests with its manifest.
  ///
  /// - Parameters:
  ///   - stream: the source of the archive's bytes, instead of its file.
  ///   - visitor: receives the members as they are read.
  /// - Throws: ``ArchiveFailure`` with `.damaged` for any difference; the errors of the visitor.
  public static func verifyDigests(
    _ path: String, stream: ArchiveStream? = nil, limits: Limits = .standard, visitor: (any MemberVisitor)? = nil,
    cancellation: Cancellation? = nil, progress: ByteProgress? = nil
  ) throws -> Report {
    if stream == nil, FileSystem.isFolder(path) {
      let reader = try FolderReader(path, limits: limits, cancellation: cancellation, progress: progress)
      return try verify(reader, path: path, limits: limits, visitor: visitor)
    }
    let reader = try ArchiveReader(
      path, stream: stream, limits: limits, cancellation: cancellation, progress: progress)
    return try verify(reader, path: path, limits: limits, visitor: visitor)
  }

  /// Reads a new archive and compares it with the written members.
  static func compare(
    _ descriptor: Int32, path: String, with members: [Member], cancellation: Cancellation?, progress: ByteProgress?
  ) throws {
    // Archives of this program need no protection against their size.
    let limits = Limits(
      entries: .max, memberBytes: .max, totalBytes: .max, ratio: .max, manifestBytes: .max, nameBytes: .max)
    let reader = try ArchiveReader(
      descriptor, path: path, remembersNames: false, limits: limits, cancellation: cancellation, progress: progress)
    var index = 0
    while let header = try reader.next() {
      let member = try digest(of: header, from: reader) { _ in }
      guard index < members.count, member == members[index] else { throw differs(header.name, path) }
      index += 1
    }
    guard index == members.count else { throw differs(members[index].name, path) }
  }

  private static func verify(
    _ source: some MemberSource, path: String, limits: Limits, visitor: (any MemberVisitor)?
  ) throws -> Report {
    var members: [Member] = []
    var total: Int64 = 0
    var collector = ManifestCollector(path: path, limits: limits)
    var detector = KindDetector()
    while let header = try source.next() {
      detector.take(header.name)
      try collector.see(header)
      let isVisited = try visitor?.begin(header) ?? false
      let member = try digest(of: header, from: source) { bytes in
        collector.take(bytes, of: header)
        if isVisited { try visitor?.take(bytes) }
      }
      if isVisited { try visitor?.end() }
      members.append(member)
      total += header.size
    }
    let manifest = try collector.manifest()
    try check(members, against: manifest, of: source, path: path)
    return Report(
      kind: detector.kind(manifest: manifest), members: members, manifest: manifest, isDigestChecked: manifest != nil,
      folders: source.folders, memberBytes: total)
  }

  /// Compares all that was read with the manifest; without one there is nothing to compare.
  static func check(_ members: [Member], against manifest: Manifest?, of source: some MemberSource, path: String) throws
  {
    guard let manifest else { return }
    if let reader = source as? ArchiveReader, reader.origin == .doubtful {
      throw ArchiveFailure(path, .damaged("the seal at its beginning cannot be read"))
    }
    var found: [ExactName: Member] = [:]
    for member in members where !member.name.utf8.elementsEqual(Manifest.fileName.utf8) {
      found[ExactName(member.name)] = member
    }
    for expected in manifest.members {
      guard let member = found.removeValue(forKey: ExactName(expected.name)) else {
        throw ArchiveFailure(path, .damaged("\"\(shown(expected.name))\" is in the manifest, but not in the archive"))
      }
      guard member == expected else { throw differs(expected.name, path) }
    }
    if let surplus = members.first(where: { found[ExactName($0.name)] != nil }) {
      throw ArchiveFailure(path, .damaged("\"\(shown(surplus.name))\" is in the archive, but not in the manifest"))
    }
  }

  /// Returns the members of a manifest that are missing in an archive or differ from it.
  ///
  /// - Parameters:
  ///   - found: the members that were read completely.
  ///   - isWanted: which members of the manifest to compare, by name.
  public static func damaged(
    _ found: [Member], against manifest: Manifest, where isWanted: (String) -> Bool
  ) -> [String] {
    let intact = Dictionary(found.map { (ExactName($0.name), $0) }) { first, _ in first }
    return manifest.members.filter { isWanted($0.name) && intact[ExactName($0.name)] != $0 }.map(\.name)
  }

  /// Compares the names and sizes of all members with a manifest, for readers that do not compute digests.
  ///
  /// - Throws: ``ArchiveFailure`` with `.damaged` if a member is missing, is surplus, or has another size.
  public static func checkNames(_ members: MemberSizes, against manifest: Manifest, path: String) throws {
    var found = members.sizes
    for expected in manifest.members {
      guard let size = found.removeValue(forKey: ExactName(expected.name)) else {
        throw ArchiveFailure(path, .damaged("\"\(shown(expected.name))\" is in the manifest, but not in the archive"))
      }
      guard size == expected.size else { throw differs(expected.name, path) }
    }
    if let surplus = found.keys.map(\.text).min() {
      throw ArchiveFailure(path, .damaged("\"\(shown(surplus))\" is in the archive, but not in the manifest"))
    }
  }

  /// Reads one member to its end and returns it with its digest.
  public static func member(
    _ header: MemberHeader, from source: some MemberSource, _ body: (UnsafeRawBufferPointer) throws -> Void
  ) throws -> Member {
    try digest(of: header, from: source, body)
  }

  /// Reads one member to its end.
  static func digest(
    of header: MemberHeader, from source: some MemberSource, _ body: (UnsafeRawBufferPointer) throws -> Void
  ) throws -> Member {
    var digest = Digest()
    var size: Int64 = 0
    while let bytes = try source.chunk() {
      digest.update(bytes)
      size += Int64(bytes.count)
      try body(bytes)
    }
    return Member(name: header.name, size: size, sha256: try Checksum(digest))
  }

  private static func differs(_ name: String, _ path: String) -> ArchiveFailure {
    ArchiveFailure(path, .damaged("\"\(shown(name))\" is not what was put in"))
  }

  private static func shown(_ name: String) -> String { SafeText.clean(name, limit: .line) }
}

/// The names and sizes of the members that were read, without the manifest.
public struct MemberSizes: Sendable {
  var sizes: [ExactName: Int64] = [:]

  public init() {}

  public mutating func see(_ header: MemberHeader) {
    if header.name != Manifest.fileName { sizes[ExactName(header.name)] = header.size }
  }
}

/// Keeps the bytes of the manifest as they pass.
struct ManifestCollector {
  private let path: String
  private let limits: Limits
  /// Nil where no manifest has been seen.
  private var bytes: [UInt8]?
  private var members: Int64 = 0

  /// What a manifest needs besides its members, and for each of them: a name of ``MemberName/limit`` bytes, each of them
  /// written as six.
  private static let head: Int64 = 16 << 20
  private static let line: Int64 = 8 << 10

  init(path: String, limits: Limits) {
    self.path = path
    self.limits = limits
  }

  /// Must be called with every member, before its bytes.
  mutating func see(_ header: MemberHeader) throws {
    members += 1
    guard header.name == Manifest.fileName else { return }
    guard header.size <= limits.manifestBytes else {
      throw ArchiveFailure(path, .beyondLimit("\(Manifest.fileName) has \(header.size) bytes"))
    }
    bytes = []
  }

  mutating func take(_ piece: UnsafeRawBufferPointer, of header: MemberHeader) {
    if header.name == Manifest.fileName { bytes?.append(contentsOf: piece) }
  }

  /// The manifest, once all members have been seen; nil where there is none of ours.
  func manifest() throws -> Manifest? {
    guard let bytes else { return nil }
    guard !bytes.isEmpty else { throw ArchiveFailure(path, .damaged("\(Manifest.fileName) is empty")) }
    // Read into memory as a whole, which takes many times its size.
    guard Int64(bytes.count) <= Self.head + Self.line * members else {
      throw ArchiveFailure(path, .beyondLimit("\(Manifest.fileName) has \(bytes.count) bytes for \(members) members"))
    }
    return try Manifest.decode(bytes, archive: path)
  }
}
