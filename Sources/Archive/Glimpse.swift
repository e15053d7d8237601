import Common
import Glibc

/// The beginning of an archive, read within a fixed budget: for lists of archives, which cannot wait until gigabytes are
/// read. Nothing is unpacked to disk.
public struct Glimpse: Sendable, Equatable {
  /// How far the archive was read.
  public enum Extent: Sendable, Equatable {
    /// To its end: gzip's checksum, the checksum of this program and the names in the manifest match.
    case whole
    /// The budget ended first.
    ///
    /// - `endFits`: whether the last bytes of the file fit its beginning: false proves that the end is missing or was
    ///   changed; nil if nothing can be compared.
    case beginning(endFits: Bool?)
    /// The reading ended with a fault.
    case fault(ArchiveFailure, endFits: Bool?)
  }

  /// Nil if the read members do not tell.
  public let content: ArchiveContent?
  public let extent: Extent
  /// Nil without one, and if the reading ended before it, because it is the last member.
  public let manifest: Manifest?
  /// The first parts of the names of the read members: "uploads", "database"; top-level files by their own names.
  public let parts: Set<String>

  /// The number of pieces of at most 256 KiB that are unpacked by default.
  public static let usualPieces = 32

  /// Reads the beginning of an archive.
  ///
  /// - Parameters:
  ///   - visitor: receives the members; its errors end the reading.
  ///   - pieces: the budget: the number of pieces of at most 256 KiB to unpack.
  ///   - isOver: called before each piece; the reading ends when it returns true.
  /// - Throws: ``Cancelled``; `.archive` if the file cannot be read. A fault of the archive is not thrown.
  public static func of(
    _ path: String, visitor: (any MemberVisitor)? = nil, pieces: Int = usualPieces,
    isOver: @escaping () -> Bool = { false }, cancellation: Cancellation? = nil
  ) throws -> Glimpse {
    var reading = Reading(path: path)
    var left = pieces
    do {
      let reader = try ArchiveReader(path, skipsLinks: true, cancellation: cancellation) { _, _ in
        left -= 1
        if left < 0 || isOver() { throw BudgetEnded() }
      }
      try reading.read(reader, visitor)
      return try reading.finished(.whole)
    } catch is BudgetEnded {
      return reading.glimpse(.beginning(endFits: ArchiveEnd.fits(path)))
    } catch let failure as ArchiveFailure {
      return reading.glimpse(.fault(failure, endFits: ArchiveEnd.fits(path)))
    }
  }

  private struct BudgetEnded: Error {}

  /// What the members tell so far.
  private struct Reading {
    let path: String
    private var detector = KindDetector()
    private var collector: ManifestCollector
    private var sizes = MemberSizes()
    private var parts: Set<String> = []
    private var skippedLink: String?

    init(path: String) {
      self.path = path
      collector = ManifestCollector(path: path, limits: .standard)
    }

    mutating func read(_ reader: ArchiveReader, _ visitor: (any MemberVisitor)?) throws {
      while let header = try reader.next() {
        detector.take(header.name)
        try collector.see(header)
        sizes.see(header)
        parts.insert(MemberName.split(header.name)?.root ?? header.name)
        if header.name == Manifest.fileName {
          while let piece = try reader.chunk() { collector.take(piece, of: header) }
        } else if let visitor, try visitor.begin(header) {
          while let piece = try reader.chunk() { try visitor.take(piece) }
          try visitor.end()
        }
      }
      skippedLink = reader.skippedLinks.first
    }

    /// Returns the result of a complete reading.
    func finished(_ extent: Extent) throws -> Glimpse {
      let manifest = try collector.manifest()
      if let manifest { try ArchiveCheck.checkNames(sizes, against: manifest, path: path) }
      let content: ArchiveContent
      switch detector.kind(manifest: manifest) {
      case .ourExport, .officialExport: content = .export
      case .backup: content = .backup
      case .other(let what): content = .other(what)
      }
      // The server's own backups can contain links, exports cannot.
      if content == .export, let link = skippedLink {
        throw ArchiveFailure(path, .refused(member: link, .symbolicLink))
      }
      return Glimpse(content: content, extent: extent, manifest: manifest, parts: parts)
    }

    func glimpse(_ extent: Extent) -> Glimpse {
      Glimpse(content: detector.contentSoFar, extent: extent, manifest: nil, parts: parts)
    }
  }
}

/// The comparison of an archive's last bytes with its beginning, without reading what is between them.
enum ArchiveEnd {
  /// The block size of tar.
  private static let block: Int64 = 512
  private static let tarEnd = 1024

  /// Returns false if the end of the file is missing or was changed; nil if nothing can be compared.
  static func fits(_ path: String) -> Bool? {
    let file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)
    guard file >= 0 else { return nil }
    defer { close(file) }
    var status = stat()
    guard fstat(file, &status) == 0, status.st_mode & S_IFMT == S_IFREG,
      let format = try? FileFormat.recognize(file, path: path)
    else { return nil }
    let size = Int64(status.st_size)
    switch format {
    case .gzip: return gzip(file, size: size)
    case .tar: return size % block == 0 && tail(file, size: size, count: tarEnd)?.allSatisfy { $0 == 0 } == true
    case .foreign: return nil
    }
  }

  /// A gzip file ends with its unpacked size modulo 2^32: this program's header states it too, and the size of a tar
  /// archive is a number of whole blocks.
  private static func gzip(_ file: Int32, size: Int64) -> Bool? {
    guard let bytes = tail(file, size: size, count: 4) else { return false }
    let claimed = bytes.reversed().reduce(0) { $0 << 8 | Int64($1) }
    var head = [UInt8](repeating: 0, count: GzipSeal.headerSize)
    if pread(file, &head, head.count, 0) == head.count, let seal = GzipSeal(header: head) {
      return claimed == seal.size & 0xFFFF_FFFF
    }
    return claimed % block == 0 ? nil : false
  }

  private static func tail(_ file: Int32, size: Int64, count: Int) -> [UInt8]? {
    guard size >= Int64(count) else { return nil }
    var bytes = [UInt8](repeating: 0, count: count)
    return pread(file, &bytes, count, off_t(size) - off_t(count)) == count ? bytes : nil
  }
}
