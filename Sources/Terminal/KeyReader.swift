import CCurses

/// Turns what ncurses reads into keys: puts pasted text together, and tells a lone Escape from the beginning of a
/// sequence that nobody knows.
struct KeyReader {
  enum Reading { case key(Key), nothing, gone }

  /// How long the rest of a paste may be on its way, in milliseconds.
  private static let pastePatience: Int32 = 3000
  private static let longestPaste = 1 << 20
  private static let escape: UInt32 = 0x1B

  /// The next key, if there is one. What has no meaning here is passed over.
  ///
  /// - Parameter wait: milliseconds for the first byte.
  func next(wait: Int32) -> Reading {
    var wait = wait
    while true {
      var value: UInt32 = 0
      switch ccurses_read(&value, wait) {
      case CCURSES_CHARACTER:
        if let key = value == Self.escape ? afterEscape() : character(value) { return .key(key) }
      case CCURSES_KEY:
        if let key = key(Int32(bitPattern: value)) { return .key(key) }
      case CCURSES_GONE: return .gone
      default: return .nothing
      }
      wait = 0
    }
  }

  private func key(_ code: Int32) -> Key? {
    switch code {
    case CCURSES_UP: .up
    case CCURSES_DOWN: .down
    case CCURSES_LEFT: .left
    case CCURSES_RIGHT: .right
    case CCURSES_PAGE_UP: .pageUp
    case CCURSES_PAGE_DOWN: .pageDown
    case CCURSES_HOME: .home
    case CCURSES_END: .end
    case CCURSES_BACKSPACE: .backspace
    case CCURSES_DELETE: .delete
    case CCURSES_ENTER: .enter
    case CCURSES_BACK_TAB: .backTab
    case CCURSES_PASTE_BEGIN: paste()
    case (CCURSES_F0 + 1)...(CCURSES_F0 + 24): .function(Int(code - CCURSES_F0))
    default: nil
    }
  }

  private func character(_ value: UInt32) -> Key? {
    switch value {
    case 0: .control("@")
    case 0x08, 0x7F: .backspace
    case 0x09: .tab
    case 0x0A, 0x0D: .enter
    case 0x01...0x1A, 0x1C...0x1F:
      Unicode.Scalar(value + 0x40).map { .control(Character(Character($0).lowercased())) }
    case 0x80...0x9F: nil
    default: Unicode.Scalar(value).map { .character(Character($0)) }
    }
  }

  /// ncurses has waited already for the bytes that make an Escape a key that it knows. What stands behind it now came
  /// in one go with it: a character held with Alt, or a sequence without a meaning here, taken out whole lest its
  /// letters be read as typed.
  private func afterEscape() -> Key? {
    guard let next = pending() else { return .escape }
    switch next {
    case UInt32(ascii: "["):
      while let byte = pending() { if (0x40...0x7E).contains(byte) { return nil } }
      return nil
    case UInt32(ascii: "O"):
      return pending() == nil ? .alternate("O") : nil
    case Self.escape: return .escape
    default:
      guard case .character(let character)? = character(next) else { return nil }
      return .alternate(character)
    }
  }

  private func pending() -> UInt32? {
    var value: UInt32 = 0
    return ccurses_read(&value, 0) == CCURSES_CHARACTER ? value : nil
  }

  private func paste() -> Key? {
    var text = PastedText()
    while true {
      var value: UInt32 = 0
      let kind = ccurses_read(&value, Self.pastePatience)
      if kind == CCURSES_KEY && Int32(bitPattern: value) != CCURSES_PASTE_END { continue }
      guard kind == CCURSES_CHARACTER else { break }
      // Too long a paste is cut off, but read to its end: its rest must not be taken for keys.
      if text.bytes < Self.longestPaste { text.add(value) }
    }
    return .paste(text.text)
  }
}

/// What of a pasted text is text: no control characters, no escape sequences, and one kind of line break.
struct PastedText {
  private(set) var text = ""
  private var state = State.text
  var bytes: Int { text.utf8.count }

  private enum State { case text, afterReturn, afterEscape, inSequence }

  mutating func add(_ value: UInt32) {
    let before = state
    state = .text
    switch (before, value) {
    case (.afterEscape, UInt32(ascii: "[")): state = .inSequence
    case (.inSequence, 0x20...0x3F): state = .inSequence
    case (.inSequence, 0x40...0x7E): break
    case (_, 0x1B): state = .afterEscape
    // A return and its line feed are one end of a line.
    case (.afterReturn, 0x0A): break
    case (_, 0x0D):
      text += "\n"
      state = .afterReturn
    case (_, 0x0A): text += "\n"
    case (_, 0x00...0x08), (_, 0x0B...0x1F), (_, 0x7F...0x9F): break
    default: if let scalar = Unicode.Scalar(value) { text.unicodeScalars.append(scalar) }
    }
  }
}

extension UInt32 {
  fileprivate init(ascii scalar: Unicode.Scalar) { self = scalar.value }
}
