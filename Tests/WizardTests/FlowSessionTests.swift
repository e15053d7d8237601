import Common
import Terminal
import Testing

@testable import Engine
@testable import Operations
@testable import Wizard

@Suite("A flow session")
struct FlowSessionTests {
  private typealias Key = MoveDecisions.Key

  private func states(_ walker: Walker) -> [FlowSession.StepState] {
    walker.model.session.steps.map { walker.model.session.state(of: $0) }
  }

  @Test("A lookup that reports how far it is shows the percentage, until its result")
  func percentage() {
    let flow = Flow(
      id: "read", title: "Read", badge: .test,
      steps: [
        Step(
          "read", "Read", heading: { _ in "Reading" },
          lookup: Lookup("Reading the archive", key: { _ in "" }) { _, observer in
            observer.advance(to: 0.34)
            return LookupResult(remark: "It is read.")
          })
      ])
    let walker = Walker(flow, answersAtOnce: false)
    #expect(walker.sees("Reading the archive…") && !walker.sees("%"))
    let ticket = walker.waiting.first?.ticket ?? 0
    walker.send(.events(.looked(ticket: ticket, 0.5)))
    #expect(walker.sees("Reading the archive… 50 %"))
    walker.send(.events(.looked(ticket: ticket + 1, 0.9)))
    #expect(walker.sees("50 %"), "another lookup's progress is not shown")
    walker.answer()
    #expect(walker.sees("It is read.") && !walker.sees("%"))
  }

  @Test("The button of a review shows how far the plan is")
  func planPercentage() {
    let flow = Flow(
      id: "restore", title: "Restore", badge: .test,
      steps: [
        Step(
          "review", "Review", heading: { _ in "Ready?" }, kind: .review,
          lookup: Lookup("Working out the plan", key: { _ in "" }) { _, _ in LookupResult(plan: nil) },
          proceed: "Start")
      ])
    let walker = Walker(flow, answersAtOnce: false)
    walker.send(.events(.looked(ticket: walker.waiting.first?.ticket ?? 0, 0.25)))
    #expect(walker.focusedLine.contains("Working out the plan… 25 %"))
    walker.answer()
    #expect(walker.focusedLine.contains("Start"))
  }

  @Test("Going back keeps typed text, valid or not")
  func drafts() {
    let walker = Walker.move(FakeEngine.move())
    walker.walk(to: "address")
    walker.type("Not Good")
    walker.press(.enter)
    #expect(walker.step == "address")
    walker.press(.escape)
    #expect(walker.step == "target")
    walker.walk(to: "address")
    #expect(walker.answers.given(Key.subdomain) == "harbourNot Good")
    #expect(walker.sees("Use only small letters"))
  }

  @Test("The list of steps marks finished, current and later steps")
  func stepStates() {
    let walker = Walker.move(FakeEngine.move())
    walker.walk(to: "organization")
    #expect(states(walker).prefix(4) == [.done, .done, .current, .todo])
    walker.press(.escape)
    #expect(states(walker).prefix(4) == [.done, .current, .done, .todo])
    // With another server the results of the first one are no longer valid.
    walker.type("2")
    #expect(states(walker)[2] == .todo)
  }

  @Test("A line of the review opens its step and returns directly")
  func jump() {
    let walker = Walker.move(FakeEngine.move())
    walker.walk(to: "review")
    #expect(walker.focusedLine.contains("Start the move"))
    for _ in 0..<20 { walker.press(.up) }
    #expect(walker.focusedLine.contains("Old server"))
    walker.press(.down)
    #expect(walker.focusedLine.contains("Organization"))
    walker.press(.enter)
    #expect(walker.step == "organization")
    walker.press(.enter)
    #expect(walker.step == "review")
  }

  @Test("A decision changed from the review leads through all dependent steps")
  func jumpAndChange() {
    let servers = FakeEngine.move()
    let walker = Walker.move(servers)
    walker.walk(to: "review")
    #expect(servers.state.withLock { $0.checked.count } == 1)
    walker.press(.up, .up, .enter)
    #expect(walker.step == "deactivate")
    walker.press(.down, .enter)
    #expect(walker.step == "checks")
    #expect(servers.state.withLock { $0.checked.count } == 2)
    walker.press(.enter)
    #expect(walker.step == "review")
    #expect(walker.sees("No, leave it open"))
  }

  @Test("A lookup starts once after a path was typed")
  func looksOnce() {
    let servers = FakeEngine.move()
    let walker = Walker.move(servers)
    walker.walk(to: "source")
    #expect(servers.state.withLock { $0.looked } == ["/source"])
    walker.press(.control("u"))
    #expect(walker.sees("Enter a path"))
    walker.type("/other")
    #expect(servers.state.withLock { $0.looked } == ["/source"])
    #expect(walker.sees("Enter looks there."))
    walker.press(.enter)
    #expect(walker.step == "source")
    #expect(servers.state.withLock { $0.looked } == ["/source", "/other"])
    #expect(walker.sees("other.example.com"))
    walker.press(.enter)
    #expect(walker.step == "organization")
  }

  @Test("During a lookup the step shows it, keys work, and Enter waits")
  func looking() {
    let walker = Walker.move(FakeEngine.move(), answersAtOnce: false)
    walker.press(.enter)
    #expect(walker.sees("Looking at the server…"))
    walker.press(.enter)
    #expect(walker.step == "source")
    #expect(walker.sees("Still checking"))
    walker.press(.function(1))
    #expect(walker.sees("Help"))
    walker.press(.escape)
    walker.answer()
    #expect(walker.sees("source.example.com"))
    walker.press(.enter)
    #expect(walker.step == "organization")
  }

  @Test("An operation cannot start before its plan is known")
  func plan() {
    let walker = Walker.move(FakeEngine.move())
    walker.walk(to: "checks")
    walker.answersAtOnce = false
    walker.press(.enter)
    #expect(walker.focusedLine == "▸ Working out the plan…")
    walker.press(.enter)
    #expect(walker.step == "review")
    walker.answer()
    #expect(walker.focusedLine == "▸ Start the move")
    #expect(walker.sees("Not changed: All data on the old server"))
    walker.press(.enter)
    #expect(walker.step == "run")
  }

  @Test("The result of an abandoned lookup is not shown")
  func lateAnswer() {
    let walker = Walker.move(FakeEngine.move(), answersAtOnce: false)
    walker.press(.enter)
    let late = walker.waiting
    #expect(late.count == 1)
    walker.press(.escape)
    #expect(late[0].cancellation.isCancelled)
    walker.press(.enter)
    #expect(walker.waiting.count == 2)
    walker.send(.events(.found(ticket: late[0].ticket, .success(LookupResult(remark: "Too late.")))))
    #expect(!walker.sees("Too late."))
    #expect(walker.sees("Looking at the server…"))
  }

  @Test("A failed lookup shows its reason and remedy, and Enter retries")
  func errorAndRetry() {
    let servers = FakeEngine.move()
    servers.change {
      $0.overviewFailure = PlainFailure(
        .connection, "the database", "password authentication failed", remedy: "check postgres_password")
    }
    let walker = Walker.move(servers)
    walker.press(.enter)
    #expect(walker.sees("✗ the database"))
    #expect(walker.sees("password authentication failed"))
    #expect(walker.sees("What to do: check postgres_password"))
    #expect(walker.sees("Enter try again"))
    walker.press(.enter)
    #expect(walker.step == "source")
    servers.change { $0.overviewFailure = nil }
    walker.press(.enter)
    #expect(walker.sees("source.example.com"))
    walker.press(.enter)
    #expect(walker.step == "organization")
  }

  @Test("A blocker stops the flow until a repeated check passes")
  func blocked() {
    let servers = FakeEngine.move()
    servers.change { $0.findings = [Finding(.blocker, "space", "is missing", remedy: "make some")] }
    let walker = Walker.move(servers)
    walker.walk(to: "checks")
    #expect(walker.sees("1 blocker."))
    #expect(walker.sees("→ make some"))
    walker.press(.enter)
    #expect(walker.step == "checks")
    #expect(walker.sees("Resolve the blockers first"))
    servers.change { $0.findings = [Finding(.warning, "space", "is scarce")] }
    walker.press(.character("r"))
    #expect(walker.sees("All checks passed, 1 warning."))
    walker.press(.enter)
    #expect(walker.step == "review")
  }

  @Test("A decision against the recommendation is marked and applies")
  func decisions() {
    let walker = Walker.move(FakeEngine.move())
    walker.walk(to: "secrets")
    #expect(walker.sees("copy: What happens then."))
    walker.press(.down, .character(" "))
    #expect(walker.answers[Key.secrets] == ["camo_key": "copy", "avatar_salt": "copy"])
    #expect(walker.focusedLine.hasSuffix("[copy] !"))
    walker.press(.right)
    #expect(walker.answers[Key.secrets]["avatar_salt"] == "keep")
    walker.press(.right)
    #expect(walker.answers[Key.secrets]["avatar_salt"] == "keep")
    walker.press(.left)
    walker.walk(to: "review")
    #expect(walker.sees("copy camo_key, avatar_salt"))
  }

  @Test("Without different secrets there is nothing to decide")
  func noSecrets() {
    let servers = FakeEngine.move()
    servers.change { $0.advice = [] }
    let walker = Walker.move(servers)
    walker.walk(to: "secrets")
    #expect(walker.sees("There is nothing to decide"))
    walker.press(.enter)
    #expect(walker.step == "checks")
  }

  @Test("A finished operation cannot be reopened")
  func done() {
    let walker = Walker.move(FakeEngine.move())
    walker.walk(to: "run")
    walker.end(.success(FakeMove.summary))
    walker.press(.escape)
    #expect(walker.step == "result")
  }
}
