import Common
import Glibc
import Postgres
import Sandbox
import Terminal
import Testing

@testable import Administration
@testable import Operations
@testable import Wizard

@Suite("Password resets, as a flow")
struct PasswordResetsFlowTests {
  private typealias Key = PasswordResetKey
  private static let server = ServerReference(root: "/srv/chat")

  static let everybody: [PasswordResetQueries.Person] = [
    .init(address: "kai@example.com", name: "Kai", getsMail: true),
    .init(address: "lani@example.com", name: "Lani", getsMail: true, reason: "signs in by other means too: github"),
    .init(address: "old@example.com", name: "Old", getsMail: false, reason: "the account is deactivated"),
  ]

  static func queries(commands: [String] = []) -> PasswordResetQueries {
    PasswordResetQueries(
      people: { _, audience, _ in
        guard case .addresses(let addresses) = audience else { return everybody }
        return addresses.map { address in
          everybody.first { $0.address == address }
            ?? .init(
              address: address, name: "", getsMail: false, reason: "no user of this organization has this address")
        }
      }, preview: { _ in ["From: an address like noreply@chat.example.com", "It says that somebody asked for it."] },
      commands: { _, _, _ in commands })
  }

  private func walker(_ engine: FakeEngine, _ queries: PasswordResetQueries = queries()) -> Walker {
    Walker(.passwordResets(engine.context(), queries))
  }

  @Test("A reset for one address leads on to all users of the organization")
  func oneThenAll() throws {
    let engine = FakeEngine()
    let walker = walker(engine)
    walker.walk(to: "audience")
    walker.press(.enter, .enter)
    #expect(walker.step == "audience")
    #expect(walker.sees("Enter an address"))
    walker.type("kai@example.com")
    walker.walk(to: "preview")
    #expect(walker.sees("noreply@chat.example.com"))
    walker.walk(to: "run")
    #expect(
      engine.begun
        == PasswordResetOperation(
          Self.server, subdomain: "harbour", audience: .addresses(["kai@example.com"]),
          onlyNeverSignedIn: false))
    walker.end(.success(FakeWork.summary))
    let next = try #require(walker.model.session.continuations.first)
    #expect(next.title == "Now all of them" && next.isProposed)
    guard case .flow("password-resets", let given) = next.destination else {
      Issue.record("it leads to \(next.destination)")
      return
    }
    let all = Walker(.passwordResets(engine.context(given: given), Self.queries()), given: GivenAnswers(values: given))
    #expect(all.step == "audience", "the organization is not asked again")
    all.walk(to: "run")
    #expect(
      engine.begun
        == PasswordResetOperation(Self.server, subdomain: "harbour", audience: .everybody, onlyNeverSignedIn: true))
  }

  @Test("The recipients of resets, and the excluded users, are shown with reasons")
  func people() {
    let walker = walker(FakeEngine())
    walker.walk(to: "audience")
    walker.press(.down, .enter)
    walker.walk(to: "people")
    for text in ["2 people", "1: signs in by other means too: github", "1: the account is deactivated", "Kai"] {
      #expect(walker.sees(text), "\(text) is missing")
    }
  }

  @Test("An unknown address stops the flow")
  func stranger() {
    let walker = walker(FakeEngine())
    walker.walk(to: "audience")
    walker.press(.enter)
    walker.type("nobody@example.com")
    walker.walk(to: "people")
    walker.press(.enter)
    #expect(walker.step == "people")
    #expect(walker.sees("no user of this organization has this address"))
  }

  @Test("Without manage.py the exact command is shown")
  func elsewhere() {
    let command = "sudo -u aloha manage.py send_password_reset_email -r harbour -u kai@example.com"
    let walker = walker(FakeEngine(), Self.queries(commands: [command]))
    walker.walk(to: "audience")
    walker.press(.enter)
    walker.type("kai@example.com")
    walker.walk(to: "people")
    #expect(walker.sees("manage.py is not on this machine"))
    #expect(walker.sees("send_password_reset_email"))
  }

  @Test("A deactivated organization cannot be chosen")
  func deactivated() {
    let walker = walker(FakeEngine())
    walker.press(.down)
    #expect(walker.sees("Not possible: it is deactivated"))
  }

  static let ways = [
    FlowWay("one address", lines: ["", "", "kai@example.com", "", "", "", ""]) { walker in
      walker.walk(to: "audience")
      walker.press(.enter)
      walker.type("kai@example.com")
    },
    FlowWay("everybody", lines: ["", "2", "2", "", "", "", ""]) { walker in
      walker.walk(to: "audience")
      walker.press(.down, .enter, .down)
    },
  ]

  @Test("The screen, the linear mode and an answers file start the same operation", arguments: ways)
  func threeWays(_ way: FlowWay) throws {
    try way.check { .passwordResets($0.context(), Self.queries()) }
  }

  @Test("The screens of all steps are unchanged", arguments: GoldenTests.queries)
  func goldens(_ look: GoldenTests.Look) throws {
    try GoldenTests.expect(
      .passwordResets(FakeEngine().context(), Self.queries()), look,
      steps: ["organization", "audience", "people", "preview", "review"]
    ) { walker, step in
      if step == "audience" {
        walker.press(.enter)
        walker.type("kai@example.com")
      }
    }
  }
}

@Suite("Password resets, as a flow on a real server", .serialized)
struct RealPasswordResetsTests {
  @Test("The server's command gets exactly the chosen users")
  func sends() throws {
    let real = try RealFlows()
    let address = try #require(
      try real.value(
        """
        SELECT delivery_email FROM zerver_userprofile u JOIN zerver_realm r ON r.id = u.realm_id
        WHERE r.string_id = 'bookclub' AND u.is_active AND NOT u.is_bot ORDER BY u.id LIMIT 1
        """))
    func flow() -> Flow { .passwordResets(real.context, .real(real.context)) }
    try real.run(
      flow(),
      [
        "organization.which": .text("bookclub"), "audience.who": .text("one"), "audience.address": .text(address),
      ])
    #expect(
      real.scriptLog.contains("[manage.py] [send_password_reset_email] [-r] [bookclub] [-u] [\(address)]"))
    try real.run(
      flow(),
      [
        "organization.which": .text("bookclub"), "audience.who": .text("everybody"), "audience.never": .flag(false),
      ])
    #expect(real.scriptLog.contains("[send_password_reset_email] [-r] [bookclub] [--all-users]"))
    try FileSystem.removeTree("\(real.server.deployment)/manage.py")
    let commands = try PasswordResetQueries.real(real.context).commands("bookclub", .addresses([address]), false)
    #expect(commands.count == 1 && commands[0].contains("manage.py send_password_reset_email -r bookclub -u"))
  }
}
