import Common
import Terminal
import Testing

@testable import Wizard

/// The menu, flows that are opened from it, and the way back.
@Suite("The menu, and from flow to flow")
struct WizardSessionTests {
  private static func flow(_ id: String, continuations: [Continuation] = []) -> Flow {
    Flow(
      id: id, title: "Flow \(id)", badge: .test, continuations: { _ in continuations },
      steps: [
        Step(
          "ask", "Ask", heading: { _ in "What about \(id)?" },
          fields: { _ in [Field("text", "Text", .text(placeholder: "nothing"))] }),
        Step("review", "Review", heading: { _ in "Ready for \(id)?" }, kind: .review, proceed: "Start \(id)"),
        Step("run", "Run", heading: { _ in "Running \(id)" }, kind: .run(Runner(operation: { _ in FakeWork() }))),
        Step("result", "Result", heading: { _ in "\(id) is done" }, kind: .result, proceed: "Leave the wizard"),
      ])
  }

  private static let goals = [
    Goal("one", "The first goal", "what one is for") { _ in
      flow("one", continuations: [Continuation("Then the second", .flow("two", given: ["ask.text": .text("brought")]))])
    },
    Goal("two", "The second goal", "what two is for", needsServer: false) { _ in flow("two") },
  ]

  private static func catalog(waiting: [Flow.PendingWork] = [], obstacle: String? = nil) -> FlowCatalog {
    let context = FakeEngine().context()
    return FlowCatalog(menu: { .menu(context, goals: goals, waiting: waiting, obstacle: obstacle) }) { id, _ in
      goals.first { $0.id == id }?.flow(context)
    }
  }

  private func walker(_ catalog: FlowCatalog = catalog()) -> Walker { Walker(WizardSession(nil, catalog: catalog)) }

  @Test("The menu lists the goals, Enter opens one, and Esc at its first step returns")
  func menu() {
    let walker = walker()
    #expect(walker.sees("What do you want to do?"))
    walker.press(.down, .enter)
    #expect(walker.sees("What about two?"))
    walker.press(.escape)
    #expect(walker.sees("What do you want to do?"))
    #expect(walker.focusedLine.contains("The second goal"))
  }

  @Test("Typed text of a flow is kept when returning from the menu")
  func drafts() {
    let walker = walker()
    walker.press(.enter)
    walker.type("kept")
    walker.press(.escape, .down, .enter)
    #expect(walker.sees("What about two?") && !walker.sees("kept"))
    walker.press(.escape, .up, .enter)
    #expect(walker.sees("What about one?") && walker.sees("kept"))
  }

  @Test("The flow's next goal is proposed first, with its answers")
  func continuations() {
    let walker = walker()
    walker.press(.enter)
    walker.walk(to: "run")
    walker.end(.success(FakeMove.summary))
    #expect(walker.focusedLine.contains("Then the second"))
    #expect(walker.sees("Back to the menu") && walker.sees("Leave the wizard"))
    walker.press(.enter)
    // All answers were passed on: the flow stops at the first decision.
    #expect(walker.sees("Ready for two?") && walker.sees("brought"))
    walker.walk(to: "run")
    walker.end(.success(FakeMove.summary))
    #expect(walker.focusedLine.contains("Leave the wizard"))
    walker.press(.enter)
    #expect(walker.hasEnded)
    let text = walker.model.wizardSession.plainText ?? ""
    #expect(text.contains("one is done") && text.contains("two is done"))
  }

  @Test("The result of a lookup of another flow is ignored")
  func lateNews() {
    let walker = Walker(WizardSession(nil, catalog: Self.catalog()), answersAtOnce: false)
    walker.press(.enter)
    let ticket = walker.model.session.tickets
    walker.walk(to: "run")
    let running = walker.model.session.run?.ticket ?? 0
    #expect(running > ticket)
    walker.end(.success(FakeMove.summary))
    walker.press(.down, .enter, .enter)
    walker.walk(to: "run")
    #expect((walker.model.session.run?.ticket ?? 0) > running)
  }

  @Test("While another flow opens, keys have no effect, and Ctrl-C still leaves")
  func opening() {
    let walker = walker()
    walker.opensAtOnce = false
    walker.answersAtOnce = false
    walker.press(.enter)
    walker.type("x")
    walker.press(.down, .enter, .escape)
    #expect(walker.sees("What do you want to do?") && !walker.sees("Opening"))
    walker.pass(.milliseconds(400))
    #expect(walker.sees("Opening…"))
    #expect(walker.waiting.count == 1)
    walker.answer()
    #expect(walker.sees("What about one?") && !walker.sees("Opening"))
    #expect(!walker.focusedLine.contains("x"), "no key of before reaches the next screen")
    walker.press(.escape, .control("c"))
    #expect(walker.sees("Leave the wizard?"))
    walker.press(.up, .up, .enter)
    walker.answer()
  }

  @Test("Another flow and the answers file are read and written by tasks, never by the model")
  func tasks() {
    let walker = walker()
    walker.opensAtOnce = false
    walker.answersAtOnce = false
    walker.press(.enter)
    guard case .open? = walker.waiting.first?.work else {
      Issue.record("opening a flow is no task")
      return
    }
    walker.answer()
    walker.type("kept")
    walker.press(.enter, .control("w"))
    guard case .save? = walker.waiting.first?.work else {
      Issue.record("saving the answers is no task")
      return
    }
  }

  @Test("A flow that cannot be opened leaves the current one, with the reason")
  func cannotOpen() {
    let walker = walker()
    walker.opensAtOnce = false
    walker.answersAtOnce = false
    walker.press(.enter)
    guard let task = walker.waiting.first else { return }
    let trouble = Trouble(PlainFailure(.unexpected, "a thread", "there are too many"))
    walker.send(.events(.opened(ticket: task.ticket, .failure(trouble))))
    #expect(walker.sees("It could not be opened. a thread: there are too many"))
    walker.press(.down)
    #expect(walker.focusedLine.contains("The second goal"))
  }

  @Test("Pending decisions come first in the menu and have the focus")
  func waiting() {
    let waiting = Flow.PendingWork(title: "Watch what runs", summary: "Moving harbour", destination: .flow("two"))
    let walker = walker(Self.catalog(waiting: [waiting]))
    #expect(walker.focusedLine.contains("Watch what runs"))
    walker.press(.enter)
    #expect(walker.sees("What about two?"))
  }

  @Test("Goals that need a server are disabled with the reason without one")
  func noServer() {
    let walker = walker(Self.catalog(obstacle: "there is nothing in /etc/aloha"))
    #expect(walker.sees("There is nothing in /etc/aloha. What needs no server can be done."))
    #expect(walker.focusedLine.contains("The second goal"))
    walker.press(.up, .enter)
    #expect(walker.sees("Not possible: there is nothing in /etc/aloha"))
  }

  @Test("In the linear mode the menu is numbered, and b at the first question returns to it")
  func lineByLine() throws {
    var walk = LinearWalk(WizardSession(nil, catalog: Self.catalog()), ["1", "b", "", "1", "text", "", "3", "", "q"])
    walk.executor.insteadOfRunning = { ticket in
      [.events([.ended(ticket: ticket, .success(FakeMove.summary))])]
    }
    _ = try walk.runner.run()
    #expect(walk.script.says("1. The first goal"))
    #expect(walk.script.says("3. Then the second"))
    #expect(walk.script.says("Flow two."), "\(walk.script.transcript)")
  }

  @Test("Every goal has a unique id, a fitting title, and a flow with a result")
  func goals() {
    let ids = (Goal.byName + [.watch]).map(\.id)
    #expect(Set(ids).count == ids.count)
    for goal in Goal.all {
      #expect(goal.summary.count <= 40 && goal.title.count <= 30, "\(goal.id)")
      let flow = goal.flow(FakeEngine().context())
      #expect(flow.id == goal.id)
      #expect(Set(flow.steps.map(\.id)).count == flow.steps.count)
    }
  }
}
