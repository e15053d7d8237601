import Common
import FoundationEssentials

/// What the sender of a stream says at its end.
public struct StreamEnd: Sendable, Codable, Equatable {
  /// The number of bytes.
  public let size: Int64
  /// The SHA-256 of all bytes as they were sent, in hexadecimal.
  public let sha256: String
  /// Bytes that replace those at the beginning, known only at the end; empty: none.
  public let head: [UInt8]

  /// The longest ``head`` that is accepted.
  static let longestHead = 4096

  public init(size: Int64, sha256: String, head: [UInt8] = []) {
    self.size = size
    self.sha256 = sha256
    self.head = head
  }

  var encoded: [UInt8] { (try? JSONEncoder().encode(self)).map { Array($0) } ?? [] }

  /// - Returns: nil if it is not valid.
  init?(encoded: [UInt8]) {
    guard let end = try? JSONDecoder().decode(Self.self, from: Data(encoded)), end.size >= 0,
      end.head.count <= Self.longestHead, Int64(end.head.count) <= end.size
    else { return nil }
    self = end
  }
}

/// A piece of a stream.
public enum StreamPiece: Sendable, Equatable {
  case bytes([UInt8])
  case end(StreamEnd)
}

/// The form of pieces on a connection: a letter, the length in four bytes, the bytes.
///
/// The end of a stream is a piece of its own: a connection that is cut is never taken for the end.
enum StreamFrame {
  static let largest = 1 << 18
  static let headerSize = 5

  private static let data = UInt8(ascii: "d")
  private static let end = UInt8(ascii: "e")

  static func header(of count: Int, isEnd: Bool = false) -> [UInt8] {
    [isEnd ? end : data] + [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: count >> $0) }
  }

  static func encode(_ end: StreamEnd) -> [UInt8] { header(of: end.encoded.count, isEnd: true) + end.encoded }

  /// Splits the bytes of a connection into pieces.
  struct Decoder {
    private var rest: [UInt8] = []

    mutating func add(_ bytes: [UInt8]) { rest += bytes }

    /// - Returns: nil if more bytes are needed.
    /// - Throws: `.command` if the bytes are not those of a stream.
    mutating func next(from subject: String) throws -> StreamPiece? {
      guard rest.count >= StreamFrame.headerSize else { return nil }
      let count = rest[1..<StreamFrame.headerSize].reduce(0) { $0 << 8 | Int($1) }
      guard count <= StreamFrame.largest, rest[0] == StreamFrame.data || rest[0] == StreamFrame.end else {
        throw Self.nonsense(subject)
      }
      let length = StreamFrame.headerSize + count
      guard rest.count >= length else { return nil }
      let isEnd = rest[0] == StreamFrame.end
      let bytes = Array(rest[StreamFrame.headerSize..<length])
      rest.removeFirst(length)
      guard isEnd else { return .bytes(bytes) }
      guard let end = StreamEnd(encoded: bytes) else { throw Self.nonsense(subject) }
      return .end(end)
    }

    private static func nonsense(_ subject: String) -> PlainFailure {
      PlainFailure(
        .command, subject, "sends something else than the requested data",
        remedy: "check that the same version of \(Program.name) runs there")
    }
  }
}
