/// What a piece of a screen means. Screens name roles; a ``Theme`` decides what they look like.
public enum Role: String, Sendable, CaseIterable {
  /// The screen where nothing is drawn. Colours that another role leaves out are this one's.
  case background
  case text
  /// What is there for those who look for it: hints, units, times.
  case muted
  case title
  /// The bar along the top.
  case header
  /// What the eye should find first.
  case accent
  /// Explanations beside the text itself.
  case secondary
  case link
  case border
  /// What the keyboard acts on.
  case focus
  /// What was chosen and does not have the keyboard.
  case selection
  case disabled
  case ok
  case warning
  case error
  /// The choice that destroys, when the keyboard is on it.
  case danger
  /// The badges that say which kind of server this is.
  case production
  case test
  case restore
  /// The key bar: the key, and what it does.
  case key
  case keyLabel = "key-label"
  case progressDone = "progress-done"
  case progressTodo = "progress-todo"
  case input
  case inputFocused = "input-focused"
  case inputError = "input-error"
  /// Lines that come and lines that go, in a difference of two texts.
  case added
  case removed
}
