/// The meaning of a part of a screen. Screens use roles; a ``Theme`` defines their look.
public enum Role: String, Sendable, CaseIterable {
  /// The empty screen. Roles without colours use these.
  case background
  case text
  /// Secondary information: hints, units, times.
  case muted
  case title
  /// The bar at the top.
  case header
  /// The most important part.
  case accent
  /// Explanations.
  case secondary
  case link
  case border
  /// The focused element.
  case focus
  /// A chosen element without the focus.
  case selection
  case disabled
  case ok
  case warning
  case error
  /// A focused destructive choice.
  case danger
  /// The badges for the kind of server.
  case production
  case test
  case restore
  /// The key bar: the keys and their actions.
  case key
  case keyLabel = "key-label"
  case progressDone = "progress-done"
  case progressTodo = "progress-todo"
  case input
  case inputFocused = "input-focused"
  case inputError = "input-error"
  /// Added and removed lines of a diff.
  case added
  case removed
}
