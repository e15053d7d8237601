import Common
import Engine
import Terminal

/// Drives a wizard on a real terminal: keys and news in, pictures out, errands to threads. It sleeps in between.
struct FullScreenRunner {
  private let screen: Screen
  private let mailbox: Mailbox<News>
  private var model: WizardModel

  init(_ itinerary: Itinerary, screen: Screen) {
    self.screen = screen
    mailbox = Mailbox(wakeUp: screen.wakeUp)
    model = WizardModel(itinerary, size: screen.size, glyphs: screen.capabilities.glyphs, now: .now)
  }

  /// - Returns: what came of it, for the normal screen.
  mutating func run() -> String? {
    var isOver = carryOut()
    // When the picture is to be shown; nil while there is nothing new in it.
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
        model.hear(mailbox.take(), at: .now)
        isOver = carryOut()
        due = min(due ?? .now + Self.newsInterval, max(.now, shown + Self.newsInterval))
        continue
      case .hangup?:
        model.handle(.hangup, at: .now)
        waitForTheEnd()
        return model.itinerary.plainText
      case nil: model.handle(.tick, at: .now)
      }
      isOver = carryOut()
      due = .now
    }
    return model.itinerary.plainText
  }

  /// Work at full speed has more to tell than anybody reads: what keys do is shown at once, news so often.
  private static let newsInterval = Duration.milliseconds(33)

  private func show() {
    screen.isPlain = model.isPlain
    screen.present(model.picture)
    screen.title = model.title
  }

  /// Does what the model wants done; true when the wizard is over.
  private mutating func carryOut() -> Bool {
    var isOver = false
    for effect in model.takeEffects() {
      switch effect {
      case .start(let errand): Worker.start(errand, mailbox)
      case .saveAnswers:
        let journey = model.journey
        model.handle(.told(SavedAnswers.save(journey.answersText, to: journey.answersPath)), at: .now)
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

  /// Without a terminal, running work is asked to stop, and is let take back what it has done. A job needs nobody.
  private mutating func waitForTheEnd() {
    while model.isRunning, model.journey.runner?.outlivesWizard != true {
      screen.wakeUp.wait()
      for news in mailbox.take() { model.handle(.news(news), at: .now) }
    }
  }
}
