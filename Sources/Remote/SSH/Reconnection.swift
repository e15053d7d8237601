import Common
import Glibc

extension SSHConnection {
  /// Opens the connection again after it was lost, with growing pauses.
  ///
  /// - Parameters:
  ///   - patience: how long it is tried.
  ///   - report: called before each pause with the reason.
  /// - Throws: the last ``SSHFailure``, or the first one that time does not heal; `.cancelled`.
  public func reconnect(
    canAsk: Bool, patience: Duration = .seconds(600), cancellation: Cancellation,
    report: (SSHFailure, Duration) -> Void = { _, _ in }
  ) throws {
    let end = ContinuousClock.now + patience
    var pause = Duration.milliseconds(500)
    while true {
      try cancellation.check()
      do {
        return try open(canAsk: canAsk)
      } catch let failure as SSHFailure {
        guard failure.isTemporary, ContinuousClock.now + pause < end else { throw failure }
        report(failure, pause)
        try Self.wait(pause, cancellation)
        pause = min(pause * 2, .seconds(30))
      }
    }
  }

  /// Runs `body`, which can be repeated, until no connection is lost in it.
  ///
  /// - Throws: the errors of `body` and of the reconnection.
  public func retrying<Value>(
    patience: Duration = .seconds(600), cancellation: Cancellation, _ body: () throws -> Value
  ) throws -> Value {
    let end = ContinuousClock.now + patience
    while true {
      do {
        return try body()
      } catch let failure as SSHFailure where failure.isTemporary && ContinuousClock.now < end {
        try reconnect(canAsk: false, patience: patience, cancellation: cancellation)
        // A machine that accepts connections, and loses each at once, is not asked all the time.
        try Self.wait(.milliseconds(200), cancellation)
      }
    }
  }

  private static func wait(_ duration: Duration, _ cancellation: Cancellation) throws {
    let end = ContinuousClock.now + duration
    while ContinuousClock.now < end {
      try cancellation.check()
      usleep(50_000)
    }
  }
}
