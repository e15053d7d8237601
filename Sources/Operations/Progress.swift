import Archive
import Common
import Synchronization

/// The connection of a running operation to its front end: events to followers, and the operator's request to stop.
///
/// Thread-safe. Advances are sent at most every 50 ms per phase, and always at the end of a phase.
public final class Progress: Sendable {
  public let cancellation: Cancellation
  /// The folder for records of the operation, for example the id map; nil outside a job.
  public let recordFolder: String?
  /// What the checks of the operation have left; nil without checks in this process.
  package let preparation: Preparation?
  private let sink: @Sendable (ProgressEvent) -> Void
  private let whole: Whole

  /// The state of an operation with all its parts.
  private final class Whole: Sendable {
    let warnings = Mutex<[String]>([])
    private let begun = Mutex(false)
    private let onBegin: @Sendable () -> Void

    init(_ onBegin: @escaping @Sendable () -> Void) { self.onBegin = onBegin }

    var hasBegun: Bool { begun.withLock { $0 } }

    func begin() {
      let isFirst = begun.withLock { begun in
        defer { begun = true }
        return !begun
      }
      if isFirst { onBegin() }
    }
  }

  /// - Parameter onBegin: called once, before the first phase that is not a check.
  public convenience init(
    cancellation: Cancellation = Cancellation(), recordFolder: String? = nil,
    onBegin: @escaping @Sendable () -> Void = {}, _ sink: @escaping @Sendable (ProgressEvent) -> Void
  ) {
    self.init(cancellation, recordFolder, nil, Whole(onBegin), sink)
  }

  private init(
    _ cancellation: Cancellation, _ recordFolder: String?, _ preparation: Preparation?, _ whole: Whole,
    _ sink: @escaping @Sendable (ProgressEvent) -> Void
  ) {
    self.cancellation = cancellation
    self.recordFolder = recordFolder
    self.preparation = preparation
    self.whole = whole
    self.sink = sink
  }

  /// A progress without followers.
  public static var silent: Progress { Progress { _ in } }

  /// The same progress without cancellation, for the time after the point of no return.
  public var unstoppable: Progress { Progress(Cancellation(), recordFolder, preparation, whole, sink) }

  /// The same progress with what the checks of the operation have left.
  package func prepared(by preparation: Preparation) -> Progress {
    Progress(cancellation, recordFolder, preparation, whole, sink)
  }

  /// Returns the progress of a part of the operation: the ids of its phases get the part's name as a prefix.
  package func part(_ name: String) -> Progress {
    Progress(cancellation, recordFolder, preparation, whole) { [sink] in sink($0.inPart(name)) }
  }

  /// The same progress with only warnings sent to followers, for repairs after a failure.
  package var quiet: Progress {
    Progress(Cancellation(), recordFolder, preparation, whole) { [sink] event in
      if case .warning = event { sink(event) }
    }
  }

  /// The warnings so far, of the operation and all its parts.
  public var warnings: [String] { whole.warnings.withLock { $0 } }

  /// Whether a phase has started that is not a check. Before that, an operation has changed nothing.
  public var hasBegun: Bool { whole.hasBegun }

  public func note(_ text: String) { sink(.note(text)) }

  public func warn(_ text: String) {
    whole.warnings.withLock { $0.append(text) }
    sink(.warning(text))
  }

  /// Sends the warnings of a check as warnings of the run.
  ///
  /// - Throws: ``Blocked`` if there is a blocker.
  public func pass(_ findings: [Finding]) throws {
    for finding in findings where finding.severity == .warning { warn("\(finding.subject): \(finding.reason)") }
    if let refusal = Blocked.of(findings) { throw refusal }
  }

  func finished(_ summary: Summary) { sink(.finished(summary)) }

  /// Forwards an event of another process.
  public func relay(_ event: ProgressEvent) {
    if case .warning(let text) = event { whole.warnings.withLock { $0.append(text) } }
    sink(event)
  }

  /// Runs one phase: sends its start and its end, and provides a meter. A phase that throws sends no end.
  ///
  /// - Throws: ``Common/Cancelled`` before it starts, once the operator has requested to stop; the errors of `body`.
  public func phase<Value>(
    _ phase: some OperationPhase, total: Int64? = nil, unit: ProgressEvent.Unit = .steps,
    _ body: (Meter) throws -> Value
  ) throws -> Value {
    try cancellation.check()
    if !phase.isCheck { whole.begin() }
    sink(.phaseStarted(id: phase.id, title: phase.title, total: total, unit: unit))
    let meter = Meter(id: phase.id, total: total, unit: unit, cancellation: cancellation, sink: sink)
    let value = try body(meter)
    meter.flush()
    sink(.phaseEnded(id: phase.id))
    return value
  }
}

/// Counts the progress of a phase, from any thread.
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

  /// A meter for work outside a phase: without cancellation and without events.
  package static var unseen: Meter { Meter(CheckObserver()) }

  /// A meter for a check, which is not a phase. Without a total it reports nothing.
  package convenience init(_ observer: CheckObserver) {
    self.init(id: "", total: nil, unit: .steps, cancellation: observer.cancellation) { event in
      guard case .advanced(_, let done, let total?, _) = event else { return }
      observer.advance(to: done, of: total)
    }
  }

  /// Adds to the progress.
  ///
  /// - Throws: ``Common/Cancelled`` once the operator has requested to stop.
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

  /// Sets or corrects the total.
  public func setTotal(_ total: Int64) {
    state.withLock { $0.total = total }
  }

  /// Returns a callback for a reader that reports its bytes read and total. One callback per reader, for several
  /// readers in sequence.
  package func follow(total isKnown: Bool = true) -> ByteProgress {
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
