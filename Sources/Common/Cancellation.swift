import Synchronization

/// The operator's wish to stop, seen by work that asks for it at safe points.
public final class Cancellation: Sendable {
  private let wished = Atomic(false)

  public init() {}

  public var isCancelled: Bool { wished.load(ordering: .acquiring) }

  public func cancel() { wished.store(true, ordering: .releasing) }

  /// Throws ``Cancelled`` once the operator has asked to stop.
  public func check() throws {
    if isCancelled { throw Cancelled() }
  }
}

/// Work stopped because the operator asked for it. What had been done is taken back.
public struct Cancelled: Failure {
  public init() {}
  public var family: FailureFamily { .cancelled }
  public var subject: String { "stopped" }
  public var reason: String { "the operator asked to stop; everything is as it was before" }
  public var remedy: String? { "run the same command again when you are ready" }
}
