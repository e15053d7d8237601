import Common
import Engine

/// An operator's way through a flow: the answers so far, the step that is being asked, what was looked up, what runs.
///
/// It is a value and does nothing by itself. What has to be done on other threads it hands out as ``BackgroundTask``s, and what
/// comes of them it is told as ``TaskEvent``. Every renderer drives the same session, so that all of them decide alike.
struct FlowSession: Sendable {
  let flow: Flow
  private(set) var answers: Answers
  private(set) var lookups: [String: LookupState] = [:]
  private(set) var run: RunState?
  /// What has to be started; taken by whoever has the threads.
  private(set) var tasks: [BackgroundTask] = []

  private var currentID: String
  private var visited: Set<String>
  /// Answers that the operator gave; all others follow their presets.
  private var touched: Set<String> = []
  private var returnsTo: String?
  private(set) var tickets: Int
  private let given: GivenAnswers
  /// Fields that were answered as given beforehand.
  private(set) var answeredAsGiven: Set<String> = []
  /// Steps that the operator wants to see although everything in them was given beforehand.
  private var wanted: Set<String> = []

  /// The answers that the operator gave before, in the same flow, and that count again where they are possible.
  private let drafts: [String: Answer]
  /// Where the operator wants to go from here, out of this flow; taken by whoever knows the other flows.
  private(set) var departure: Onward?
  /// Whether there is a menu to go back to.
  let hasMenu: Bool

  /// - Parameters:
  ///   - given: answers that were given beforehand, as in a file. Steps that have them all are passed by.
  ///   - drafts: what the operator answered on an earlier way through the same flow. It is shown again, and asked.
  ///   - tickets: the last ticket of the session before this one; what comes too late for that one is not taken for
  ///     this one's.
  init(
    _ flow: Flow, answers: Answers = Answers(), given: GivenAnswers = GivenAnswers(), drafts: [String: Answer] = [:],
    tickets: Int = 0, hasMenu: Bool = false
  ) {
    self.flow = flow
    self.answers = answers
    self.given = given
    self.drafts = drafts
    self.tickets = tickets
    self.hasMenu = hasMenu
    currentID = flow.steps.first?.id ?? ""
    visited = [currentID]
    arrive()
  }

  // MARK: Where we are

  /// The steps that the answers so far lead through.
  var steps: [Step] { flow.steps.filter { $0.isVisible(answers) } }

  var step: Step {
    flow.steps.first { $0.id == currentID } ?? Step("", "", heading: { _ in "" })
  }

  /// The flow and the step in it.
  var place: String { "\(flow.id)/\(currentID)" }

  /// Which one of how many, counted from 1.
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

  /// What was looked up for a step, where it still holds.
  func material(of step: Step) -> LookupResult? {
    guard let lookup = step.lookup, let state = lookups[step.id], state.key == lookup.key(answers),
      case .ready(let material) = state.phase
    else { return nil }
    return material
  }

  var lookupState: LookupState? {
    guard let lookup = step.lookup, let state = lookups[currentID], state.key == lookup.key(answers) else { return nil }
    return state
  }

  /// The fields of a step that can be answered now.
  func fields(of step: Step) -> [Field] {
    (step.fields(answers) + (material(of: step)?.fields ?? [])).filter { $0.isVisible(answers) }
  }

  var fields: [Field] { fields(of: step) }

  func field(_ key: String) -> Field? { fields.first { step.key($0) == key } }

  // MARK: Answering

  /// The operator's answer, good or not: it is kept as a draft, whatever the operator does next.
  ///
  /// - Parameter typing: more of it is to come; what depends on it is not looked up yet.
  mutating func answer(_ key: String, _ answer: Answer, typing: Bool = false) {
    answers[key] = answer
    touched.insert(key)
    settleAnswers()
    if !typing { lookWhereNeeded() }
  }

  mutating func answer(_ key: String, secret: Secret?) {
    answers.set(secret: secret, for: key)
    settleAnswers()
  }

  /// Looks up what the step needs, unless that has been done for these answers.
  mutating func lookWhereNeeded() {
    guard step.lookup != nil, lookupState == nil else { return }
    // What is typed wrongly need not be looked up.
    guard !step.fields(answers).contains(where: { $0.isVisible(answers) && $0.problem(step.key($0), answers) != nil })
    else { return }
    look()
  }

  /// Looks again, whatever was found before.
  mutating func look() {
    guard let lookup = step.lookup else { return }
    abandonLookup()
    tickets += 1
    let cancellation = Cancellation()
    lookups[currentID] = LookupState(
      key: lookup.key(answers), phase: .looking(ticket: tickets, cancellation: cancellation))
    let answers = answers
    tasks.append(
      BackgroundTask(
        ticket: tickets, cancellation: cancellation, work: .look { try lookup.find(answers, cancellation) }))
  }

  // MARK: Moving

  enum Refusal: Sendable, Equatable {
    /// The answer to a field will not do.
    case field(String, reason: String)
    case looking
    /// It has not been looked up for these answers; that has begun now.
    case looksFirst
    case failed
    case blocked(Int)
    /// The step is not one that is left by going on.
    case notHere
  }

  /// Why the current step cannot be left forwards; nil where it can.
  var obstacle: Refusal? { obstacle(in: step) }

  private func obstacle(in step: Step) -> Refusal? {
    for field in fields(of: step) {
      if let reason = field.problem(step.key(field), answers) { return .field(step.key(field), reason: reason) }
    }
    guard let lookup = step.lookup else { return nil }
    guard let state = lookups[step.id], state.key == lookup.key(answers) else { return .looksFirst }
    switch state.phase {
    case .looking: return .looking
    case .failed: return .failed
    case .ready(let material): return material.blockers > 0 ? .blocked(material.blockers) : nil
    }
  }

  private func isSettled(_ step: Step) -> Bool {
    switch step.kind {
    case .questions, .crossroads: visited.contains(step.id) && obstacle(in: step) == nil
    case .review: run != nil
    case .run: run?.outcome?.isSuccess ?? false
    case .result: false
    }
  }

  /// Goes on to the next step, if this one allows it.
  mutating func advance() -> Refusal? {
    switch step.kind {
    case .questions, .crossroads: break
    case .review, .run, .result: return .notHere
    }
    if let obstacle {
      if obstacle == .looksFirst { look() }
      return obstacle
    }
    if case .crossroads(let onward) = step.kind {
      departure = onward(answers)
      return nil
    }
    if let onward = step.turnOff(answers) {
      departure = onward
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

  /// What is offered with the result, besides leaving.
  var continuations: [Continuation] {
    flow.onward(answers) + (hasMenu ? [Continuation("Back to the menu", .menu)] : [])
  }

  /// Goes on to another flow, or to the end.
  mutating func depart(_ onward: Onward) { departure = onward }

  /// The answers that the operator gave, without secrets: the drafts of the next way through the same flow.
  var givenByOperator: [String: Answer] {
    touched.reduce(into: [:]) { $0[$1] = answers[$1] }
  }

  /// Goes back to the step before; false where there is none. Nothing that was answered is lost.
  mutating func goBack() -> Bool {
    guard run?.isRunning != true, run?.outcome?.isSuccess != true,
      let previous = steps.prefix(while: { $0.id != currentID }).last
    else { return false }
    wanted.insert(previous.id)
    go(to: previous.id)
    return true
  }

  /// Goes from the review to a step; going on from there returns to the review.
  mutating func jump(to id: String) {
    returnsTo = currentID
    wanted.insert(id)
    go(to: id)
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
    lookWhereNeeded()
    passBy()
  }

  /// Everything so far was given beforehand: what is being looked up decides whether there is anything to ask here.
  var isPassingBy: Bool { isGivenSoFar && lookupState?.ticket != nil }

  private var isGivenSoFar: Bool {
    guard !given.isEmpty, !wanted.contains(currentID), case .questions = step.kind else { return false }
    if given.showsFindings, fields.isEmpty { return false }
    return fields.allSatisfy { answeredAsGiven.contains(step.key($0)) }
  }

  /// Goes on by itself where everything was given beforehand and nothing deserves attention.
  private mutating func passBy() {
    guard isGivenSoFar, obstacle == nil,
      material(of: step)?.findings.allSatisfy({ $0.severity == .ok }) ?? true
    else { return }
    _ = advance()
  }

  /// A lookup that nobody waits for any more.
  private mutating func abandonLookup() {
    guard let state = lookups[currentID], case .looking(_, let cancellation) = state.phase else { return }
    cancellation.cancel()
    lookups[currentID] = nil
  }

  /// Gives every field that the operator has seen, and not answered, its preset; takes back what can no longer be
  /// answered; finds the words for all answers.
  private mutating func settleAnswers() {
    for step in flow.steps where visited.contains(step.id) && step.isVisible(answers) {
      if let material = material(of: step) {
        for (key, label) in material.labels { answers.set(label: label, for: key) }
        for (key, details) in material.known { answers.set(details: details, for: key) }
      }
      // An answer may bring another field to light, which then wants its own.
      var settled: [String] = []
      while settled != fields(of: step).map(\.id) {
        settled = fields(of: step).map(\.id)
        for field in fields(of: step) { settle(field, of: step) }
      }
    }
  }

  private mutating func settle(_ field: Field, of step: Step) {
    let key = step.key(field)
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
    // What the lookup calls it is better than what was typed.
    if !field.isTyped || material(of: step)?.labels[key] == nil {
      answers.set(label: field.label(key, answers), for: key)
    }
    let details = field.details(key, answers)
    if material(of: step)?.known[key] == nil { answers.set(details: details, for: key) }
  }

  // MARK: Doing

  /// Begins the work of the step after the review.
  mutating func start(now: ContinuousClock.Instant) -> Refusal? {
    if let obstacle { return obstacle }
    let later = steps.drop { $0.id != currentID }.dropFirst()
    guard let next = later.first, case .run = next.kind else { return .notHere }
    go(to: next.id)
    begin(now: now)
    return nil
  }

  /// Begins the work of this step, again where it failed.
  mutating func begin(now: ContinuousClock.Instant) {
    guard case .run(let runner) = step.kind, run?.isRunning != true else { return }
    tickets += 1
    let cancellation = Cancellation()
    run = RunState(ticket: tickets, cancellation: cancellation, now: now)
    let answers = answers
    tasks.append(
      BackgroundTask(ticket: tickets, cancellation: cancellation, work: .run { try runner.operation(answers) }))
  }

  /// Asks the work to stop; what it has done is taken back.
  mutating func stop() { run?.stop() }

  /// The runner of the step that works.
  var runner: Runner? {
    guard case .run(let runner) = step.kind else { return nil }
    return runner
  }

  /// Nobody is there any more: whatever goes on is asked to stop, unless it is a job that needs nobody.
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
    case .found(let ticket, let result): found(ticket, result)
    case .planned(let ticket, let plan, let age):
      if run?.ticket == ticket { run?.planned(plan, age: age, now: now) }
    case .progressed(let ticket, let event):
      if run?.ticket == ticket { run?.hear(event, now: now) }
    case .ended(let ticket, let result):
      guard run?.ticket == ticket else { return }
      run?.ended(result, now: now)
      if case .success = result { go(to: steps.drop { $0.id != currentID }.dropFirst().first?.id) }
    case .listed: break
    }
  }

  private mutating func found(_ ticket: Int, _ result: Result<LookupResult, Trouble>) {
    guard let (id, state) = lookups.first(where: { $0.value.ticket == ticket }) else { return }
    switch result {
    case .success(let material): lookups[id] = LookupState(key: state.key, phase: .ready(material))
    case .failure(let trouble): lookups[id] = LookupState(key: state.key, phase: .failed(trouble))
    }
    settleAnswers()
    if id == currentID { passBy() }
  }
}

/// How far a lookup is.
struct LookupState: Sendable {
  enum Phase: Sendable {
    case looking(ticket: Int, cancellation: Cancellation)
    case ready(LookupResult)
    case failed(Trouble)
  }

  /// The answers that it was made for.
  let key: String
  let phase: Phase

  var ticket: Int? {
    if case .looking(let ticket, _) = phase { ticket } else { nil }
  }
}

/// Work for another thread.
struct BackgroundTask: Sendable {
  enum Work: Sendable {
    case look(@Sendable () throws -> LookupResult)
    case run(@Sendable () throws -> any Runnable)
    /// The names that a path may go on with.
    case list(@Sendable () -> PathListing)
  }

  let ticket: Int
  let cancellation: Cancellation
  let work: Work
}

/// What other threads tell.
enum TaskEvent: Sendable {
  case found(ticket: Int, Result<LookupResult, Trouble>)
  case planned(ticket: Int, Plan, age: Duration? = nil)
  case progressed(ticket: Int, ProgressEvent)
  case ended(ticket: Int, Result<Summary, Trouble>)
  /// For whoever asked; the session itself does not mind.
  case listed(ticket: Int, PathListing)
}

extension Result {
  var isSuccess: Bool {
    if case .success = self { true } else { false }
  }
}
