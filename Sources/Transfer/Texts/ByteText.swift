import Common
import Glibc

/// Searching and splitting of UTF-8 text as bytes, without a conversion to `String`.
extension UnsafeRawBufferPointer {
  func contains(_ needle: StaticString) -> Bool { position(of: needle) != nil }

  /// Returns whether `text` is at `position`.
  func has(_ text: StaticString, at position: Int) -> Bool {
    guard position >= 0, position + text.utf8CodeUnitCount <= count, let base = baseAddress else { return false }
    return memcmp(base + position, text.utf8Start, text.utf8CodeUnitCount) == 0
  }

  /// Returns the end of the digits that begin at `position`.
  func endOfDigits(_ position: Int) -> Int {
    var end = position
    while end < count, self[end] >= 0x30, self[end] <= 0x39 { end += 1 }
    return end
  }

  /// Returns the whole number of at most 18 digits between two positions; nil for other texts.
  func number(_ start: Int, _ end: Int) -> Int64? {
    guard end > start, end - start <= 18 else { return nil }
    var value: Int64 = 0
    for index in start..<end {
      guard self[index] >= 0x30, self[index] <= 0x39 else { return nil }
      value = value * 10 + Int64(self[index] - 0x30)
    }
    return value
  }

  func text(_ start: Int, _ end: Int) -> String {
    String(decoding: self[start..<Swift.max(start, end)], as: UTF8.self)
  }
}

/// Collects the changes to a text, and applies them once at the end.
struct Edits {
  private var replacements: [(start: Int, end: Int, text: String)] = []

  var isEmpty: Bool { replacements.isEmpty }

  /// - Parameters: the range of the old text, which must not overlap any other.
  mutating func replace(_ start: Int, _ end: Int, with text: String) {
    replacements.append((start, end, text))
  }

  mutating func replace(_ start: Int, _ end: Int, with number: Int64) {
    replace(start, end, with: String(number))
  }

  func apply(to source: UnsafeRawBufferPointer) -> [UInt8] {
    var result: [UInt8] = []
    result.reserveCapacity(source.count + 64)
    var position = 0
    for edit in replacements.sorted(by: { $0.start < $1.start }) where edit.start >= position {
      result.append(contentsOf: source[position..<edit.start])
      result.append(contentsOf: edit.text.utf8)
      position = edit.end
    }
    result.append(contentsOf: source[position...])
    return result
  }
}
