import Common

/// A SHA-256 in 32 bytes: archives have many members.
public struct Checksum: Sendable, Hashable, Codable {
  private let words: (UInt64, UInt64, UInt64, UInt64)

  /// Parses 64 hexadecimal digits; returns nil for other texts.
  public init?(hexadecimal: String) {
    let digits = Array(hexadecimal.utf8)
    guard digits.count == 64 else { return nil }
    var parts: [UInt64] = []
    for start in stride(from: 0, to: 64, by: 16) {
      var word: UInt64 = 0
      for digit in digits[start..<start + 16] {
        switch digit {
        case 0x30...0x39: word = word << 4 | UInt64(digit - 0x30)
        case 0x61...0x66: word = word << 4 | UInt64(digit - 0x61 + 10)
        default: return nil
        }
      }
      parts.append(word)
    }
    words = (parts[0], parts[1], parts[2], parts[3])
  }

  init(_ digest: consuming Digest) throws {
    guard let checksum = Checksum(hexadecimal: digest.hexadecimal()) else {
      throw PlainFailure(.unexpected, "SHA-256", "gave no digest")
    }
    self = checksum
  }

  public var hexadecimal: String {
    Hexadecimal.encode(
      [words.0, words.1, words.2, words.3].flatMap { word in
        stride(from: 56, through: 0, by: -8).map { UInt8(truncatingIfNeeded: word >> UInt64($0)) }
      })
  }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    guard let checksum = Checksum(hexadecimal: try container.decode(String.self)) else {
      throw DecodingError.dataCorruptedError(in: container, debugDescription: "not a SHA-256")
    }
    self = checksum
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(hexadecimal)
  }

  public static func == (left: Checksum, right: Checksum) -> Bool { left.words == right.words }

  public func hash(into hasher: inout Hasher) {
    hasher.combine(words.0)
    hasher.combine(words.1)
  }
}

/// A file in an archive.
public struct Member: Sendable, Codable, Equatable {
  /// The path below the root folder: "uploads/2/ab/x.png".
  public var name: String
  /// The size in bytes.
  public var size: Int64
  public var sha256: Checksum

  public init(name: String, size: Int64, sha256: Checksum) {
    self.name = name
    self.size = size
    self.sha256 = sha256
  }

  /// Compares names by their bytes. Swift compares strings by canonical equivalence, which file names do not share.
  public static func == (left: Member, right: Member) -> Bool {
    left.size == right.size && left.sha256 == right.sha256 && left.name.utf8.elementsEqual(right.name.utf8)
  }
}

/// A name that is compared by its bytes.
struct ExactName: Hashable {
  let text: String
  init(_ text: String) { self.text = text }

  static func == (left: ExactName, right: ExactName) -> Bool { left.text.utf8.elementsEqual(right.text.utf8) }

  func hash(into hasher: inout Hasher) {
    var text = text
    text.withUTF8 { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
  }
}
