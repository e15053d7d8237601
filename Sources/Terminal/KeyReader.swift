import CCurses

/// Converts the input of ncurses into keys: assembles pasted text, and distinguishes Escape from unknown sequences.
struct KeyReader {
  enum Reading { case key(Key), nothing, gone }

  /// The longest pause within a paste, in milliseconds.
  private static let pastePatience: Int32 = 3000
  /// Longer pastes are truncated.
  static let longestPaste = 1 << 16
  private static let escape: UInt32 = 0x1B
  private static let pasteEnd = Array("\u{1B}[201~".utf8)
  /// After this pause in a paste, a single key does not belong to it.
  private static let pauseBeforeKey = Duration.milliseconds(700)

  /// A key after a paste without an end.
  private var waiting: Key?

  /// Returns the next key, if there is one; unknown input is skipped.
  ///
  /// - Parameter wait: milliseconds to wait for the first byte.
  mutating func next(wait: Int32) -> Reading {
    if let key = waiting {
      waiting = nil
      return .key(key)
    }
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

  private mutating func key(_ code: Int32) -> Key? {
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

  /// ncurses has already waited for the bytes of known keys. Bytes after Escape therefore arrived together with it: a
  /// character with Alt, or an unknown sequence, which is removed completely so that its letters are not read as input.
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

  /// Reads a paste until its end mark, without ncurses, which would search each byte for keys.
  ///
  /// A paste without an end mark ends after a pause, or with a key after a pause.
  private mutating func paste() -> Key? {
    var raw: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 1 << 16)
    var matched: Int32 = 0
    while matched < Self.pasteEnd.count {
      let before = matched
      var count = ccurses_read_paste(&chunk, Int32(chunk.count), &matched, 0)
      if count == 0, matched == before {
        let began = ContinuousClock.now
        count = ccurses_read_paste(&chunk, Int32(chunk.count), &matched, Self.pastePatience)
        if count == 0, matched == before { break }
        if before == 0, ContinuousClock.now - began > Self.pauseBeforeKey {
          var more = [UInt8](repeating: 0, count: 64)
          let first = Array(chunk.prefix(Int(max(0, count)))) + Self.pasteEnd.prefix(Int(matched))
          let atFirst = matched
          let rest = ccurses_read_paste(&more, Int32(more.count), &matched, Self.togetherWithin)
          if rest == 0, matched == atFirst, let key = loneKey(first) {
            waiting = key
            break
          }
          raw += chunk.prefix(Int(max(0, count))) + more.prefix(Int(max(0, rest)))
          continue
        }
      }
      guard count >= 0 else { break }
      // An overlong paste is truncated but read to its end, so that its rest is not read as keys.
      raw += chunk.prefix(min(Int(count), Self.longestPaste - min(raw.count, Self.longestPaste)))
    }
    var text = PastedText()
    for scalar in String(decoding: raw, as: UTF8.self).unicodeScalars { text.add(scalar.value) }
    return .paste(text.text)
  }

  /// The bytes of one key arrive within this time, in milliseconds.
  private static let togetherWithin: Int32 = 100

  /// Returns the key that consists of exactly these bytes; nil for several keys.
  private func loneKey(_ bytes: [UInt8]) -> Key? {
    if bytes == [0x1B] { return .escape }
    if bytes.count == 3, bytes[0] == 0x1B, bytes[1] == UInt8(ascii: "[") || bytes[1] == UInt8(ascii: "O") {
      return switch bytes[2] {
      case UInt8(ascii: "A"): .up
      case UInt8(ascii: "B"): .down
      case UInt8(ascii: "C"): .right
      case UInt8(ascii: "D"): .left
      default: nil
      }
    }
    let scalars = String(decoding: bytes, as: UTF8.self).unicodeScalars
    guard scalars.count == 1, let scalar = scalars.first, scalar.value != 0x1B else { return nil }
    return character(scalar.value)
  }
}

/// Extracts the text of a paste: without control characters and escape sequences, with one kind of line break.
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
    // CR and LF are one line break.
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
