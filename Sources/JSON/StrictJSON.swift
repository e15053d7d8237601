/// Validates JSON text strictly by RFC 8259, and stores nothing: the grammar of ``JSONScanner``.
///
/// It also refuses what a reader cannot process: invalid UTF-8, halves of surrogate pairs, nesting deeper than
/// ``JSONScanner/maximumDepth``, and numbers with a length or an exponent beyond any column. One pass, no allocation,
/// in linear time.
package struct StrictJSON {
  /// Why a text is not JSON.
  enum Fault: String {
    case unexpected = "expected a value"
    case key = "expected a key"
    case colon = "expected ':'"
    case separator = "expected ',' or the closing bracket"
    case openString = "a string does not end"
    case controlCharacter = "a string holds a control character that is not escaped"
    case escape = "a string holds an escape that does not exist"
    case surrogate = "a string holds half of a surrogate pair"
    case encoding = "a string is not UTF-8"
    case number = "a number is not written as JSON writes numbers"
    case notANumber = "NaN and Infinity are no numbers in JSON"
    case hugeNumber = "a number has too many digits"
    case nesting = "nested more than 100 deep"
    case surplus = "something follows the end of the document"
  }

  private let text: UnsafePointer<UInt8>
  private let end: Int
  /// The current position; after a failure, the first invalid byte.
  private(set) var at: Int
  private(set) var fault = Fault.unexpected
  /// Whether the last string contains backslashes.
  private(set) var isEscaped = false

  /// Numbers in a server's export have at most 25 bytes; PostgreSQL accepts exponents of six digits.
  private static let longestNumber = 1000
  private static let longestExponent = 4

  /// Returns the position of the first invalid byte; nil if the text is exactly one JSON value.
  package static func firstFault(_ bytes: UnsafeRawBufferPointer) -> Int? {
    guard let start = bytes.assumingMemoryBound(to: UInt8.self).baseAddress else { return 0 }
    var check = StrictJSON(start, end: bytes.count, at: 0)
    check.skipSpace()
    guard check.value() else { return check.at }
    check.skipSpace()
    return check.at == check.end ? nil : check.at
  }

  /// - Parameters:
  ///   - end: the number of bytes of the text.
  ///   - position: the start, from 0 to `end`.
  @inline(__always)
  init(_ text: UnsafePointer<UInt8>, end: Int, at position: Int) {
    self.text = text
    self.end = end
    at = position
  }

  @inline(__always)
  private var byte: UInt8 { at < end ? text[at] : 0 }

  @inline(__always)
  private mutating func skipSpace() {
    while at < end, text[at] == 0x20 || text[at] == 0x0A || text[at] == 0x0D || text[at] == 0x09 { at &+= 1 }
  }

  @inline(__always)
  private mutating func take(_ wanted: UInt8) -> Bool {
    guard at < end, text[at] == wanted else { return false }
    at &+= 1
    return true
  }

  private mutating func fail(_ fault: Fault) -> Bool {
    self.fault = fault
    return false
  }

  // MARK: Values

  /// Validates the value that begins here; returns false if it is invalid, with ``fault`` and ``at`` set.
  mutating func value() -> Bool { value(depth: 0) }

  private mutating func value(depth: Int) -> Bool {
    switch byte {
    case 0x22: return string()
    case 0x7B: return list(closedBy: 0x7D, depth: depth, keyed: true)
    case 0x5B: return list(closedBy: 0x5D, depth: depth, keyed: false)
    case 0x74: return word("true")
    case 0x66: return word("false")
    case 0x6E: return word("null")
    case 0x2D, 0x30...0x39: return number()
    case 0x4E, 0x49: return fail(.notANumber)
    default: return fail(.unexpected)
    }
  }

  private mutating func list(closedBy closing: UInt8, depth: Int, keyed: Bool) -> Bool {
    guard depth < JSONScanner.maximumDepth else { return fail(.nesting) }
    at &+= 1
    skipSpace()
    if take(closing) { return true }
    while true {
      if keyed {
        guard byte == 0x22 else { return fail(.key) }
        guard string() else { return false }
        skipSpace()
        guard take(0x3A) else { return fail(.colon) }
        skipSpace()
      }
      guard value(depth: depth + 1) else { return false }
      skipSpace()
      if take(closing) { return true }
      guard take(0x2C) else { return fail(.separator) }
      skipSpace()
    }
  }

  private mutating func word(_ word: StaticString) -> Bool {
    for index in 0..<word.utf8CodeUnitCount {
      guard take(word.utf8Start[index]) else { return fail(.unexpected) }
    }
    return true
  }

  // MARK: Numbers

  @inline(__always)
  private mutating func digits() -> Int {
    let start = at
    while at < end, text[at] >= 0x30, text[at] <= 0x39 { at &+= 1 }
    return at &- start
  }

  private mutating func number() -> Bool {
    let start = at
    if take(0x2D), byte == 0x49 { return fail(.notANumber) }
    if !take(0x30) {
      guard digits() > 0 else { return fail(.number) }
    } else if byte >= 0x30, byte <= 0x39 {
      return fail(.number)
    }
    if take(0x2E) {
      guard digits() > 0 else { return fail(.number) }
    }
    if byte == 0x65 || byte == 0x45 {
      at &+= 1
      if !take(0x2B) { _ = take(0x2D) }
      let length = digits()
      guard length > 0 else { return fail(.number) }
      guard length <= Self.longestExponent else { return fail(.hugeNumber) }
    }
    return at &- start <= Self.longestNumber || fail(.hugeNumber)
  }

  // MARK: Strings

  private mutating func string() -> Bool {
    isEscaped = false
    at &+= 1
    while true {
      // Eight bytes at a time, as long as all of them are plain.
      while at &+ 8 <= end {
        let special = Self.special(UnsafeRawPointer(text + at).loadUnaligned(as: UInt64.self).littleEndian)
        if special != 0 {
          at &+= special.trailingZeroBitCount &>> 3
          break
        }
        at &+= 8
      }
      guard at < end else { return fail(.openString) }
      let value = text[at]
      switch value {
      case 0x22:
        at &+= 1
        return true
      case 0x5C:
        isEscaped = true
        guard escape() else { return false }
      case 0..<0x20: return fail(.controlCharacter)
      case 0x80...:
        guard multibyte(value) else { return fail(.encoding) }
      default: at &+= 1
      }
    }
  }

  /// Marks those of eight bytes that are a quote, a backslash, a control character or not ASCII: the lowest bit set is
  /// in the first of them.
  @inline(__always)
  private static func special(_ word: UInt64) -> UInt64 {
    let ones: UInt64 = 0x0101_0101_0101_0101
    let quote = word ^ (ones &* 0x22)
    let backslash = word ^ (ones &* 0x5C)
    let found =
      ((quote &- ones) & ~quote) | ((backslash &- ones) & ~backslash) | ((word &- ones &* 0x20) & ~word) | word
    return found & (ones &* 0x80)
  }

  private mutating func escape() -> Bool {
    guard at &+ 1 < end else {
      at = end
      return fail(.openString)
    }
    switch text[at &+ 1] {
    case 0x22, 0x5C, 0x2F, 0x62, 0x66, 0x6E, 0x72, 0x74:
      at &+= 2
      return true
    case 0x75:
      guard let unit = codeUnit(at: at) else { return fail(.escape) }
      if unit & 0xF800 == 0xD800 {
        guard unit & 0x0400 == 0, let low = codeUnit(at: at &+ 6), low & 0xFC00 == 0xDC00 else {
          return fail(.surrogate)
        }
        at &+= 6
      }
      at &+= 6
      return true
    default: return fail(.escape)
    }
  }

  /// Returns the number in `\uXXXX`; nil if there is no such escape.
  private func codeUnit(at place: Int) -> UInt32? {
    guard place &+ 6 <= end, text[place] == 0x5C, text[place &+ 1] == 0x75 else { return nil }
    var unit: UInt32 = 0
    for index in 2..<6 {
      let digit: UInt8
      switch text[place &+ index] {
      case let byte where byte >= 0x30 && byte <= 0x39: digit = byte &- 0x30
      case let byte where byte >= 0x41 && byte <= 0x46: digit = byte &- 0x37
      case let byte where byte >= 0x61 && byte <= 0x66: digit = byte &- 0x57
      default: return nil
      }
      unit = unit << 4 | UInt32(digit)
    }
    return unit
  }

  /// Validates one UTF-8 character beyond ASCII: no overlong form, no surrogate, nothing beyond U+10FFFF.
  @inline(__always)
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
    guard at &+ length <= end, text[at &+ 1] >= low, text[at &+ 1] <= high else { return false }
    if length > 2, text[at &+ 2] & 0xC0 != 0x80 { return false }
    if length > 3, text[at &+ 3] & 0xC0 != 0x80 { return false }
    at &+= length
    return true
  }
}
