import Synchronization

/// A request of the operator to stop. Operations check it at safe points.
public final class Cancellation: Sendable {
  private let wished = Atomic(false)

  public init() {}

  public var isCancelled: Bool { wished.load(ordering: .acquiring) }

  public func cancel() { wished.store(true, ordering: .releasing) }

  /// - Throws: ``Cancelled`` once the operator has requested to stop.
  public func check() throws {
    if isCancelled { throw Cancelled() }
  }
}

/// The operation stopped on request. Its changes were rolled back.
public struct Cancelled: Failure {
  public init() {}
  public var family: FailureFamily { .cancelled }
  public var subject: String { "stopped" }
  public var reason: String { "the operator cancelled the operation; nothing was changed" }
  public var remedy: String? { "run the same command again when you are ready" }
}
