import Common
import Engine
import Operations
import Terminal
import Testing

@testable import Wizard

/// The next steps of a result are a list of things to do.
@Suite("Next steps as a check-list")
struct ChecklistTests {
  private static let summary = Summary(
    title: "Done",
    nextSteps: [
      Summary.Step("Restart the server").with(.restart(root: "/srv/chat")), "Tell your users",
      Summary.Step("Verify the archive").with(.verify(archive: "/srv/a.tar.gz")),
    ])

  private static func flow(_ id: String, continuations: [Continuation] = []) -> Flow {
    Flow(
      id: id, title: "Flow \(id)", badge: .test, continuations: { _ in continuations },
      steps: [
        Step("review", "Review", heading: { _ in "Ready for \(id)?" }, kind: .review, proceed: "Start \(id)"),
        Step("run", "Run", heading: { _ in "Running \(id)" }, kind: .run(Runner(operation: { _ in FakeWork() }))),
        Step("result", "Result", heading: { _ in "\(id) is done" }, kind: .result, proceed: "Leave the wizard"),
      ])
  }

  private static func session(continuations: [Continuation] = []) -> WizardSession {
    WizardSession(
      flow("move", continuations: continuations),
      catalog: FlowCatalog(menu: { flow("menu") }, destination: { Destination.forStep($0) }) { id, _ in flow(id) })
  }

  private func finished(continuations: [Continuation] = []) -> Walker {
    let walker = Walker(Self.session(continuations: continuations))
    walker.walk(to: "run")
    walker.end(.success(Self.summary))
    return walker
  }

  /// Moves the focus to the first step: the buttons to leave follow the list.
  private func goToTop(_ walker: Walker) { for _ in 0..<10 { walker.press(.up) } }

  @Test("A step is done by its flow, and is ticked when the operator returns from its success")
  func done() {
    let walker = finished()
    #expect(walker.sees("[ ] Restart the server") && walker.sees("[ ] Tell your users"))
    #expect(walker.focusedLine.contains("Leave the wizard"))
    goToTop(walker)
    #expect(walker.focusedLine.contains("Restart the server"))
    walker.press(.enter)
    #expect(walker.sees("Ready for server?"))
    walker.walk(to: "run")
    walker.end(.success(Summary(title: "Restarted")))
    #expect(walker.focusedLine.contains("Back to the next steps"))
    walker.press(.enter)
    #expect(
      walker.sees("move is done") && walker.sees("[✓] Restart the server") && walker.sees("[ ] Verify the archive"))
    let text = walker.model.wizardSession.plainText ?? ""
    #expect(text.contains("Done: Restart the server") && text.contains("server is done"))
    #expect(text.components(of: "move is done") == 1)
  }

  @Test("A step stays open if its flow was used for something else")
  func somethingElse() {
    let choice = Step(
      "action", "Action", heading: { _ in "What?" },
      fields: { _ in [Field("which", "Action", .choice([.init("restart", "Restart it"), .init("stop", "Stop it")]))] })
    let session = WizardSession(
      Self.flow("move"),
      catalog: FlowCatalog(
        menu: { Self.flow("menu") },
        destination: { _ in .flow("server", given: ["action.which": .text("restart")]) }
      ) { id, _ in
        let flow = Self.flow(id)
        return Flow(id: id, title: id, badge: .test, steps: [choice] + flow.steps)
      })
    let walker = Walker(session)
    walker.walk(to: "run")
    walker.end(.success(Self.summary))
    goToTop(walker)
    walker.press(.enter)
    #expect(walker.step == "review")
    walker.press(.escape, .down, .enter)
    #expect(walker.answers.text("action.which") == "stop")
    walker.walk(to: "run")
    walker.end(.success(Summary(title: "Stopped")))
    walker.press(.enter)
    #expect(walker.sees("move is done") && walker.sees("[ ] Restart the server"))
  }

  @Test("Going back from the flow of a step leaves the step open")
  func notDone() {
    let walker = finished()
    goToTop(walker)
    walker.press(.enter)
    #expect(walker.sees("Ready for server?"))
    walker.press(.escape)
    #expect(walker.sees("move is done") && walker.sees("[ ] Restart the server"))
  }

  @Test("A step that the operator does by other means is ticked by Enter or Space, and can be opened again")
  func byHand() {
    let walker = finished()
    goToTop(walker)
    walker.press(.down, .enter)
    #expect(walker.sees("[✓] Tell your users"))
    walker.press(.character(" "))
    #expect(walker.sees("[ ] Tell your users"))
  }

  @Test("An offer of the flow that the list contains is not repeated, and Enter does the step")
  func offers() {
    let walker = finished(continuations: [Continuation("Restart it", .flow("server"))])
    #expect(!walker.sees("Restart it"))
    #expect(walker.focusedLine.contains("Restart the server"))
  }

  @Test("Marks are kept with the job, and shown when its result is opened again")
  func kept() throws {
    let folder = "/tmp/aloha-checklist-\(RandomText.alphanumeric(10))"
    try FileSystem.makeFolder(folder)
    defer { try? FileSystem.removeTree(folder) }
    let job = JobFolder(folder)
    func opened() -> Walker {
      let walker = Walker(Self.session())
      walker.walk(to: "run")
      let ticket = walker.model.session.run?.ticket ?? 0
      walker.send(.events(.job(ticket: ticket, job, done: JobChecklist(job).done())))
      walker.end(.success(Self.summary))
      return walker
    }
    let walker = opened()
    walker.savesForReal = true
    goToTop(walker)
    walker.press(.down, .enter)
    #expect(JobChecklist(job).done() == [1])
    #expect(opened().sees("[✓] Tell your users"))
  }

  @Test("A mark that cannot be kept is said")
  func notKept() {
    let walker = Walker(Self.session())
    walker.walk(to: "run")
    let ticket = walker.model.session.run?.ticket ?? 0
    walker.send(.events(.job(ticket: ticket, JobFolder("/proc/none"), done: [])))
    walker.end(.success(Self.summary))
    walker.savesForReal = true
    goToTop(walker)
    walker.press(.down, .enter)
    #expect(walker.sees("The list could not be kept with the job"))
  }

  @Test("The linear mode numbers the steps, does them, and shows them as done")
  func linear() throws {
    var walk = LinearWalk(Self.session(), ["", "1", "", "", "2", "q"])
    walk.executor.insteadOfRunning = { [.events([.ended(ticket: $0, .success(Self.summary))])] }
    _ = try walk.runner.run()
    #expect(walk.script.says("1. Restart the server"))
    #expect(walk.script.says("Running server") || walk.script.says("Ready for server?"))
    #expect(walk.script.says("1. Done: Restart the server"), "\(walk.script.transcript)")
  }

  @Test("Each action has a flow of the menu or beside it")
  func actions() {
    let all: [Summary.Step.Action] = [
      .restart(root: "/"), .reactivate(root: "/", subdomain: "a"), .sendPasswordResets(root: "/", subdomain: "a"),
      .compareSettings(root: "/", with: "/old"), .verify(archive: "/a"), .rehearse(backup: "/b"),
      .deleteOrganization(root: "/", subdomain: "a"),
    ]
    for action in all {
      let id = Destination.forStep(action)?.flow
      #expect(id.flatMap { Goal.named($0) } != nil, "\(action)")
    }
  }
}

extension String {
  fileprivate func components(of text: String) -> Int { ranges(of: text).count }
}
