import Common

/// A pull parser over JSON text in memory: it returns values as slices of the text and copies nothing.
///
/// Everything that it passes is checked strictly by RFC 8259 (``StrictJSON``), including skipped values. Nesting is
/// limited, so that a hostile archive cannot exhaust the stack. A document is complete once ``end()`` did not throw.
public struct JSONScanner {
  public static let maximumDepth = 100

  /// A value of the text: valid, but not decoded yet.
  public struct Value {
    public enum Kind: Sendable {
      case null, bool, number, string, array, object
      /// The row has no such key.
      case missing
    }

    public let kind: Kind
    /// The text of the value; for a string, the text between its quotes.
    public let bytes: UnsafeRawBufferPointer
    /// Whether a string contains backslashes and must be decoded before use.
    public let isEscaped: Bool

    public static var missing: Value {
      Value(kind: .missing, bytes: UnsafeRawBufferPointer(start: nil, count: 0), isEscaped: false)
    }
  }

  private let text: UnsafeRawBufferPointer
  private let name: String
  /// The current position, from 0 to the number of bytes.
  public private(set) var position: Int

  /// - Parameters:
  ///   - name: the name of the text in errors: the member of the archive.
  ///   - position: where reading begins; a position after the text counts as its end.
  public init(_ text: UnsafeRawBufferPointer, name: String, at position: Int = 0) {
    self.text = text
    self.name = name
    self.position = min(max(position, 0), text.count)
  }

  // MARK: Structure

  /// Returns the next byte that is not white space, without consuming it; 0 at the end of the text.
  @inline(__always)
  public mutating func peek() -> UInt8 {
    while position < text.count {
      let byte = text[position]
      if byte != 0x20 && byte != 0x0A && byte != 0x0D && byte != 0x09 { return byte }
      position += 1
    }
    return 0
  }

  /// Consumes a byte of the structure, after white space.
  ///
  /// - Throws: `.damagedArchive` if another byte follows.
  public mutating func expect(_ byte: UInt8) throws {
    guard peek() == byte, position < text.count else {
      throw malformed("expected '\(Character(Unicode.Scalar(byte)))'")
    }
    position += 1
  }

  /// - Throws: if anything but white space follows.
  public mutating func end() throws {
    _ = peek()
    guard position == text.count else { throw malformed(StrictJSON.Fault.surplus.rawValue) }
  }

  /// Calls `body` for each key of the object that begins here, with the decoded text of the key; `body` reads the
  /// value.
  ///
  /// - Throws: `.damagedArchive` if it is not a valid object; the errors of `body`.
  public mutating func object(_ body: (inout JSONScanner, UnsafeRawBufferPointer) throws -> Void) throws {
    try expect(0x7B)
    if peek() == 0x7D {
      position += 1
      return
    }
    while true {
      guard peek() == 0x22 else { throw malformed(StrictJSON.Fault.key.rawValue) }
      let key = try value()
      try expect(0x3A)
      if key.isEscaped {
        var decoded: [UInt8] = []
        key.decode(into: &decoded)
        try decoded.withUnsafeBytes { try body(&self, $0) }
      } else {
        try body(&self, key.bytes)
      }
      switch peek() {
      case 0x2C: position += 1
      case 0x7D:
        position += 1
        return
      default: throw malformed("expected ',' or '}'")
      }
    }
  }

  /// Calls `body` for each element of the array that begins here; `body` reads the element.
  ///
  /// - Throws: `.damagedArchive` if it is not a valid array; the errors of `body`.
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

  /// Reads the next value as a slice.
  ///
  /// - Throws: `.damagedArchive` if it is not valid JSON.
  public mutating func value() throws -> Value {
    let kind: Value.Kind
    switch peek() {
    case 0x22: kind = .string
    case 0x7B: kind = .object
    case 0x5B: kind = .array
    case 0x74, 0x66: kind = .bool
    case 0x6E: kind = .null
    default: kind = .number
    }
    guard let base = text.assumingMemoryBound(to: UInt8.self).baseAddress else {
      throw malformed(StrictJSON.Fault.unexpected.rawValue)
    }
    let start = position
    var walk = StrictJSON(base, end: text.count, at: start)
    let isSound = walk.value()
    position = walk.at
    guard isSound else { throw malformed(walk.fault.rawValue) }
    guard kind == .string else {
      return Value(kind: kind, bytes: UnsafeRawBufferPointer(rebasing: text[start..<position]), isEscaped: false)
    }
    let inner = UnsafeRawBufferPointer(rebasing: text[start + 1..<position - 1])
    return Value(kind: .string, bytes: inner, isEscaped: walk.isEscaped)
  }

  public func malformed(_ what: String) -> PlainFailure {
    PlainFailure(
      .damagedArchive, SafeText.clean(name), "is not valid JSON at byte \(position): \(what)",
      remedy: "make the archive again, or copy it again from where it was made")
  }
}
