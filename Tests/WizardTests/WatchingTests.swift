import Operations
import Testing
import Transfer

@testable import Wizard

/// The progress of a job that is watched from its middle on.
@Suite("Watching a running job")
struct WatchingTests {
  private static let plan = Plan(
    title: "Import", phases: [Plan.Phase(ImportOperation.Phase.unpack), Plan.Phase(ImportOperation.Phase.messages)])
  private let now = ContinuousClock.now

  private func watched(at moment: ContinuousClock.Instant) -> RunState {
    var run = RunState(ticket: 1, cancellation: .init(), now: moment)
    run.planned(Self.plan, age: .seconds(100), now: moment)
    for event: ProgressEvent in [
      .phaseStarted(id: "unpack", title: "Read", total: 10, unit: .steps), .phaseEnded(id: "unpack"),
      .phaseStarted(id: "messages", title: "Messages", total: 1000, unit: .messages),
      .advanced(id: "messages", done: 400, total: 1000, unit: .messages),
    ] { run.hear(event, now: moment) }
    return run
  }

  private let read = ImportOperation.Phase.unpack.weight
  private let messages = ImportOperation.Phase.messages.weight

  @Test("The time of a watched job is counted from its start")
  func beginning() throws {
    let run = watched(at: now)
    #expect(run.elapsed(now: now) == .seconds(100))
    #expect(messages > 2 * read, "else this shows nothing")
    #expect(abs(run.fraction - (read + messages * 0.4) / (read + messages)) < 0.001)
  }

  @Test("Earlier progress of a watched job does not distort the estimate")
  func rate() throws {
    var run = watched(at: now)
    #expect(run.phasePace.speed(now: now) == nil)
    let left = try #require(run.rate.left(until: 1, now: now))
    // This share of the job took 100 s.
    let done = (read + messages * 0.4) / (read + messages)
    #expect(abs(left - 100 * (1 - done) / done) < 1, "\(left)")
    let later = now + .seconds(10)
    run.hear(.advanced(id: "messages", done: 440, total: 1000, unit: .messages), now: later)
    #expect(run.phasePace.speed(now: later) == 4)
  }

  @Test("Earlier lines of a watched job have no time")
  func log() {
    var run = watched(at: now)
    run.hear(.note("now"), now: now + .seconds(5))
    #expect(run.log.map(\.after) == [nil, nil, .seconds(105)])
  }
}
