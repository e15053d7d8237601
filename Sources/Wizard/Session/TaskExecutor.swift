import Terminal

/// Runs a session's tasks, for line-based renderers.
protocol TaskExecutor: AnyObject {
  func start(_ task: BackgroundTask)

  /// Waits for the next event.
  ///
  /// - Parameter timeout: nil waits forever.
  func wait(timeout: Duration?) -> ExecutorEvent
}

enum ExecutorEvent: Sendable {
  case events([TaskEvent])
  /// The operator pressed Ctrl-C.
  case interrupted
  /// The operator is gone.
  case gone
  /// The timeout has expired.
  case nothing
}

/// Runs each task on its own thread.
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
        // Reported once: running operations are still followed to their end.
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
