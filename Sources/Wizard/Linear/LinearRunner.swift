import Common
import Terminal
import Transfer

/// Runs a flow line by line: explains each step, asks its questions in sequence, and reads the answers as lines.
/// Nothing is overwritten, so that screen readers, serial lines and pipes can be used.
struct LinearRunner {
  let voice: LinearVoice
  let executor: any TaskExecutor
  let consent: Consent
  var wizardSession: WizardSession
  /// The last announced step.
  private var announced = ""
  /// The last announced flow.
  private var introduced = ""
  /// Whether the result was printed: it is not repeated on leaving.
  var hasToldResult = false
  /// Whether lines could have been typed before the next question was visible.
  private var hasWaited = false

  /// How a wizard is left before its end.
  enum Exit: Error {
    /// On request of the operator.
    case requested
    /// At the end of the input.
    case endOfInput
  }

  /// The confirmation of destructive operations by the command line. Required if the answers come from a file or a
  /// pipe: lines written before a question do not answer it.
  struct Consent: Sendable, Equatable {
    /// `--confirm-delete`.
    var name: String?
    /// `--yes`.
    var destroys = false
  }

  var session: FlowSession {
    get { wizardSession.session }
    _modify { yield &wizardSession.session }
  }

  init(_ wizardSession: WizardSession, voice: LinearVoice, executor: any TaskExecutor, consent: Consent = Consent()) {
    self.wizardSession = wizardSession
    self.voice = voice
    self.executor = executor
    self.consent = consent
  }

  /// - Returns: the outcome; nil if nothing happened.
  /// - Throws: `.usage` if the input ended before all answers; the failure of the operation if the input ended after
  ///   it.
  mutating func run() throws -> String? {
    do {
      while true {
        carryOut()
        while wizardSession.isOpening { try waitForNews() }
        if let trouble = wizardSession.takeTrouble() { tell(trouble) }
        if wizardSession.isOver { throw Exit.requested }
        introduce()
        while session.isSkipping { try waitForNews() }
        switch session.step.kind {
        case .questions, .branch: try askQuestions()
        case .review: try review()
        case .run: try watch()
        case .result: try askForContinuation()
        }
        if wizardSession.isOver { throw Exit.requested }
      }
    } catch Exit.requested {
      session.abandon()
      if let kept = wizardSession.keepDraft() { voice.say(kept) }
      return hasToldResult ? nil : session.plainText
    } catch Exit.endOfInput {
      session.abandon()
      // An operator who has lost the connection can continue; a script has no use for a draft.
      if voice.conversation.isAttended { _ = wizardSession.keepDraft() }
      throw endOfInput
    }
  }

  private var endOfInput: PlainFailure {
    if case .failure(let trouble)? = session.run?.outcome { return trouble.failure }
    let place = session.position
    return PlainFailure(
      .usage, "the wizard",
      "the input ended at step \(place.number) of \(place.count), \(session.step.title); nothing was started",
      remedy: "answer every question, or put the answers into a file: \(Program.name) wizard GOAL --answers-template")
  }

  /// Prints the name of each flow, and the instructions once.
  private mutating func introduce() {
    guard introduced != session.flow.id else { return }
    let isFirst = introduced.isEmpty
    introduced = session.flow.id
    hasToldResult = false
    if !isFirst { voice.gap() }
    let route = session.flow.route(session.answers)
    let badge = session.flow.badge(session.answers)
    let subject = route.from.flatMap { route.to == nil ? ": \($0)" : nil } ?? ""
    let kind = badge == .restore ? "" : " This is a \(badge.rawValue) server."
    voice.say("\(session.flow.title)\(subject).\(kind)")
    if let from = route.from, let to = route.to { voice.say("From \(from) to \(to).") }
    guard isFirst else { return }
    voice.say(
      "Answer each question with a line. Enter alone accepts the value in brackets. "
        + "? explains, b goes back, q leaves; Ctrl-C asks whether to leave.")
  }

  // MARK: Steps

  /// Prints the title and the explanation of a step, once per visit.
  mutating func announce() {
    guard announced != session.place else { return }
    announced = session.place
    let place = session.position
    voice.gap()
    if place.count > 1 { voice.say("Step \(place.number) of \(place.count): \(session.step.title)") }
    voice.say(session.step.heading(session.answers))
    voice.blocks(session.step.explanation(session.answers))
  }

  /// Returns to the preceding step, or reports that this is not possible.
  mutating func goBack() {
    if !wizardSession.goBack() { voice.say("This is the first step.") }
    announced = ""
  }

  /// Starts the session's tasks.
  mutating func carryOut() {
    for task in wizardSession.takeTasks() { executor.start(task) }
  }

  /// Waits for events and passes them to the session; Ctrl-C asks whether to leave.
  mutating func waitForNews() throws {
    carryOut()
    hasWaited = true
    switch executor.wait(timeout: nil) {
    case .events(let events): for item in events { wizardSession.hear(item, now: .now) }
    case .interrupted: try askToLeave()
    case .gone: throw Exit.endOfInput
    case .nothing: break
    }
    carryOut()
  }

  // MARK: Asking

  enum Reply: Equatable {
    case text(String)
    case back
  }

  /// Asks for a line, and handles help and leaving.
  ///
  /// - Parameters:
  ///   - afresh: ignores earlier input, which otherwise is ignored only if it was typed while something was awaited.
  ///   - ambiguous: the command letters that are also valid answers; these need a clarification.
  mutating func ask(
    _ question: String, hidden: Bool = false, afresh: Bool = false, ambiguous: Set<String> = []
  ) throws -> Reply {
    while true {
      let text: String
      let ignoresEarlierInput = afresh || hasWaited && voice.conversation.isAttended
      hasWaited = false
      switch ignoresEarlierInput && !hidden ? voice.askAfresh(question) : voice.ask(question, hidden: hidden) {
      case .end: throw Exit.endOfInput
      case .interrupted:
        try askToLeave()
        continue
      case .text(let line): text = hidden ? line : line.trimmedSpaces
      }
      if hidden { return .text(text) }
      guard Self.commands.contains(text) else { return .text(text) }
      if ambiguous.contains(text), try isMeant(text) { return .text(text) }
      switch text {
      case "?": help()
      case "b": return .back
      default: try askToLeave()
      }
    }
  }

  static let commands: Set<String> = ["?", "b", "q"]

  private mutating func isMeant(_ text: String) throws -> Bool {
    let meaning = text == "?" ? "help" : text == "b" ? "going back" : "leaving"
    return try confirms("Is \(text) the answer? y if it is, Enter for \(meaning):")
  }

  /// Asks a yes-no question; Enter is no.
  mutating func confirms(_ question: String) throws -> Bool {
    switch voice.ask(question) {
    case .text(let line): ["y", "yes"].contains(line.trimmedSpaces.lowercased())
    case .interrupted: false
    case .end: throw Exit.endOfInput
    }
  }

  func askToLeave() throws {
    voice.say((["Leave the wizard?"] + wizardSession.leavingText).joined(separator: " "))
    switch voice.ask("y leaves, Enter continues:") {
    case .text(let line): if ["y", "yes", "q"].contains(line.trimmedSpaces.lowercased()) { throw Exit.requested }
    // Ctrl-C was pressed again.
    case .interrupted: throw Exit.requested
    case .end: throw Exit.endOfInput
    }
  }

  private func help() {
    voice.gap()
    voice.say("Help for: \(session.step.title)")
    voice.blocks(session.step.explanation(session.answers))
    voice.blocks(session.step.help)
    voice.say(
      "Enter alone accepts the value in brackets; ? shows this help; b goes back; q leaves, after a confirmation.")
    if session.fields.contains(where: \.isPath) {
      voice.say("A ? after the beginning of a path, as in /srv/?, lists the names that complete it.")
    }
    voice.gap()
  }
}

extension String {
  var trimmedSpaces: String {
    let start = drop { $0 == " " || $0 == "\t" || $0 == "\r" }
    var end = start
    while let last = end.last, last == " " || last == "\t" || last == "\r" { end.removeLast() }
    return String(end)
  }
}
