import Common
import JSON
import Postgres

/// Writes cells of any type into a `COPY … FROM STDIN`: in the binary format if all types of the table are known here,
/// otherwise in the text format, which PostgreSQL parses.
struct RowSink {
  /// The types that are written in binary.
  private static let binaryTypes: Set<String> = [
    "int2", "int4", "int8", "bool", "text", "varchar", "bpchar", "citext", "name", "timestamptz", "uuid", "json",
    "jsonb",
    "float8",
  ]

  let isBinary: Bool
  private let writer: CopyWriter
  private let columns: Int
  private var line: [String?] = []

  static func isBinary(_ types: [String]) -> Bool { types.allSatisfy { binaryTypes.contains($0) } }

  init(_ writer: CopyWriter, types: [String]) throws {
    self.writer = writer
    isBinary = Self.isBinary(types)
    columns = types.count
    if isBinary { try writer.header() }
  }

  mutating func beginRow() throws {
    if isBinary { try writer.beginRow(columns: columns) } else { line.removeAll(keepingCapacity: true) }
  }

  func endRow() throws {
    if !isBinary { try writer.row(line) }
  }

  func finish() throws {
    if isBinary { try writer.trailer() }
  }

  mutating func null() throws {
    if isBinary { try writer.null() } else { line.append(nil) }
  }

  mutating func integer(_ value: Int64, type: String) throws {
    guard isBinary else { return line.append(String(value)) }
    switch type {
    case "int2":
      guard let small = Int16(exactly: value) else { throw Self.outOfRange(value, type) }
      try writer.smallint(small)
    case "int4":
      guard let medium = Int32(exactly: value) else { throw Self.outOfRange(value, type) }
      try writer.int(medium)
    default: try writer.bigint(value)
    }
  }

  mutating func bool(_ value: Bool) throws {
    if isBinary { try writer.bool(value) } else { line.append(value ? "t" : "f") }
  }

  mutating func moment(_ microseconds: Int64) throws {
    guard isBinary else { return line.append(Timestamp.iso(microseconds: microseconds)) }
    try writer.timestamp(microseconds: microseconds)
  }

  mutating func double(_ value: Double) throws {
    if isBinary { try writer.double(value) } else { line.append(String(value)) }
  }

  mutating func text(_ bytes: UnsafeRawBufferPointer) throws {
    if isBinary { try writer.bytes(bytes) } else { line.append(String(decoding: bytes, as: UTF8.self)) }
  }

  mutating func text(_ value: String) throws {
    if isBinary { try writer.text(value) } else { line.append(value) }
  }

  mutating func json(_ bytes: UnsafeRawBufferPointer, type: String) throws {
    guard isBinary else { return line.append(String(decoding: bytes, as: UTF8.self)) }
    if type == "jsonb" { try writer.jsonb(bytes) } else { try writer.bytes(bytes) }
  }

  /// - Parameter text: 32 hexadecimal digits; dashes are ignored.
  mutating func uuid(_ text: String) throws {
    guard isBinary else { return line.append(text) }
    let digits = text.utf8.compactMap { digit -> UInt8? in
      switch digit {
      case 0x30...0x39: digit - 0x30
      case 0x41...0x46: digit - 0x41 + 10
      case 0x61...0x66: digit - 0x61 + 10
      default: nil
      }
    }
    guard digits.count == 32 else { throw PlainFailure(.damagedArchive, "uuid", "is not one") }
    let bytes = stride(from: 0, to: 32, by: 2).map { digits[$0] << 4 | digits[$0 + 1] }
    try bytes.withUnsafeBytes { try writer.bytes($0) }
  }

  /// Writes a value of a type that only PostgreSQL parses.
  mutating func foreign(_ value: JSONScanner.Value, type: String) throws {
    switch value.kind {
    case .missing, .null: try null()
    case .array where type.hasPrefix("_"): line.append(try PostgresArray.text(of: value))
    case .string: line.append(value.text)
    default: line.append(String(decoding: value.bytes, as: UTF8.self))
    }
  }

  private static func outOfRange(_ value: Int64, _ type: String) -> PlainFailure {
    PlainFailure(.damagedArchive, "number \(value)", "does not fit into a column of the type \(type)")
  }
}

/// Converts JSON arrays to PostgreSQL array literals: `{1,2}`, `{"a b","c"}`.
enum PostgresArray {
  static func text(of value: JSONScanner.Value) throws -> String {
    var scanner = JSONScanner(value.bytes, name: "array")
    var elements: [String] = []
    try scanner.array { scanner in
      let element = try scanner.value()
      switch element.kind {
      case .null: elements.append("NULL")
      case .array: elements.append(try text(of: element))
      case .string:
        let quoted = (element.text ?? "").map { $0 == "\"" || $0 == "\\" ? "\\\($0)" : String($0) }.joined()
        elements.append("\"\(quoted)\"")
      default: elements.append(String(decoding: element.bytes, as: UTF8.self))
      }
    }
    return "{\(elements.joined(separator: ","))}"
  }
}
