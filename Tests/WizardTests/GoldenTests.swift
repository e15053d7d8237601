import Common
import Terminal
import Testing

@testable import Operations
@testable import Server
@testable import Wizard

/// The main screens in the relevant sizes.
@Suite("Screens")
struct GoldenTests {
  struct Look: Sendable, CustomTestStringConvertible {
    let name: String
    let size: Size
    let glyphs: Glyphs
    var testDescription: String { name }
  }

  static let queries = [
    Look(name: "80x24", size: Size(columns: 80, rows: 24), glyphs: .unicode),
    Look(name: "60x16", size: Size(columns: 60, rows: 16), glyphs: .ascii),
    Look(name: "120x40", size: Size(columns: 120, rows: 40), glyphs: .unicode),
  ]

  private func walker(_ look: Look, _ servers: FakeEngine = FakeEngine.move()) -> Walker {
    .move(servers, size: look.size, glyphs: look.glyphs)
  }

  @Test("The screens of the move are unchanged", arguments: queries)
  func steps(_ look: Look) throws {
    let walker = walker(look)
    for step in [
      "welcome", "source", "organization", "target", "address", "deactivate", "secrets", "checks", "review",
    ] {
      walker.walk(to: step)
      try Golden.expect(walker.model.picture, "\(step)-\(look.name)")
    }
  }

  @Test("The screen of an ambiguous path is unchanged", arguments: queries)
  func paths(_ look: Look) throws {
    let walker = walker(look)
    walker.walk(to: "source")
    walker.answersAtOnce = false
    walker.press(.control("u"))
    walker.type("/srv/")
    walker.press(.tab)
    let names = ["aloha", "backups", "containers", "data", "exports", "mail", "www"]
    walker.send(.events(.listed(ticket: 1, PathListing("/srv/", names.map { .init(name: $0, isFolder: true) }))))
    walker.press(.down, .down)
    try Golden.expect(walker.model.picture, "paths-\(look.name)")
  }

  @Test("The screen of a filtered table is unchanged", arguments: queries)
  func filter(_ look: Look) throws {
    let servers = FakeEngine.move()
    servers.change { state in
      state.organizations += (Int64(10)..<600).map {
        Organization(
          id: $0, subdomain: "team-\($0)", name: "Team \($0)", isDeactivated: $0 % 3 == 0, activeUsers: Int($0),
          messages: Int($0) * 17, isInternal: false)
      }
    }
    let walker = walker(look, servers)
    walker.walk(to: "organization")
    walker.press(.character("/"))
    walker.type("team-41")
    walker.press(.down)
    try Golden.expect(walker.model.picture, "filter-\(look.name)")
  }

  @Test("The screen of a diff is unchanged", arguments: queries)
  func difference(_ look: Look) throws {
    let walker = Walker(DifferenceTests.flow(DifferenceTests.difference), size: look.size, glyphs: look.glyphs)
    try Golden.expect(walker.model.picture, "difference-\(look.name)")
  }

  @Test("The screens of a running and a finished operation are unchanged", arguments: queries)
  func running(_ look: Look) throws {
    let walker = walker(look)
    walker.walk(to: "run")
    walker.tell(.phaseStarted(id: "export.messages", title: "Export messages", total: 12_480, unit: .messages))
    walker.tell(.advanced(id: "export.messages", done: 3_000, total: 12_480, unit: .messages), after: .seconds(1))
    walker.tell(.warning("The file 12/ab/cat.png is missing"))
    walker.tell(.advanced(id: "export.messages", done: 6_000, total: 12_480, unit: .messages), after: .seconds(1))
    try Golden.expect(walker.model.picture, "run-\(look.name)")
    walker.press(.escape)
    try Golden.expect(walker.model.picture, "stop-\(look.name)")
    walker.press(.escape, .control("o"))
    try Golden.expect(walker.model.picture, "log-\(look.name)")
    walker.press(.escape)
    walker.end(.success(FakeMove.summary))
    try Golden.expect(walker.model.picture, "result-\(look.name)")
  }

  @Test(
    "The screens of a blocker, an error, the help and the question before leaving are unchanged", arguments: queries)
  func troubles(_ look: Look) throws {
    let servers = FakeEngine.move()
    let walker = walker(look, servers)
    walker.walk(to: "deactivate")
    servers.change {
      $0.findings.append(
        Finding(.blocker, "subdomain", "'harbour' is in use on this server", remedy: "choose another subdomain"))
    }
    walker.walk(to: "checks")
    walker.press(.enter)
    try Golden.expect(walker.model.picture, "blocked-\(look.name)")
    walker.press(.character("?"))
    try Golden.expect(walker.model.picture, "help-\(look.name)")
    walker.press(.escape, .control("c"))
    try Golden.expect(walker.model.picture, "leave-\(look.name)")
    walker.press(.enter)
    servers.change { $0.findings.removeLast() }
    walker.press(.character("r"))
    walker.walk(to: "run")
    walker.end(
      .failure(
        Trouble(
          PlainFailure(
            .connection, "the database of the new server", "it went away in the middle of the import",
            remedy: "start PostgreSQL there, then try again"))))
    try Golden.expect(walker.model.picture, "failed-\(look.name)")
  }
}
