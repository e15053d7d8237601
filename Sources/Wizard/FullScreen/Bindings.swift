import Terminal

/// The actions of keys.
enum Action: Sendable, Hashable {
  case proceed, back, leave, stop
  case up, down, nextField, previousField
  case toggle, earlierDecision, laterDecision
  case complete
  case filter, keepFilter
  case plain
  case pageUp, pageDown, top, bottom
  case lookAgain, saveAnswers, saveCommands, help, log, close, redraw, suspend

  /// Whether it cannot choose or change anything on a screen that the operator has not seen yet.
  var isAlwaysSafe: Bool {
    switch self {
    case .leave, .stop, .back, .help, .log, .close, .redraw, .plain, .suspend: true
    default: false
    }
  }
}

/// A key with its action. The key bar, the help and the handling of keys use the same bindings.
struct Binding: Sendable, Equatable {
  let action: Action
  /// The first key is shown.
  let keys: [Key]
  /// The label in the key bar; nil omits it there.
  let label: String?
  /// The text in the help.
  let explanation: String
  /// Why the action has no effect now; nil if it has one.
  let disabled: String?

  init(_ action: Action, _ keys: [Key], _ label: String?, _ explanation: String, disabled: String? = nil) {
    self.action = action
    self.keys = keys
    self.label = label
    self.explanation = explanation
    self.disabled = disabled
  }

  /// Returns the binding with other keys; nil without keys.
  func with(keys: [Key]) -> Binding? {
    keys.isEmpty ? nil : Binding(action, keys, label, explanation, disabled: disabled)
  }

  /// The rank in the key bar: 0 is always shown, then lower numbers first.
  var importance: Int {
    switch action {
    case .leave, .stop: 0
    case _ where disabled != nil: 9
    case .close, .proceed, .keepFilter: 1
    case .back: 2
    case .help: 3
    case .complete, .toggle, .pageUp, .pageDown: 4
    case .filter, .lookAgain, .log, .up, .down: 5
    default: 6
    }
  }
}

extension WizardModel {
  /// The current bindings, the most useful ones first.
  var bindings: [Binding] {
    switch overlay {
    case .question?: questionBindings
    case .help?: readingBindings([.character("?"), .function(1), .control("g")])
    case .log?: readingBindings([.control("o")])
    case nil where wizardSession.isOpening: openingBindings
    case nil: withoutTyped(withoutLetters(Self.without(completionBindings + filterBindings, in: stepBindings)))
    }
  }

  /// Returns the bindings of a temporary element, followed by the others with their remaining keys.
  private static func without(_ first: [Binding], in others: [Binding]) -> [Binding] {
    let taken = Set(first.flatMap(\.keys))
    return first + others.compactMap { $0.with(keys: $0.keys.filter { !taken.contains($0) }) }
  }

  /// Removes letters in a step with a text field, see ``StrayTyping``.
  private func withoutLetters(_ bindings: [Binding]) -> [Binding] {
    guard !lettersAreKeys else { return bindings }
    return bindings.compactMap { binding in
      binding.with(
        keys: binding.keys.filter { key in
          if case .character(let character) = key { !character.isLetter } else { true }
        })
    }
  }

  /// Removes letters, which are text in a text field.
  private func withoutTyped(_ bindings: [Binding]) -> [Binding] {
    guard isTyping else { return bindings }
    return bindings.compactMap { binding in
      let keys = binding.keys.filter { key in
        if case .character = key { false } else { !Self.editing.contains(key) }
      }
      return binding.with(keys: keys)
    }
  }

  private static let editing: Set<Key> = [.left, .right, .home, .end]

  private var stepBindings: [Binding] {
    var bindings: [Binding] = []
    if isRunning {
      bindings.append(
        Binding(
          .stop, [.escape], "stop", "Stop the work, after a confirmation",
          disabled: session.run?.isStopping == true ? "It is already stopping" : nil))
    } else {
      if let label = proceedLabel {
        bindings.append(
          Binding(.proceed, [.enter], label, "Accept the marked choice and continue", disabled: proceedReason))
      }
      if !isDone {
        bindings.append(
          Binding(
            .back, [.escape], "back", "Go back one step; all answers are kept",
            disabled: session.position.number == 1 && !wizardSession.canReturnToMenu
              ? "This is the first step; Ctrl-C leaves" : nil))
      }
    }
    // At the beginning, so that a narrow window never omits it.
    bindings.append(Binding(.help, [.character("?"), .function(1), .control("g")], "help", "Explain this step"))
    if pathPurpose != nil {
      // Precedes Tab for the next question: in a path Tab completes, like in a shell.
      bindings.append(
        Binding(
          .complete, [.tab], "complete",
          "Complete the path, or list the possible names; else go to the next question"))
    }
    if hasItems {
      bindings.append(Binding(.toggle, [.character(" ")], "change", "Change the marked decision"))
      bindings.append(Binding(.earlierDecision, [.left], nil, "Choose the first decision"))
      bindings.append(Binding(.laterDecision, [.right], nil, "Choose the last decision"))
    } else if hasOptions {
      bindings.append(Binding(.toggle, [.character(" ")], nil, "Select the marked choice and stay here"))
    }
    if case .button(.nextStep) = focus {
      bindings.append(Binding(.toggle, [.character(" ")], "mark", "Mark the step as done, or as open again"))
    }
    if canFilter {
      bindings.append(
        Binding(
          .filter, [.character("/")], list?.isLong == true ? "filter" : nil,
          "Filter the rows by a text"))
    }
    if session.step.lookup != nil, !isRunning {
      let isLooking = session.lookupState?.ticket != nil
      bindings.append(
        Binding(
          .lookAgain, [.character("r"), .control("r"), .function(5)], "look again",
          "Check again, after a change", disabled: isLooking ? "Already looking" : nil))
    }
    if session.run != nil {
      bindings.append(Binding(.log, [.control("o")], "log", "Show the full report of the work"))
    }
    if case .review = session.step.kind, !session.review.isEmpty {
      bindings.append(
        Binding(
          .saveAnswers, [.control("w")], "save answers",
          "Write the answers, without secrets, into a file for --answers"))
    }
    if case .review = session.step.kind, !session.flow.commands(session.answers).isEmpty {
      bindings.append(
        Binding(
          .saveCommands, [.control("e")], nil, "Write the equivalent commands into a file, as a script"
        ))
    }
    bindings.append(Binding(.leave, [.control("c")], "leave", "Leave the wizard, after a confirmation"))
    return bindings + movement
      + [
        Binding(.redraw, [.control("l")], nil, "Redraw the screen"),
        Self.plain,
        Binding(.suspend, [.control("z")], nil, "Pause the wizard; fg in the shell brings it back"),
      ]
  }

  private var movement: [Binding] {
    let vertical =
      focus == .page
      ? [
        Binding(.up, [.up, .character("k")], nil, "Scroll up"),
        Binding(.down, [.down, .character("j")], nil, "Scroll down"),
      ]
      : [
        Binding(.up, [.up, .character("k")], nil, "Move up"),
        Binding(.down, [.down, .character("j")], nil, "Move down"),
        Binding(.nextField, [.tab], nil, "Move to the next question"),
        Binding(.previousField, [.backTab], nil, "Move to the previous question"),
      ]
    return vertical
      + [
        Binding(.pageUp, [.pageUp, .control("b")], nil, "A page up"),
        Binding(.pageDown, [.pageDown, .control("f")], scroll.hasMore ? "more" : nil, "A page down"),
        Binding(.top, [.home, .character("g")], nil, "To the top"),
        Binding(.bottom, [.end, .character("G")], nil, "To the bottom"),
      ]
  }

  private var completionBindings: [Binding] {
    guard completion?.isOpen == true else { return [] }
    let take =
      completion?.marked == nil ? [] : [Binding(.complete, [.enter], "take it", "Accept the marked name")]
    return take + [Binding(.close, [.escape], "close the list", "Close the list and keep the typed text")]
  }

  private var filterBindings: [Binding] {
    guard let filter else { return [] }
    let all = Binding(.close, [.escape], "show all", "Take the filter away")
    guard filter.isTyping else {
      return [all, Binding(.filter, [.character("/")], "filter", "Go on typing in the filter")]
    }
    return [Binding(.keepFilter, [.enter], "to the rows", "Keep the filter and go to the rows"), all]
  }

  private static let plain = Binding(
    .plain, [.control("t")], nil, "Switch colours and Unicode off; the same key switches them on")

  /// While another flow opens, keys for the current one have no effect, and none is kept for the next.
  private var openingBindings: [Binding] {
    [
      Binding(.leave, [.control("c")], "leave", "Leave the wizard, after a confirmation"),
      Binding(.redraw, [.control("l")], nil, "Redraw the screen"),
      Self.plain,
      Binding(.suspend, [.control("z")], nil, "Pause the wizard; fg in the shell brings it back"),
    ]
  }

  private var questionBindings: [Binding] {
    [
      Binding(.proceed, [.enter], "choose", "Accept the marked choice"),
      Binding(.close, [.escape], "go on as before", "Close the question without a change"),
      Binding(.up, [.up, .left, .backTab], nil, "Move up"),
      Binding(.down, [.down, .right, .tab], nil, "Move down"),
      Binding(.leave, [.control("c")], "leave", "Ask whether to leave; if that is the question, leave"),
      Binding(.redraw, [.control("l")], nil, "Redraw the screen"),
      Self.plain,
    ]
  }

  private func readingBindings(_ keys: [Key]) -> [Binding] {
    [
      Binding(.close, [.escape, .enter, .character("q")] + keys, "close", "Close this"),
      Binding(.up, [.up, .character("k")], "scroll", "Scroll up"),
      Binding(.down, [.down, .character("j")], "scroll", "Scroll down"),
      Binding(.pageUp, [.pageUp, .control("b")], nil, "A page up"),
      Binding(.pageDown, [.pageDown, .control("f"), .character(" ")], nil, "A page down"),
      Binding(.top, [.home, .character("g")], nil, "To the top"),
      Binding(.bottom, [.end, .character("G")], nil, "To the bottom"),
      Binding(.redraw, [.control("l")], nil, "Redraw the screen"),
      Self.plain,
      Binding(.leave, [.control("c")], "leave", "Leave the wizard, after a confirmation"),
    ]
  }

  // MARK: What can be done here

  /// Whether the operation is finished, so that no decision is possible.
  var isDone: Bool { session.run?.outcome?.isSuccess ?? false }

  var hasItems: Bool {
    if case .item = focus { true } else { false }
  }

  var hasOptions: Bool {
    if case .option = focus { true } else { false }
  }

  private var proceedLabel: String? {
    switch focus {
    case .button(.start): return "start"
    case .button(.retry): return "try again"
    case .button(.back): return "back"
    case .button(.leave): return "leave"
    case .button(.continuation): return "choose"
    case .button(.change): return "change this"
    case .button(.nextStep(let index)):
      let item = session.checklist.items[index]
      return item.destination != nil ? "do this" : item.isDone ? "mark as open" : "mark as done"
    case .line: return "change this"
    case .page: return session.lookupState?.ticket == nil ? session.step.proceed : nil
    case .option, .input, .item:
      if nextField != nil { return "next" }
      if case .input = focus, session.obstacle == .lookupStarted { return "look there" }
      if session.obstacle == .failed { return "try again" }
      if session.fieldOfBlockers != nil { return "change this" }
      return session.step.proceed
    }
  }

  /// Why Enter has no effect here.
  private var proceedReason: String? {
    if case .option(let key, _) = focus, let reason = session.disabledReason(focus),
      session.field(key)?.isMultiple != true
    {
      return "Not possible: \(reason)"
    }
    if focus == .button(.start), session.obstacle == .looking { return "Still checking; this may take a moment" }
    guard focus.field != nil || focus == .page, nextField == nil, case .blocked? = session.obstacle else { return nil }
    // Enter leads to the field that they are about.
    if let field = session.fieldOfBlockers, focus.field != session.step.key(field) { return nil }
    return "Resolve the blockers first; \(lettersAreKeys ? "r" : "Ctrl-R") looks again"
  }
}
