import Common

/// Unpacks the intact files of a damaged archive: those whose digest matches.
extension PartsUnpacker {
  /// A file that could not be restored.
  public struct Lost: Sendable, Equatable {
    public let name: String
    public let why: String
  }

  public struct Salvaged: Sendable {
    /// The unpacked files.
    public let members: [Member]
    /// Nil if it is lost: then only files before the first damage are trusted.
    public let manifest: Manifest?
    /// Small members outside of all parts, by name.
    public let texts: [String: [UInt8]]
    public let lost: [Lost]
    /// The faults of the archive's file itself.
    public let faults: [String]
  }

  private static let textLimit: Int64 = 4 << 20

  /// - Parameters:
  ///   - path: an archive, or an unpacked folder.
  ///   - stream: the source of the archive's bytes, instead of its file.
  ///   - parts: the folder of each part, as for
  ///     ``unpack(_:stream:parts:expecting:skipsLinks:limits:cancellation:progress:)``.
  ///
  /// - Throws: if there is no archive, or a disk fails; damage is no error.
  public static func salvage(
    _ path: String, stream: ArchiveStream? = nil, parts: [String: String], limits: Limits = .standard,
    cancellation: Cancellation? = nil, progress: ByteProgress? = nil
  ) throws -> Salvaged {
    if stream == nil, FileSystem.isFolder(path) {
      let reader = try FolderReader(path, limits: limits, cancellation: cancellation, progress: progress)
      return try salvage(reader, path: path, parts: parts, limits: limits) { (true, []) }
    }
    let reader = try SalvageReader(path, stream: stream, cancellation: cancellation, progress: progress)
    return try salvage(reader, path: path, parts: parts, limits: limits) {
      (reader.isUndamaged, reader.faults)
    }
  }

  private struct Found {
    let member: Member
    /// Whether nothing before its end was damaged.
    let isBelieved: Bool
  }

  private static func salvage(
    _ source: some MemberSource, path: String, parts: [String: String], limits: Limits,
    state: () -> (isUndamaged: Bool, faults: [String])
  ) throws -> Salvaged {
    var unpackers: [String: Unpacker] = [:]
    for (part, folder) in parts { unpackers[part] = try Unpacker(archive: path, into: folder, keepsAttributes: true) }
    var collector = ManifestCollector(path: path, limits: limits)
    var found: [Found] = []
    var texts: [String: [UInt8]] = [:]
    var lost: [Lost] = []
    while let header = try source.next() {
      guard (try? collector.see(header)) != nil else { continue }
      let place = place(of: header.name, parts: unpackers)
      do {
        var member: Member
        if let place {
          let inside = MemberHeader(
            name: place.rest, size: header.size, modified: header.modified, mode: header.mode)
          member = try place.unpacker.write(inside, from: source) { _ in }
        } else {
          let isText = header.size <= textLimit && header.name != Manifest.fileName
          var text: [UInt8] = []
          member = try ArchiveCheck.digest(of: header, from: source) { bytes in
            collector.take(bytes, of: header)
            if isText { text.append(contentsOf: bytes) }
          }
          if isText, texts.count < 64 { texts[header.name] = text }
        }
        member.name = header.name
        guard member.size == header.size else { throw SalvageReader.Broken() }
        found.append(Found(member: member, isBelieved: state().isUndamaged))
      } catch is SalvageReader.Broken {
        place?.unpacker.remove(place?.rest ?? "")
        texts[header.name] = nil
        lost.append(Lost(name: header.name, why: "it breaks off, or is damaged"))
      }
    }
    let manifest = (try? collector.manifest()) ?? nil
    let (kept, more) = judge(found, manifest)
    let names = Set(lost.map(\.name))
    lost += more.filter { !names.contains($0.name) }
    let keptNames = Set(kept.map(\.name))
    for item in found where !keptNames.contains(item.member.name) {
      texts[item.member.name] = nil
      if let place = place(of: item.member.name, parts: unpackers) { place.unpacker.remove(place.rest) }
    }
    return Salvaged(
      members: kept, manifest: manifest, texts: texts, lost: lost.sorted { $0.name < $1.name },
      faults: state().faults)
  }

  /// Returns the trusted and the lost files.
  private static func judge(_ found: [Found], _ manifest: Manifest?) -> (kept: [Member], lost: [Lost]) {
    guard let manifest else {
      return (
        found.filter(\.isBelieved).map(\.member),
        found.filter { !$0.isBelieved }.map {
          Lost(name: $0.member.name, why: "it comes after the damage, and there is no digest to compare it with")
        }
      )
    }
    let expected = Dictionary(manifest.members.map { (ExactName($0.name), $0) }) { first, _ in first }
    var kept: [Member] = []
    var lost: [Lost] = []
    var seen: Set<ExactName> = []
    for member in found.map(\.member) where member.name != Manifest.fileName {
      seen.insert(ExactName(member.name))
      switch expected[ExactName(member.name)] {
      case nil: lost.append(Lost(name: member.name, why: "the manifest does not know it"))
      case member: kept.append(member)
      default: lost.append(Lost(name: member.name, why: "it is not what was put in"))
      }
    }
    for member in manifest.members where !seen.contains(ExactName(member.name)) {
      lost.append(Lost(name: member.name, why: "it is not in the archive any more"))
    }
    return (kept, lost)
  }
}
