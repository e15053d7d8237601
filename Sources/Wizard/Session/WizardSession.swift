import Common
import Operations

/// Creates flows by their ids. It reads the server's settings and job folders, so that it is called on a thread of its
/// own, except before the first screen.
struct FlowCatalog: Sendable {
  /// Creates the menu, with current offers; nil if there is only one flow.
  let menu: (@Sendable () -> Flow)?
  /// - Returns: nil if the flow does not exist.
  let flow: @Sendable (_ id: String, _ given: [String: Answer]) -> Flow?
  /// Where flows that were left can be continued from; nil: nowhere.
  let drafts: DraftStore?
  /// The flow that does a next step of a result; nil if there is none.
  let destination: @Sendable (Summary.Step.Action) -> Destination?

  init(
    menu: (@Sendable () -> Flow)?, drafts: DraftStore? = nil,
    destination: @escaping @Sendable (Summary.Step.Action) -> Destination? = { _ in nil },
    flow: @escaping @Sendable (_ id: String, _ given: [String: Answer]) -> Flow?
  ) {
    self.menu = menu
    self.drafts = drafts
    self.destination = destination
    self.flow = flow
  }

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
  /// The results whose next steps have led to the current flow, the last one at the end.
  private var pausedResults: [PausedResult] = []
  /// The outcomes of earlier flows, as plain text.
  private var outcomes: [String] = []
  private var hasSucceeded = false
  /// The operator's answers in flows that were left for the menu, by the flow's id.
  private var drafts: [String: [String: Answer]] = [:]

  /// - Parameter flow: the first flow; nil: the menu.
  init(_ flow: Flow?, given: GivenAnswers = GivenAnswers(), catalog: FlowCatalog = .none) {
    self.catalog = catalog
    if let flow {
      session = FlowSession(
        flow, given: given, hasMenu: catalog.menu != nil, destination: catalog.destination)
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
    follow(session.hasChecklist ? .checklist : .menu)
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
    case .success(let flow?): change(to: flow, given: opening.given, step: opening.step)
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
    /// The next step of the current result that it is for.
    let step: Int?
  }

  private mutating func open(
    _ given: GivenAnswers, step: Int? = nil, _ create: @escaping @Sendable () -> Flow?
  ) {
    let ticket = session.nextTicket()
    opening = Opening(ticket: ticket, given: given, step: step)
    trouble = nil
    // The menu that is opened next offers the draft.
    let keep = keepDraft
    tasks.append(
      BackgroundTask(
        ticket: ticket, cancellation: Cancellation(),
        work: .open {
          _ = keep()
          return create()
        }))
  }

  // MARK: Leaving

  /// Stores the draft of the current flow, or deletes an obsolete one. It can block: not called on the drawing thread
  /// while the screen is in use.
  ///
  /// - Returns: a sentence for the operator; nil if there is nothing to report.
  var keepDraft: @Sendable () -> String? {
    let (store, id, draft) = (catalog.drafts, session.flow.id, session.draft())
    guard let store, session.flow.keepsDrafts, draft != nil || session.run != nil || session.hasExited else {
      return { nil }
    }
    return {
      do {
        try store.replace(id, with: draft)
        return draft.map { _ in
          "Your answers are kept for \(DraftStore.lifetimeWords): the menu of the wizard offers to continue."
        }
      } catch {
        let trouble = Trouble(error)
        return "Your answers could not be kept. \(trouble.subject): \(trouble.reason)"
      }
    }
  }

  /// What leaving now means, in sentences, while no operation is running.
  var leavingText: [String] {
    if hasDoneSomething { return ["The work is finished. Its summary stays in your terminal."] }
    var text = [session.run == nil ? "Nothing has been changed so far." : "The work was not finished."]
    guard session.draft() != nil else { return text }
    guard catalog.drafts != nil else { return text + ["Your answers are lost."] }
    text.append("Your answers are kept for \(DraftStore.lifetimeWords): the menu offers to continue.")
    if session.hasUnwritableAnswers { text.append("Secrets and typed confirmations are not kept.") }
    return text
  }

  // MARK: From flow to flow

  /// Whether going back leads to the menu, or to the next steps of an earlier result.
  var canReturnToMenu: Bool {
    (session.hasMenu || session.hasChecklist) && session.position.number == 1 && session.run?.isRunning != true
  }

  mutating func follow(_ destination: Destination) {
    session.request(destination)
    follow()
  }

  /// Does a next step of the result: opens its flow, or marks it, if the operator does it by other means.
  mutating func doStep(_ index: Int) {
    guard opening == nil, session.checklist.items.indices.contains(index) else { return }
    let item = session.checklist.items[index]
    guard case .flow(let id, let given)? = item.destination else {
      return session.mark(index, isDone: !item.isDone)
    }
    open(GivenAnswers(values: given, showsFindings: true), step: index) { [catalog] in catalog.flow(id, given) }
  }

  private mutating func follow() {
    guard opening == nil, let destination = session.takeRequest() else { return }
    switch destination {
    case .leave: isOver = true
    case .checklist: returnToResult()
    case .draft(let draft):
      drafts[draft.flow] = draft.typed
      open(GivenAnswers(values: draft.accepted, showsFindings: true, skipsTexts: true)) { [catalog] in
        catalog.flow(draft.flow, draft.accepted)
      }
    case .menu:
      // The menu keeps its position, unless there is a new pending decision.
      if session.run?.isRunning != true { drafts[Flow.menuID] = ["goal.which": .text(session.flow.id)] }
      open(GivenAnswers()) { [catalog] in catalog.menu?() }
    case .flow(let id, let given):
      open(GivenAnswers(values: given, showsFindings: true)) { [catalog] in catalog.flow(id, given) }
    }
  }

  /// A result with the next step that is being done.
  private struct PausedResult: Sendable {
    let session: FlowSession
    let step: Int
  }

  /// Returns to the result whose next step has led here, and marks the step if it was done.
  private mutating func returnToResult() {
    guard let paused = pausedResults.popLast() else { return }
    if let outcome = session.plainText { outcomes.append(outcome) }
    let isDone = hasDone(paused)
    hasSucceeded = hasDoneSomething
    session.abandon()
    var result = paused.session
    result.skipTickets(to: session.tickets)
    result.returnToChecklist()
    if isDone { result.mark(paused.step, isDone: true) }
    session = result
  }

  /// Returns whether the flow has done what the next step of the result was for: with the answers that it gave, because
  /// the operator may have chosen something else.
  private func hasDone(_ paused: PausedResult) -> Bool {
    guard session.run?.outcome?.isSuccess == true || session.hasExited,
      case .flow(_, let given)? = paused.session.checklist.items[paused.step].destination
    else { return false }
    return given.allSatisfy { key, answer in session.answers[key] == nil || session.answers[key] == answer }
  }

  private mutating func change(to flow: Flow, given: GivenAnswers, step: Int? = nil) {
    if let step {
      // Its outcome is reported when it is left for good.
      pausedResults.append(PausedResult(session: session, step: step))
    } else {
      let all = pausedResults.map(\.session) + [session]
      outcomes += (flow.id == Flow.menuID ? all : [session]).compactMap(\.plainText)
      if flow.id == Flow.menuID { pausedResults = [] }
    }
    hasSucceeded = hasDoneSomething
    // After a success, the next session of the flow starts without drafts.
    drafts[session.flow.id] = session.run?.outcome?.isSuccess == true ? nil : session.givenByOperator
    session.abandon()
    let isMenu = flow.id == Flow.menuID
    session = FlowSession(
      flow, given: given, drafts: drafts[flow.id] ?? [:], tickets: session.tickets,
      hasMenu: !isMenu && catalog.menu != nil, hasChecklist: !pausedResults.isEmpty, destination: catalog.destination)
  }

  /// Whether an operation succeeded in this flow or an earlier one.
  var hasDoneSomething: Bool { hasSucceeded || session.run?.outcome?.isSuccess == true }

  /// All outcomes, for the normal screen; nil if nothing happened.
  var plainText: String? {
    let texts = outcomes + (pausedResults.map(\.session) + [session]).compactMap(\.plainText)
    return texts.isEmpty ? nil : texts.joined(separator: "\n")
  }
}

extension Flow {
  static let menuID = "menu"
}
