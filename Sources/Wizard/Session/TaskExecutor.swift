import Terminal

/// Where a session's tasks are done, for renderers that go line by line.
protocol TaskExecutor: AnyObject {
  func start(_ task: BackgroundTask)

  /// Waits until something happens.
  ///
  /// - Parameter timeout: nil waits for ever.
  func wait(timeout: Duration?) -> ExecutorEvent
}

enum ExecutorEvent: Sendable {
  case events([TaskEvent])
  /// The operator pressed Ctrl-C.
  case interrupted
  /// Nobody is there any more.
  case gone
  /// The time is over.
  case nothing
}

/// Errands on threads of their own.
final class ThreadExecutor: TaskExecutor {
  private let interrupts: LineInterrupts
  private let mailbox: Mailbox<TaskEvent>
  private var isGone = false

  init(_ interrupts: LineInterrupts) {
    self.interrupts = interrupts
    mailbox = Mailbox(wakeUp: interrupts.wakeUp)
  }

  func start(_ task: BackgroundTask) { Worker.start(task, mailbox) }

  func wait(timeout: Duration?) -> ExecutorEvent {
    let deadline = timeout.map { ContinuousClock.now + $0 }
    while true {
      let events = mailbox.take()
      if !events.isEmpty { return .events(events) }
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
