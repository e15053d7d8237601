import Common
import Terminal
import Testing

@testable import Wizard

@Suite("A running operation on the screen")
struct RunningTests {
  private func running(_ size: Size = Size(columns: 80, rows: 24)) -> Walker {
    let walker = Walker.move(FakeEngine.move(), size: size)
    walker.walk(to: "run")
    walker.tell(.phaseStarted(id: "export.messages", title: "Export messages", total: 1000, unit: .messages))
    return walker
  }

  @Test("Phases change their marks at their start and end")
  func phases() {
    let walker = running()
    #expect(walker.sees("▸ Export messages"))
    #expect(walker.sees("○ Export files"))
    walker.tell(.phaseEnded(id: "export.messages"))
    walker.tell(.phaseStarted(id: "export.files", title: "Export files", total: nil, unit: .files))
    #expect(walker.sees("✓ Export messages"))
    #expect(walker.sees("1,000 messages"))
    #expect(walker.sees("▸ Export files"))
  }

  @Test("An unplanned phase is shown, and a skipped one counts as done")
  func unforeseen() {
    let walker = running()
    walker.tell(.phaseStarted(id: "import.commit", title: "Make it visible", total: nil, unit: .steps))
    #expect(walker.sees("✓ Import messages"))
    walker.tell(.phaseStarted(id: "extra", title: "Something else", total: nil, unit: .steps))
    #expect(walker.sees("▸ Something else"))
  }

  @Test("The remaining time is estimated only from measured progress")
  func estimate() {
    let walker = running()
    #expect(walker.sees("estimating…"))
    walker.tell(.advanced(id: "export.messages", done: 100, total: 1000, unit: .messages), after: .milliseconds(900))
    #expect(walker.sees("estimating…"))
    walker.tell(.advanced(id: "export.messages", done: 200, total: 1000, unit: .messages), after: .milliseconds(1100))
    #expect(!walker.sees("estimating…"))
    #expect(walker.sees("left"))
    #expect(walker.sees("100 messages/s"))
    #expect(walker.sees("00:02 so far"))
  }

  @Test("Keys work during an operation, and leaving needs a confirmation")
  func keys() {
    let walker = running()
    walker.press(.control("o"))
    #expect(walker.sees("00:00 Export messages"))
    walker.tell(.note("Something happened"))
    #expect(walker.sees("Something happened"))
    walker.press(.escape, .escape)
    #expect(walker.sees("Stop it?"))
    #expect(walker.sees("Until the organization is visible on the new server"))
    walker.press(.enter)
    #expect(walker.model.overlay == nil)
    #expect(walker.model.isRunning)
    #expect(walker.model.session.run?.isStopping == false)
    walker.press(.enter)
    #expect(walker.step == "run")
    walker.press(.control("c"))
    #expect(walker.sees("Stop and leave?"))
    walker.press(.enter)
    #expect(!walker.hasEnded && walker.model.isRunning)
  }

  @Test("Cancelling waits for the operation and offers a retry")
  func stopping() throws {
    let walker = running()
    let first = try #require(walker.model.session.run?.ticket)
    walker.press(.escape, .down, .enter)
    #expect(walker.sees("stopping"))
    #expect(walker.sees("Rolling back"))
    #expect(walker.model.isRunning)
    walker.press(.escape)
    #expect(walker.sees("It is already stopping"))
    walker.end(.failure(Trouble(Cancelled())))
    #expect(walker.sees("The move is stopped"))
    #expect(walker.focusedLine.contains("Try again"))
    walker.press(.enter)
    #expect(walker.model.isRunning)
    #expect(walker.model.session.run?.ticket != first)
    // Later events of the first attempt are ignored.
    walker.send(.events(.ended(ticket: first, .success(FakeMove.summary))))
    #expect(walker.step == "run" && walker.model.isRunning)
  }

  @Test("Cancelling and leaving waits for the rollback")
  func stopAndLeave() {
    let walker = running()
    walker.press(.control("c"), .down, .enter)
    #expect(!walker.hasEnded)
    walker.end(.failure(Trouble(Cancelled())))
    #expect(walker.hasEnded)
    #expect(walker.model.session.plainText?.contains("rolled back") == true)
  }

  @Test("Leaving a job that continues shows the complete command that watches it")
  func leavingJob() {
    let engine = FakeEngine.move()
    let walker = Walker(
      .move(engine.moveContext(runsJobs: true), engine.moveQueries, archive: "/tmp/move.tar.gz"))
    walker.walk(to: "run")
    walker.tell(.phaseStarted(id: "export.messages", title: "Export messages", total: 1000, unit: .messages))
    walker.press(.control("c"))
    #expect(walker.sees("aloha-wizard jobs attach --root /source"))
    walker.press(.down, .enter)
    #expect(walker.hasEnded)
    let text = walker.model.session.plainText
    #expect(text?.contains("continues") == true && text?.contains("aloha-wizard jobs attach --root /source") == true)
  }

  @Test("A question about an operation that ends is replaced, so that keys for it change nothing")
  func tooLate() {
    let walker = running()
    walker.press(.escape)
    walker.end(.success(FakeMove.summary))
    #expect(walker.step == "result")
    #expect(walker.sees("It has ended") && walker.sees("See the result"))
    walker.press(.down, .enter)
    #expect(walker.model.overlay == nil && !walker.hasEnded)
    #expect(walker.step == "result")
  }

  @Test("An error shows subject, reason and remedy, and leads back to the review")
  func failure() {
    let walker = running()
    walker.end(
      .failure(Trouble(PlainFailure(.file, "/tmp/move.tar.gz", "the disk is full", remedy: "free some space"))))
    #expect(walker.sees("The move failed"))
    #expect(walker.sees("✗ /tmp/move.tar.gz"))
    #expect(walker.sees("What to do: free some space"))
    walker.press(.down, .enter)
    #expect(walker.step == "review")
    #expect(walker.sees("Harbour"))
    walker.press(.enter)
    #expect(walker.step == "run" && walker.model.isRunning)
  }

  @Test("A lost terminal cancels the operation and ends the wizard")
  func hangup() {
    let walker = running()
    walker.send(.hangup)
    #expect(walker.model.session.run?.isStopping == true)
    #expect(!walker.hasEnded)
    walker.end(.failure(Trouble(Cancelled())))
    #expect(walker.hasEnded)
  }

  @Test("The window title shows the progress of a running operation")
  func title() {
    let walker = running()
    walker.tell(.advanced(id: "export.messages", done: 500, total: 1000, unit: .messages))
    let percent = Int((walker.model.session.run?.fraction ?? 0) * 100)
    #expect(percent > 0)
    #expect(walker.model.title == "aloha-wizard: Moving Harbour Café 港 (harbour) \(percent) %")
    walker.end(.success(FakeMove.summary))
    #expect(walker.model.title == nil)
  }

  @Test(
    "The bell rings after a long operation only, and not after a cancellation",
    arguments: [(Duration.seconds(29), 0), (.seconds(31), 1)])
  func bell(_ time: Duration, _ bells: Int) {
    for failure in [nil, PlainFailure(.connection, "database", "gone"), Cancelled()] as [(any Error)?] {
      let walker = running()
      walker.pass(time)
      walker.end(failure.map { .failure(Trouble($0)) } ?? .success(FakeMove.summary))
      #expect(walker.bells == (failure is Cancelled ? 0 : bells))
    }
  }

  @Test("Timers run only during an operation")
  func idle() {
    let walker = Walker.move(FakeEngine.move())
    #expect(walker.model.nextTick == nil)
    walker.walk(to: "run")
    #expect(walker.model.nextTick != nil)
    walker.end(.success(FakeMove.summary))
    #expect(walker.model.nextTick == nil)
  }

  @Test("The current phase is visible although there are more phases than rows")
  func manyPhases() {
    let walker = running(Size(columns: 60, rows: 16))
    for number in 0..<30 {
      walker.tell(.phaseStarted(id: "p\(number)", title: "Phase \(number)", total: nil, unit: .steps))
      #expect(walker.sees("▸ Phase \(number)"))
      #expect(walker.sees("so far"))
      walker.tell(.phaseEnded(id: "p\(number)"))
    }
  }

  @Test("The log keeps the newest lines")
  func longLog() {
    let walker = running()
    for number in 0..<5000 { walker.tell(.note("note \(number)")) }
    walker.press(.control("o"))
    #expect(walker.sees("note 4999"))
    walker.press(.home)
    #expect(!walker.sees("note 4999"))
    walker.press(.end)
    walker.tell(.note("the very last"))
    #expect(walker.sees("the very last"))
  }
}

@Suite("WorkRate")
struct PaceTests {
  private let start = ContinuousClock.Instant.now

  @Test("The pace is unknown before two samples a second apart")
  func beginning() {
    var rate = WorkRate()
    rate.add(0, at: start)
    #expect(rate.left(until: 1, now: start + .seconds(5)) == nil)
    rate.add(0.1, at: start + .milliseconds(999))
    #expect(rate.left(until: 1, now: start + .milliseconds(999)) == nil)
    rate.add(0.5, at: start + .seconds(5))
    #expect(rate.left(until: 1, now: start + .seconds(5)) == 5)
  }

  @Test("The pace is that of the last minute")
  func window() throws {
    var rate = WorkRate()
    for second in 0...100 { rate.add(Double(second), at: start + .seconds(second)) }
    for second in 1...100 { rate.add(100 + Double(second) * 10, at: start + .seconds(100 + second)) }
    let speed = try #require(rate.speed(now: start + .seconds(200)))
    #expect(abs(speed - 10) < 0.5)
  }

  @Test("An expired estimate is removed until progress continues")
  func standstill() throws {
    var rate = WorkRate()
    rate.add(0, at: start)
    rate.add(0.5, at: start + .seconds(10))
    #expect(rate.left(until: 1, now: start + .seconds(12)) != nil)
    #expect(rate.left(until: 1, now: start + .seconds(30)) == nil)
    #expect(rate.speed(now: start + .seconds(30)) == nil)
    rate.add(0.6, at: start + .seconds(31))
    #expect(rate.left(until: 1, now: start + .seconds(31)) != nil)
  }

  @Test("Decreasing progress restarts the estimate")
  func backwards() {
    var rate = WorkRate()
    rate.add(0, at: start)
    rate.add(0.5, at: start + .seconds(10))
    rate.add(0.1, at: start + .seconds(11))
    #expect(rate.left(until: 1, now: start + .seconds(11)) == nil)
  }

  @Test("Estimates are rounded by their uncertainty")
  func words() {
    #expect(TimeLeft.about(seconds: 0) == "a few seconds left")
    #expect(TimeLeft.about(seconds: 31) == "about 35 s left")
    #expect(TimeLeft.about(seconds: 58) == "about 1 min left")
    #expect(TimeLeft.about(seconds: 600) == "about 10 min left")
    #expect(TimeLeft.about(seconds: 3600 * 2 + 700) == "about 2 h 10 min left")
    #expect(TimeLeft.about(seconds: .infinity) == "a very long time left")
  }
}
