import Common
import Operations

/// The state of a flow: the answers, the current step, the results of lookups, and the running operation.
///
/// A value without side effects. It returns work for other threads as ``BackgroundTask``s and receives the results as
/// ``TaskEvent``s. All renderers use the same session, so that they behave alike.
struct FlowSession: Sendable {
  let flow: Flow
  private(set) var answers: Answers
  private(set) var lookups: [String: LookupState] = [:]
  /// How far the current lookup is, from 0 to 1; nil if it does not report it.
  private(set) var lookupFraction: Double?
  private(set) var run: RunState?
  /// The next steps of the finished operation.
  private(set) var checklist = Checklist()
  /// The tasks to start; taken by the owner of the threads.
  private(set) var tasks: [BackgroundTask] = []

  private var currentID: String
  private var visited: Set<String>
  /// The answers given by the operator; all others follow their presets.
  private var touched: Set<String> = []
  private var returnsTo: String?
  private(set) var tickets: Int
  let given: GivenAnswers
  /// The fields answered by given answers.
  private(set) var answeredAsGiven: Set<String> = []
  /// The steps to show although all their answers were given.
  private var reopened: Set<String> = []

  /// Earlier answers of the operator in the same flow, which apply again if possible.
  private var drafts: [String: Answer]
  private(set) var isInChecklist = false
  /// Whether the flow has led elsewhere without an operation, as its last step.
  private(set) var hasExited = false
  /// The requested continuation outside the flow; taken by the owner of the flows.
  private var requested: Destination?
  /// Whether there is a menu to return to.
  let hasMenu: Bool
  /// Whether this flow was opened from a check-list, which is returned to.
  let hasChecklist: Bool
  private let destination: @Sendable (Summary.Step.Action) -> Destination?

  /// - Parameters:
  ///   - given: answers given in advance, for example by a file. Steps that are complete with them are skipped.
  ///   - drafts: the operator's answers in an earlier session of the flow. They are shown again, and asked.
  ///   - tickets: the last ticket of the preceding session: late results for it are ignored.
  ///   - destination: the flows for the next steps of an operation.
  init(
    _ flow: Flow, answers: Answers = Answers(), given: GivenAnswers = GivenAnswers(), drafts: [String: Answer] = [:],
    tickets: Int = 0, hasMenu: Bool = false, hasChecklist: Bool = false,
    destination: @escaping @Sendable (Summary.Step.Action) -> Destination? = { _ in nil }
  ) {
    self.flow = flow
    self.answers = answers
    self.given = given
    self.drafts = drafts
    self.tickets = tickets
    self.hasMenu = hasMenu
    self.hasChecklist = hasChecklist
    self.destination = destination
    for known in flow.knownFields where known.field.isPath { self.answers.set(path: known.key) }
    currentID = flow.steps.first?.id ?? ""
    visited = [currentID]
    if isSpared(step), let first = steps.first {
      currentID = first.id
      visited = [first.id]
    }
    arrive()
  }

  // MARK: Where we are

  /// The steps for the current answers.
  var steps: [Step] { flow.steps.filter { $0.isVisible(answers) && !isSpared($0) } }

  /// Whether a step that only proposes an answer has nothing to propose: the answer was given, or nothing was found.
  private func isSpared(_ step: Step) -> Bool {
    guard let key = step.proposes else { return false }
    if given.isUnattended || given.values[key] != nil { return true }
    return lookupResult(of: step)?.fields.isEmpty ?? false
  }

  /// The fields of the current step whose answers an earlier step proposes, when the step is reached forwards.
  var proposedFields: [Field] {
    guard !reopened.contains(currentID) else { return [] }
    let proposed = steps.prefix { $0.id != currentID }.compactMap(\.proposes)
    return fields.filter { field in
      let key = step.key(field)
      return proposed.contains(key) && answers[key] != nil && field.problem(key, answers) == nil
    }
  }

  var step: Step {
    flow.steps.first { $0.id == currentID } ?? Step("", "", heading: { _ in "" })
  }

  /// The flow and the current step.
  var place: String { "\(flow.id)/\(currentID)" }

  /// The number of the current step, from 1, and the number of steps.
  var position: (number: Int, count: Int) {
    let steps = steps
    return ((steps.firstIndex { $0.id == currentID } ?? 0) + 1, steps.count)
  }

  enum StepState: Sendable { case done, current, attention, todo }

  func state(of step: Step) -> StepState {
    if step.id == currentID { return .current }
    if !visited.contains(step.id) { return .todo }
    let steps = steps
    let isPast = (steps.firstIndex { $0.id == step.id } ?? 0) < (steps.firstIndex { $0.id == currentID } ?? 0)
    if isSettled(step) { return .done }
    return isPast ? .attention : .todo
  }

  // MARK: What is asked

  /// Returns the valid lookup result of a step.
  func lookupResult(of step: Step) -> LookupResult? {
    guard let lookup = step.lookup, let state = lookups[step.id], state.key == lookup.key(answers),
      case .ready(let result) = state.phase
    else { return nil }
    return result
  }

  var lookupState: LookupState? {
    guard let lookup = step.lookup, let state = lookups[currentID], state.key == lookup.key(answers) else { return nil }
    return state
  }

  /// Returns the fields of a step that can be answered now.
  func fields(of step: Step) -> [Field] {
    (step.fields(answers) + (lookupResult(of: step)?.fields ?? [])).filter { $0.isVisible(answers) }
  }

  var fields: [Field] { fields(of: step) }

  func field(_ key: String) -> Field? { fields.first { step.key($0) == key } }

  // MARK: Answering

  /// Stores the operator's answer, valid or not.
  ///
  /// - Parameter typing: whether more input follows; dependent lookups wait.
  mutating func answer(_ key: String, _ answer: Answer, typing: Bool = false) {
    if let proposed = step.proposes, answers[key] != answer || !touched.contains(key) {
      // What was typed for another choice does not apply any more.
      answers[proposed] = nil
      touched.remove(proposed)
      drafts[proposed] = nil
      reopened.remove(String(proposed.prefix { $0 != "." }))
    }
    answers[key] = answer
    touched.insert(key)
    settleAnswers()
    if !typing { startLookupIfNeeded() }
  }

  mutating func answer(_ key: String, secret: Secret?) {
    answers.set(secret: secret, for: key)
    settleAnswers()
  }

  /// Starts the lookup of the step, unless there is a result for the current answers.
  mutating func startLookupIfNeeded() {
    guard step.lookup != nil, lookupState == nil else { return }
    // Invalid input is not looked up.
    guard !step.fields(answers).contains(where: { $0.isVisible(answers) && $0.problem(step.key($0), answers) != nil })
    else { return }
    look()
  }

  /// Repeats the lookup.
  mutating func look() {
    guard let lookup = step.lookup else { return }
    abandonLookup()
    let ticket = nextTicket()
    let cancellation = Cancellation()
    lookupFraction = nil
    lookups[currentID] = LookupState(
      key: lookup.key(answers), phase: .looking(ticket: ticket, cancellation: cancellation))
    let answers = answers
    tasks.append(
      BackgroundTask(
        ticket: ticket, cancellation: cancellation, work: .look { try lookup.find(answers, $0) }))
  }

  // MARK: Moving

  private func isSettled(_ step: Step) -> Bool {
    switch step.kind {
    case .questions, .branch: visited.contains(step.id) && obstacle(in: step) == nil
    case .review: run != nil
    case .run: run?.outcome?.isSuccess ?? false
    case .result: false
    }
  }

  /// Continues to the next step, if possible.
  mutating func advance() -> Refusal? {
    switch step.kind {
    case .questions, .branch: break
    case .review, .run, .result: return .notHere
    }
    if let obstacle {
      if obstacle == .lookupStarted { look() }
      return obstacle
    }
    if case .branch(let destination) = step.kind {
      requested = destination(answers)
      hasExited = true
      return nil
    }
    if let destination = step.exit(answers) {
      requested = hasChecklist && destination == .menu ? .checklist : destination
      hasExited = true
      return nil
    }
    let later = steps.drop { $0.id != currentID }.dropFirst()
    if let review = returnsTo, later.contains(where: { $0.id == review }) {
      let next = later.first { $0.id == review || !isSettled($0) }
      if next?.id == review { returnsTo = nil }
      go(to: next?.id)
    } else {
      go(to: later.first?.id)
    }
    return nil
  }

  // MARK: Next steps

  /// Records that the operator has returned from a next step.
  mutating func returnToChecklist() { isInChecklist = true }
  /// Marks a next step as done, or as open again.
  mutating func mark(_ index: Int, isDone: Bool) {
    guard let work = checklist.mark(index, isDone: isDone) else { return }
    tasks.append(BackgroundTask(ticket: 0, cancellation: Cancellation(), work: work))
  }

  /// Makes the tickets of another session invalid.
  mutating func skipTickets(to ticket: Int) { tickets = max(tickets, ticket) }

  /// Continues to another flow, or ends.
  mutating func request(_ destination: Destination) { requested = destination }

  mutating func takeRequest() -> Destination? {
    defer { requested = nil }
    return requested
  }

  /// Returns the number of a new task.
  mutating func nextTicket() -> Int {
    tickets += 1
    return tickets
  }

  /// The operator's answers without secrets: the drafts of the next session of the flow.
  var givenByOperator: [String: Answer] {
    touched.reduce(into: [:]) { $0[$1] = answers[$1] }
  }

  /// Returns to the preceding step; false if there is none. No answer is lost.
  mutating func goBack() -> Bool {
    guard run?.isRunning != true, run?.outcome?.isSuccess != true,
      let previous = steps.prefix(while: { $0.id != currentID }).last
    else { return false }
    reopened.insert(previous.id)
    go(to: previous.id)
    return true
  }

  /// Opens a step from the review; continuing from there returns to the review.
  mutating func jump(to id: String) {
    returnsTo = currentID
    reopened.insert(id)
    go(to: id)
  }

  /// Opens the step whose answers cause a blocker. It looks again: what it has seen can be out of date.
  mutating func correct(_ id: String) {
    lookups[id] = nil
    jump(to: id)
  }

  private mutating func go(to id: String?) {
    guard let id, id != currentID else { return }
    abandonLookup()
    currentID = id
    visited.insert(id)
    arrive()
  }

  private mutating func arrive() {
    settleAnswers()
    startLookupIfNeeded()
    skipIfAnswered()
  }

  /// Whether all answers so far were given, and a lookup decides whether to ask here.
  var isSkipping: Bool { isGivenSoFar && lookupState?.ticket != nil }

  private var isGivenSoFar: Bool {
    guard !given.isEmpty, !reopened.contains(currentID), case .questions = step.kind else { return false }
    if given.showsFindings, fields.isEmpty { return given.skipsTexts && step.lookup == nil }
    return fields.allSatisfy { answeredAsGiven.contains(step.key($0)) }
  }

  /// Continues automatically if all answers were given and nothing needs attention.
  private mutating func skipIfAnswered() {
    guard isGivenSoFar, obstacle == nil,
      lookupResult(of: step)?.findings.allSatisfy({ $0.severity == .ok }) ?? true
    else { return }
    _ = advance()
  }

  /// Abandons a lookup.
  private mutating func abandonLookup() {
    guard let state = lookups[currentID], case .looking(_, let cancellation) = state.phase else { return }
    cancellation.cancel()
    lookups[currentID] = nil
  }

  /// Sets the presets of visible unanswered fields, removes impossible answers, and updates the labels.
  private mutating func settleAnswers() {
    for step in flow.steps where visited.contains(step.id) && step.isVisible(answers) {
      if let result = lookupResult(of: step) {
        for (key, label) in result.labels { answers.set(label: label, for: key) }
        for (key, details) in result.known { answers.set(details: details, for: key) }
      }
      // An answer can make another field visible, which then needs its preset.
      var settled: [String] = []
      while settled != fields(of: step).map(\.id) {
        settled = fields(of: step).map(\.id)
        for field in fields(of: step) { settle(field, of: step) }
      }
    }
  }

  private mutating func settle(_ field: Field, of step: Step) {
    let key = step.key(field)
    if field.isPath { answers.set(path: key) }
    if !touched.contains(key), let answer = given.answer(to: field, key), field.accepts(answer) {
      answers[key] = answer
      touched.insert(key)
      answeredAsGiven.insert(key)
    } else if !touched.contains(key), let draft = drafts[key], field.canBeWritten, field.accepts(draft) {
      answers[key] = draft
      touched.insert(key)
    }
    let impossible = answers[key].map { !field.accepts($0) } ?? true
    let preset = given.preset(of: field, key, answers)
    if !touched.contains(key) || impossible, preset != nil || impossible {
      answers[key] = preset
      if impossible {
        touched.remove(key)
        answeredAsGiven.remove(key)
      }
    }
    // The label of the lookup is better than the typed text.
    if !field.isTyped || lookupResult(of: step)?.labels[key] == nil {
      answers.set(label: field.label(key, answers), for: key)
    }
    let details = field.details(key, answers)
    if lookupResult(of: step)?.known[key] == nil { answers.set(details: details, for: key) }
  }

  // MARK: Doing

  /// Starts the operation after the review.
  mutating func start(now: ContinuousClock.Instant) -> Refusal? {
    if let obstacle { return obstacle }
    let later = steps.drop { $0.id != currentID }.dropFirst()
    guard let next = later.first, case .run = next.kind else { return .notHere }
    go(to: next.id)
    begin(now: now)
    return nil
  }

  /// Starts the operation of this step, also again after a failure.
  mutating func begin(now: ContinuousClock.Instant) {
    guard case .run(let runner) = step.kind, run?.isRunning != true else { return }
    let ticket = nextTicket()
    let cancellation = Cancellation()
    run = RunState(ticket: ticket, cancellation: cancellation, now: now)
    let answers = answers
    tasks.append(
      BackgroundTask(ticket: ticket, cancellation: cancellation, work: .run { try runner.operation(answers) }))
  }

  /// Cancels the operation; its changes are rolled back.
  mutating func stop() { run?.stop() }

  /// The runner of the operation that runs or has ended; nil before it starts.
  var lastRunner: Runner? {
    guard run != nil else { return nil }
    return flow.steps.lazy.compactMap { if case .run(let runner) = $0.kind { runner } else { nil } }.first
  }

  /// The runner of the current run step.
  var runner: Runner? {
    guard case .run(let runner) = step.kind else { return nil }
    return runner
  }

  /// Cancels everything because the operator is gone, except jobs that continue on their own.
  mutating func abandon() {
    abandonLookup()
    if runner?.outlivesWizard != true { stop() }
  }

  mutating func takeTasks() -> [BackgroundTask] {
    defer { tasks = [] }
    return tasks
  }

  mutating func hear(_ events: TaskEvent, now: ContinuousClock.Instant) {
    switch events {
    case .looked(let ticket, let fraction):
      if lookupState?.ticket == ticket { lookupFraction = min(1, max(0, fraction)) }
    case .found(let ticket, let result): found(ticket, result)
    case .planned(let ticket, let plan, let age):
      if run?.ticket == ticket { run?.planned(plan, age: age, now: now) }
    case .progressed(let ticket, let event):
      if run?.ticket == ticket { run?.hear(event, now: now) }
    case .ended(let ticket, let result):
      guard run?.ticket == ticket else { return }
      run?.ended(result, now: now)
      if case .success(let summary) = result {
        checklist.begin(summary.nextSteps, destination)
        go(to: steps.drop { $0.id != currentID }.dropFirst().first?.id)
      }
    case .job(let ticket, let job, let done):
      if run?.ticket == ticket { checklist.belongs(to: job, done: done) }
    case .listed, .opened, .saved: break
    }
  }

  private mutating func found(_ ticket: Int, _ result: Result<LookupResult, Trouble>) {
    guard let (id, state) = lookups.first(where: { $0.value.ticket == ticket }) else { return }
    switch result {
    case .success(let result): lookups[id] = LookupState(key: state.key, phase: .ready(result))
    case .failure(let trouble): lookups[id] = LookupState(key: state.key, phase: .failed(trouble))
    }
    settleAnswers()
    guard id == currentID else { return }
    if isSpared(step) {
      visited.remove(id)
      let later = flow.steps.drop { $0.id != id }.map(\.id)
      go(to: steps.first { later.contains($0.id) }?.id)
    } else {
      skipIfAnswered()
    }
  }
}
