import Common
import Synchronization

/// What the checks of an operation have read, kept for its run in the same process: at most one value at a time.
///
/// Thread-safe. A value is taken by one user, who can return it with ``keep(_:)``.
public final class Preparation: Sendable {
  private let kept = Mutex<(any Sendable)?>(nil)

  public init() {}

  /// Keeps a value instead of the present one, which is released.
  package func keep(_ value: any Sendable) { kept.withLock { $0 = value } }

  /// Returns the value if it has this type. Afterwards nothing is kept, whatever its type was.
  package func take<Value: Sendable>(_ type: Value.Type) -> Value? {
    kept.withLock { kept in
      defer { kept = nil }
      return kept as? Value
    }
  }

  /// Releases the value, and with it the temporary files that it owns.
  public func clear() { kept.withLock { $0 = nil } }
}

/// An operation whose run can use what its checks have read, if nothing has changed in between.
public protocol PreparedOperation: Operation, ObservedCheck {
  /// Checks like ``ObservedCheck/check(_:)``, uses what an earlier check has left in `preparation`, and leaves there
  /// what the run can use.
  func check(keeping preparation: Preparation, _ observer: CheckObserver) throws -> [Finding]
}

extension PreparedOperation {
  public func check(_ observer: CheckObserver) throws -> [Finding] {
    try check(keeping: Preparation(), observer)
  }
}

/// Runs an operation with what its checks have left.
public struct PreparedRun: Runnable {
  private let operation: any Operation
  private let preparation: Preparation

  public init(_ operation: any Operation, _ preparation: Preparation) {
    self.operation = operation
    self.preparation = preparation
  }

  public func check() throws -> [Finding] { try operation.check() }
  public func plan() throws -> Plan { try operation.plan() }
  public func run(progress: Progress) throws -> Summary {
    try operation.run(progress: progress.prepared(by: preparation))
  }
}
