import Glibc

/// Conversions of a value. Nil for a value of another kind, or out of range.
extension JSONScanner.Value {
  /// A whole number in integer notation; nil for other values.
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

  public var isTrue: Bool { kind == .bool && bytes.first == 0x74 }

  /// A number that is finite as a double.
  public var double: Double? {
    guard kind == .number, let number = Double(String(decoding: bytes, as: UTF8.self)), number.isFinite else {
      return nil
    }
    return number
  }

  /// The first time that PostgreSQL supports, in microseconds since 1970: 4714-11-24 BC. Its last is beyond `Int64`.
  public static let firstMoment: Int64 = -210_866_803_200_000_000

  /// A time in microseconds since 1970, from seconds with a fraction. Exact to the microsecond; nil if PostgreSQL does
  /// not support that time.
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
          guard whole < 1_000_000_000_000 else { return nil }
          whole = whole * 10 + digit
        } else if digits < 7 {
          fraction = fraction * 10 + digit
          digits += 1
        }
      case 0x2E where !pointSeen: pointSeen = true
      default: return roundedMicroseconds
      }
      index += 1
    }
    // Seven digits are read, so that a float with its noise is rounded, not truncated.
    while digits < 7 {
      fraction *= 10
      digits += 1
    }
    let (product, overflow) = whole.multipliedReportingOverflow(by: 1_000_000)
    let (magnitude, carry) = product.addingReportingOverflow((fraction + 5) / 10)
    guard !overflow, !carry else { return nil }
    let result = bytes[0] == 0x2D ? -magnitude : magnitude
    return result >= Self.firstMoment ? result : nil
  }

  /// The time of a number with an exponent.
  private var roundedMicroseconds: Int64? {
    guard let double, let result = Int64(exactly: (double * 1_000_000).rounded()), result >= Self.firstMoment else {
      return nil
    }
    return result
  }

  /// The decoded text of a string.
  public var text: String? {
    guard kind == .string else { return nil }
    guard isEscaped else { return String(decoding: bytes, as: UTF8.self) }
    var decoded: [UInt8] = []
    decode(into: &decoded)
    return String(decoding: decoded, as: UTF8.self)
  }

  /// Appends the UTF-8 of a string to `output`, with escapes decoded.
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
        output.append(contentsOf: UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter)
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
