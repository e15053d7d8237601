/// How flows are found by whoever knows only their ids.
struct Atlas: Sendable {
  /// Made anew each time it is come to, for what it offers may have changed; nil where there is only one flow.
  let menu: (@Sendable () -> Flow)?
  /// - Returns: nil where there is no such flow.
  let flow: @Sendable (_ id: String, _ given: [String: Answer]) -> Flow?

  /// One flow and nothing else.
  static let none = Atlas(menu: nil) { _, _ in nil }
}

/// The whole visit of an operator: from the menu through a flow to its result, from there perhaps to another flow, back
/// to the menu. A value, like the ``FlowSession`` that is under way.
struct WizardSession: Sendable {
  var session: FlowSession
  /// The operator wants to leave.
  private(set) var isOver = false
  private let atlas: Atlas
  /// What came of the flows before this one, as plain text.
  private var outcomes: [String] = []
  private var hasSucceeded = false
  /// What the operator had answered when a flow was left for the menu, by the flow's id.
  private var drafts: [String: [String: Answer]] = [:]

  /// - Parameter flow: the first; nil for the menu.
  init(_ flow: Flow?, given: GivenAnswers = GivenAnswers(), atlas: Atlas = .none) {
    self.atlas = atlas
    if let flow {
      session = FlowSession(flow, given: given, hasMenu: atlas.menu != nil)
    } else {
      session = FlowSession(atlas.menu?() ?? Flow(id: "", title: "", badge: .production, steps: []))
    }
  }

  /// One session, wherever it is, and nothing around it.
  init(_ session: FlowSession) {
    self.session = session
    atlas = .none
  }

  /// Goes on to the next step, or to where the crossroads leads.
  mutating func advance() -> FlowSession.Refusal? {
    let refusal = session.advance()
    follow()
    return refusal
  }

  /// Goes to the step before, from the first one to the menu; false where there is nothing to go back to.
  mutating func goBack() -> Bool {
    if session.goBack() { return true }
    guard canReturnToMenu else { return false }
    follow(.menu)
    return true
  }

  /// Whether going back from here leads to the menu.
  var canReturnToMenu: Bool { session.hasMenu && session.position.number == 1 && session.run?.isRunning != true }

  mutating func follow(_ onward: Onward) {
    session.depart(onward)
    follow()
  }

  private mutating func follow() {
    guard let onward = session.departure else { return }
    switch onward {
    case .leave: isOver = true
    case .menu:
      // The menu stands where it was left, unless there is something now that comes first.
      if session.run?.isRunning != true { drafts[Flow.menuID] = ["goal.which": .text(session.flow.id)] }
      guard let menu = atlas.menu?() else {
        isOver = true
        return
      }
      change(to: menu, given: GivenAnswers())
    case .flow(let id, let given):
      guard let flow = atlas.flow(id, given) else {
        isOver = true
        return
      }
      change(to: flow, given: GivenAnswers(values: given, showsFindings: true))
    }
  }

  private mutating func change(to flow: Flow, given: GivenAnswers) {
    if let outcome = session.plainText { outcomes.append(outcome) }
    hasSucceeded = hasDoneSomething
    // What was done is done: the next way through it begins afresh.
    drafts[session.flow.id] = session.run?.outcome?.isSuccess == true ? nil : session.givenByOperator
    session.abandon()
    let isMenu = flow.id == Flow.menuID
    session = FlowSession(
      flow, given: given, drafts: drafts[flow.id] ?? [:], tickets: session.tickets,
      hasMenu: !isMenu && atlas.menu != nil)
  }

  /// Whether something has been done, in this flow or in one before it.
  var hasDoneSomething: Bool { hasSucceeded || session.run?.outcome?.isSuccess == true }

  /// What came of it all, for the normal screen; nil where nothing happened.
  var plainText: String? {
    let texts = outcomes + (session.plainText.map { [$0] } ?? [])
    return texts.isEmpty ? nil : texts.joined(separator: "\n")
  }
}

extension Flow {
  static let menuID = "menu"
}
