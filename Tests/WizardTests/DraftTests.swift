import Common
import Operations
import Terminal
import Testing

@testable import Wizard

/// A flow that was left can be continued, also by the next start of the wizard.
@Suite("Drafts")
struct DraftTests {
  private final class Place {
    let root = "/tmp/aloha-drafts-\(RandomText.alphanumeric(10))"
    init() throws { try FileSystem.makeFolder(root) }
    deinit { try? FileSystem.removeTree(root) }
    func store(now: Int64 = Timestamp.now()) -> DraftStore { DraftStore(root: root, operator: "alice", now: { now }) }
  }

  private static func flow(_ id: String) -> Flow {
    Flow(
      id: id, title: "Flow \(id)", badge: .test,
      steps: [
        Step(
          "ask", "Ask", heading: { _ in "What about \(id)?" },
          fields: { _ in
            [
              Field("which", "Which", .choice([.init("a", "The first"), .init("b", "The second")])),
              Field("password", "Password", .secret),
            ]
          }),
        Step(
          "name", "Name", heading: { _ in "Which name?" },
          fields: { _ in [Field("name", "Name", .text(placeholder: "none"))] }),
        Step("review", "Review", heading: { _ in "Ready?" }, kind: .review, proceed: "Start"),
        Step("run", "Run", heading: { _ in "Running" }, kind: .run(Runner(operation: { _ in FakeWork() }))),
        Step("result", "Result", heading: { _ in "Done" }, kind: .result, proceed: "Leave the wizard"),
      ])
  }

  private static func session(_ store: DraftStore) -> WizardSession {
    let context = FakeEngine().context()
    let goals = [Goal.move, Goal.export].map { goal in
      Goal(goal.id, goal.title, goal.summary, aliases: ["x", "y", "z"]) { _ in flow(goal.id) }
    }
    return WizardSession(
      nil,
      catalog: FlowCatalog(
        menu: {
          .menu(
            context, goals: goals, waiting: Flow.PendingWork.find(root: "/none", drafts: store).filter(\.isDraft),
            obstacle: nil)
        }, drafts: store
      ) { id, _ in goals.first { $0.id == id }?.flow(context) })
  }

  /// Leaves the move at its second step, with answers.
  private func leave(_ place: Place) -> Walker {
    let walker = Walker(Self.session(place.store()))
    walker.press(.enter, .down, .enter)
    walker.type("hunter2secret")
    walker.press(.enter)
    walker.type("kept")
    walker.press(.control("c"))
    return walker
  }

  @Test("A flow that was left is offered by the menu, and continues where it was left")
  func goesOn() throws {
    let place = try Place()
    let walker = leave(place)
    #expect(walker.sees("Your answers are kept for 7 days"))
    #expect(walker.sees("Secrets and typed confirmations are not kept."))
    walker.press(.control("c"))
    #expect(walker.hasEnded)
    #expect(walker.model.wizardSession.keepDraft()?.contains("offers to continue") == true)

    let later = Walker(Self.session(place.store(now: Timestamp.now() + 600_000_000)))
    #expect(later.sees("Continue: Move an organization"))
    #expect(later.focusedLine.contains("Continue: Move an organization"))
    later.press(.enter)
    #expect(later.answers.text("ask.which") == "b")
    #expect(later.sees("What about move?"), "the secret is asked for again")
    later.press(.enter)
    later.type("again")
    later.press(.enter)
    #expect(later.sees("Which name?") && later.sees("kept"))
  }

  @Test("No secret is in the file of a draft, and only its owner can read it")
  func secrets() throws {
    let place = try Place()
    let walker = leave(place)
    #expect(walker.model.wizardSession.keepDraft()?.contains("offers to continue") == true)
    let found = try Subprocess(
      "/bin/sh", ["-c", "find \(place.root) -name '*.json' -printf '%m %p\\n'"], directory: "/"
    ).runChecked()
    let line = try #require(found.split(separator: "\n").first)
    #expect(line.hasPrefix("600 "))
    let text = String(decoding: try FileSystem.read(String(line.dropFirst(4))), as: UTF8.self)
    #expect(text.contains("kept") && !text.contains("hunter2"))
    withExtendedLifetime(place) {}
  }

  @Test("Returning to the menu offers the draft at once, and a success removes it")
  func success() throws {
    let place = try Place()
    let walker = Walker(Self.session(place.store()))
    walker.press(.enter, .down, .enter)
    walker.type("x")
    walker.press(.enter, .escape, .escape)
    #expect(walker.sees("Continue: Move an organization"))
    #expect(place.store().list().count == 1)
    walker.press(.enter, .enter)
    walker.type("again")
    walker.walk(to: "run")
    walker.end(.success(FakeMove.summary))
    walker.pass(.seconds(1))
    walker.press(.up, .enter)
    #expect(walker.sees("What do you want to do?") && !walker.sees("Continue:"))
    #expect(place.store().list().isEmpty)
  }

  @Test("Drafts older than a week, damaged ones and those of others are not offered")
  func old() throws {
    let place = try Place()
    _ = leave(place).model.wizardSession.keepDraft()
    #expect(place.store().list().map(\.flow) == ["move"])
    #expect(DraftStore(root: place.root, operator: "bob").list().isEmpty)
    #expect(place.store(now: Timestamp.now() + DraftStore.lifetime + 1).list().isEmpty)
    #expect(place.store().list().isEmpty, "the old one is deleted")
  }

  @Test("A visit that answered nothing leaves no draft")
  func nothing() throws {
    let place = try Place()
    let walker = Walker(Self.session(place.store()))
    walker.press(.enter, .control("c"))
    #expect(walker.sees("Nothing has been changed so far.") && !walker.sees("kept"))
    walker.press(.control("c"))
    #expect(walker.model.wizardSession.keepDraft() == nil)
    #expect(place.store().list().isEmpty)
  }

  @Test("The linear mode keeps the draft and offers it by its number")
  func linear() throws {
    let place = try Place()
    var walk = LinearWalk(Self.session(place.store()), ["1", "2", "secret", "q", "", "y"])
    _ = try walk.runner.run()
    #expect(walk.script.says("Your answers are kept for 7 days"))
    var later = LinearWalk(Self.session(place.store()), ["1", "", "secret", "q", "", "y"])
    _ = try later.runner.run()
    #expect(later.script.says("1. Continue: Move an organization"), "\(later.script.transcript)")
  }
}
