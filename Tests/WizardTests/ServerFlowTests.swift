import Administration
import Common
import Operations
import Terminal
import Testing

@testable import Wizard

@Suite("Starting and stopping the server, as a flow")
struct ServerFlowTests {
  static func queries(
    queues: Finding = Finding(.ok, "queues", "are empty"), missing: String? = nil
  ) -> ServerQueries {
    ServerQueries(
      queues: { queues }, command: { "sudo -u aloha \($0.rawValue)-server" },
      obstacle: { $0 == .flushCache ? nil : missing })
  }

  @Test(
    "Each action is one job", arguments: Array(ServerKey.Action.allCases.enumerated()))
  func actions(_ number: Int, _ action: ServerKey.Action) {
    let engine = FakeEngine()
    let walker = Walker(.server(engine.context(), Self.queries()))
    for _ in 0..<number { walker.press(.down) }
    walker.walk(to: "run")
    let server = ServerReference(root: "/srv/chat")
    let wanted: any Operation =
      action == .flushCache ? FlushCacheOperation(server) as any Operation : ScriptOperation(server, action.script)
    #expect(engine.begun == wanted)
  }

  @Test("Waiting tasks in queues are a warning and no blocker")
  func queues() {
    let full = Finding(.warning, "queues", "events wait in them: email_senders: 3", remedy: "wait")
    let walker = Walker(.server(FakeEngine().context(), Self.queries(queues: full)))
    #expect(walker.sees("email_senders: 3"))
    walker.walk(to: "run")
  }

  @Test("Without the scripts on this machine their commands are shown")
  func elsewhere() {
    let walker = Walker(.server(FakeEngine().context(), Self.queries(missing: "the server's script is not here")))
    #expect(walker.sees("Not possible: the server's script is not here"))
    #expect(walker.answers.given(ServerKey.action) == .flushCache)
    for _ in 0..<20 { walker.press(.down) }
    #expect(walker.sees("sudo -u aloha start-server"))
  }

  @Test("A stopped server can be started directly")
  func continuations() {
    let walker = Walker(.server(FakeEngine().context(), Self.queries()))
    walker.press(.down)
    walker.walk(to: "run")
    walker.end(.success(FakeWork.summary))
    #expect(
      walker.model.session.continuations.first
        == Continuation("Start it again", .flow("server", given: ["action.which": .text("start")])))
    #expect(
      walker.model.session.flow.commands(walker.answers) == [
        "aloha-wizard server queues --root /srv/chat", "aloha-wizard server stop --root /srv/chat",
      ])
  }

  static let ways = [
    FlowWay("restart", lines: ["", "", "", ""], keys: { _ in }),
    FlowWay("stop", lines: ["2", "", "", ""], keys: { $0.press(.down) }),
  ]

  @Test("The screen, the linear mode and an answers file start the same operation", arguments: ways)
  func threeWays(_ way: FlowWay) throws {
    try way.check { .server($0.context(), Self.queries()) }
  }

  @Test("The screens of all steps are unchanged", arguments: GoldenTests.queries)
  func goldens(_ look: GoldenTests.Look) throws {
    try GoldenTests.expect(.server(FakeEngine().context(), Self.queries()), look, steps: ["action", "review"])
  }
}

@Suite("Starting and stopping the server, on a real server", .serialized)
struct RealServerFlowTests {
  @Test("The server's script runs and its output is reported", arguments: ["stop", "start", "restart"])
  func scripts(_ action: String) throws {
    let real = try RealFlows(messages: 0)
    let text = try real.run(.server(real.context, .real(real.context)), ["action.which": .text(action)])
    #expect(real.scriptLog.contains("[\(action)-server]"))
    #expect(!text.contains("did not work"))
  }
}
