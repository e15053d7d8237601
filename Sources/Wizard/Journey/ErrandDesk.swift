import Terminal

/// Where a journey's errands are done, for renderers that go line by line.
protocol ErrandDesk: AnyObject {
  func start(_ errand: Errand)

  /// Waits until something happens.
  ///
  /// - Parameter timeout: nil waits for ever.
  func wait(timeout: Duration?) -> DeskNews
}

enum DeskNews: Sendable {
  case news([News])
  /// The operator pressed Ctrl-C.
  case interrupted
  /// Nobody is there any more.
  case gone
  /// The time is over.
  case nothing
}

/// Errands on threads of their own.
final class ThreadDesk: ErrandDesk {
  private let interrupts: LineInterrupts
  private let mailbox: Mailbox<News>
  private var isGone = false

  init(_ interrupts: LineInterrupts) {
    self.interrupts = interrupts
    mailbox = Mailbox(wakeUp: interrupts.wakeUp)
  }

  func start(_ errand: Errand) { Worker.start(errand, mailbox) }

  func wait(timeout: Duration?) -> DeskNews {
    let deadline = timeout.map { ContinuousClock.now + $0 }
    while true {
      let news = mailbox.take()
      if !news.isEmpty { return .news(news) }
      switch interrupts.take() {
      case .stop?: return .interrupted
      case .gone? where !isGone:
        // Said once: what runs is still heard to its end.
        isGone = true
        return .gone
      case .gone?, nil: break
      }
      let left = deadline.map { $0 - .now }
      if let left, left <= .zero { return .nothing }
      interrupts.wait(timeout: left)
    }
  }
}
