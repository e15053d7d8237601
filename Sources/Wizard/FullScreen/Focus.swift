/// The focused element.
enum Focus: Sendable, Hashable {
  /// An option or a row of a field.
  case option(field: String, id: String)
  /// A text field.
  case input(field: String)
  /// An item that needs a decision.
  case item(field: String, id: String)
  /// A line of the review, by the key of its answer.
  case line(String)
  case button(Button)
  /// No element: the page is scrolled.
  case page

  enum Button: Sendable, Hashable {
    case start, retry, back, leave
    /// A continuation of a result, by its index.
    case continuation(Int)
    /// A next step of a result, by its index.
    case nextStep(Int)
    /// Leads from a blocker to the step, by its id, whose answers cause it.
    case change(String)
  }

  /// The field that contains it.
  var field: String? {
    switch self {
    case .option(let field, _), .input(let field), .item(let field, _): field
    case .line, .button, .page: nil
    }
  }
}

extension FlowSession {
  /// All elements that can be focused, from top to bottom; never empty.
  var focusable: [Focus] {
    let all: [Focus]
    switch step.kind {
    case .questions, .branch:
      all =
        fields.flatMap { Self.focusable($0, step.key($0)) } + (lookupFailed && fields.isEmpty ? Self.afterFailure : [])
        + stepsOfBlockers.map { .button(.change($0.id)) }
    case .review: all = review.map { .line($0.key) } + (lookupFailed ? Self.afterFailure : [.button(.start)])
    case .run:
      if case .failure? = run?.outcome {
        all = runner?.isWatched == true ? [.button(.back), .button(.leave)] : Self.afterFailure
      } else {
        all = []
      }
    case .result:
      all =
        checklist.items.indices.map { .button(.nextStep($0)) }
        + continuations.indices.map { .button(.continuation($0)) } + [.button(.leave)]
    }
    return all.isEmpty ? [.page] : all
  }

  /// The initial focus of a step: the current answer, never a disabled option.
  var firstFocus: Focus {
    switch step.kind {
    case .questions, .branch: fields.first.map { home(of: $0) } ?? focusable[0]
    // An operation confirmed by its name is not started by another Enter.
    case .review: lookupFailed ? .button(.retry) : asksForName ? focusable[0] : .button(.start)
    case .run: focusable[0]
    // Leaving is first, unless the flow proposes something.
    case .result:
      proposedStep.map { .button(.nextStep($0)) } ?? proposedContinuation.map { .button(.continuation($0)) }
        ?? .button(.leave)
    }
  }

  /// Whether a name was typed to confirm the operation.
  private var asksForName: Bool {
    steps.contains { step in
      fields(of: step).contains { if case .confirmation = $0.kind { true } else { false } }
    }
  }

  var lookupFailed: Bool {
    if case .failed? = lookupState?.phase { true } else { false }
  }

  private static let afterFailure: [Focus] = [.button(.retry), .button(.back), .button(.leave)]

  private static func focusable(_ field: Field, _ key: String) -> [Focus] {
    switch field.kind {
    case .choice(let options), .multipleChoice(let options): options.map { .option(field: key, id: $0.id) }
    case .table(_, let rows): rows.filter { !$0.isFurther }.map { .option(field: key, id: $0.id) }
    case .yesNo(let yes, let no): [yes, no].map { .option(field: key, id: $0.id) }
    case .decisions(let items, _): items.map { .item(field: key, id: $0.id) }
    case .text, .path, .secret, .confirmation: [.input(field: key)]
    }
  }

  /// Returns the initial focus within a field.
  func home(of field: Field) -> Focus {
    let key = step.key(field)
    let all = Self.focusable(field, key)
    switch field.kind {
    case .choice, .table, .yesNo: return all.first { isChosen($0, in: field) } ?? all.first ?? .page
    default: return all.first ?? .page
    }
  }

  /// Returns whether an option or row is the answer.
  func isChosen(_ focus: Focus) -> Bool {
    focus.field.flatMap { field($0) }.map { isChosen(focus, in: $0) } ?? false
  }

  private func isChosen(_ focus: Focus, in field: Field) -> Bool {
    guard case .option(let key, let id) = focus else { return false }
    switch (field.kind, answers[key]) {
    case (.yesNo(let yes, _), .flag(let flag)?): return flag == (id == yes.id)
    case (.multipleChoice, .list(let ids)?): return ids.contains(id)
    case (_, .text(let text)?): return text == id
    default: return false
    }
  }

  /// Returns why an option or row is disabled; nil if it is not.
  func disabledReason(_ focus: Focus) -> String? {
    guard let key = focus.field, let field = field(key) else { return nil }
    switch (field.kind, focus) {
    case (.choice(let options), .option(_, let id)), (.multipleChoice(let options), .option(_, let id)):
      return options.first { $0.id == id }?.disabled
    case (.yesNo(let yes, let no), .option(_, let id)): return (id == yes.id ? yes : no).disabled
    case (.table(_, let rows), .option(_, let id)): return rows.first { $0.id == id }?.disabled
    case (.decisions(let items, _), .item(_, let id)): return items.first { $0.id == id }?.disabled
    default: return nil
    }
  }
}
