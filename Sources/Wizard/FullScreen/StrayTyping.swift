import Terminal

/// What happens with characters typed or pasted where no text field has the focus.
///
/// The rule: characters are text. Outside of a text field they never change an answer, start or leave anything:
///
/// - Actions with an effect have keys that are no characters: Enter, Esc, Ctrl-C, Ctrl-R, Ctrl-W. The exceptions are `?`
///   (help), `/` (filter) and the space, which selects the marked choice; a confirmed filter or choice is visible.
/// - In a step without a text field `j`, `k`, `g` and `G` also move, and `r` looks again. In a step with one they do
///   not: the operator may believe to be in the field.
/// - After the first character without an effect, all further characters have none, not even `?`, `/` and the space, and
///   the focus returns to where it was before the text. The text is reported.
/// - An Enter directly after them belongs to the text: it does nothing but say so, and only a second one counts.
/// - A paste is treated like such a text, whatever it contains.
struct StrayTyping: Sendable {
  /// Whether the last keys were characters without an effect.
  fileprivate(set) var isPending = false
  /// The focus before the current sequence of characters; nil if the last key was another one.
  fileprivate var origin: Focus?

  mutating func reset() { self = StrayTyping() }
}

extension WizardModel {
  /// Whether letters are keys in this step: it has no text field.
  var lettersAreKeys: Bool { !session.fields.contains(where: \.isTyped) }

  /// The rule for the help.
  var typingRule: String {
    "Typed or pasted text changes nothing where no text field has the focus, and an Enter directly after it does not "
      + "count."
  }

  /// Returns whether a key has no effect because it belongs to text that was typed in the wrong place.
  mutating func isStray(_ key: Key) -> Bool {
    guard !isTyping, !isReading, !wizardSession.isOpening else {
      stray.reset()
      return false
    }
    switch key {
    case .character, .paste:
      if !stray.isPending, bindings.contains(where: { $0.keys.contains(key) }) {
        if stray.origin == nil { stray.origin = focus }
        return false
      }
      if let origin = stray.origin { focus = origin }
      stray.origin = focus
      stray.isPending = true
      tell(strayNotice)
      return true
    case .enter where stray.isPending:
      stray.reset()
      guard let enter = bindings.first(where: { $0.keys.contains(.enter) })?.label else { return false }
      tell("The typed text had no effect. Enter again: \(enter)")
      return true
    default:
      stray.reset()
      return false
    }
  }

  private var isReading: Bool {
    switch overlay {
    case .help?, .log?: true
    case .question?, nil: false
    }
  }

  private var strayNotice: String {
    if overlay != nil { return "Typed text has no effect here: choose with the arrow keys" }
    if lettersAreKeys { return "Typed text has no effect: there is no text field here" }
    return "Typed text has no effect: the text field does not have the focus; Tab moves to it"
  }
}
