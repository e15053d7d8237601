import Common
import Glibc

/// The format of a file by its first bytes.
enum FileFormat: Equatable {
  case gzip
  case tar
  /// Another format; the text names it.
  case foreign(String)

  private static let signatures: [(bytes: [UInt8], what: String)] = [
    ([0x50, 0x4B, 0x03, 0x04], "a zip file"),
    ([0x28, 0xB5, 0x2F, 0xFD], "a zstd file"),
    ([0x42, 0x5A, 0x68], "a bzip2 file"),
    ([0xFD, 0x37, 0x7A, 0x58, 0x5A], "an xz file"),
    ([0x37, 0x7A, 0xBC, 0xAF], "a 7-zip file"),
    (Array("age-encryption.org/v1".utf8), "a file that age has encrypted"),
    (Array("-----BEGIN AGE ENCRYPTED FILE-----".utf8), "a file that age has encrypted"),
    (Array("PGDMP".utf8), "a dump of a PostgreSQL database"),
    (Array("SQLite format".utf8), "an SQLite database"),
    (Array("{".utf8), "a JSON file"),
    (Array("[".utf8), "a JSON file"),
  ]

  /// The number of bytes to inspect.
  static let headSize = 512

  static func recognize(_ descriptor: Int32, path: String) throws -> FileFormat {
    var head = [UInt8](repeating: 0, count: headSize)
    let count = try head.withUnsafeMutableBytes { try FileSource(descriptor, path: path).read(into: $0) }
    return recognize(Array(head[..<count]))
  }

  /// - Parameter bytes: the first ``headSize`` bytes, or all of a shorter file.
  static func recognize(_ bytes: [UInt8]) -> FileFormat {
    if bytes.isEmpty { return .foreign("an empty file") }
    if bytes.starts(with: GzipFormat.magic) { return .gzip }
    if bytes.count >= headSize, isTarHeader(Array(bytes.prefix(headSize))) { return .tar }
    return .foreign(signatures.first { bytes.starts(with: $0.bytes) }?.what ?? "a file of an unknown kind")
  }

  /// Old tar archives have no signature, but a valid header checksum. An empty tar archive consists of zeros.
  private static func isTarHeader(_ block: [UInt8]) -> Bool {
    let field = block[148..<156]
    let digits = field.drop { $0 == 0x20 }.prefix { (0x30...0x37).contains($0) }
    let expected = digits.reduce(0) { $0 * 8 + Int($1 - 0x30) }
    let sum = block.reduce(0) { $0 + Int($1) } - field.reduce(0) { $0 + Int($1) } + 8 * 0x20
    return !digits.isEmpty && sum == expected
  }
}
