import Common
import Glibc
import Testing

@testable import Engine
@testable import Operations
@testable import Server
@testable import Wizard

@Suite("Removing leftovers, as a flow")
struct LeftoversFlowTests {
  static let found = Finding(
    .warning, "leftovers",
    "unpacked archive of an interrupted import, with private messages: /srv/uploads/.aloha-wizard-import-x, 43.8 MB",
    remedy: "nothing: the next job removes it; at once: aloha-wizard server clean")

  private static func engine() -> FakeEngine {
    let engine = FakeEngine()
    engine.change {
      $0.findings = [found]
      $0.plan.destroys = [found.reason]
    }
    return engine
  }

  @Test("Leftovers are listed before they are deleted")
  func shown() {
    let engine = Self.engine()
    let walker = Walker(.leftovers(engine.context()))
    #expect(walker.sees("unpacked archive of an interrupted import"))
    walker.walk(to: "run")
    #expect(engine.begun == RemoveLeftoversOperation(.init(root: "/srv/chat")))
    #expect(
      walker.model.session.flow.commands(walker.answers) == ["aloha-wizard server clean --root /srv/chat"])
  }

  @Test("The screens of all steps are unchanged", arguments: GoldenTests.queries)
  func goldens(_ look: GoldenTests.Look) throws {
    try GoldenTests.expect(.leftovers(Self.engine().context()), look, steps: ["checks", "review"])
  }
}

@Suite("Leftovers of a real server in the wizard", .serialized)
struct RealLeftoversTests {
  @Test("The menu offers to delete the leftovers of a killed import")
  func removes() throws {
    let real = try RealFlows(messages: 0)
    let folder = try WorkFolder.make(Installation(root: real.server.root))
    func offered() -> [Flow.PendingWork] {
      Flow.PendingWork.find(root: real.server.root).filter { $0.summary.contains("interrupted import") }
    }
    #expect(offered().isEmpty, "it is in use")
    folder.abandon()
    #expect(offered().first?.title == "Remove leftovers")
    let server = ServerQueries.real(real.context).leftovers()
    #expect(server.contains { $0.reason.contains("interrupted import") })
    #expect(JobQueries.real.leftovers(real.server.root).contains { $0.reason.contains("interrupted import") })
    let text = try real.run(.leftovers(real.context), [:])
    #expect(text.contains("Leftovers are removed"))
    #expect(!FileSystem.exists(folder.path))
    #expect(offered().isEmpty)
  }
}

@Suite("Organizations that are not what their names suggest, in the wizard")
struct OrganizationStateStepTests {
  private func engine() -> FakeEngine {
    let engine = FakeEngine()
    engine.change { state in
      for index in state.organizations.indices where state.organizations[index].id == 3 {
        state.organizations[index].redirect = "https://club.example.com"
        state.organizations[index].isEmpty = true
        state.organizations[index].isDeactivated = true
      }
    }
    return engine
  }

  @Test("A redirect cannot be chosen as an organization, and its target is shown")
  func redirect() {
    let walker = Walker(ExportFlow(engine().context()).flow)
    for _ in 0..<10 where walker.step != "organization" { walker.press(.enter) }
    #expect(walker.sees("redirect"))
    walker.press(.down)
    #expect(walker.sees("Not possible: it is only a redirect to"))
  }
}
