import Common
import Synchronization
import Terminal
import Testing

@testable import Administration
@testable import Engine
@testable import Wizard

@Suite("The move as a flow")
struct MoveFlowTests {
  private typealias Key = MoveDecisions.Key

  private func begun(_ servers: FakeEngine) -> MoveDecisions? { servers.begunMove }

  @Test("Enter alone leads to the move with all recommendations")
  func enterAlone() throws {
    let servers = FakeEngine.move()
    let walker = Walker.move(servers)
    walker.walk(to: "run")
    let decisions = try #require(begun(servers))
    #expect(decisions.source == "/source")
    #expect(decisions.target == "/target")
    #expect(decisions.organization == "harbour")
    #expect(decisions.subdomain == "harbour")
    #expect(decisions.archive == "/tmp/move.tar.gz")
    #expect(decisions.deactivates)
    #expect(decisions.secrets == ["camo_key": .copy, "avatar_salt": .keep])
    #expect(!decisions.allowsReserved)
    walker.end(.success(FakeMove.summary))
    #expect(walker.step == "result")
    walker.press(.enter)
    #expect(walker.hasEnded)
  }

  @Test("Checks and plan follow the decided secrets, also after changes from the review")
  func secretsAreChecked() throws {
    let servers = FakeEngine.move()
    let walker = Walker.move(servers)
    walker.walk(to: "review")
    let advised: [String: SettingDecision] = ["camo_key": .copy, "avatar_salt": .keep]
    #expect(servers.moves(\.checked).map(\.secrets) == [advised])
    #expect(servers.moves(\.planned).map(\.secrets) == [advised])
    walker.press(.up, .enter)
    #expect(walker.step == "secrets")
    walker.press(.character(" "), .enter)
    walker.walk(to: "review")
    let changed: [String: SettingDecision] = ["camo_key": .keep, "avatar_salt": .keep]
    #expect(servers.moves(\.checked).map(\.secrets) == [advised, changed])
    #expect(servers.moves(\.planned).map(\.secrets) == [advised, changed])
  }

  @Test("The final text lists results and next steps with commands")
  func plainText() throws {
    let walker = Walker.move(FakeEngine.move())
    #expect(walker.model.session.plainText == nil)
    walker.walk(to: "run")
    walker.end(.success(FakeMove.summary))
    let text = try #require(walker.model.session.plainText)
    #expect(text.contains("Harbour Café 港 is moved"))
    #expect(text.contains("  Address   https://harbour.target.example.com\n"))
    #expect(text.contains("\n  Warning: 3 files were missing\n"))
    #expect(text.contains("\nNext steps:\n  1. Restart the new server:\n       restart-server\n"))
  }

  @Test("A move to another machine creates the archive and lists the commands for there")
  func elsewhere() throws {
    let servers = FakeEngine.move()
    let walker = Walker.move(servers)
    walker.walk(to: "target")
    walker.press(.down, .down, .enter)
    #expect(!walker.sees("Folder of the new server"))
    #expect(!walker.model.session.steps.contains { $0.id == "secrets" })
    #expect(walker.sees("cannot be reached from here"))
    walker.walk(to: "review")
    #expect(
      walker.model.session.flow.commands(walker.answers) == [
        "aloha-wizard export -r harbour --output /tmp/move.tar.gz --deactivate --root /source",
        "aloha-wizard import harbour /tmp/move.tar.gz",
      ])
    walker.walk(to: "run")
    #expect(try #require(begun(servers)).target == nil)
  }

  @Test("Without a new server, another machine over SSH is proposed, and its host is the only answer that is typed")
  func noTarget() throws {
    let servers = FakeEngine.move()
    let walker = Walker.move(servers, target: nil)
    walker.walk(to: "target")
    #expect(walker.answers.given(Key.place) == .remote)
    walker.press(.enter)
    walker.type("root@chat.example.com:2222/srv/x")
    #expect(walker.sees("This is ssh://root@chat.example.com:2222/srv/x"))
    walker.press(.enter)
    #expect(walker.model.session.steps.contains { $0.id == "secrets" })
    walker.walk(to: "review")
    #expect(
      walker.model.session.flow.commands(walker.answers) == [
        "aloha-wizard move -r harbour --to ssh://root@chat.example.com:2222/srv/x --subdomain harbour-2 --deactivate "
          + "--copy-secret camo_key --copy-program --root /source"
      ])
    walker.walk(to: "run")
    let decisions = try #require(begun(servers))
    #expect(decisions.target == "ssh://root@chat.example.com:2222/srv/x" && decisions.copiesProgram == true)
  }

  @Test("An invalid host is refused while it is typed", arguments: ["-oProxyCommand=x", "ho st", "host:0", "ssh://"])
  func invalidHost(_ host: String) {
    let walker = Walker.move(FakeEngine.move(), target: nil)
    walker.walk(to: "target")
    walker.press(.enter)
    walker.type(host)
    walker.press(.enter, .enter)
    #expect(walker.model.session.step.id == "target")
    #expect(walker.sees("not the address of a server"))
  }

  @Test("A deactivated organization is moved without a question and activated on the new server")
  func deactivatedAlready() throws {
    let servers = FakeEngine.move()
    let walker = Walker.move(servers)
    walker.walk(to: "organization")
    walker.press(.down, .enter)
    #expect(!walker.model.session.steps.contains { $0.id == "deactivate" })
    walker.walk(to: "address")
    #expect(walker.sees("(root domain)"))
    #expect(walker.sees("People will open https://target.example.com"))
    walker.walk(to: "run")
    let decisions = try #require(begun(servers))
    #expect(decisions.wasDeactivated)
    #expect(!decisions.deactivates)
    #expect(decisions.subdomain == "")
    #expect(
      MoveOperation(decisions).commands.map(\.text) == [
        "aloha-wizard export -r '' --output /tmp/move.tar.gz --root /source",
        "aloha-wizard import '' /tmp/move.tar.gz --root /target",
        "aloha-wizard settings copy --from /source --migration import --without-advice --set camo_key=copy "
          + "--root /target",
        "aloha-wizard organization reactivate -r '' --root /target",
      ])
  }

  @Test("Default answers follow their dependencies, and given answers stay")
  func presetsFollow() {
    let walker = Walker.move(FakeEngine.move())
    walker.walk(to: "address")
    #expect(walker.answers.given(Key.subdomain) == "harbour")
    walker.press(.escape, .escape)
    #expect(walker.step == "organization")
    walker.press(.down, .enter)
    walker.walk(to: "address")
    #expect(walker.answers.given(Key.subdomain) == "")
    walker.type("mine")
    walker.press(.escape, .escape)
    walker.press(.up, .enter)
    walker.walk(to: "address")
    #expect(walker.answers.given(Key.subdomain) == "mine")
  }

  @Test("A reserved subdomain needs a decision unless it is unchanged")
  func reserved() throws {
    let servers = FakeEngine.move()
    servers.change { $0.organizations[1].subdomain = "chat" }
    let walker = Walker.move(servers)
    walker.walk(to: "address")
    #expect(walker.sees("Use it anyway?"))
    #expect(walker.answers.given(Key.reserved) == true)
    walker.press(.control("u"))
    walker.type("www")
    #expect(walker.answers.given(Key.reserved) == false)
    walker.press(.enter, .enter)
    #expect(walker.step == "address")
    #expect(walker.sees("Choose another subdomain"))
    walker.press(.up, .enter)
    #expect(walker.step == "deactivate")
    walker.walk(to: "run")
    #expect(try #require(begun(servers)).allowsReserved)
    #expect(
      begun(servers).map { MoveOperation($0).commands[1].words.joined(separator: " ") }?.hasSuffix(
        " --allow-reserved-subdomain") == true)
  }

  @Test("The old server cannot be the new one, in any notation of its folder")
  func sameServer() {
    let walker = Walker.move(FakeEngine.move(), target: "/./source//")
    walker.walk(to: "target")
    walker.press(.enter, .enter, .enter)
    #expect(walker.step == "target")
    #expect(walker.sees("this is the server that the organization is on now"))
  }

  @Test("A server without an organization offers other goals")
  func nothingToMove() {
    let servers = FakeEngine.move()
    servers.change { $0.organizations = [$0.organizations[0]] }
    let walker = Walker.move(servers)
    walker.walk(to: "organization")
    #expect(walker.sees("there is no organization on this server that could move"))
    #expect(walker.sees("Try again"))
    walker.press(.down)
    walker.press(.enter)
    #expect(walker.step == "source")
  }

  @Test("The plan on the screen follows the decision to stop the new server, also after a change from the review")
  func planFollowsStop() {
    var queries = FakeEngine.move().moveQueries
    queries.memory = { 300 << 20 }
    let servers = FakeEngine.move()
    let walker = Walker(.move(servers.moveContext(), queries, archive: "/tmp/move.tar.gz"))
    walker.walk(to: "review")
    #expect(servers.moves(\.planned).map(\.stopsTarget) == [true])
    let shown = { walker.model.session.lookupResult(of: walker.model.session.step)?.plan?.phases.map(\.title) ?? [] }
    #expect(shown().contains("Stop the new server"))
    for _ in 0..<12 where !walker.focusedLine.contains("During the import") { walker.press(.up) }
    walker.press(.enter)
    #expect(walker.step == "memory")
    walker.press(.down, .enter)
    walker.walk(to: "review")
    #expect(!shown().contains("Stop the new server"))
  }

  @Test("With little memory, stopping the new server is proposed")
  func scarceMemory() throws {
    let servers = FakeEngine.move()
    var queries = servers.moveQueries
    queries.memory = { 300 << 20 }
    let walker = Walker(.move(servers.moveContext(), queries, archive: "/tmp/move.tar.gz"))
    walker.walk(to: "memory")
    #expect(walker.sees("of memory are available here."))
    walker.walk(to: "run")
    #expect(try #require(begun(servers)).stopsTarget)
    #expect(
      begun(servers).map { MoveOperation($0).commands[1].words.joined(separator: " ") }?.hasSuffix(" --stop-server")
        == true)
    queries.memory = { 8 << 30 }
    let rich = Walker(.move(servers.moveContext(), queries, archive: "/tmp/move.tar.gz"))
    rich.walk(to: "run")
    #expect(try #require(begun(servers)).stopsTarget == false)
  }

  @Test("Control characters from a database never reach the terminal")
  func hostileNames() {
    let servers = FakeEngine.move()
    servers.change { $0.organizations[1].name = "A\u{1B}[31m\u{202E}B" }
    let walker = Walker.move(servers)
    walker.walk(to: "organization")
    #expect(!walker.screen.contains("\u{1B}"))
    #expect(!walker.screen.contains("\u{202E}"))
  }

  @Test("Answers are written and read back unchanged")
  func answersAsText() throws {
    let walker = Walker.move(FakeEngine.move())
    walker.walk(to: "review")
    let data = try JSONAnswers.encode(walker.answers)
    #expect(data.contains(#""organization.which":"harbour""#))
    #expect(data.contains(#""deactivate.old":true"#))
    let again = try JSONAnswers.decode(data)
    #expect(MoveDecisions(again).secrets == MoveDecisions(walker.answers).secrets)
    #expect(again[Key.deactivate])
  }

  @Test("Printed commands can be pasted into a shell")
  func quoting() {
    #expect(ShellWord.quoted("/tmp/a-b_c.tar.gz") == "/tmp/a-b_c.tar.gz")
    #expect(ShellWord.quoted("") == "''")
    #expect(ShellWord.quoted("it's $HOME") == #"'it'\''s $HOME'"#)
    #expect(ShellWord.quoted("é") == "'é'")
  }
}
