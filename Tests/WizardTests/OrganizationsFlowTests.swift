import Common
import Glibc
import Postgres
import Sandbox
import Terminal
import Testing

@testable import Administration
@testable import Operations
@testable import Wizard

@Suite("The life of an organization, as a flow")
struct OrganizationsFlowTests {
  private typealias Key = OrganizationsKey
  private static let server = ServerReference(root: "/srv/chat")

  static func queries(sessions: Int = 3, hasCommand: Bool = true) -> OrganizationQueries {
    OrganizationQueries(sessions: { _ in sessions }, hasCommand: { hasCommand })
  }

  private func walker(_ engine: FakeEngine, _ queries: OrganizationQueries = queries()) -> Walker {
    Walker(.organizations(engine.context(), queries))
  }

  @Test("The list shows the state of each organization, and redirects cannot be chosen")
  func list() {
    let engine = FakeEngine()
    engine.change {
      $0.redirects = [3: "https://club.example.com"]
    }
    let walker = walker(engine)
    for text in ["harbour", "12,480", "48.3 MB", "2026-11-22", "active", "redirect"] {
      #expect(walker.sees(text), "\(text) is missing")
    }
    walker.press(.down)
    #expect(walker.sees("Not possible: it is only a redirect to https://club.example.com"))
  }

  @Test("An active organization is deactivated after its consequences were shown")
  func deactivate() {
    let engine = FakeEngine()
    let walker = walker(engine)
    walker.walk(to: "action")
    #expect(walker.sees("Not possible: it is active already"))
    walker.walk(to: "effect")
    #expect(walker.sees("All users are signed out immediately"))
    #expect(walker.sees("3 sessions"))
    walker.walk(to: "run")
    #expect(engine.begun == DeactivateOperation(Self.server, subdomain: "harbour"))
    walker.end(.success(FakeWork.summary))
    #expect(
      walker.model.session.continuations.contains {
        $0.destination
          == .flow(
            "organizations", given: ["organization.which": .text("harbour"), "action.which": .text("reactivate")])
      })
  }

  @Test("Activating is proposed for a deactivated organization")
  func reactivate() {
    let engine = FakeEngine()
    let walker = walker(engine)
    walker.press(.down, .enter)
    #expect(walker.step == "action")
    #expect(walker.sees("Not possible: it is deactivated already"))
    walker.walk(to: "run")
    #expect(engine.begun == ReactivateOperation(Self.server, subdomain: ""))
  }

  @Test("A change of the subdomain offers a redirect if the server's command exists")
  func subdomain() {
    let engine = FakeEngine()
    let walker = walker(engine)
    walker.walk(to: "action")
    walker.press(.down, .down, .enter)
    #expect(walker.step == "address")
    walker.press(.enter, .enter)
    #expect(walker.step == "address")
    #expect(walker.sees("This is its present subdomain"))
    walker.press(.up)
    walker.type("-2")
    walker.walk(to: "run")
    #expect(
      engine.begun
        == ChangeSubdomainOperation(
          Self.server, from: "harbour", to: "harbour-2", leavesRedirect: true, allowsReserved: false))
    #expect(
      walker.model.session.flow.commands(walker.answers) == [
        "aloha-wizard organization change-subdomain -r harbour harbour-2 --root /srv/chat"
      ])
    let without = Walker(.organizations(engine.context(), Self.queries(hasCommand: false)))
    without.walk(to: "action")
    without.press(.down, .down, .enter)
    #expect(without.sees("Not possible: only the server's own command can make one"))
    without.type("2")
    without.walk(to: "run")
    #expect(
      engine.begun
        == ChangeSubdomainOperation(
          Self.server, from: "harbour", to: "harbour2", leavesRedirect: false, allowsReserved: false))
  }

  static let ways = [
    FlowWay("closed", lines: ["", "1", "", "", "start"], keys: { _ in }),
    FlowWay(
      "moved to a reserved name without a redirect", lines: ["", "3", "chat", "y", "2", "", "", "start"],
      keys: { walker in
        walker.walk(to: "action")
        walker.press(.down, .down, .enter, .control("u"))
        walker.type("chat")
        walker.press(.enter, .up, .enter, .down)
      }),
  ]

  @Test("The screen, the linear mode and an answers file start the same operation", arguments: ways)
  func threeWays(_ way: FlowWay) throws {
    try way.check { engine in
      engine.change { $0.plan.destroys = ["Its people's sessions"] }
      return .organizations(engine.context(), Self.queries())
    }
  }

  @Test("The screens of all steps are unchanged", arguments: GoldenTests.queries)
  func goldens(_ look: GoldenTests.Look) throws {
    try GoldenTests.expect(
      .organizations(FakeEngine().context(), Self.queries()), look,
      steps: ["organization", "action", "address", "effect", "review"]
    ) { walker, step in
      if step == "address" {
        walker.type("-2")
      }
    } arriving: { walker, step in
      if step == "address" { walker.press(.down, .down) }
    }
  }
}

@Suite("The life of an organization, as a flow on a real server", .serialized)
struct RealOrganizationsTests {
  @Test("Deactivating, activating and renaming change the database")
  func life() throws {
    let real = try RealFlows()
    func flow() -> Flow { .organizations(real.context, .real(real.context)) }
    func state() throws -> String? {
      try real.value("SELECT string_id || ' ' || deactivated FROM zerver_realm WHERE name LIKE '%Book Club%'")
    }
    let club: [String: Answer] = ["organization.which": .text("bookclub")]
    func values(_ more: [String: Answer]) -> [String: Answer] { club.merging(more) { _, new in new } }
    try real.run(flow(), values(["action.which": .text("deactivate")]))
    #expect(try state() == "bookclub true")
    #expect(throws: (any Error).self) { try real.run(flow(), values(["action.which": .text("deactivate")])) }
    try real.run(flow(), values(["action.which": .text("reactivate")]))
    #expect(try state() == "bookclub false")
    try real.run(
      flow(),
      values([
        "action.which": .text("subdomain"), "address.subdomain": .text("readers"), "address.redirect": .flag(false),
      ]))
    #expect(try state() == "readers false")
  }
}
