import Common
import JSON

/// The valid JSON texts that PostgreSQL's `jsonb` rejects: zero bytes, halves of surrogate pairs, and numbers beyond
/// the range of its `numeric`.
enum JSONBRule {
  /// `numeric` holds 131,072 digits before the decimal point and 16,383 after it.
  private static let maximumExponent = 16_000
  private static let maximumDigits = 16_000

  /// Returns the reason for a rejection; nil if `jsonb` accepts the value.
  ///
  /// - Parameter value: valid JSON; a string without its quotes.
  static func fault(_ value: JSONScanner.Value) -> String? {
    value.kind == .string ? string(value.bytes[...]) : document(value.bytes)
  }

  private static func document(_ bytes: UnsafeRawBufferPointer) -> String? {
    var index = 0
    while index < bytes.count {
      switch bytes[index] {
      case 0x22:
        let start = index + 1
        var end = start
        while end < bytes.count, bytes[end] != 0x22 { end += bytes[end] == 0x5C ? 2 : 1 }
        if let fault = string(bytes[start..<min(end, bytes.count)]) { return fault }
        index = end + 1
      case 0x2D, 0x30...0x39:
        let start = index
        while index < bytes.count, isNumber(bytes[index]) { index += 1 }
        if let fault = number(bytes[start..<index]) { return fault }
      default: index += 1
      }
    }
    return nil
  }

  private static func isNumber(_ byte: UInt8) -> Bool {
    switch byte {
    case 0x30...0x39, 0x2B, 0x2D, 0x2E, 0x45, 0x65: true
    default: false
    }
  }

  private static func number(_ text: Slice<UnsafeRawBufferPointer>) -> String? {
    guard text.count <= maximumDigits else { return "a number of \(text.count) digits" }
    guard let mark = text.firstIndex(where: { $0 == 0x45 || $0 == 0x65 }) else { return nil }
    let exponent = text[text.index(after: mark)...].filter { $0 != 0x2B && $0 != 0x2D }.drop { $0 == 0x30 }
    let value = exponent.count > 6 ? Int.max : Int(String(decoding: exponent, as: UTF8.self)) ?? 0
    return value > maximumExponent ? "a number that is too large or too small" : nil
  }

  /// - Parameter text: the text between the quotes.
  private static func string(_ text: Slice<UnsafeRawBufferPointer>) -> String? {
    var index = text.startIndex
    var isHighBefore = false
    while index < text.endIndex {
      guard text[index] == 0x5C else {
        if isHighBefore { return halfPair }
        index += 1
        continue
      }
      guard index + 1 < text.endIndex, text[index + 1] == 0x75 else {
        if isHighBefore { return halfPair }
        index += 2
        continue
      }
      guard index + 6 <= text.endIndex,
        let unit = UInt32(String(decoding: text[index + 2..<index + 6], as: UTF8.self), radix: 16)
      else { return halfPair }
      if unit == 0 { return "a zero byte" }
      let isLow = unit & 0xFC00 == 0xDC00
      if isLow != isHighBefore { return halfPair }
      isHighBefore = unit & 0xFC00 == 0xD800
      index += 6
    }
    return isHighBefore ? halfPair : nil
  }

  private static let halfPair = "half of a surrogate pair"
}
