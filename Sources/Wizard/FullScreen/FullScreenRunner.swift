import Common
import Terminal

/// Runs the wizard on a terminal: reads keys and events, draws frames, and starts tasks on threads. It sleeps in
/// between.
struct FullScreenRunner {
  private let screen: Screen
  private let mailbox: Mailbox<TaskEvent>
  /// Requests for the terminal.
  private let loans: Mailbox<TerminalLoan>
  private var model: WizardModel

  /// - Parameter opening: a message until the first key.
  init(_ wizardSession: WizardSession, screen: Screen, opening: String? = nil) {
    self.screen = screen
    mailbox = Mailbox(wakeUp: screen.wakeUp)
    loans = Mailbox(wakeUp: screen.wakeUp)
    model = WizardModel(
      wizardSession, size: screen.size, glyphs: screen.capabilities.glyphs, now: .now, opening: opening)
  }

  /// Gives the terminal to tasks that ask for it.
  func lend(through broker: TerminalBroker) {
    broker.serve { [loans] body in
      let loan = TerminalLoan(body)
      loans.post(loan)
      loan.wait()
    }
  }

  /// The visit so far, for what follows the last screen.
  var wizardSession: WizardSession { model.wizardSession }

  /// - Returns: the outcome, for the normal screen.
  mutating func run() -> String? {
    var isOver = carryOut()
    // The time of the next drawing; nil without changes.
    var due: ContinuousClock.Instant? = .now
    var shown = ContinuousClock.now - Self.newsInterval
    while !isOver {
      if let moment = due, moment <= .now {
        show()
        shown = .now
        due = nil
      }
      switch screen.nextEvent(timeout: [model.nextTick, due.map { $0 - .now }].compactMap { $0 }.min()) {
      case .key(let key)?: model.handle(.key(key), at: .now)
      case .resized(let size)?: model.handle(.resized(size), at: .now)
      case .wake?:
        for loan in loans.take() {
          screen.lend(loan.run)
          model.handle(.resized(screen.size), at: .now)
          due = .now
        }
        model.hear(mailbox.take(), at: .now)
        isOver = carryOut()
        due = min(due ?? .now + Self.newsInterval, max(.now, shown + Self.newsInterval))
        continue
      case .hangup?:
        model.handle(.hangup, at: .now)
        waitForTheEnd()
        return model.wizardSession.plainText
      case nil: model.handle(.tick, at: .now)
      }
      isOver = carryOut()
      due = .now
    }
    return model.wizardSession.plainText
  }

  /// The minimum interval of drawing for events; keys are drawn immediately.
  private static let newsInterval = Duration.milliseconds(33)

  private func show() {
    screen.isPlain = model.isPlain
    screen.present(model.picture)
    screen.title = model.title
  }

  /// Executes the model's effects; returns true at the end of the wizard.
  private mutating func carryOut() -> Bool {
    var isOver = false
    for effect in model.takeEffects() {
      switch effect {
      case .start(let task): Worker.start(task, mailbox)
      case .redraw: screen.redraw()
      case .ring: screen.ring()
      case .suspend:
        screen.suspend()
        model.handle(.resized(screen.size), at: .now)
      case .end: isOver = true
      }
    }
    return isOver
  }

  /// Without a terminal, running operations are cancelled and roll back. Jobs continue.
  private mutating func waitForTheEnd() {
    while model.isRunning, model.session.runner?.outlivesWizard != true {
      screen.wakeUp.wait()
      for events in mailbox.take() { model.handle(.events(events), at: .now) }
    }
  }
}
