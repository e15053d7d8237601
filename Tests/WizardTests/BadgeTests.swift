import Common
import Engine
import Glibc
import Operations
import Sandbox
import Testing

@testable import Wizard

/// The badge of servers that this program made, and of others.
@Suite("The badge TEST")
struct BadgeTests {
  private func context(_ root: String?, target: String? = nil, inProcess: Bool = false) -> FlowContext {
    var options = WizardOptions()
    options.source = root
    options.target = target
    options.runsInThisProcess = inProcess
    return FlowFactory(options).context()
  }

  private func unmarked() throws -> String {
    let server = try RealFlows(messages: 0).server
    for name in try FileSystem.names(in: server.root) where name.hasPrefix(".") {
      try FileSystem.removeTree("\(server.root)/\(name)")
    }
    return server.root
  }

  @Test("A throw-away server has the badge in every wizard, through a link too; the machine's own server never has it")
  func badge() throws {
    let server = try RealFlows(messages: 0).server
    let link = "\(server.root)-link"
    #expect(symlink(server.root, link) == 0)
    for root in [server.root, link, "\(server.root)/etc/../"] {
      #expect(context(root).badge == .test, "\(root)")
      #expect(context(root).root == server.root, "\(root)")
    }
    #expect(context(nil).badge == .production)
    #expect(try context(unmarked(), inProcess: true).badge == .production, "how operations run is no sign")
  }

  @Test("A flow about the other server has the badge of that server")
  func otherServer() throws {
    let (old, new) = (try unmarked(), try RealFlows(messages: 0).server.root)
    var options = WizardOptions()
    options.source = old
    options.target = new
    let other = FlowFactory(options).context(given: [FlowContext.serverKey: .text("\(new)/.")])
    #expect(other.root == new)
    #expect(other.target == old)
    #expect(other.badge == .test)
    #expect(FlowFactory(options).context().badge == .production)
  }

  @Test("A server's overview says that it is a throw-away server")
  func overview() throws {
    let server = try RealFlows(messages: 0).server
    let overview = try FlowEngine.real(brand: nil).overview(server.root, Cancellation())
    #expect(overview.isTest == true)
    #expect(overview.facts.contains { $0.value.hasPrefix("TEST") })
    let other = try FlowEngine.real(brand: nil).overview(unmarked(), Cancellation())
    #expect(other.isTest == false)
    #expect(!other.facts.contains { $0.value.hasPrefix("TEST") })
  }

  @Test("A move has the badge only between two throw-away servers")
  func move() {
    typealias Key = MoveDecisions.Key
    func badge(_ source: String?, _ target: String?, isTest: Bool = true, place: String = "here") -> Flow.Badge {
      let servers = FakeEngine.move()
      let flow = Flow.move(servers.moveContext(isTest: isTest), servers.moveQueries, archive: "/tmp/a.tar.gz")
      var answers = Answers([Key.place.name: .text(place)])
      if let source { answers.set(details: ["kind": source], for: Key.source.name) }
      if let target { answers.set(details: ["kind": target], for: Key.target.name) }
      return flow.badge(answers)
    }
    #expect(badge(nil, nil) == .test)
    #expect(badge(nil, nil, isTest: false) == .production)
    #expect(badge("TEST", "TEST", isTest: false) == .test)
    #expect(badge("TEST", "PRODUCTION") == .production)
    #expect(badge("PRODUCTION", "TEST") == .production)
    #expect(badge("TEST", "PRODUCTION", place: "elsewhere") == .test)
  }

  @Test("The step of the new server refuses a link to the old one")
  func sameServer() throws {
    let server = try RealFlows(messages: 30).server
    let link = "\(server.root)-link"
    #expect(symlink(server.root, link) == 0)
    let context = context(server.root, target: link)
    let flow = Flow.move(context, .real(brand: nil), archive: "/tmp/a.tar.gz")
    let step = try #require(flow.steps.first { $0.id == "target" })
    let lookup = try #require(step.lookup)
    let answers = Answers([
      "source.root": .text(server.root), "target.place": .text("here"), "target.root": .text(link),
    ])
    let findings = try lookup.find(answers, CheckObserver()).findings
    #expect(findings.map(\.severity) == [.blocker])
    let other = "\(server.root)-other"
    try FileSystem.makeFolder("\(other)/etc")
    #expect(symlink("\(server.root)/etc/aloha", "\(other)/etc/aloha") == 0)
    var second = answers
    second["target.root"] = .text(other)
    #expect(try lookup.find(second, CheckObserver()).findings.map(\.subject) == ["new server"])
  }
}
