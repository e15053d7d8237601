import Common
import Glibc

/// Unpacks the parts of an archive into separate folders, on their final file systems, so that nothing has to be copied
/// again.
///
/// A part is everything below a name: "database", "uploads", "uploads/files". The longest matching name applies. Files
/// get the permissions of the archive without write permission for others; folders 0755; times are kept. Members
/// outside of all parts are checked, and kept in memory if they are small.
public enum PartsUnpacker {
  /// The unpacked members. Trustworthy because
  /// ``unpack(_:stream:parts:expecting:skipsLinks:limits:cancellation:progress:)`` returns it only after comparing all
  /// digests of the manifest, if there is one.
  public struct Result: Sendable {
    public let kind: ArchiveKind
    public let manifest: Manifest?
    public let rootFolder: String?
    public let members: [Member]
    /// Small members outside of all parts, by name.
    public let texts: [String: [UInt8]]
    /// Symbolic links in the archive; none was created.
    public let skippedLinks: [String]
  }

  private static let textLimit: Int64 = 4 << 20

  /// - Parameters:
  ///   - path: an archive, or an unpacked folder.
  ///   - stream: the source of the archive's bytes, instead of its file.
  ///   - parts: the folder of each part. The folders must not exist; each is created with mode 0700.
  ///   - progress: bytes of the archive; for a folder, bytes of its files.
  /// - Throws: if the archive or a disk has a fault; the folders can then exist with partial content, and must be
  ///   deleted by the caller.
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

  /// Returns the part of a member, and its name within the part.
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
