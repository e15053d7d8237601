import CCurses

/// Converts the input of ncurses into keys: assembles pasted text, and distinguishes Escape from unknown sequences.
///
/// No input can block it: each call reads for a short time only, a paste keeps a limited number of bytes, and one without
/// its end mark ends with a pause or a key.
struct KeyReader {
  enum Reading { case key(Key), nothing, gone }

  private static let escape: UInt32 = 0x1B
  /// Terminals that do not mark pastes send them as keys. Nobody types this many bytes at once.
  private static let burst = 256

  /// A key after a paste without an end.
  private var waiting: Key?
  private var paste: OpenPaste?

  /// When the open paste ends without its mark; nil without one. ``next(wait:)`` must be called then.
  var deadline: ContinuousClock.Instant? { paste?.deadline }

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
      if paste != nil { return continuePaste() }
      var value: UInt32 = 0
      switch ccurses_read(&value, wait) {
      case CCURSES_CHARACTER:
        if value != Self.escape, ccurses_pending() >= Self.burst {
          paste = OpenPaste(isMarked: false, first: value)
        } else if let key = value == Self.escape ? afterEscape() : character(value) {
          return .key(key)
        }
      case CCURSES_KEY:
        let code = Int32(bitPattern: value)
        if code == CCURSES_PASTE_BEGIN {
          paste = OpenPaste(isMarked: true)
        } else if let key = key(code) {
          return .key(key)
        }
      case CCURSES_GONE: return .gone
      default: return .nothing
      }
      wait = 0
    }
  }

  private mutating func continuePaste() -> Reading {
    guard var open = paste else { return .nothing }
    let progress = open.read { character($0) }
    let text = open.takeText()
    switch progress {
    case .open: paste = open
    case .ended(let after):
      paste = nil
      waiting = after
    }
    guard let text else { return waiting == nil ? .nothing : next(wait: 0) }
    return .key(.paste(text))
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
