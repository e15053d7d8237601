import Common
import Glibc

/// A pull parser over JSON text in memory: it hands out values as slices of the text and copies nothing.
///
/// It checks the grammar as far as it walks; a value that is only skipped is checked for balanced brackets and ended
/// strings. Nesting is limited, so that a hostile archive cannot exhaust the stack.
public struct JSONScanner {
  public static let maximumDepth = 100

  /// A value of the text, not decoded yet.
  public struct Value {
    public enum Kind: Sendable {
      case null, bool, number, string, array, object
      /// The row has no such key.
      case missing
    }

    public let kind: Kind
    /// The text of the value; of a string what stands between its quotes.
    public let bytes: UnsafeRawBufferPointer
    /// Whether a string holds backslashes, and must be decoded before use.
    public let isEscaped: Bool

    public static var missing: Value {
      Value(kind: .missing, bytes: UnsafeRawBufferPointer(start: nil, count: 0), isEscaped: false)
    }
  }

  private let text: UnsafeRawBufferPointer
  private let name: String
  public private(set) var position: Int

  /// - Parameter name: how errors name the text: the member of the archive.
  public init(_ text: UnsafeRawBufferPointer, name: String, at position: Int = 0) {
    self.text = text
    self.name = name
    self.position = position
  }

  // MARK: Structure

  /// The next byte that is not white space, without taking it; 0 at the end of the text.
  public mutating func peek() -> UInt8 {
    while position < text.count {
      let byte = text[position]
      if byte != 0x20 && byte != 0x0A && byte != 0x0D && byte != 0x09 { return byte }
      position += 1
    }
    return 0
  }

  public mutating func expect(_ byte: UInt8) throws {
    guard peek() == byte else { throw malformed("expected '\(Character(Unicode.Scalar(byte)))'") }
    position += 1
  }

  /// Calls `body` at each key of the object that begins here; `body` takes the value.
  public mutating func object(_ body: (inout JSONScanner, UnsafeRawBufferPointer) throws -> Void) throws {
    try expect(0x7B)
    if peek() == 0x7D {
      position += 1
      return
    }
    while true {
      guard peek() == 0x22 else { throw malformed("expected a key") }
      let key = try value()
      try expect(0x3A)
      try body(&self, key.bytes)
      switch peek() {
      case 0x2C: position += 1
      case 0x7D:
        position += 1
        return
      default: throw malformed("expected ',' or '}'")
      }
    }
  }

  /// Calls `body` at each element of the array that begins here; `body` takes it.
  public mutating func array(_ body: (inout JSONScanner) throws -> Void) throws {
    try expect(0x5B)
    if peek() == 0x5D {
      position += 1
      return
    }
    while true {
      try body(&self)
      switch peek() {
      case 0x2C: position += 1
      case 0x5D:
        position += 1
        return
      default: throw malformed("expected ',' or ']'")
      }
    }
  }

  // MARK: Values

  /// Takes the next value as a slice.
  public mutating func value() throws -> Value {
    switch peek() {
    case 0x22: return try string()
    case 0x7B: return try nested(.object)
    case 0x5B: return try nested(.array)
    case 0x74: return try literal("true", .bool)
    case 0x66: return try literal("false", .bool)
    case 0x6E: return try literal("null", .null)
    case 0x2D, 0x30...0x39: return number()
    default: throw malformed("expected a value")
    }
  }

  private mutating func string() throws -> Value {
    let start = position + 1
    var cursor = start
    var isEscaped = false
    guard let base = text.baseAddress else { throw malformed("a string does not end") }
    while true {
      guard cursor < text.count, let found = memchr(base + cursor, 0x22, text.count - cursor) else {
        throw malformed("a string does not end")
      }
      let quote = base.distance(to: UnsafeRawPointer(found))
      if !isEscaped, memchr(base + start, 0x5C, quote - start) == nil {
        position = quote + 1
        return Value(kind: .string, bytes: UnsafeRawBufferPointer(rebasing: text[start..<quote]), isEscaped: false)
      }
      isEscaped = true
      var backslashes = 0
      while quote - 1 - backslashes >= start && text[quote - 1 - backslashes] == 0x5C { backslashes += 1 }
      if backslashes % 2 == 0 {
        position = quote + 1
        return Value(kind: .string, bytes: UnsafeRawBufferPointer(rebasing: text[start..<quote]), isEscaped: true)
      }
      cursor = quote + 1
    }
  }

  private mutating func number() -> Value {
    let start = position
    scan: while position < text.count {
      switch text[position] {
      case 0x30...0x39, 0x2B, 0x2D, 0x2E, 0x45, 0x65: position += 1
      default: break scan
      }
    }
    return Value(kind: .number, bytes: UnsafeRawBufferPointer(rebasing: text[start..<position]), isEscaped: false)
  }

  private mutating func literal(_ word: StaticString, _ kind: Value.Kind) throws -> Value {
    let length = word.utf8CodeUnitCount
    guard position + length <= text.count, let base = text.baseAddress,
      memcmp(base + position, word.utf8Start, length) == 0
    else { throw malformed("expected a value") }
    let slice = UnsafeRawBufferPointer(rebasing: text[position..<position + length])
    position += length
    return Value(kind: kind, bytes: slice, isEscaped: false)
  }

  private mutating func nested(_ kind: Value.Kind) throws -> Value {
    let start = position
    var depth = 0
    while position < text.count {
      switch text[position] {
      case 0x22:
        _ = try string()
        continue
      case 0x7B, 0x5B:
        depth += 1
        guard depth <= Self.maximumDepth else { throw malformed("nested more than \(Self.maximumDepth) deep") }
      case 0x7D, 0x5D:
        depth -= 1
        if depth == 0 {
          position += 1
          return Value(kind: kind, bytes: UnsafeRawBufferPointer(rebasing: text[start..<position]), isEscaped: false)
        }
      default: break
      }
      position += 1
    }
    throw malformed("a bracket is not closed")
  }

  public func malformed(_ what: String) -> PlainFailure {
    PlainFailure(
      .damagedArchive, SafeText.clean(name), "is not valid JSON at byte \(position): \(what)",
      remedy: "make the archive again, or copy it again from where it was made")
  }
}

extension JSONScanner.Value {
  /// A whole number that is written as one; nil for anything else.
  public var int: Int64? {
    guard kind == .number, bytes.count > 0 else { return nil }
    var index = 0
    let isNegative = bytes[0] == 0x2D
    if isNegative { index = 1 }
    guard index < bytes.count else { return nil }
    var result: Int64 = 0
    while index < bytes.count {
      guard case let digit = bytes[index], digit >= 0x30, digit <= 0x39 else { return nil }
      let (product, overflow) = result.multipliedReportingOverflow(by: 10)
      guard !overflow else { return nil }
      let (sum, carry) = product.addingReportingOverflow(isNegative ? -Int64(digit - 0x30) : Int64(digit - 0x30))
      guard !carry else { return nil }
      result = sum
      index += 1
    }
    return result
  }

  public var isTrue: Bool { kind == .bool && bytes[0] == 0x74 }

  public var double: Double? {
    kind == .number ? Double(String(decoding: bytes, as: UTF8.self)) : nil
  }

  /// A moment, in microseconds since 1970, from seconds with a fraction. Exact to the microsecond.
  public var microseconds: Int64? {
    guard kind == .number, bytes.count > 0 else { return nil }
    var index = bytes[0] == 0x2D ? 1 : 0
    var whole: Int64 = 0
    var fraction: Int64 = 0
    var digits = 0
    var pointSeen = false
    while index < bytes.count {
      switch bytes[index] {
      case 0x30...0x39:
        let digit = Int64(bytes[index] - 0x30)
        if !pointSeen {
          guard whole < 10_000_000_000_000 else { return nil }
          whole = whole * 10 + digit
        } else if digits < 7 {
          fraction = fraction * 10 + digit
          digits += 1
        }
      case 0x2E where !pointSeen: pointSeen = true
      default: return double.map { Int64(($0 * 1_000_000).rounded()) }
      }
      index += 1
    }
    // Seven digits are read so that a float written with all its noise is rounded, not cut.
    while digits < 7 {
      fraction *= 10
      digits += 1
    }
    let magnitude = whole * 1_000_000 + (fraction + 5) / 10
    return bytes[0] == 0x2D ? -magnitude : magnitude
  }

  /// The text of a string, decoded.
  public var text: String? {
    guard kind == .string else { return nil }
    guard isEscaped else { return String(decoding: bytes, as: UTF8.self) }
    var decoded: [UInt8] = []
    decode(into: &decoded)
    return String(decoding: decoded, as: UTF8.self)
  }

  /// Appends the UTF-8 of a string to `output`, escapes decoded. A lone surrogate becomes U+FFFD.
  public func decode(into output: inout [UInt8]) {
    guard isEscaped else { return output.append(contentsOf: bytes) }
    output.reserveCapacity(output.count + bytes.count)
    var index = 0
    while index < bytes.count {
      guard bytes[index] == 0x5C else {
        let next = nextBackslash(from: index)
        output.append(contentsOf: UnsafeRawBufferPointer(rebasing: bytes[index..<next]))
        index = next
        continue
      }
      guard index + 1 < bytes.count else { return }
      switch bytes[index + 1] {
      case 0x6E: output.append(0x0A)
      case 0x74: output.append(0x09)
      case 0x72: output.append(0x0D)
      case 0x62: output.append(0x08)
      case 0x66: output.append(0x0C)
      case 0x75:
        let (scalar, length) = unicodeEscape(at: index)
        output.append(contentsOf: Array(String(Character(scalar)).utf8))
        index += length
        continue
      default: output.append(bytes[index + 1])
      }
      index += 2
    }
  }

  private func nextBackslash(from index: Int) -> Int {
    guard let base = bytes.baseAddress, let found = memchr(base + index, 0x5C, bytes.count - index) else {
      return bytes.count
    }
    return base.distance(to: UnsafeRawPointer(found))
  }

  private func unicodeEscape(at index: Int) -> (Unicode.Scalar, Int) {
    guard let high = codeUnit(at: index) else { return ("\u{FFFD}", min(2, bytes.count - index)) }
    if high & 0xFC00 == 0xD800, let low = codeUnit(at: index + 6), low & 0xFC00 == 0xDC00 {
      let value = 0x10000 + ((high & 0x3FF) << 10) + (low & 0x3FF)
      return (Unicode.Scalar(value) ?? "\u{FFFD}", 12)
    }
    return (Unicode.Scalar(high) ?? "\u{FFFD}", 6)
  }

  private func codeUnit(at index: Int) -> UInt32? {
    guard index + 6 <= bytes.count, bytes[index] == 0x5C, bytes[index + 1] == 0x75 else { return nil }
    return UInt32(String(decoding: bytes[index + 2..<index + 6], as: UTF8.self), radix: 16)
  }
}
