import Common
import Engine

extension LinearRunner {
  /// Says how the work goes until it is over, and what can be done where it failed.
  mutating func watch() throws {
    announced(session.step)
    hasToldResult = false
    carryOut()
    var watcher = Watcher(voice: voice)
    while session.run?.isRunning == true {
      switch executor.wait(timeout: watcher.patience) {
      case .events(let events):
        for item in events {
          session.hear(item, now: .now)
          watcher.tell(item, session.run)
        }
      case .interrupted: try askToStop()
      case .gone:
        // A job goes on without us; anything else is let take back what it has done.
        if session.runner?.outlivesWizard == true { throw Departure.wanted }
        session.stop()
      case .nothing: watcher.giveSign(session.run)
      }
      carryOut()
    }
    if session.run?.callsBack == true { voice.conversation.ring() }
    guard case .failure(let trouble)? = session.run?.outcome, case .run = session.step.kind else { return }
    tell(trouble)
    // What was only watched cannot be tried again from here.
    let isWatched = session.runner?.isWatched == true
    let question = isWatched ? "Enter goes back, q leaves:" : "Enter tries again, b goes back, q leaves:"
    switch try ask(question, afresh: !isWatched) {
    case .back: goBack()
    case .text(""): if isWatched { goBack() } else { session.begin(now: .now) }
    case .text: voice.say("Press Enter to continue, or type ?, b or q.")
    }
  }

  private func announced(_ step: Step) {
    voice.gap()
    voice.say("Step \(session.position.number) of \(session.position.count): \(step.title)")
    voice.say("\(step.heading(session.answers)). Ctrl-C asks whether to stop.")
  }

  /// The work goes on while the question waits.
  private mutating func askToStop() throws {
    guard session.run?.isStopping != true else { return voice.say("It is already stopping; this may take a moment.") }
    let mayLeave = session.runner?.outlivesWizard == true
    voice.say("Stop it? Changes so far are rolled back.")
    if let point = session.run?.plan?.pointOfNoReturn {
      voice.say("\(point.prefix(1).uppercased())\(point.dropFirst()).")
    }
    let leaving = mayLeave ? "l leaves while it continues, " : ""
    switch voice.ask("y stops it, \(leaving)Enter continues to watch:") {
    case .text(let line):
      switch line.trimmedSpaces.lowercased() {
      case "y", "yes": stop()
      case "l" where mayLeave: throw Departure.wanted
      default: voice.say("It continues.")
      }
    // Asked, and pressed again.
    case .interrupted: stop()
    case .end:
      if mayLeave { throw Departure.wanted }
      voice.say("It continues.")
    }
  }

  private mutating func stop() {
    session.stop()
    voice.say("Stopping. Changes so far are rolled back; this may take a moment.")
  }
}

/// Turns the events of running work into lines: one when a phase begins, one when it ends, and a sign of life where
/// nothing else was said for half a minute.
struct Watcher {
  let voice: LinearVoice
  private var lastWord = ContinuousClock.now

  static let silence = Duration.seconds(30)

  init(voice: LinearVoice) {
    self.voice = voice
  }

  /// How long there may be silence from now on.
  var patience: Duration { max(.milliseconds(1), Self.silence - (ContinuousClock.now - lastWord)) }

  /// - Parameter run: how far it is after the event.
  mutating func tell(_ events: TaskEvent, _ run: RunState?) {
    switch events {
    case .progressed(_, let event): tell(event, run)
    case .found, .planned, .ended, .listed: break
    }
    // Work that tells much has no silence of its own.
    if patience <= .milliseconds(1) { giveSign(run) }
  }

  private mutating func tell(_ event: ProgressEvent, _ run: RunState?) {
    switch event {
    case .phaseStarted(let id, let title, let total, let unit):
      let planned = run?.phases.first { $0.id == id }?.amount
      let amount = total.map { $0 > 0 && unit != .steps ? ProgressWords.count($0, unit) : "" } ?? planned ?? ""
      say("Begun: \(title)\(amount.isEmpty ? "" : ", \(amount)")")
    case .phaseEnded(let id):
      guard let phase = run?.phases.first(where: { $0.id == id }) else { return }
      let time = phase.started.flatMap { started in phase.ended.map { ($0 - started).seconds } } ?? 0
      let amount = phase.done > 0 && phase.unit != .steps ? ", \(ProgressWords.count(phase.done, phase.unit))" : ""
      say("Done: \(phase.title)\(amount)\(time >= 1 ? ", in \(Amount.duration(seconds: time))" : "")")
    case .note(let text): say("Note: \(text)")
    case .warning(let text): say("WARNING: \(text)")
    case .advanced, .finished, .failed: break
    }
  }

  mutating func giveSign(_ run: RunState?) {
    guard let run else { return }
    var parts: [String] = []
    if let phase = run.current {
      let done = ProgressWords.done(phase)
      parts.append("\(phase.title)\(done.isEmpty ? "" : ", \(done)")")
    }
    parts.append("\(Amount.duration(seconds: run.elapsed(now: .now).seconds)) so far")
    if let left = run.pace.left(until: 1, now: .now) { parts.append(TimeLeft.about(seconds: left)) }
    say("\(run.isStopping ? "Stopping" : "Still running"): \(parts.joined(separator: "; "))")
  }

  private mutating func say(_ text: String) {
    voice.say(text)
    lastWord = .now
  }
}
