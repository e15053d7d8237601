import Archive
import Common
import Synchronization

/// What an operation has done, for the result screen, the report and `--json`.
public struct Summary: Sendable, Codable, Equatable {
  /// One sentence in the past tense.
  public var title: String
  /// Named amounts in the order in which they should be shown: ("messages", "559").
  public var facts: [Fact]
  /// What the operator should read.
  public var warnings: [String]
  /// What to do next, one step a line.
  public var nextSteps: [String]

  public struct Fact: Sendable, Codable, Equatable {
    public var name: String
    public var value: String

    public init(_ name: String, _ value: String) {
      self.name = name
      self.value = value
    }
  }

  public init(title: String, facts: [Fact] = [], warnings: [String] = [], nextSteps: [String] = []) {
    self.title = title
    self.facts = facts
    self.warnings = warnings
    self.nextSteps = nextSteps
  }
}

/// The way out of a running operation: events to whoever follows, and the operator's wish to stop on the way back.
///
/// Safe to use from several threads. Advances are passed on at most every 50 ms a phase, and always at its end.
public final class Progress: Sendable {
  public let cancellation: Cancellation
  private let sink: @Sendable (ProgressEvent) -> Void
  private let state = Mutex(State())

  private struct State {
    var warnings: [String] = []
  }

  public init(cancellation: Cancellation = Cancellation(), _ sink: @escaping @Sendable (ProgressEvent) -> Void) {
    self.cancellation = cancellation
    self.sink = sink
  }

  /// Nobody listens.
  public static var silent: Progress { Progress { _ in } }

  /// The same listener, but nobody can stop the work any more: for what follows a point of no return.
  public var unstoppable: Progress { Progress(cancellation: Cancellation(), sink) }

  /// The warnings given so far.
  public var warnings: [String] { state.withLock { $0.warnings } }

  public func note(_ text: String) { sink(.note(text)) }

  public func warn(_ text: String) {
    state.withLock { $0.warnings.append(text) }
    sink(.warning(text))
  }

  public func finished(_ summary: Summary) { sink(.finished(summary)) }

  /// Passes on what a part of the work has said. A warning of the part is one of the whole.
  public func relay(_ event: ProgressEvent) {
    if case .warning(let text) = event { state.withLock { $0.warnings.append(text) } }
    sink(event)
  }

  /// Runs one phase: its start, its end, and a meter for what happens between. A phase that throws does not end.
  public func phase<Value>(
    _ id: String, _ title: String, total: Int64? = nil, unit: ProgressEvent.Unit = .steps,
    _ body: (Meter) throws -> Value
  ) throws -> Value {
    try cancellation.check()
    sink(.phaseStarted(id: id, title: title, total: total, unit: unit))
    let meter = Meter(id: id, total: total, unit: unit, cancellation: cancellation, sink: sink)
    let value = try body(meter)
    meter.flush()
    sink(.phaseEnded(id: id))
    return value
  }
}

/// Counts what a phase has done, from any thread.
public final class Meter: Sendable {
  private struct State {
    var done: Int64 = 0
    var shown: Int64 = 0
    var total: Int64?
    var lastEvent: ContinuousClock.Instant?
  }

  private let id: String
  private let unit: ProgressEvent.Unit
  private let cancellation: Cancellation
  private let sink: @Sendable (ProgressEvent) -> Void
  private let state: Mutex<State>

  fileprivate init(
    id: String, total: Int64?, unit: ProgressEvent.Unit, cancellation: Cancellation,
    sink: @escaping @Sendable (ProgressEvent) -> Void
  ) {
    self.id = id
    self.unit = unit
    self.cancellation = cancellation
    self.sink = sink
    state = Mutex(State(total: total))
  }

  /// So many more are done. Throws ``Common/Cancelled`` once the operator has asked to stop.
  public func advance(by count: Int64 = 1) throws {
    try cancellation.check()
    let event: ProgressEvent? = state.withLock { state in
      state.done += count
      let now = ContinuousClock.now
      if let last = state.lastEvent, now - last < .milliseconds(50) { return nil }
      state.lastEvent = now
      state.shown = state.done
      return .advanced(id: id, done: state.done, total: state.total, unit: unit)
    }
    if let event { sink(event) }
  }

  /// The total has become known, or was wrong.
  public func setTotal(_ total: Int64) {
    state.withLock { $0.total = total }
  }

  /// Follows a reader that says how many bytes of how many it has taken by now. For one reader after the other, one call
  /// each.
  func follow(total isKnown: Bool = true) -> ByteProgress {
    var seen: Int64 = 0
    return { done, total in
      if isKnown { self.setTotal(total) }
      guard done > seen else { return }
      try self.advance(by: done - seen)
      seen = done
    }
  }

  fileprivate func flush() {
    let event: ProgressEvent? = state.withLock { state in
      state.done == state.shown ? nil : .advanced(id: id, done: state.done, total: state.total, unit: unit)
    }
    if let event { sink(event) }
  }
}
