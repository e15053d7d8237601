import Common
import Glibc
import Postgres
import Sandbox
import Synchronization
import Terminal
import Testing

@testable import Administration
@testable import Engine
@testable import Operations
@testable import Transfer
@testable import Wizard

@Suite("The flow that deletes a test import")
struct CleanUpFlowTests {
  static let quiet = OrganizationHistory(
    imported: "2026-11-20 08:30:00+00", created: "2024-02-01 10:00:00+00", messagesSince: 0,
    lastMessage: "2026-11-19 17:45:00+00", activeSessions: 0, recentlyActive: 0, isOnlyOne: false)

  static func queries(_ history: OrganizationHistory = quiet, archive: String? = "/srv/a.tar.gz") -> CleanUpQueries {
    CleanUpQueries(
      history: { _, _ in history },
      rows: { _, _ in [("zerver_realm", 1), ("zerver_usermessage", 98_000), ("zerver_message", 12_480)] },
      archive: { $0 == "harbour" ? archive : nil }, storesFilesInS3: { _ in false })
  }

  private func walker(_ engine: FakeEngine, _ queries: CleanUpQueries = queries()) -> Walker {
    Walker(.cleanUp(engine.context(), queries))
  }

  private func begun(_ engine: FakeEngine) -> DeleteOrganizationOperation.Options? {
    (engine.begun as? DeleteOrganizationOperation)?.options
  }

  @Test("The newest import is proposed for deletion with its rows and files, and requires its typed name")
  func asAdvised() throws {
    let engine = FakeEngine()
    let walker = walker(engine)
    #expect(walker.answers.given(CleanUpKey.organization) == "harbour")
    walker.walk(to: "holds")
    for text in ["by an import, on 2026-11-20", "/srv/a.tar.gz", "zerver_usermessage", "98,000", "nothing was written"]
    {
      #expect(walker.sees(text), "\(text) is missing")
    }
    walker.walk(to: "confirm")
    walker.press(.enter)
    #expect(walker.step == "confirm")
    walker.press(.paste("harbour"))
    #expect(walker.sees("This has to be typed"))
    walker.type("harbor")
    walker.press(.enter)
    #expect(walker.step == "confirm")
    walker.press(.backspace, .backspace)
    walker.type("our")
    walker.walk(to: "review")
    #expect(walker.model.focus != .button(.start))
    walker.begin()
    let options = try #require(begun(engine))
    #expect(options.subdomain == "harbour" && options.confirmation == "harbour" && options.uploads == .ofOrganization)
    #expect(!options.despiteSignsOfLife)
  }

  @Test("Checks and plans contain no confirmation before the name is typed")
  func unconfirmed() {
    let engine = FakeEngine()
    let walker = walker(engine)
    walker.walk(to: "confirm")
    for case let deletion as DeleteOrganizationOperation in engine.state.withLock({ $0.checked }) {
      #expect(deletion.options.confirmation == nil)
    }
    #expect(engine.begun == nil)
  }

  @Test("An organization in use requires an additional confirmation")
  func signsOfLife() throws {
    var history = Self.quiet
    history.messagesSince = 3
    history.activeSessions = 1
    let engine = FakeEngine()
    let walker = walker(engine, Self.queries(history))
    walker.walk(to: "holds")
    #expect(walker.sees("Found: 3 messages written since it was imported; 1 session"))
    walker.press(.enter)
    #expect(walker.step == "holds")
    walker.press(.up, .enter)
    #expect(walker.step == "files")
    walker.walk(to: "confirm")
    walker.type("harbour")
    walker.walk(to: "review")
    walker.begin()
    #expect(begun(engine)?.despiteSignsOfLife == true)
  }

  @Test("Deleting all uploads is offered only if no other organization has files")
  func allUploads() throws {
    let engine = FakeEngine()
    let shared = walker(engine)
    shared.walk(to: "files")
    #expect(shared.sees("Not possible: other organizations of this server have files there"))
    var alone = Self.quiet
    alone.isOnlyOne = true
    let walker = walker(engine, Self.queries(alone))
    walker.walk(to: "files")
    walker.press(.down, .down, .enter)
    walker.type("harbour")
    walker.walk(to: "confirm")
    walker.type("harbour")
    walker.walk(to: "review")
    walker.begin()
    #expect(begun(engine)?.uploads == .everything)
  }

  @Test("Deleting the organization of the root domain requires the host name")
  func rootDomain() throws {
    let engine = FakeEngine()
    let walker = walker(engine)
    walker.press(.down, .enter)
    walker.walk(to: "confirm")
    #expect(walker.sees("Type chat.example.com"))
    walker.type("chat.example.com")
    walker.walk(to: "review")
    walker.begin()
    #expect(begun(engine)?.subdomain == "" && begun(engine)?.confirmation == "")
  }

  @Test("A deleted test import can be imported again with the same answers")
  func continuations() throws {
    let engine = FakeEngine()
    let walker = walker(engine)
    walker.walk(to: "confirm")
    walker.type("harbour")
    walker.walk(to: "review")
    walker.begin()
    walker.end(.success(FakeWork.summary))
    let ways = walker.model.session.continuations
    #expect(
      ways.first
        == Continuation(
          "Import it again",
          .flow("import", given: ["archive.path": .text("/srv/a.tar.gz"), "address.subdomain": .text("harbour")])))
    #expect(ways.contains(Continuation("Delete another one", .flow("clean-up"), proposed: false)))
    #expect(
      walker.model.session.flow.commands(walker.answers) == [
        "aloha-wizard organization delete -r harbour --with-uploads --dry-run --root /srv/chat",
        "aloha-wizard organization delete -r harbour --with-uploads --confirm-delete harbour --root /srv/chat",
      ])
  }

  static let ways = [
    FlowWay(
      "as advised", confirmedName: "harbour", lines: ["", "", "", "", "harbour", "start", ""],
      keys: { walker in
        walker.walk(to: "confirm")
        walker.type("harbour")
      }),
    FlowWay(
      "the root domain, files kept", confirmedName: "chat.example.com",
      lines: ["3", "", "2", "", "chat.example.com", "start", ""],
      keys: { walker in
        walker.press(.down)
        walker.walk(to: "files")
        walker.press(.down)
        walker.walk(to: "confirm")
        walker.type("chat.example.com")
      }),
  ]

  @Test("The screen, the linear mode and an answers file start the same operation", arguments: ways)
  func threeWays(_ way: FlowWay) throws {
    try way.check { engine in
      engine.change { $0.plan.destroys = ["12,480 in zerver_message"] }
      return .cleanUp(engine.context(), Self.queries())
    }
  }

  @Test("The screens of all steps are unchanged", arguments: GoldenTests.queries)
  func goldens(_ look: GoldenTests.Look) throws {
    let engine = FakeEngine()
    engine.change { $0.plan.destroys = ["98,000 in zerver_usermessage", "12,480 in zerver_message"] }
    var history = Self.quiet
    history.messagesSince = 3
    try GoldenTests.expect(
      .cleanUp(engine.context(), Self.queries(history)), look,
      steps: ["organization", "holds", "files", "checks", "confirm", "review"]
    ) { walker, step in
      if step == "holds" { walker.press(.up) }
      if step == "confirm" { walker.type("harbour") }
    }
  }
}

@Suite("The flow that deletes a test import, on a real server", .serialized)
struct RealCleanUpTests {
  private let values: [String: Answer] = [
    "organization.which": .text("bookclub"), "holds.anyway": .flag(true), "files.which": .text("organization"),
  ]

  @Test("A deletion removes rows and files, keeps the internal organization, and empties the cache")
  func deletes() throws {
    let real = try RealFlows()
    let id = try #require(try real.value("SELECT id FROM zerver_realm WHERE string_id = 'bookclub'"))
    let text = try real.run(.cleanUp(real.context, .real(real.context)), values, confirmedName: "bookclub")
    #expect(text.contains("is gone"))
    #expect(try real.value("SELECT string_agg(string_id, ',') FROM zerver_realm") == "alohainternal")
    #expect(try real.value("SELECT count(*) FROM zerver_message") == "0")
    #expect(!FileSystem.exists("\(real.server.uploads)/avatars/\(id)"))
    #expect(real.scriptLog.contains("[flush-memcached]"))
  }

  @Test("Nothing is deleted without the typed name")
  func unconfirmed() throws {
    let real = try RealFlows()
    #expect(throws: (any Error).self) {
      try real.run(.cleanUp(real.context, .real(real.context)), values, confirmedName: "harbour")
    }
    #expect(try real.value("SELECT count(*) FROM zerver_realm WHERE string_id = 'bookclub'") == "1")
  }

  @Test("The archive of an import is known while it exists, and only for its server")
  func archive() throws {
    let real = try RealFlows(messages: 0)
    let root = real.server.root
    let archive = "\(root)/a.tar.gz"
    try FileSystem.replace(archive, with: Array("x".utf8))
    let store = JobStore(root: root)
    let job = try store.make(
      ImportOperation(.init(root: root), .init(subdomain: "tryout", archive: archive)), plan: nil)
    #expect(store.archive(importedInto: root, as: "tryout") == nil, "it has not come to an end")
    let event = EventLine.encode(.finished(Summary(title: "", facts: [], warnings: [], nextSteps: [])))
    try FileSystem.replace("\(job.path)/journal.jsonl", with: Array("\(event)\n".utf8))
    #expect(store.archive(importedInto: root, as: "tryout") == archive)
    #expect(store.archive(importedInto: root, as: "other") == nil)
    #expect(store.archive(importedInto: "/elsewhere", as: "tryout") == nil)
    try FileSystem.removeTree(archive)
    #expect(store.archive(importedInto: root, as: "tryout") == nil)
  }
}
