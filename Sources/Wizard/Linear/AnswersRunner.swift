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
  private let desk: any ErrandDesk
  private(set) var journey: Journey
  private var missing: [String] = []
  private var faults: [String] = []
  private var unseen: [Finding] = []
  private var looked: Set<String> = []

  init(_ flow: Flow, given: GivenAnswers, orders: Orders, voice: LinearVoice, desk: any ErrandDesk) {
    self.orders = orders
    self.given = given
    self.voice = voice
    self.desk = desk
    journey = Journey(flow, given: given)
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
    return .done(journey.plainText)
  }

  // MARK: Before

  /// To the review, collecting what is missing. Where the way ends before it, what comes later is collected unseen.
  private mutating func walk() throws {
    while case .questions = journey.step.kind {
      try pump()
      let step = journey.step
      collect(step)
      switch journey.advance() {
      case nil:
        if journey.step.id == step.id { return }
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
      for errand in journey.takeErrands() { desk.start(errand) }
      guard case .looking? = journey.lookupState?.phase else { return }
      switch desk.wait(timeout: nil) {
      case .news(let news): for item in news { journey.hear(item, now: .now) }
      case .interrupted, .gone:
        journey.abandon()
        throw Cancelled()
      case .nothing: break
      }
    }
  }

  private mutating func collect(_ step: Step) {
    for field in journey.fields where looked.insert(step.key(field)).inserted {
      let key = step.key(field)
      if let answer = given.answer(to: field, key) {
        if let objection = field.objection(to: answer) { faults.append("\(key): \(objection)") }
        missing += field.undecided(by: answer).map { "\(key).\(TOMLText.key($0)) (\(field.name))" }
      } else {
        missing.append(described(field, key))
      }
    }
    unseen += journey.material(of: step)?.findings.filter { $0.severity == .warning } ?? []
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
    let later = journey.flow.knownFields.drop { $0.step.id != step.id }
    for known in later where known.step.isVisible(journey.answers) && known.field.isVisible(journey.answers) {
      guard looked.insert(known.key).inserted, given.answer(to: known.field, known.key) == nil else { continue }
      missing.append(described(known.field, known.key))
    }
  }

  private var obstacle: PlainFailure {
    switch journey.lookupState?.phase {
    case .failed(let trouble)?: return trouble.failure
    case .ready(let material)?:
      let blocked = Blocked(material.findings)
      return PlainFailure(blocked.family, blocked.subject, blocked.reason, remedy: blocked.remedy)
    default: return PlainFailure(.blocked, journey.step.title, "there is a blocker")
    }
  }

  // MARK: Doing

  private mutating func begin() throws {
    try pump()
    guard case .review = journey.step.kind else { return }
    if case .failed(let trouble)? = journey.lookupState?.phase { throw trouble.failure }
    let plan = journey.material(of: journey.step)?.plan
    let isConfirmed = given.confirmedName != nil && journey.answeredAsGiven.contains { isConfirmation($0) }
    if let destroys = plan?.destroys, !destroys.isEmpty, !orders.destroys, !isConfirmed {
      throw PlainFailure(
        .usage, journey.flow.title, "this deletes: \(destroys.joined(separator: "; "))",
        remedy: "confirm it with --yes")
    }
    let teller = LinearRunner(Itinerary(journey), voice: voice, desk: desk)
    voice.say("\(journey.flow.title), with the answers in \(orders.path):")
    teller.tell(journey.review)
    for finding in unseen { voice.report(.of(finding)) }
    teller.tell(plan)
    if journey.start(now: .now) != nil { throw obstacle }
  }

  private func isConfirmation(_ key: String) -> Bool {
    journey.flow.steps.contains { step in
      journey.fields(of: step).contains { field in
        if case .confirmation = field.kind { step.key(field) == key } else { false }
      }
    }
  }

  private mutating func watch() throws {
    var watcher = Watcher(voice: voice)
    for errand in journey.takeErrands() { desk.start(errand) }
    while journey.run?.isRunning == true {
      switch desk.wait(timeout: watcher.patience) {
      case .news(let news):
        for item in news {
          journey.hear(item, now: .now)
          watcher.tell(item, journey.run)
        }
      case .gone where journey.runner?.outlivesWizard == true: return
      case .interrupted, .gone:
        voice.say("Stopping. Changes so far are rolled back; this may take a moment.")
        journey.stop()
      case .nothing: watcher.giveSign(journey.run)
      }
      for errand in journey.takeErrands() { desk.start(errand) }
    }
    if case .failure(let trouble)? = journey.run?.outcome { throw trouble.failure }
  }
}
