/// The meaning of a part of a screen. Screens use roles; a ``Theme`` defines their look.
///
/// Sentences (explanations, consequences, hints, warnings, errors) always have the role `text` or `title`, in the normal
/// colour: no colour is readable on every terminal. Colours are for the signs beside them, and for elements with a
/// background of their own. Only `disabled` may be dim.
public enum Role: String, Sendable, CaseIterable {
  /// The empty screen. Roles without colours use these.
  case background
  /// Everything that is to be read.
  case text
  /// Times, and counts beside another text.
  case muted
  case title
  /// The bar at the top.
  case header
  /// Signs that lead the eye: pointers, bullets, the mark of the current step.
  case accent
  /// Names of values, headings of tables, steps to come.
  case secondary
  case link
  case border
  /// The focused element.
  case focus
  /// A chosen element without the focus.
  case selection
  /// An element that cannot be chosen.
  case disabled
  /// The signs of states. The sentence beside the sign is `text`.
  case ok
  case warning
  case error
  /// A focused destructive choice.
  case danger
  /// The badges for the kind of server.
  case production
  case test
  case restore
  /// What the operator types literally: keys and commands.
  case key
  /// The actions of the key bar.
  case keyLabel = "key-label"
  case progressDone = "progress-done"
  case progressTodo = "progress-todo"
  case input
  case inputFocused = "input-focused"
  case inputError = "input-error"
  /// The signs of added and removed lines of a diff.
  case added
  case removed

  /// How a role is looked at, which decides the contrast that it needs.
  enum Reading { case text, sign, line }

  var reading: Reading {
    switch self {
    case .border, .progressDone, .progressTodo, .disabled: .line
    case .accent, .ok, .warning, .error, .added, .removed: .sign
    case .background, .text, .muted, .secondary, .title, .header, .link, .focus, .selection, .danger, .production,
      .test, .restore, .key, .keyLabel, .input, .inputFocused, .inputError:
      .text
    }
  }
}
