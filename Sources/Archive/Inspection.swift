import Common

/// The description of an archive after one reading, without unpacking to disk.
public struct Inspection: Sendable, Equatable {
  public let path: String
  public let kind: ArchiveKind
  /// The root folder of its members; nil for an unpacked folder.
  public let rootFolder: String?
  public let manifest: Manifest?
  /// The size of the file in bytes; for a folder, of its files.
  public let size: Int64
  public let members: Int
  public let memberBytes: Int64
  /// The number and size of members by the first part of their names: "uploads", "avatars"; top-level files by their
  /// own names.
  public let parts: [String: Part]
  /// The names of folders at the top of the archive.
  public let folders: Set<String>
  /// The latest modification of any member, in seconds since 1970.
  public let modified: Int64
  /// Small members that describe the archive, by name: versions, migrations.
  public let texts: [String: [UInt8]]
  /// The first refused member, if there is one: the archive cannot be used.
  public let refused: ArchiveFailure?

  public struct Part: Sendable, Equatable {
    public var members = 0
    public var bytes: Int64 = 0
  }

  private static let interesting: Set<String> = [
    "migration_status.json", "aloha-version", "zulip-version", "os-version", "postgres-version", "stats.txt",
  ]
  private static let interestingBytes: Int64 = 1 << 20

  /// Reads an archive or an unpacked folder once.
  ///
  /// - Parameters:
  ///   - stream: the source of the archive's bytes, instead of its file.
  ///   - visitor: receives all members except the manifest.
  /// - Throws: if it is missing, damaged or no archive, or if members of its manifest are missing. A refused member is
  ///   no error: the reading ends there, and the result contains it.
  public static func of(
    _ path: String, stream: ArchiveStream? = nil, limits: Limits = .standard, visitor: (any MemberVisitor)? = nil,
    cancellation: Cancellation? = nil, progress: ByteProgress? = nil
  ) throws -> Inspection {
    if stream == nil, FileSystem.isFolder(path) {
      do {
        let reader = try FolderReader(path, limits: limits, cancellation: cancellation, progress: progress)
        return try read(reader, path: path, size: reader.totalBytes, limits: limits, visitor: visitor)
      } catch let failure as ArchiveFailure {
        guard case .refused = failure.problem else { throw failure }
        return Inspection(
          path: path, kind: .other("a folder with something in it that no archive should have"), rootFolder: nil,
          manifest: nil, size: 0, members: 0, memberBytes: 0, parts: [:], folders: [], modified: 0, texts: [:],
          refused: failure)
      }
    }
    let reader = try ArchiveReader(
      path, stream: stream, limits: limits, cancellation: cancellation, progress: progress)
    return try read(reader, path: path, size: reader.size, limits: limits, visitor: visitor)
  }

  private static func read(
    _ source: some MemberSource, path: String, size: Int64, limits: Limits, visitor: (any MemberVisitor)?
  ) throws -> Inspection {
    var detector = KindDetector()
    var collector = ManifestCollector(path: path, limits: limits)
    var sizes = MemberSizes()
    var parts: [String: Part] = [:]
    var texts: [String: [UInt8]] = [:]
    var count = 0
    var bytes: Int64 = 0
    var modified: Int64 = 0
    var refused: ArchiveFailure?
    do {
      while let header = try source.next() {
        detector.take(header.name)
        try collector.see(header)
        sizes.see(header)
        count += 1
        bytes += header.size
        modified = max(modified, header.modified)
        parts[MemberName.split(header.name)?.root ?? header.name, default: Part()].members += 1
        parts[MemberName.split(header.name)?.root ?? header.name, default: Part()].bytes += header.size
        if interesting.contains(header.name) && header.size <= interestingBytes {
          let bytes = try source.contents(limit: interestingBytes, of: path)
          texts[header.name] = bytes
          if let visitor, try visitor.begin(header) {
            try bytes.withUnsafeBytes { try visitor.take($0) }
            try visitor.end()
          }
        } else if header.name == Manifest.fileName {
          while let piece = try source.chunk() { collector.take(piece, of: header) }
        } else if let visitor, try visitor.begin(header) {
          while let piece = try source.chunk() { try visitor.take(piece) }
          try visitor.end()
        }
      }
    } catch let failure as ArchiveFailure {
      guard case .refused = failure.problem else { throw failure }
      refused = failure
    }
    let manifest = try collector.manifest()
    if let manifest, refused == nil { try ArchiveCheck.checkNames(sizes, against: manifest, path: path) }
    return Inspection(
      path: path, kind: detector.kind(manifest: manifest), rootFolder: source.rootFolder, manifest: manifest,
      size: size,
      members: count, memberBytes: bytes, parts: parts, folders: source.folders, modified: modified, texts: texts,
      refused: refused)
  }
}
