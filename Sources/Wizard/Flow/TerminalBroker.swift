import Common
import Synchronization

/// Lends the terminal to a program that has to ask something itself: ssh asks for a passphrase, a password, or about a new
/// host key. This program never handles them.
///
/// Tasks on other threads ask for it; the renderer gives it.
final class TerminalBroker: Sendable {
  /// Runs a body while the terminal is lent, and returns when the body has ended.
  typealias Lender = @Sendable (_ body: @escaping @Sendable () -> Void) -> Void

  private let lender = Mutex<Lender?>(nil)

  /// For renderers that use the terminal only line by line.
  static let direct: Lender = { $0() }

  /// Called by the renderer that owns the terminal; nil: questions are not possible.
  func serve(_ lender: Lender?) { self.lender.withLock { $0 = lender } }

  /// Runs `body` while it has the terminal.
  ///
  /// - Returns: nil if there is no terminal; then `body` was not run.
  func lend<Value: Sendable>(_ body: @escaping @Sendable () -> Value) -> Value? {
    guard let lender = lender.withLock({ $0 }) else { return nil }
    let value = Mutex<Value?>(nil)
    lender { value.withLock { $0 = body() } }
    return value.withLock { $0 }
  }
}

/// A request for the terminal, which the screen's thread fulfils.
final class TerminalLoan: Sendable {
  private let body: @Sendable () -> Void
  private let isOver = Monitor(false)

  init(_ body: @escaping @Sendable () -> Void) { self.body = body }

  func run() {
    body()
    isOver.now { $0 = true }
  }

  func wait() { isOver.when({ $0 }) { _ in } }
}
