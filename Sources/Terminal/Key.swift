/// What the operator did on the keyboard.
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
  /// A letter held together with Ctrl, in lower case; also `@ [ \ ] ^ _`.
  case control(Character)
  /// A character held together with Alt, or typed at once after Escape.
  case alternate(Character)
  /// A function key, counted from 1.
  case function(Int)
  /// A text that was pasted, its lines parted by `\n`, without any other control character but the tab. Nothing in it
  /// is a command: a line break within never confirms anything.
  case paste(String)
}

extension Key: CustomStringConvertible {
  /// The name as it stands in a key bar or a help text.
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

/// Something that a screen waits for.
public enum Event: Sendable, Hashable {
  case key(Key)
  /// The window has another size now. What was drawn has to be drawn anew.
  case resized(Size)
  /// Another thread used the screen's ``WakeUp``.
  case wake
  /// There is no operator any more. The terminal has been left already and nothing is drawn any more; what remains is
  /// to save, to close the screen and to end.
  case hangup(Hangup)
}

public enum Hangup: Sendable, Hashable {
  /// The terminal is gone: the connection broke, the window was closed.
  case terminalGone
  /// The process was asked to end by this signal (SIGTERM, SIGHUP, SIGINT).
  case signal(Int32)
}
