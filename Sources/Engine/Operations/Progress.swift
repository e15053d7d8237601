import Archive
import Common
import Synchronization

/// The way out of a running operation: events to its followers, and the operator's request to stop on the way back.
///
/// Safe to use from several threads. Advances are passed on at most every 50 ms a phase, and always at its end.
public final class Progress: Sendable {
  public let cancellation: Cancellation
  /// The folder where the operation leaves records for later questions, as the map of all ids; nil outside a job.
  public let recordFolder: String?
  private let sink: @Sendable (ProgressEvent) -> Void
  private let given: Warnings

  /// The warnings of an operation with all of its parts.
  private final class Warnings: Sendable {
    let texts = Mutex<[String]>([])
  }

  public convenience init(
    cancellation: Cancellation = Cancellation(), recordFolder: String? = nil,
    _ sink: @escaping @Sendable (ProgressEvent) -> Void
  ) {
    self.init(cancellation, recordFolder, Warnings(), sink)
  }

  private init(
    _ cancellation: Cancellation, _ recordFolder: String?, _ given: Warnings,
    _ sink: @escaping @Sendable (ProgressEvent) -> Void
  ) {
    self.cancellation = cancellation
    self.recordFolder = recordFolder
    self.given = given
    self.sink = sink
  }

  /// Without followers.
  public static var silent: Progress { Progress { _ in } }

  /// The same, except that the work cannot be stopped any more: for what follows a point of no return.
  public var unstoppable: Progress { Progress(Cancellation(), recordFolder, given, sink) }

  /// The same for a part of the operation: the ids of its phases begin with the part's name.
  func part(_ name: String) -> Progress {
    Progress(cancellation, recordFolder, given) { [sink] in sink($0.inPart(name)) }
  }

  /// The same, except that followers see nothing but warnings: for repairs after a failure.
  var quiet: Progress {
    Progress(Cancellation(), recordFolder, given) { [sink] event in
      if case .warning = event { sink(event) }
    }
  }

  /// The warnings given so far, by the operation and all of its parts.
  public var warnings: [String] { given.texts.withLock { $0 } }

  public func note(_ text: String) { sink(.note(text)) }

  public func warn(_ text: String) {
    given.texts.withLock { $0.append(text) }
    sink(.warning(text))
  }

  /// Gives a check's warnings as warnings of the run.
  ///
  /// - Throws: ``Blocked`` where there is a blocker.
  public func pass(_ findings: [Finding]) throws {
    for finding in findings where finding.severity == .warning { warn("\(finding.subject): \(finding.reason)") }
    guard !findings.contains(where: { $0.severity == .blocker }) else { throw Blocked(findings) }
  }

  func finished(_ summary: Summary) { sink(.finished(summary)) }

  /// Passes on an event of work that another process does.
  public func relay(_ event: ProgressEvent) {
    if case .warning(let text) = event { given.texts.withLock { $0.append(text) } }
    sink(event)
  }

  /// Runs one phase: its start, its end, and a meter for what happens between. A phase that throws does not end.
  ///
  /// - Throws: ``Common/Cancelled`` before it begins, once the operator has asked to stop; what `body` throws.
  public func phase<Value>(
    _ phase: some OperationPhase, total: Int64? = nil, unit: ProgressEvent.Unit = .steps,
    _ body: (Meter) throws -> Value
  ) throws -> Value {
    try cancellation.check()
    sink(.phaseStarted(id: phase.id, title: phase.title, total: total, unit: unit))
    let meter = Meter(id: phase.id, total: total, unit: unit, cancellation: cancellation, sink: sink)
    let value = try body(meter)
    meter.flush()
    sink(.phaseEnded(id: phase.id))
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

  /// For work that belongs to no phase: it cannot be stopped, and its amounts are shown nowhere.
  static var unseen: Meter {
    Meter(id: "", total: nil, unit: .steps, cancellation: Cancellation()) { _ in }
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
