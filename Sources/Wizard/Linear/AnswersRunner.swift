import Common
import Operations

/// Runs a flow with an answers file and without questions: reports the decisions, the progress and the outcome.
struct AnswersRunner {
  /// The options of the command line for an unattended flow.
  struct Options: Sendable, Equatable {
    /// The path for messages.
    var path: String
    /// The confirmation of a destructive operation without a name.
    var destroys = false
    /// Whether missing answers can be asked for.
    var canAsk = false
  }

  enum Outcome: Sendable, Equatable {
    /// The flow is finished, with the result as plain text.
    case done(String?)
    /// Answers are missing, and can be asked for.
    case incomplete
  }

  private let options: Options
  private let given: GivenAnswers
  private let voice: LinearVoice
  private let executor: any TaskExecutor
  private(set) var session: FlowSession
  private var missing: [String] = []
  private var faults: [String] = []
  private var unseen: [Finding] = []
  private var looked: Set<String> = []

  init(_ flow: Flow, given: GivenAnswers, options: Options, voice: LinearVoice, executor: any TaskExecutor) {
    self.options = options
    self.given = given
    self.voice = voice
    self.executor = executor
    var unattended = given
    unattended.isUnattended = true
    session = FlowSession(flow, given: unattended)
  }

  /// - Throws: `.usage` with all invalid answers, or with all missing ones if they cannot be asked for; the errors of
  ///   lookups and of the operation. Nothing is changed before the operation starts.
  mutating func run() throws -> Outcome {
    try walk()
    if !faults.isEmpty { throw AnswersFault.error(options.path, faults) }
    if !missing.isEmpty {
      if options.canAsk { return .incomplete }
      throw AnswersFault.missing(options.path, missing)
    }
    try begin()
    try watch()
    return .done(session.plainText)
  }

  // MARK: Before

  /// Walks to the review and collects missing answers, including those of later steps.
  private mutating func walk() throws {
    while case .questions = session.step.kind {
      try pump()
      let step = session.step
      collect(step)
      switch session.advance() {
      case nil:
        if session.step.id == step.id { return }
      case .looking?, .lookupStarted?: continue
      case .field(let key, let reason)?:
        if given.values[key] != nil { faults.append("\(key): \(reason)") }
        return collectTheRest(after: step)
      case .failed?, .blocked?:
        // A lookup usually depends on the missing answers.
        guard missing.isEmpty, faults.isEmpty else { return collectTheRest(after: step) }
        throw obstacle
      case .notHere?: return
      }
    }
  }

  /// Waits for the end of a lookup.
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
    unseen += session.lookupResult(of: step)?.findings.filter { $0.severity == .warning } ?? []
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
    case .ready(let result)?:
      let blocked = Blocked(result.findings)
      return PlainFailure(blocked.family, blocked.subject, blocked.reason, remedy: blocked.remedy)
    default: return PlainFailure(.blocked, session.step.title, "there is a blocker")
    }
  }

  // MARK: Doing

  private mutating func begin() throws {
    try pump()
    guard case .review = session.step.kind else { return }
    if case .failed(let trouble)? = session.lookupState?.phase { throw trouble.failure }
    let plan = session.lookupResult(of: session.step)?.plan
    let isConfirmed = given.confirmedName != nil && session.answeredAsGiven.contains { isConfirmation($0) }
    if let destroys = plan?.destroys, !destroys.isEmpty, !options.destroys, !isConfirmed {
      throw PlainFailure(
        .usage, session.flow.title, "this deletes: \(destroys.joined(separator: "; "))",
        remedy: "confirm it with --yes")
    }
    let teller = LinearRunner(WizardSession(session), voice: voice, executor: executor)
    voice.say("\(session.flow.title), with the answers in \(options.path):")
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
