import Common
import Operations

extension LinearRunner {
  /// Reports the progress of the operation until its end, and the continuations after a failure.
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
        // A job continues; other operations roll their changes back.
        if session.runner?.outlivesWizard == true { throw Exit.requested }
        session.stop()
      case .nothing: watcher.giveSign(session.run)
      }
      carryOut()
    }
    if session.run?.callsBack == true { voice.conversation.ring() }
    guard case .failure(let trouble)? = session.run?.outcome, case .run = session.step.kind else { return }
    tell(trouble)
    // A watched job cannot be repeated here.
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

  /// The operation continues during the question.
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
      case "l" where mayLeave: throw Exit.requested
      default: voice.say("It continues.")
      }
    // Ctrl-C was pressed again.
    case .interrupted: stop()
    case .end:
      if mayLeave { throw Exit.requested }
      voice.say("It continues.")
    }
  }

  private mutating func stop() {
    session.stop()
    voice.say("Stopping. Changes so far are rolled back; this may take a moment.")
  }
}

/// Converts events of a running operation into lines: the start and the end of each phase, and a progress line after
/// half a minute of silence.
struct Watcher {
  let voice: LinearVoice
  private var lastWord = ContinuousClock.now

  static let silence = Duration.seconds(30)

  init(voice: LinearVoice) {
    self.voice = voice
  }

  /// The remaining time of silence.
  var patience: Duration { max(.milliseconds(1), Self.silence - (ContinuousClock.now - lastWord)) }

  /// - Parameter run: the state after the event.
  mutating func tell(_ events: TaskEvent, _ run: RunState?) {
    switch events {
    case .progressed(_, let event): tell(event, run)
    case .looked, .found, .planned, .job, .ended, .listed, .opened, .saved: break
    }
    // A phase with many events needs its progress lines too.
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
    if let left = run.rate.left(until: 1, now: .now) { parts.append(TimeLeft.about(seconds: left)) }
    say("\(run.isStopping ? "Stopping" : "Still running"): \(parts.joined(separator: "; "))")
  }

  private mutating func say(_ text: String) {
    voice.say(text)
    lastWord = .now
  }
}
