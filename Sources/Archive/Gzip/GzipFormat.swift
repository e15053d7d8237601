import Common

/// The gzip format (RFC 1952), and the checksum that archives of this program contain in its comment.
///
/// gzip's own checksum covers only the unpacked bytes: a flipped bit in the header or between blocks is not detected.
/// The SHA-256 in the comment covers all bytes after the header, so that every change is detected. Other readers skip
/// the comment.
enum GzipFormat {
  static let magic: [UInt8] = [0x1F, 0x8B]
  static let trailerSize = 8

  enum Flag {
    static let headerChecksum: UInt8 = 0x02
    static let extra: UInt8 = 0x04
    static let name: UInt8 = 0x08
    static let comment: UInt8 = 0x10
    static let reserved: UInt8 = 0xE0
  }

  /// A header with only the required fields.
  static let plainHeader: [UInt8] = magic + [8, 0, 0, 0, 0, 0, 0, 3]

  static func trailer(checksum: UInt, size: Int64) -> [UInt8] {
    var bytes: [UInt8] = []
    for shift in [0, 8, 16, 24] as [UInt] { bytes.append(UInt8(truncatingIfNeeded: checksum >> shift)) }
    for shift in [0, 8, 16, 24] as [Int64] { bytes.append(UInt8(truncatingIfNeeded: size >> shift)) }
    return bytes
  }
}

/// The comment of this program's gzip files: the digest and the unpacked size of all that follows.
struct GzipSeal: Equatable {
  /// The SHA-256 of all bytes after the header, in hexadecimal.
  var digest: String
  /// The unpacked size in bytes.
  var size: Int64

  // The first letter is chosen so that without the comment's flag it reads as an invalid block, which every reader
  // refuses.
  private static let label = "wizard.seal.1:"
  private static let digestLength = 64
  private static let sizeLength = 20

  static let unknown = GzipSeal(digest: String(repeating: "0", count: digestLength), size: 0)

  /// The size of a header with a checksum. It is constant, so that the checksum can be written at the end.
  static let headerSize = GzipFormat.plainHeader.count + label.utf8.count + digestLength + 1 + sizeLength + 1

  /// The whole header.
  var header: [UInt8] {
    let number = String(size)
    let padded = String(repeating: "0", count: Self.sizeLength - number.utf8.count) + number
    var header = GzipFormat.plainHeader
    header[3] = GzipFormat.Flag.comment
    return header + Array("\(Self.label)\(digest):\(padded)".utf8) + [0]
  }

  /// Parses a header exactly as ``header`` writes it; returns nil for others.
  init?(header: some Collection<UInt8>) {
    guard header.count >= Self.headerSize else { return nil }
    let text = header.dropFirst(GzipFormat.plainHeader.count + Self.label.utf8.count)
    let digest = String(decoding: text.prefix(Self.digestLength), as: UTF8.self)
    let number = String(decoding: text.dropFirst(Self.digestLength + 1).prefix(Self.sizeLength), as: UTF8.self)
    guard let size = Int64(number), size >= 0 else { return nil }
    self.init(digest: digest, size: size)
    guard self.header.elementsEqual(header.prefix(Self.headerSize)) else { return nil }
  }

  init(digest: String, size: Int64) {
    self.digest = digest
    self.size = size
  }
}
