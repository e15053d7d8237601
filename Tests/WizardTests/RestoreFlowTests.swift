import Common
import Postgres
import Sandbox
import Terminal
import Testing

@testable import Operations
@testable import WholeServer
@testable import Wizard

@Suite("Restoring a server")
struct RestoreFlowTests {
  private static func flow(_ engine: FakeEngine, _ queries: BackupQueries = BackupFakes.queries()) -> Flow {
    .restore(engine.context(), queries)
  }

  private static func options(_ job: (any Operation)?) -> RestoreOptions? {
    guard let restore = job as? RestoreOperation, restore.server.root == "/srv/chat" else { return nil }
    return restore.options
  }

  /// Types the server's name, which is required to replace its state.
  private static func confirm(_ walker: Walker) {
    walker.walk(to: "agree")
    walker.type("chat.example.com")
  }

  // MARK: The same decisions in three ways

  static let ways = [
    FlowWay(
      "the newest backup, as advised", confirmedName: "chat.example.com",
      lines: ["", "", "", "", "", "", "chat.example.com", ""]
    ) { walker in
      confirm(walker)
    },
    FlowWay(
      "another one, encrypted, keeping the settings", confirmedName: "chat.example.com",
      lines: ["", "", "4", "/mnt/b.tar.gz.age", "/mnt/key", "", "3", "", "chat.example.com", ""]
    ) { walker in
      walker.walk(to: "backup")
      walker.press(.down, .down, .down, .enter)
      walker.type("/mnt/b.tar.gz.age")
      walker.walk(to: "key")
      walker.type("/mnt/key")
      walker.walk(to: "settings")
      walker.press(.down, .down, .enter)
      confirm(walker)
    },
    FlowWay(
      "parts put aside by hand", confirmedName: "chat.example.com",
      lines: ["", "2", "/mnt/dump.sql.gz", "", "/mnt/uploads", "", "2", "", "chat.example.com", ""]
    ) { walker in
      walker.walk(to: "source")
      walker.press(.down, .enter)
      walker.type("/mnt/dump.sql.gz")
      walker.walk(to: "uploads")
      walker.type("/mnt/uploads")
      walker.walk(to: "settings")
      walker.press(.down, .enter)
      confirm(walker)
    },
    FlowWay(
      "a copy of a container's volume", confirmedName: "chat.example.com",
      lines: ["", "3", "/mnt/data", "/mnt/dump.sql", "", "2", "", "chat.example.com", ""]
    ) { walker in
      walker.walk(to: "source")
      walker.press(.down, .down, .enter)
      walker.type("/mnt/data")
      walker.walk(to: "dump")
      walker.type("/mnt/dump.sql")
      walker.walk(to: "settings")
      walker.press(.down, .enter)
      confirm(walker)
    },
  ]

  @Test("The screen, the linear mode and an answers file start the same restore", arguments: ways)
  func alike(way: FlowWay) throws {
    let options = try #require(Self.options(try way.check { Self.flow($0) }))
    switch way.testDescription {
    case "the newest backup, as advised":
      #expect(options == RestoreOptions(archive: BackupFakes.newest.path))
    case "a copy of a container's volume":
      #expect(options.source == .manual(ManualBackup(database: "/mnt/dump.sql", data: "/mnt/data")))
    case "parts put aside by hand":
      #expect(options.source == .manual(ManualBackup(database: "/mnt/dump.sql.gz", uploads: "/mnt/uploads")))
      #expect(options.keepsConfiguration && !options.keepsSettings)
    default:
      #expect(options.source == .archive("/mnt/b.tar.gz.age"))
      #expect(options.identity == "/mnt/key" && options.keepsSettings)
    }
  }

  // MARK: Data that is newer than the backup

  static let newerWays = [
    FlowWay(
      "newer data, exported first", confirmedName: "chat.example.com",
      lines: ["", "", "", "", "", "", "", "", "chat.example.com", "", ""]
    ) { walker in
      walker.walk(to: "newer")
      #expect(walker.sees("1,204 messages, 3 people and 17 files are newer than this backup"))
      confirm(walker)
    },
    FlowWay(
      "newer data, exported into a folder", confirmedName: "chat.example.com",
      lines: ["", "", "", "", "", "", "/mnt/large", "", "chat.example.com", "", ""]
    ) { walker in
      walker.walk(to: "newer")
      walker.press(.enter)
      walker.type("/mnt/large")
      confirm(walker)
    },
    FlowWay(
      "newer data, not exported", confirmedName: "chat.example.com",
      lines: ["", "", "", "", "", "2", "", "chat.example.com", "", ""]
    ) { walker in
      walker.walk(to: "newer")
      walker.press(.down, .enter)
      confirm(walker)
    },
  ]

  private static func newerFlow(_ engine: FakeEngine) -> Flow {
    engine.change { $0.findings.append(BackupFakes.newer) }
    return flow(engine, BackupFakes.queries(outlook: BackupFakes.newerOutlook))
  }

  @Test(
    "Newer data requires the server's name, and an export is recommended", arguments: newerWays)
  func newerData(way: FlowWay) throws {
    let options = try #require(Self.options(try way.check { Self.newerFlow($0) }))
    switch way.testDescription {
    case "newer data, exported first": #expect(options.exportFirst == .init())
    case "newer data, not exported": #expect(options.exportFirst == nil)
    default: #expect(options.exportFirst == .init(folder: "/mnt/large"))
    }
  }

  @Test("Newer data is visible where the name is typed")
  func newerSentence() throws {
    let walker = Walker(Self.newerFlow(FakeEngine()))
    walker.walk(to: "agree")
    #expect(walker.sees("1,204 messages, 3 people and 17 files are newer"))
    walker.press(.enter)
    #expect(walker.step == "agree")
    walker.type("chat.example.org")
    walker.press(.enter)
    #expect(walker.step == "agree")
    #expect(walker.model.session.flow.commands(walker.answers)[0].contains("--export-first"))

    var walk = LinearWalk(Self.newerFlow(FakeEngine()), ["", "", "", "", "", "", "", "", "chat.example.com", "", ""])
    _ = try walk.runner.run()
    let said = walk.script.transcript
    let question = try #require(said.ranges(of: "Type the name of this server").last?.lowerBound)
    let sentence = try #require(said[..<question].ranges(of: "1,204 messages").last?.lowerBound)
    #expect(said[sentence..<question].split(separator: "\n").count < 6, "\(said[sentence..<question])")
  }

  @Test("An answers file alone does not confirm a restore")
  func newerUnattended() throws {
    let walker = Walker(Self.newerFlow(FakeEngine()))
    walker.walk(to: "agree")
    let file = try AnswersFile.parse(walker.model.session.answersText, path: "a.toml")
    let engine = FakeEngine()
    var runner = AnswersRunner(
      Self.newerFlow(engine), given: GivenAnswers(values: file.values), options: .init(path: "a.toml", destroys: true),
      voice: LinearVoice(conversation: Script([]), width: nil), executor: PromptExecutor())
    let failure = #expect(throws: PlainFailure.self) { try runner.run() }
    #expect(failure?.reason.contains("--confirm-delete chat.example.com") == true)
    #expect(engine.begun == nil)
  }

  @Test("A backup of another host asks for the host name")
  func hostNames() throws {
    for (choice, expected) in [("backup", nil), ("own", "new.example.com"), ("other", "third.example.com")] {
      let engine = FakeEngine()
      let walker = Walker(Self.flow(engine, BackupFakes.queries(outlook: BackupFakes.outlook(own: "new.example.com"))))
      walker.walk(to: "host")
      #expect(walker.sees("EXTERNAL_HOST in its settings") && walker.sees("new.example.com"))
      if choice != "backup" { walker.press(.down) }
      if choice == "other" {
        walker.press(.down, .enter)
        walker.type("https://x")
        #expect(walker.sees("without https://"))
        walker.press(.control("u"))
        walker.type("third.example.com")
      }
      walker.press(.enter)
      Self.confirm(walker)
      walker.walk(to: "review")
      walker.begin()
      #expect(Self.options(engine.begun)?.externalHost == expected)
      if let expected {
        #expect(walker.model.session.flow.commands(walker.answers)[0].contains("--external-host \(expected)"))
      }
    }
  }

  @Test("Kept settings, or an equal host name, need no question")
  func noHostQuestion() {
    let same = Walker(Self.flow(FakeEngine()))
    same.walk(to: "agree")
    #expect(!same.model.session.steps.contains { $0.id == "host" || $0.id == "version" })
    let queries = BackupFakes.queries(outlook: BackupFakes.outlook(own: "new.example.com"))
    let kept = Walker(Self.flow(FakeEngine(), queries))
    kept.walk(to: "settings")
    kept.press(.down, .down, .enter)
    #expect(kept.step == "checks")
  }

  @Test("Lost settings cannot be kept, with the reason")
  func lostSettings() {
    let queries = BackupFakes.queries(outlook: BackupFakes.outlook(own: nil, ownSettings: false))
    let walker = Walker(Self.flow(FakeEngine(), queries))
    walker.walk(to: "settings")
    #expect(walker.sees("Not possible: this server has none of its own"))
    walker.press(.down, .down, .enter)
    #expect(walker.step == "settings")
  }

  @Test("Another version stops the flow until the operator accepts the risk")
  func versions() {
    let engine = FakeEngine()
    let walker = Walker(
      Self.flow(engine, BackupFakes.queries(outlook: BackupFakes.outlook(version: BackupFakes.otherVersion))))
    walker.walk(to: "version")
    #expect(walker.sees("The backup is of 9.1, this server is 9.0."))
    walker.press(.enter, .enter, .enter)
    #expect(walker.step == "version" && walker.sees("Install the backup's version"))
    walker.press(.up, .enter)
    Self.confirm(walker)
    walker.walk(to: "review")
    walker.begin()
    #expect(Self.options(engine.begun)?.ignoresVersions == true)
  }

  @Test("At least one part saved by hand is required")
  func noParts() {
    let walker = Walker(Self.flow(FakeEngine()))
    walker.walk(to: "source")
    walker.press(.down, .enter, .enter, .enter, .enter, .enter)
    #expect(walker.step == "uploads" && walker.sees("All three steps are empty"))
  }

  @Test("The path is asked for if no backup is found")
  func nothingFound() {
    let walker = Walker(Self.flow(FakeEngine(), BackupFakes.queries(found: [])))
    walker.walk(to: "backup")
    #expect(walker.sees("no backup was found in the usual folders"))
    walker.press(.enter)
    walker.type("~nobody-such/backup.tar.gz")
    #expect(walker.sees("There is no user nobody-such"))
  }

  // MARK: A partial backup

  @Test(
    "A partial backup requires an explicit decision without a preset"
  )
  func partial() {
    let engine = FakeEngine()
    let holdings = BackupHoldings([.uploads, .settings])
    let walker = Walker(Self.flow(engine, BackupFakes.queries(outlook: BackupFakes.outlook(holdings: holdings))))
    walker.walk(to: "partial")
    #expect(walker.sees("partial: without the database"))
    walker.press(.enter, .enter)
    #expect(walker.step == "partial", "No is what is chosen")
    walker.press(.up)
    Self.confirm(walker)
    walker.walk(to: "review")
    walker.begin()
    guard let options = (engine.begun as? RestoreOperation)?.options else {
      Issue.record("no restore was begun")
      return
    }
    #expect(options.allowsPartial)
  }

  // MARK: A damaged backup

  @Test("A damaged backup requires an explicit decision without a preset")
  func damaged() {
    let engine = FakeEngine()
    let outlook = BackupFakes.outlook(damage: "the archive is damaged: it ends in the middle, at byte 60000")
    let walker = Walker(Self.flow(engine, BackupFakes.queries(outlook: outlook)))
    walker.walk(to: "damage")
    #expect(walker.sees("The file is damaged") && walker.sees("60000"))
    walker.press(.enter, .enter)
    #expect(walker.step == "damage", "No is what is chosen")
    walker.press(.up)
    Self.confirm(walker)
    walker.walk(to: "review")
    #expect(walker.model.session.flow.commands(walker.answers)[0].contains(" --salvage"))
    walker.begin()
    #expect(Self.options(engine.begun)?.salvages == true)
  }

  // MARK: An earlier restore

  @Test(
    "An earlier restore is shown first, with possible actions and the reasons against others",
    arguments: [
      (
        RestoreRecord.Stage.preparing, ClearRestoreOperation(.init(root: "/srv/chat")) as any Operation,
        ["rollBack", "discard"]
      ),
      (.stopped, ClearRestoreOperation(.init(root: "/srv/chat")), ["rollBack", "discard"]),
      (.swapping, ResumeRestoreOperation(.init(root: "/srv/chat")), ["discard", "restoreAnew"]),
      (.swapped, ResumeRestoreOperation(.init(root: "/srv/chat")), ["discard", "restoreAnew"]),
      (.rollingBack, ResumeRestoreOperation(.init(root: "/srv/chat")), ["discard", "restoreAnew"]),
      (.discarding, ResumeRestoreOperation(.init(root: "/srv/chat")), ["rollBack", "restoreAnew"]),
      (
        .finished, RestoreOperation(.init(root: "/srv/chat"), RestoreOptions(archive: BackupFakes.newest.path)),
        ["resume"]
      ),
      (
        .rolledBack, RestoreOperation(.init(root: "/srv/chat"), RestoreOptions(archive: BackupFakes.newest.path)),
        ["resume", "rollBack"]
      ),
    ])
  func earlier(stage: RestoreRecord.Stage, advised: any Operation, impossible: [String]) throws {
    let engine = FakeEngine()
    let walker = Walker(Self.flow(engine, BackupFakes.queries(record: BackupFakes.record(stage))))
    #expect(walker.step == "earlier")
    guard case .choice(let options)? = walker.model.session.fields.first?.kind else { return }
    #expect(options.filter { $0.disabled != nil }.map(\.id) == impossible)
    #expect(options.allSatisfy { ($0.disabled ?? $0.detail)?.isEmpty == false })
    if advised is RestoreOperation { Self.confirm(walker) }
    walker.walk(to: "review")
    walker.begin()
    #expect(engine.begun == advised)
  }

  @Test("A roll back is offered by the restore's result and requires the server's name")
  func rollBack() {
    let engine = FakeEngine()
    let queries = BackupFakes.queries(record: BackupFakes.record(.finished))
    let given = GivenAnswers(values: [RestoreAnswers.Key.followUp.name: .text("rollBack")])
    let walker = Walker(Self.flow(engine, queries), given: given)
    // The step with a warning is not skipped.
    #expect(walker.step == "checks")
    walker.walk(to: "agree")
    walker.press(.enter, .enter)
    #expect(walker.step == "agree")
    walker.type("chat.example.com")
    walker.walk(to: "review")
    walker.begin()
    #expect(engine.begun == RollBackOperation(.init(root: "/srv/chat")))
  }

  @Test("Enter alone never starts a restore")
  func enterAlone() {
    let engine = FakeEngine()
    let walker = Walker(Self.flow(engine))
    walker.walk(to: "agree")
    #expect(walker.sees("The backup replaces the present state"))
    for _ in 0..<10 { walker.press(.enter) }
    #expect(walker.step == "agree" && engine.begun == nil)
  }

  @Test("Discarding the kept state requires the server's name")
  func discard() {
    let engine = FakeEngine()
    let walker = Walker(Self.flow(engine, BackupFakes.queries(record: BackupFakes.record(.finished))))
    walker.press(.up, .enter)
    walker.walk(to: "confirm")
    #expect(walker.sees("database aloha_before_20261123_083000"))
    walker.type("chat.example.co")
    walker.press(.enter)
    #expect(walker.step == "confirm")
    walker.type("m")
    walker.walk(to: "review")
    walker.begin()
    #expect(engine.begun == DiscardRestoreOperation(.init(root: "/srv/chat")))
  }

  @Test("An inspected backup leads to its rehearsal and restore")
  func inspected() {
    let flow = InspectFlow(FakeEngine().context(), ArchiveFlowsTests.reader) { _, _, _ in FakeWork() }.flow
    let walker = Walker(flow)
    walker.type("/srv/backup.tar.gz")
    walker.walk(to: "run")
    walker.end(.success(FakeWork.summary))
    let given = BackupStep.given("/srv/backup.tar.gz")
    let source: [String: Answer] = [RestoreAnswers.Key.source.name: .text(RestoreAnswers.backup)]
    #expect(
      walker.model.session.continuations.map(\.destination).prefix(2) == [
        .flow("rehearse", given: given), .flow("restore", given: given.merging(source) { $1 }),
      ])
  }

  // MARK: Screens

  @Test("The screens of all steps are unchanged", arguments: GoldenTests.queries)
  func goldens(_ look: GoldenTests.Look) throws {
    let queries = BackupFakes.queries(
      outlook: BackupFakes.outlook(own: "new.example.com", version: BackupFakes.otherVersion))
    try GoldenTests.expect(
      Self.flow(FakeEngine(), queries), look,
      steps: ["welcome", "source", "backup", "contents", "version", "settings", "host", "checks", "agree", "review"]
    ) { walker, step in
      if step == "version" { walker.press(.up, .character(" ")) }
      if step == "agree" { walker.type("chat.example.com") }
    }
    let interrupted = BackupFakes.queries(record: BackupFakes.record(.swapping))
    try GoldenTests.expect(Self.flow(FakeEngine(), interrupted), look, steps: ["earlier"])
  }

  // MARK: Real servers

  @Test("The flow restores a lost server and rolls back")
  func forReal() throws {
    let real = try RealFlows()
    let archive = "\(real.server.root)/aloha-backup-2026-11-23-03-30-00-Ab3dE6gH.tar.gz"
    try real.run(
      .backUp(real.context, .real),
      [
        "what.wish": .text("now"), "content.parts": .list(["database", "uploads"]), "encryption.how": .text("none"),
        "place.output": .text(archive),
      ])
    let count = "SELECT count(*) FROM zerver_message"
    let before = try real.value(count)
    let rehearsed = try real.run(.rehearse(real.context, .real), BackupStep.given(archive))
    #expect(rehearsed.contains("RESTORE OK"))

    // The disaster: files, settings and some rows are deleted.
    try real.server.connect().execute("DELETE FROM zerver_usermessage; DELETE FROM zerver_reaction")
    try FileSystem.removeTree(real.server.uploads)
    try FileSystem.removeTree(real.server.configuration)
    let answers = BackupStep.given(archive).merging([
      RestoreAnswers.Key.source.name: .text("backup"), RestoreAnswers.Key.settings.name: .text("backup"),
    ]) { first, _ in first }
    let text = try real.run(.restore(real.context, .real), answers, confirmedName: real.context.label)
    #expect(text.contains("This server is restored"))
    #expect(try real.value(count) == before)
    #expect(try real.value("SELECT count(*) FROM zerver_usermessage") != "0")
    #expect(FileSystem.isFolder(real.server.uploads) && FileSystem.isFolder(real.server.configuration))

    let back = try real.run(
      .restore(real.context, .real), [RestoreAnswers.Key.followUp.name: .text("rollBack")],
      confirmedName: real.context.label)
    #expect(back.contains("rolled back"))
    #expect(!FileSystem.isFolder(real.server.uploads))
  }
}
