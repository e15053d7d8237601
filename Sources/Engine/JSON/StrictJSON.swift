/// Checks that a text is one JSON value, to the letter of RFC 8259, and nothing else.
///
/// ``JSONScanner`` reads what it needs and skips the rest; this reads everything and keeps nothing.
struct StrictJSON {
  private let text: UnsafePointer<UInt8>
  private let end: Int
  private var at = 0

  /// Where the first byte stands that cannot be; nil where the text is sound.
  static func firstFault(_ bytes: UnsafeRawBufferPointer) -> Int? {
    guard let start = bytes.assumingMemoryBound(to: UInt8.self).baseAddress else { return 0 }
    var check = StrictJSON(text: start, end: bytes.count)
    check.skipSpace()
    guard check.value(depth: 0) else { return check.at }
    check.skipSpace()
    return check.at == check.end ? nil : check.at
  }

  private init(text: UnsafePointer<UInt8>, end: Int) {
    self.text = text
    self.end = end
  }

  private var byte: UInt8 { at < end ? text[at] : 0 }

  private mutating func skipSpace() {
    while at < end, text[at] == 0x20 || text[at] == 0x0A || text[at] == 0x0D || text[at] == 0x09 { at += 1 }
  }

  private mutating func take(_ wanted: UInt8) -> Bool {
    guard at < end, text[at] == wanted else { return false }
    at += 1
    return true
  }

  private mutating func value(depth: Int) -> Bool {
    guard depth <= JSONScanner.maximumDepth else { return false }
    switch byte {
    case 0x22: return string()
    case 0x7B: return list(closedBy: 0x7D, depth: depth, keyed: true)
    case 0x5B: return list(closedBy: 0x5D, depth: depth, keyed: false)
    case 0x74: return word("true")
    case 0x66: return word("false")
    case 0x6E: return word("null")
    default: return number()
    }
  }

  private mutating func list(closedBy closing: UInt8, depth: Int, keyed: Bool) -> Bool {
    at += 1
    skipSpace()
    if take(closing) { return true }
    while true {
      if keyed {
        guard string() else { return false }
        skipSpace()
        guard take(0x3A) else { return false }
        skipSpace()
      }
      guard value(depth: depth + 1) else { return false }
      skipSpace()
      if take(closing) { return true }
      guard take(0x2C) else { return false }
      skipSpace()
    }
  }

  private mutating func word(_ word: StaticString) -> Bool {
    for index in 0..<word.utf8CodeUnitCount {
      guard take(word.utf8Start[index]) else { return false }
    }
    return true
  }

  private mutating func digits() -> Bool {
    let start = at
    while at < end, text[at] >= 0x30, text[at] <= 0x39 { at += 1 }
    return at > start
  }

  private mutating func number() -> Bool {
    _ = take(0x2D)
    if !take(0x30) {
      guard digits() else { return false }
    }
    if take(0x2E) {
      guard digits() else { return false }
    }
    if byte == 0x65 || byte == 0x45 {
      at += 1
      if !take(0x2B) { _ = take(0x2D) }
      guard digits() else { return false }
    }
    return true
  }

  private mutating func string() -> Bool {
    guard take(0x22) else { return false }
    while at < end {
      let value = text[at]
      switch value {
      case 0x22:
        at += 1
        return true
      case 0x5C:
        guard escape() else { return false }
      case 0x20..<0x80: at += 1
      case 0x80...:
        guard multibyte(value) else { return false }
      default: return false
      }
    }
    return false
  }

  private mutating func escape() -> Bool {
    at += 1
    switch byte {
    case 0x22, 0x5C, 0x2F, 0x62, 0x66, 0x6E, 0x72, 0x74:
      at += 1
      return true
    case 0x75:
      at += 1
      for _ in 0..<4 {
        switch byte {
        case 0x30...0x39, 0x41...0x46, 0x61...0x66: at += 1
        default: return false
        }
      }
      return true
    default: return false
    }
  }

  /// One character of UTF-8 beyond ASCII: no overlong form, no surrogate, nothing beyond U+10FFFF.
  private mutating func multibyte(_ first: UInt8) -> Bool {
    let length: Int
    var low: UInt8 = 0x80
    var high: UInt8 = 0xBF
    switch first {
    case 0xC2...0xDF: length = 2
    case 0xE0:
      length = 3
      low = 0xA0
    case 0xED:
      length = 3
      high = 0x9F
    case 0xE1...0xEF: length = 3
    case 0xF0:
      length = 4
      low = 0x90
    case 0xF4:
      length = 4
      high = 0x8F
    case 0xF1...0xF3: length = 4
    default: return false
    }
    guard at + length <= end, text[at + 1] >= low, text[at + 1] <= high else { return false }
    var index = 2
    while index < length {
      guard text[at + index] & 0xC0 == 0x80 else { return false }
      index += 1
    }
    at += length
    return true
  }
}
