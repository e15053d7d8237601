import Common

/// Creates flows by their ids. It reads the server's settings and job folders, so that it is called on a thread of its
/// own, except before the first screen.
struct FlowCatalog: Sendable {
  /// Creates the menu, with current offers; nil if there is only one flow.
  let menu: (@Sendable () -> Flow)?
  /// - Returns: nil if the flow does not exist.
  let flow: @Sendable (_ id: String, _ given: [String: Answer]) -> Flow?

  /// A catalog without a menu and other flows.
  static let none = FlowCatalog(menu: nil) { _, _ in nil }
}

/// The whole visit of an operator: the menu, a flow, its result, and further flows. A value, like the current
/// ``FlowSession``.
///
/// Another flow is created by a ``BackgroundTask``; until its event the current flow stays.
struct WizardSession: Sendable {
  var session: FlowSession
  /// Whether the operator wants to leave.
  private(set) var isOver = false
  /// Why the last flow could not be opened.
  private var trouble: Trouble?
  private var opening: Opening?
  private var tasks: [BackgroundTask] = []
  private let catalog: FlowCatalog
  /// The outcomes of earlier flows, as plain text.
  private var outcomes: [String] = []
  private var hasSucceeded = false
  /// The operator's answers in flows that were left for the menu, by the flow's id.
  private var drafts: [String: [String: Answer]] = [:]

  /// - Parameter flow: the first flow; nil: the menu.
  init(_ flow: Flow?, given: GivenAnswers = GivenAnswers(), catalog: FlowCatalog = .none) {
    self.catalog = catalog
    if let flow {
      session = FlowSession(flow, given: given, hasMenu: catalog.menu != nil)
    } else {
      session = FlowSession(catalog.menu?() ?? Flow(id: "", title: "", badge: .production, steps: []))
    }
  }

  /// Creates a visit of one session.
  init(_ session: FlowSession) {
    self.session = session
    catalog = .none
  }

  /// Continues to the next step, or to another flow.
  mutating func advance() -> FlowSession.Refusal? {
    let refusal = session.advance()
    follow()
    return refusal
  }

  /// Returns to the preceding step or to the menu; false if that is not possible.
  mutating func goBack() -> Bool {
    if session.goBack() { return true }
    guard canReturnToMenu else { return false }
    follow(.menu)
    return true
  }

  // MARK: Work on other threads

  /// Whether another flow is being opened. Input for the current flow has no effect meanwhile.
  var isOpening: Bool { opening != nil }

  mutating func takeTasks() -> [BackgroundTask] {
    defer { tasks = [] }
    return session.takeTasks() + tasks
  }

  mutating func hear(_ event: TaskEvent, now: ContinuousClock.Instant) {
    guard case .opened(let ticket, let result) = event else { return session.hear(event, now: now) }
    guard let opening, opening.ticket == ticket else { return }
    self.opening = nil
    switch result {
    case .success(let flow?): change(to: flow, given: opening.given)
    case .success(nil): isOver = true
    case .failure(let trouble): self.trouble = trouble
    }
  }

  /// Returns once why a flow could not be opened.
  mutating func takeTrouble() -> Trouble? {
    defer { trouble = nil }
    return trouble
  }

  /// A flow that a task creates.
  private struct Opening: Sendable {
    let ticket: Int
    let given: GivenAnswers
  }

  private mutating func open(_ given: GivenAnswers, _ create: @escaping @Sendable () -> Flow?) {
    let ticket = session.nextTicket()
    opening = Opening(ticket: ticket, given: given)
    trouble = nil
    tasks.append(BackgroundTask(ticket: ticket, cancellation: Cancellation(), work: .open(create)))
  }

  // MARK: From flow to flow

  /// Whether going back leads to the menu.
  var canReturnToMenu: Bool { session.hasMenu && session.position.number == 1 && session.run?.isRunning != true }

  mutating func follow(_ destination: Destination) {
    session.request(destination)
    follow()
  }

  private mutating func follow() {
    guard opening == nil, let destination = session.takeRequest() else { return }
    switch destination {
    case .leave: isOver = true
    case .menu:
      // The menu keeps its position, unless there is a new pending decision.
      if session.run?.isRunning != true { drafts[Flow.menuID] = ["goal.which": .text(session.flow.id)] }
      open(GivenAnswers()) { [catalog] in catalog.menu?() }
    case .flow(let id, let given):
      open(GivenAnswers(values: given, showsFindings: true)) { [catalog] in catalog.flow(id, given) }
    }
  }

  private mutating func change(to flow: Flow, given: GivenAnswers) {
    if let outcome = session.plainText { outcomes.append(outcome) }
    hasSucceeded = hasDoneSomething
    // After a success, the next session of the flow starts without drafts.
    drafts[session.flow.id] = session.run?.outcome?.isSuccess == true ? nil : session.givenByOperator
    session.abandon()
    let isMenu = flow.id == Flow.menuID
    session = FlowSession(
      flow, given: given, drafts: drafts[flow.id] ?? [:], tickets: session.tickets,
      hasMenu: !isMenu && catalog.menu != nil)
  }

  /// Whether an operation succeeded in this flow or an earlier one.
  var hasDoneSomething: Bool { hasSucceeded || session.run?.outcome?.isSuccess == true }

  /// All outcomes, for the normal screen; nil if nothing happened.
  var plainText: String? {
    let texts = outcomes + (session.plainText.map { [$0] } ?? [])
    return texts.isEmpty ? nil : texts.joined(separator: "\n")
  }
}

extension Flow {
  static let menuID = "menu"
}
