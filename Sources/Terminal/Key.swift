/// A key pressed by the operator.
public enum Key: Sendable, Hashable {
  /// A letter, a digit, a sign or the space.
  case character(Character)
  case enter
  case escape
  case tab
  case backTab
  case up
  case down
  case left
  case right
  case pageUp
  case pageDown
  case home
  case end
  case backspace
  case delete
  /// Ctrl with a letter in lower case; also `@ [ \ ] ^ _`.
  case control(Character)
  /// Alt with a character, or Escape followed immediately by it.
  case alternate(Character)
  /// A function key, from 1.
  case function(Int)
  /// A pasted text with `\n` as line breaks, without control characters except tabs. Its content is never a command: a
  /// line break in it confirms nothing.
  case paste(String)
}

extension Key: CustomStringConvertible {
  /// The name in key bars and help texts.
  public var description: String {
    switch self {
    case .character(" "): "Space"
    case .character(let character): String(character)
    case .enter: "Enter"
    case .escape: "Esc"
    case .tab: "Tab"
    case .backTab: "Shift-Tab"
    case .up: "Up"
    case .down: "Down"
    case .left: "Left"
    case .right: "Right"
    case .pageUp: "PgUp"
    case .pageDown: "PgDn"
    case .home: "Home"
    case .end: "End"
    case .backspace: "Backspace"
    case .delete: "Del"
    case .control(let character): "Ctrl-\(character.uppercased())"
    case .alternate(let character): "Alt-\(character)"
    case .function(let number): "F\(number)"
    case .paste: "Paste"
    }
  }
}

/// An event for a screen.
public enum Event: Sendable, Hashable {
  case key(Key)
  /// The window has another size: everything must be drawn again.
  case resized(Size)
  /// Another thread used the screen's ``WakeUp``.
  case wake
  /// The operator is gone, and the terminal was already restored: nothing can be drawn. The program should save, close
  /// the screen and end.
  case hangup(Hangup)
}

public enum Hangup: Sendable, Hashable {
  /// The terminal is gone: the connection or the window was closed.
  case terminalGone
  /// A signal requested the end of the process (SIGTERM, SIGHUP, SIGINT).
  case signal(Int32)
}
