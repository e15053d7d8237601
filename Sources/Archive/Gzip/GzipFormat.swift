import Common

/// The frame around compressed data: RFC 1952, and the seal that our own archives carry in its comment.
///
/// gzip's checksum covers the unpacked bytes only: a flipped bit in the header or in the padding between blocks goes
/// unseen. The seal is the SHA-256 of every byte that follows the header, so that nothing in an archive of ours can
/// change without being found. Other readers skip the comment.
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

  /// A header with nothing in it but what must be.
  static let plainHeader: [UInt8] = magic + [8, 0, 0, 0, 0, 0, 0, 3]

  static func trailer(checksum: UInt, size: Int64) -> [UInt8] {
    var bytes: [UInt8] = []
    for shift in [0, 8, 16, 24] as [UInt] { bytes.append(UInt8(truncatingIfNeeded: checksum >> shift)) }
    for shift in [0, 8, 16, 24] as [Int64] { bytes.append(UInt8(truncatingIfNeeded: size >> shift)) }
    return bytes
  }
}

/// What the comment of our own gzip files says: the digest of all that follows, and how much it unpacks to.
struct GzipSeal: Equatable {
  /// SHA-256 of everything after the header, in hexadecimal.
  var digest: String
  /// Unpacked bytes.
  var size: Int64

  // The first letter matters: should the flag for the comment be lost, it reads as a block of a type that does not
  // exist, and every reader refuses it.
  private static let label = "wizard.seal.1:"
  private static let digestLength = 64
  private static let sizeLength = 20

  static let unknown = GzipSeal(digest: String(repeating: "0", count: digestLength), size: 0)

  /// Bytes of a header with a seal. Always the same, so that the seal can be put in when it is known.
  static let headerSize = GzipFormat.plainHeader.count + label.utf8.count + digestLength + 1 + sizeLength + 1

  /// The whole header.
  var header: [UInt8] {
    let number = String(size)
    let padded = String(repeating: "0", count: Self.sizeLength - number.utf8.count) + number
    var header = GzipFormat.plainHeader
    header[3] = GzipFormat.Flag.comment
    return header + Array("\(Self.label)\(digest):\(padded)".utf8) + [0]
  }

  /// The seal of a header that is exactly as ``header`` makes it, or nil.
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
