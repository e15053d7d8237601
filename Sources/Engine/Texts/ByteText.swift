import Common
import Glibc

/// UTF-8 text as bytes, searched and cut without becoming `String`.
extension UnsafeRawBufferPointer {
  func contains(_ needle: StaticString) -> Bool { position(of: needle) != nil }

  /// Whether `text` stands at `position`.
  func has(_ text: StaticString, at position: Int) -> Bool {
    guard position >= 0, position + text.utf8CodeUnitCount <= count, let base = baseAddress else { return false }
    return memcmp(base + position, text.utf8Start, text.utf8CodeUnitCount) == 0
  }

  /// The end of the digits that begin at `position`.
  func endOfDigits(_ position: Int) -> Int {
    var end = position
    while end < count, self[end] >= 0x30, self[end] <= 0x39 { end += 1 }
    return end
  }

  /// A whole number of at most 18 digits between two positions; nil for anything else.
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

/// Collects what is to change in a text, and writes it once at the end.
struct Edits {
  private var replacements: [(start: Int, end: Int, text: String)] = []

  var isEmpty: Bool { replacements.isEmpty }

  /// - Parameters: the place of the old text, not overlapping any other.
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
