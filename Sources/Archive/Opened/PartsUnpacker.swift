import Common
import Glibc

/// Unpacks the parts of an archive into folders of their own, on the file systems where they are to stay, so that
/// nothing has to be copied again.
///
/// A part is everything below one name: "database", "uploads", "uploads/files". The longest name that fits decides.
/// Files get the permissions that the archive gives them, less writing for others; folders 0755; times are kept. What
/// belongs to no part is checked and passed over, except that small ones are kept in memory.
public enum PartsUnpacker {
  /// What was unpacked. Only to be believed because ``unpack(_:stream:parts:expecting:skipsLinks:limits:cancellation:progress:)``
  /// has returned it: every digest of the manifest, if there is one, has been compared by then.
  public struct Result: Sendable {
    public let kind: ArchiveKind
    public let manifest: Manifest?
    public let rootFolder: String?
    public let members: [Member]
    /// Small members that belong to no part, by name.
    public let texts: [String: [UInt8]]
    /// Symbolic links of the archive; none was made.
    public let skippedLinks: [String]
  }

  private static let textLimit: Int64 = 4 << 20

  /// - Parameters:
  ///   - path: an archive, or the folder that it was unpacked into.
  ///   - stream: where the archive's bytes come from, instead of its file.
  ///   - parts: which part goes into which folder. None of the folders may exist; each is made, 0700.
  ///   - progress: bytes of the archive; of a folder, bytes of its files.
  /// - Throws: where anything is wrong with the archive or a disk; the folders may then be there, half-full, and are
  ///   the caller's to remove.
  public static func unpack(
    _ path: String, stream: ArchiveStream? = nil, parts: [String: String],
    expecting: ArchiveKind.Expectation = .anything, skipsLinks: Bool = false, limits: Limits = .standard,
    cancellation: Cancellation? = nil, progress: ByteProgress? = nil
  ) throws -> Result {
    if stream == nil, FileSystem.isFolder(path) {
      let reader = try FolderReader(path, limits: limits, cancellation: cancellation, progress: progress)
      return try unpack(reader, path: path, parts: parts, expecting: expecting, limits: limits) { [] }
    }
    let reader = try ArchiveReader(
      path, stream: stream, skipsLinks: skipsLinks, limits: limits, cancellation: cancellation, progress: progress)
    return try unpack(reader, path: path, parts: parts, expecting: expecting, limits: limits) { reader.skippedLinks }
  }

  private static func unpack(
    _ source: some MemberSource, path: String, parts: [String: String], expecting: ArchiveKind.Expectation,
    limits: Limits, links: () -> [String]
  ) throws -> Result {
    var unpackers: [String: Unpacker] = [:]
    for (part, folder) in parts { unpackers[part] = try Unpacker(archive: path, into: folder, keepsAttributes: true) }
    var detector = KindDetector()
    var collector = ManifestCollector(path: path, limits: limits)
    var members: [Member] = []
    var texts: [String: [UInt8]] = [:]
    while let header = try source.next() {
      detector.take(header.name)
      try collector.see(header)
      if let place = place(of: header.name, parts: unpackers) {
        let inside = MemberHeader(
          name: place.rest, size: header.size, modified: header.modified, mode: header.mode)
        var member = try place.unpacker.write(inside, from: source) { _ in }
        member.name = header.name
        members.append(member)
      } else {
        let isText = header.size <= textLimit && header.name != Manifest.fileName
        var text: [UInt8] = []
        members.append(
          try ArchiveCheck.digest(of: header, from: source) { bytes in
            collector.take(bytes, of: header)
            if isText { text.append(contentsOf: bytes) }
          })
        if isText, texts.count < 64 { texts[header.name] = text }
      }
    }
    let manifest = try collector.manifest()
    try ArchiveCheck.check(members, against: manifest, of: source, path: path)
    let kind = detector.kind(manifest: manifest)
    if let failure = kind.failure(expecting: expecting, path: path) { throw failure }
    return Result(
      kind: kind, manifest: manifest, rootFolder: source.rootFolder, members: members, texts: texts,
      skippedLinks: links())
  }

  /// The part that a member belongs to, and its name in there.
  static func place(of name: String, parts: [String: Unpacker]) -> (unpacker: Unpacker, rest: String)? {
    var end = name.utf8.endIndex
    while let slash = name.utf8[..<end].lastIndex(of: UInt8(ascii: "/")) {
      if let unpacker = parts[String(name[..<slash])] {
        return (unpacker, String(name[name.utf8.index(after: slash)...]))
      }
      end = slash
    }
    return parts[""].map { ($0, name) }
  }
}
