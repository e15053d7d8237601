import Common
import JSON
import Server

/// The values of an archive that a column can hold: what PostgreSQL would reject is detected before anything is
/// written.
struct ValueRule {
  let type: String
  /// The maximum number of characters of a text; nil without a limit.
  let maximumLength: Int?
  let isRequired: Bool
  let isNonNegative: Bool

  init(_ column: DataModel.Column) {
    type = column.type
    maximumLength = column.maximumLength
    isRequired = column.isRequired
    isNonNegative = column.isNonNegative
  }

  /// Returns why the column cannot hold the value, as the end of a sentence that begins with the column's name; nil if
  /// it can. A missing value is not checked.
  func fault(_ value: JSONScanner.Value) -> String? {
    switch value.kind {
    case .missing: return nil
    case .null: return isRequired ? "is null, which this column cannot be" : nil
    default: break
    }
    switch type {
    case "int2": return integer(value, Int64(Int16.min)...Int64(Int16.max))
    case "int4": return integer(value, Int64(Int32.min)...Int64(Int32.max))
    case "int8": return integer(value, Int64.min...Int64.max)
    case "bool": return value.kind == .bool ? nil : unfit
    case "timestamptz": return Self.moment(value) == nil ? "is no date that the database can hold" : nil
    case "float8": return value.double.map(\.isFinite) ?? false ? nil : unfit
    case "uuid": return Self.uuid(value) == nil ? unfit : nil
    case "jsonb": return JSONBRule.fault(value).map { "is JSON that the database cannot hold: \($0)" }
    case "text", "varchar", "bpchar", "citext", "name": return text(value)
    default: return nil
    }
  }

  private var unfit: String { "has a value that does not fit its type \(type)" }

  private func integer(_ value: JSONScanner.Value, _ range: ClosedRange<Int64>) -> String? {
    guard let number = value.int, range.contains(number) else { return unfit }
    return isNonNegative && number < 0 ? "is negative, which this column cannot be" : nil
  }

  private func text(_ value: JSONScanner.Value) -> String? {
    guard value.kind == .string else { return unfit }
    // A text never has more characters than bytes, so only long texts are counted.
    guard let maximumLength, value.bytes.count > maximumLength else { return nil }
    let length = TextLength.characters(of: value)
    return length > maximumLength ? "has \(length) characters, more than the \(maximumLength) that fit" : nil
  }

  // MARK: Conversions

  /// The range of PostgreSQL's `timestamptz`, as far as microseconds since 1970 can express it.
  private static let moments: ClosedRange<Int64> = -210_866_803_200_000_000...Int64.max - 1

  /// Returns the microseconds since 1970 for a number of seconds or an ISO 8601 text; nil for a value that the database
  /// cannot hold.
  static func moment(_ value: JSONScanner.Value) -> Int64? {
    let moment = value.kind == .string ? value.text.flatMap { Timestamp.microseconds(iso: $0) } : value.microseconds
    guard let moment, moments.contains(moment) else { return nil }
    return moment
  }

  /// Returns the 32 hexadecimal digits of a UUID without hyphens; nil for other values.
  static func uuid(_ value: JSONScanner.Value) -> String? {
    guard let text = value.text else { return nil }
    let digits = text.filter { $0 != "-" }
    return digits.utf8.count == 32 && digits.utf8.allSatisfy { Character(Unicode.Scalar($0)).isHexDigit } ? digits : nil
  }
}

/// The length of texts as the database counts it: code points, without the zero bytes that are removed.
enum TextLength {
  static func characters(of value: JSONScanner.Value) -> Int {
    guard value.isEscaped else { return characters(of: value.bytes) }
    var decoded: [UInt8] = []
    value.decode(into: &decoded)
    return decoded.withUnsafeBytes { characters(of: $0) }
  }

  /// - Parameter text: UTF-8.
  static func characters(of text: UnsafeRawBufferPointer) -> Int {
    var count = 0
    for byte in text where byte & 0xC0 != 0x80 && byte != 0 { count += 1 }
    return count
  }
}
