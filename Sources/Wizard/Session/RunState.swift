import Common
import Operations

/// The progress of a running operation, computed from its events.
struct RunState: Sendable {
  struct Phase: Sendable, Equatable {
    enum State: Sendable { case todo, current, done }
    let id: String
    var title: String
    var amount: String?
    /// The expected duration relative to the other phases.
    var weight = 1.0
    var state = State.todo
    var done: Int64 = 0
    var total: Int64?
    var unit = ProgressEvent.Unit.steps
    var started: ContinuousClock.Instant?
    var ended: ContinuousClock.Instant?
  }

  struct LogLine: Sendable, Equatable {
    /// The time since the start; nil for events before the watching started.
    let after: Duration?
    let text: String
    let isWarning: Bool
  }

  let ticket: Int
  private(set) var started: ContinuousClock.Instant
  /// Until then, events of the past are received; nil for an operation watched from its start.
  private var caughtUp: ContinuousClock.Instant?
  private(set) var ended: ContinuousClock.Instant?
  private(set) var plan: Plan?
  private(set) var phases: [Phase] = []
  private(set) var log: [LogLine] = []
  private(set) var warnings = 0
  private(set) var isStopping = false
  private(set) var outcome: Result<Summary, Trouble>?
  /// The speed of the whole, for the remaining time.
  private(set) var rate = WorkRate()
  /// The speed of the current phase, in its unit.
  private(set) var phasePace = WorkRate()

  private let cancellation: Cancellation

  init(ticket: Int, cancellation: Cancellation, now: ContinuousClock.Instant) {
    self.ticket = ticket
    self.cancellation = cancellation
    started = now
  }

  var isRunning: Bool { outcome == nil }

  var current: Phase? { phases.last { $0.state == .current } }

  /// The finished fraction of the whole, from 0 to 1.
  var fraction: Double {
    if outcome?.isSuccess == true { return 1 }
    let whole = phases.reduce(0) { $0 + $1.weight }
    guard whole > 0 else { return 0 }
    return phases.reduce(0) { $0 + $1.weight * share($1) } / whole
  }

  func elapsed(now: ContinuousClock.Instant) -> Duration { (ended ?? now) - started }

  /// Whether it has ended after so long that the operator may be elsewhere and must be called.
  var callsBack: Bool {
    guard let ended, ended - started > Self.longWait else { return false }
    if case .failure(let trouble)? = outcome { return !trouble.isCancelled }
    return true
  }

  private static let longWait = Duration.seconds(30)

  private func share(_ phase: Phase) -> Double {
    switch phase.state {
    case .todo: return 0
    case .done: return 1
    case .current:
      guard let total = phase.total, total > 0 else { return 0 }
      return min(1, Double(phase.done) / Double(total))
    }
  }

  mutating func stop() {
    guard isRunning else { return }
    isStopping = true
    cancellation.cancel()
  }

  /// When watching starts, all past events of a job arrive within this time.
  private static let catchingUp = Duration.milliseconds(500)

  /// - Parameter age: how long it has been running; nil if it starts now.
  mutating func planned(_ plan: Plan, age: Duration? = nil, now: ContinuousClock.Instant) {
    self.plan = plan
    if let age {
      started = now - age
      caughtUp = now + Self.catchingUp
    }
    phases = plan.phases.map { Phase(id: $0.id, title: $0.title, amount: $0.amount, weight: $0.weight ?? 1) }
  }

  mutating func hear(_ event: ProgressEvent, now: ContinuousClock.Instant) {
    switch event {
    case .phaseStarted(let id, let title, let total, let unit):
      // A planned phase that was skipped has no work.
      if let index = phases.firstIndex(where: { $0.id == id }) {
        for earlier in phases.indices.prefix(index) { phases[earlier].state = .done }
      }
      phasePace = WorkRate()
      phasePace.add(0, at: now)
      change(id, title: title) { phase in
        phase.state = .current
        phase.started = now
        phase.total = total
        phase.unit = unit
      }
      record(title, now: now)
    case .advanced(let id, let done, let total, let unit):
      change(id, title: id) { phase in
        phase.done = done
        phase.total = total ?? phase.total
        phase.unit = unit
      }
      phasePace.add(Double(done), at: now)
    case .note(let text): record(text, now: now)
    case .warning(let text):
      warnings += 1
      record(text, isWarning: true, now: now)
    case .phaseEnded(let id):
      change(id, title: id) { phase in
        phase.state = .done
        phase.ended = now
        if let total = phase.total { phase.done = max(phase.done, total) }
      }
    case .finished, .failed: break
    }
    if isCatchingUp(now) {
      // Earlier progress must not count as progress in no time.
      phasePace = WorkRate()
      if let current { phasePace.add(Double(current.done), at: now) }
      rate = WorkRate()
      rate.add(0, at: started)
    }
    rate.add(fraction, at: now)
  }

  mutating func ended(_ result: Result<Summary, Trouble>, now: ContinuousClock.Instant) {
    outcome = result
    ended = now
    if result.isSuccess {
      for index in phases.indices { phases[index].state = .done }
    } else if case .failure(let trouble) = result {
      record("\(trouble.subject): \(trouble.reason)", isWarning: !trouble.isCancelled, now: now)
    }
  }

  private func isCatchingUp(_ now: ContinuousClock.Instant) -> Bool { caughtUp.map { now < $0 } ?? false }

  private mutating func change(_ id: String, title: String, _ body: (inout Phase) -> Void) {
    // An operation can have an unplanned phase.
    let index = phases.firstIndex { $0.id == id } ?? phases.count
    if index == phases.count { phases.append(Phase(id: id, title: title)) }
    body(&phases[index])
  }

  private mutating func record(_ text: String, isWarning: Bool = false, now: ContinuousClock.Instant) {
    let after = isCatchingUp(now) ? nil : now - started
    log.append(LogLine(after: after, text: SafeText.clean(text, limit: 500), isWarning: isWarning))
    // A long log loses its oldest lines.
    if log.count > 2000 { log.removeFirst(log.count - 1500) }
  }
}
