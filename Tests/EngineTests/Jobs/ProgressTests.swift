import Common
import Synchronization
import Testing

@testable import Operations

@Suite("Progress of an operation")
struct ProgressTests {
  private final class Recorder: Sendable {
    let events = Mutex<[ProgressEvent]>([])
    func progress(_ cancellation: Cancellation = Cancellation()) -> Progress {
      Progress(cancellation: cancellation) { event in self.events.withLock { $0.append(event) } }
    }
    var all: [ProgressEvent] { events.withLock { $0 } }
  }

  @Test("A phase reports its start, its last count and its end; a failed phase reports no end")
  func phases() throws {
    let recorder = Recorder()
    let progress = recorder.progress()
    try progress.phase(TestPhase(id: "a", title: "First"), total: 1000, unit: .rows) { meter in
      for _ in 0..<1000 { try meter.advance() }
    }
    struct Broken: Error {}
    #expect(throws: Broken.self) { try progress.phase(TestPhase(id: "b", title: "Second")) { _ in throw Broken() } }
    let events = recorder.all
    #expect(events.first == .phaseStarted(id: "a", title: "First", total: 1000, unit: .rows))
    #expect(events.contains(.advanced(id: "a", done: 1000, total: 1000, unit: .rows)))
    #expect(events.contains(.phaseEnded(id: "a")))
    #expect(!events.contains(.phaseEnded(id: "b")))
    let counts = events.compactMap { if case .advanced(_, let done, _, _) = $0 { done } else { nil } }
    #expect(counts == counts.sorted())
  }

  @Test("A cancellation takes effect at the next step")
  func cancelling() {
    let cancellation = Cancellation()
    let progress = Recorder().progress(cancellation)
    #expect(throws: Cancelled.self) {
      try progress.phase(TestPhase(id: "a", title: "First")) { meter in
        try meter.advance()
        cancellation.cancel()
        try meter.advance()
      }
    }
    #expect(throws: Cancelled.self) { try progress.phase(TestPhase(id: "b", title: "Second")) { _ in } }
  }

  @Test("Every event is decoded from its JSON unchanged")
  func lines() {
    let events: [ProgressEvent] = [
      .phaseStarted(id: "a", title: "Ünï \"code\"", total: nil, unit: .bytes),
      .advanced(id: "a", done: 5, total: 10, unit: .files), .note("n\n"), .warning("w"), .phaseEnded(id: "a"),
      .finished(Summary(title: "t", facts: [.init("a", "b")], warnings: ["w"], nextSteps: ["n"])),
      .failed(FailureReport(PlainFailure(.file, "s", "r", remedy: "m"))),
    ]
    for event in events {
      let line = EventLine.encode(event)
      #expect(!line.contains("\n"))
      #expect(EventLine.decode(line) == event)
    }
    #expect(EventLine.decode("{\"event\":\"later-version\"}") == nil)
    #expect(EventLine.decode("rubbish") == nil)
  }
}
