import Common
import Engine

/// Walks through a flow with the answers of a file and asks nobody: says what is decided, does it, says how it went.
struct AnswersRunner {
  /// What the command line says about a flow that nobody watches.
  struct Orders: Sendable, Equatable {
    /// For messages.
    var path: String
    /// The second word for what destroys and has no name to be typed.
    var destroys = false
    /// Somebody is there who can be asked for what is missing.
    var canAsk = false
  }

  enum Outcome: Sendable, Equatable {
    /// It was done; the result as plain text.
    case done(String?)
    /// Something is missing, and somebody is there who can be asked.
    case incomplete
  }

  private let orders: Orders
  private let given: GivenAnswers
  private let voice: LinearVoice
  private let executor: any TaskExecutor
  private(set) var session: FlowSession
  private var missing: [String] = []
  private var faults: [String] = []
  private var unseen: [Finding] = []
  private var looked: Set<String> = []

  init(_ flow: Flow, given: GivenAnswers, orders: Orders, voice: LinearVoice, executor: any TaskExecutor) {
    self.orders = orders
    self.given = given
    self.voice = voice
    self.executor = executor
    session = FlowSession(flow, given: given)
  }

  /// - Throws: `.usage` with all that is wrong with the answers, or with all that is missing where nobody can be asked;
  ///   what a look or the work itself failed with. Until the work begins nothing is changed.
  mutating func run() throws -> Outcome {
    try walk()
    if !faults.isEmpty { throw AnswersFault.error(orders.path, faults) }
    if !missing.isEmpty {
      if orders.canAsk { return .incomplete }
      throw AnswersFault.missing(orders.path, missing)
    }
    try begin()
    try watch()
    return .done(session.plainText)
  }

  // MARK: Before

  /// To the review, collecting what is missing. Where the way ends before it, what comes later is collected unseen.
  private mutating func walk() throws {
    while case .questions = session.step.kind {
      try pump()
      let step = session.step
      collect(step)
      switch session.advance() {
      case nil:
        if session.step.id == step.id { return }
      case .looking?, .looksFirst?: continue
      case .field(let key, let reason)?:
        if given.values[key] != nil { faults.append("\(key): \(reason)") }
        return collectTheRest(after: step)
      case .failed?, .blocked?:
        // What was looked at depends on what is missing, as likely as not.
        guard missing.isEmpty, faults.isEmpty else { return collectTheRest(after: step) }
        throw obstacle
      case .notHere?: return
      }
    }
  }

  /// Waits as long as something is being looked up.
  private mutating func pump() throws {
    while true {
      for task in session.takeTasks() { executor.start(task) }
      guard case .looking? = session.lookupState?.phase else { return }
      switch executor.wait(timeout: nil) {
      case .events(let events): for item in events { session.hear(item, now: .now) }
      case .interrupted, .gone:
        session.abandon()
        throw Cancelled()
      case .nothing: break
      }
    }
  }

  private mutating func collect(_ step: Step) {
    for field in session.fields where looked.insert(step.key(field)).inserted {
      let key = step.key(field)
      if let answer = given.answer(to: field, key) {
        if let objection = field.objection(to: answer) { faults.append("\(key): \(objection)") }
        missing += field.undecided(by: answer).map { "\(key).\(TOMLText.key($0)) (\(field.name))" }
      } else {
        missing.append(described(field, key))
      }
    }
    unseen += session.material(of: step)?.findings.filter { $0.severity == .warning } ?? []
  }

  private func described(_ field: Field, _ key: String) -> String {
    switch field.kind {
    case .secret: "\(key) (\(field.name); it can only be typed)"
    case .decisions(let items, _):
      "\(key) (\(field.name)\(items.isEmpty ? "" : ": \(items.map(\.id).joined(separator: ", "))"))"
    case .confirmation(let name): "--confirm-delete \(ShellWord.quoted(name)) (\(field.name))"
    default: "\(key) (\(field.name))"
    }
  }

  private mutating func collectTheRest(after step: Step) {
    let later = session.flow.knownFields.drop { $0.step.id != step.id }
    for known in later where known.step.isVisible(session.answers) && known.field.isVisible(session.answers) {
      guard looked.insert(known.key).inserted, given.answer(to: known.field, known.key) == nil else { continue }
      missing.append(described(known.field, known.key))
    }
  }

  private var obstacle: PlainFailure {
    switch session.lookupState?.phase {
    case .failed(let trouble)?: return trouble.failure
    case .ready(let material)?:
      let blocked = Blocked(material.findings)
      return PlainFailure(blocked.family, blocked.subject, blocked.reason, remedy: blocked.remedy)
    default: return PlainFailure(.blocked, session.step.title, "there is a blocker")
    }
  }

  // MARK: Doing

  private mutating func begin() throws {
    try pump()
    guard case .review = session.step.kind else { return }
    if case .failed(let trouble)? = session.lookupState?.phase { throw trouble.failure }
    let plan = session.material(of: session.step)?.plan
    let isConfirmed = given.confirmedName != nil && session.answeredAsGiven.contains { isConfirmation($0) }
    if let destroys = plan?.destroys, !destroys.isEmpty, !orders.destroys, !isConfirmed {
      throw PlainFailure(
        .usage, session.flow.title, "this deletes: \(destroys.joined(separator: "; "))",
        remedy: "confirm it with --yes")
    }
    let teller = LinearRunner(WizardSession(session), voice: voice, executor: executor)
    voice.say("\(session.flow.title), with the answers in \(orders.path):")
    teller.tell(session.review)
    for finding in unseen { voice.report(.of(finding)) }
    teller.tell(plan)
    if session.start(now: .now) != nil { throw obstacle }
  }

  private func isConfirmation(_ key: String) -> Bool {
    session.flow.steps.contains { step in
      session.fields(of: step).contains { field in
        if case .confirmation = field.kind { step.key(field) == key } else { false }
      }
    }
  }

  private mutating func watch() throws {
    var watcher = Watcher(voice: voice)
    for task in session.takeTasks() { executor.start(task) }
    while session.run?.isRunning == true {
      switch executor.wait(timeout: watcher.patience) {
      case .events(let events):
        for item in events {
          session.hear(item, now: .now)
          watcher.tell(item, session.run)
        }
      case .gone where session.runner?.outlivesWizard == true: return
      case .interrupted, .gone:
        voice.say("Stopping. Changes so far are rolled back; this may take a moment.")
        session.stop()
      case .nothing: watcher.giveSign(session.run)
      }
      for task in session.takeTasks() { executor.start(task) }
    }
    if case .failure(let trouble)? = session.run?.outcome { throw trouble.failure }
  }
}
