import Common
import Engine
import Terminal

/// Walks through a flow line by line: says what a step is for, asks its questions one after the other, reads the answers
/// as lines. Nothing is ever drawn over, so that screen readers, serial lines and pipes can follow.
struct LinearRunner {
  let voice: LinearVoice
  let desk: any ErrandDesk
  let consent: Consent
  var itinerary: Itinerary
  /// The step that was announced last.
  private var announced = ""
  /// The flow that was announced last.
  private var introduced = ""
  /// Its result has been said: it is not said again when the wizard is left.
  var hasToldResult = false

  /// How a wizard is left before its end.
  enum Departure: Error {
    /// The operator wanted to.
    case wanted
    /// There is no more input.
    case endOfInput
  }

  /// What the command line says about what destroys. Needed where the answers come from a file or a pipe: lines that
  /// were written before a question was asked do not answer it.
  struct Consent: Sendable, Equatable {
    /// `--confirm-delete`.
    var name: String?
    /// `--yes`.
    var destroys = false
  }

  var journey: Journey {
    get { itinerary.journey }
    _modify { yield &itinerary.journey }
  }

  init(_ itinerary: Itinerary, voice: LinearVoice, desk: any ErrandDesk, consent: Consent = Consent()) {
    self.itinerary = itinerary
    self.voice = voice
    self.desk = desk
    self.consent = consent
  }

  /// - Returns: what came of it; nil where nothing happened.
  /// - Throws: `.usage` where the input ended before everything was answered, what the work failed with where it ended
  ///   after that.
  mutating func run() throws -> String? {
    do {
      while true {
        introduce()
        carryOut()
        while journey.isPassingBy { try waitForNews() }
        switch journey.step.kind {
        case .questions, .crossroads: try askQuestions()
        case .review: try review()
        case .run: try watch()
        case .result: try goOnward()
        }
        if itinerary.isOver { throw Departure.wanted }
      }
    } catch Departure.wanted {
      journey.abandon()
      return hasToldResult ? nil : journey.plainText
    } catch Departure.endOfInput {
      journey.abandon()
      throw endOfInput
    }
  }

  private var endOfInput: PlainFailure {
    if case .failure(let trouble)? = journey.run?.outcome { return trouble.failure }
    let place = journey.position
    return PlainFailure(
      .usage, "the wizard",
      "the input ended at step \(place.number) of \(place.count), \(journey.step.title); nothing was started",
      remedy: "answer every question, or put the answers into a file: \(Program.name) wizard GOAL --answers-template")
  }

  /// Says which flow begins, each time one does; how to answer, once.
  private mutating func introduce() {
    guard introduced != journey.flow.id else { return }
    let isFirst = introduced.isEmpty
    introduced = journey.flow.id
    hasToldResult = false
    if !isFirst { voice.gap() }
    let route = journey.flow.route(journey.answers)
    let badge = journey.flow.badge
    let subject = route.from.flatMap { route.to == nil ? ": \($0)" : nil } ?? ""
    let kind = badge == .restore ? "" : " This is a \(badge.rawValue) server."
    voice.say("\(journey.flow.title)\(subject).\(kind)")
    if let from = route.from, let to = route.to { voice.say("From \(from) to \(to).") }
    guard isFirst else { return }
    voice.say(
      "Answer each question with a line. Enter alone accepts the value in brackets. "
        + "? explains, b goes back, q leaves; Ctrl-C asks whether to leave.")
  }

  // MARK: Steps

  /// Says which step this is and what it is for, once each time it is come to.
  mutating func announce() {
    guard announced != journey.place else { return }
    announced = journey.place
    let place = journey.position
    voice.gap()
    if place.count > 1 { voice.say("Step \(place.number) of \(place.count): \(journey.step.title)") }
    voice.say(journey.step.heading(journey.answers))
    voice.blocks(journey.step.explanation(journey.answers))
  }

  /// Goes back, and says so where that is not possible.
  mutating func goBack() {
    if !itinerary.goBack() { voice.say("This is the first step.") }
    announced = ""
  }

  /// Starts what the journey wants done.
  mutating func carryOut() {
    for errand in journey.takeErrands() { desk.start(errand) }
  }

  /// Waits for news and tells the journey; Ctrl-C asks whether to leave.
  mutating func waitForNews() throws {
    carryOut()
    switch desk.wait(timeout: nil) {
    case .news(let news): for item in news { journey.hear(item, now: .now) }
    case .interrupted: try askToLeave()
    case .gone: throw Departure.endOfInput
    case .nothing: break
    }
    carryOut()
  }

  // MARK: Asking

  enum Reply: Equatable {
    case text(String)
    case back
  }

  /// Asks for a line. Help and leaving are dealt with here.
  ///
  /// - Parameters:
  ///   - afresh: only a line that was typed after the question is an answer.
  ///   - ambiguous: those of the letters that would be answers of their own; then it is asked what was meant.
  mutating func ask(
    _ question: String, hidden: Bool = false, afresh: Bool = false, ambiguous: Set<String> = []
  ) throws -> Reply {
    while true {
      let text: String
      switch afresh ? voice.askAfresh(question) : voice.ask(question, hidden: hidden) {
      case .end: throw Departure.endOfInput
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

  /// A question with yes and no; Enter is no.
  mutating func confirms(_ question: String) throws -> Bool {
    switch voice.ask(question) {
    case .text(let line): ["y", "yes"].contains(line.trimmedSpaces.lowercased())
    case .interrupted: false
    case .end: throw Departure.endOfInput
    }
  }

  func askToLeave() throws {
    voice.say(
      itinerary.hasDoneSomething || journey.run?.outcome != nil
        ? "Leave the wizard?" : "Leave the wizard? Nothing has been changed so far.")
    switch voice.ask("y leaves, Enter continues:") {
    case .text(let line): if ["y", "yes", "q"].contains(line.trimmedSpaces.lowercased()) { throw Departure.wanted }
    // Asked, and pressed again.
    case .interrupted: throw Departure.wanted
    case .end: throw Departure.endOfInput
    }
  }

  private func help() {
    voice.gap()
    voice.say("Help for: \(journey.step.title)")
    voice.blocks(journey.step.explanation(journey.answers))
    voice.blocks(journey.step.help)
    voice.say(
      "Enter alone accepts the value in brackets; ? shows this help; b goes back; q leaves, after a confirmation.")
    if journey.fields.contains(where: \.isPath) {
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
