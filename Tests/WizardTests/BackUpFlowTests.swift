import Common
import Sandbox
import Terminal
import Testing

@testable import Operations
@testable import WholeServer
@testable import Wizard

@Suite("The flows for backups")
struct BackUpFlowTests {
  private static func flow(_ engine: FakeEngine, _ queries: BackupQueries = BackupFakes.queries()) -> Flow {
    .backUp(engine.context(), queries)
  }

  private static func options(_ job: (any Operation)?) -> BackupOperation.Options? {
    guard let backup = job as? BackupOperation, backup.server.root == "/srv/chat" else { return nil }
    return backup.options
  }

  private static func type(_ path: String, _ walker: Walker) {
    walker.walk(to: "place")
    walker.press(.control("u"))
    walker.type(path)
  }

  static let ways = [
    FlowWay("all of it", lines: ["", "", "", "/srv/a.tar.gz", "", "", ""]) { type("/srv/a.tar.gz", $0) },
    FlowWay(
      "the files alone, encrypted",
      lines: [
        "", "2", "2", "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p", "/srv/a.tar.gz.age", "", "", "",
      ]
    ) { walker in
      walker.walk(to: "content")
      walker.press(.character(" "))
      walker.walk(to: "encryption")
      walker.press(.down, .enter)
      walker.type("age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p")
      type("/srv/a.tar.gz.age", walker)
    },
  ]

  @Test("The screen, the linear mode and an answers file start the same backup", arguments: ways)
  func alike(way: FlowWay) throws {
    let options = try #require(Self.options(try way.check { Self.flow($0) }))
    if way.testDescription == "all of it" {
      #expect(options == BackupOperation.Options(output: "/srv/a.tar.gz"))
    } else {
      #expect(options.skipsDatabase && !options.skipsUploads)
      #expect(
        options.recipient == "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p"
          && options.output == "/srv/a.tar.gz.age")
    }
  }

  @Test("The size and duration of the chosen backup are shown first")
  func estimate() {
    let walker = Walker(Self.flow(FakeEngine()))
    walker.walk(to: "content")
    #expect(walker.sees("820 MB on its disk") && walker.sees("2,310 files, 48.3 MB"))
    #expect(walker.sees("About 206 MB"))
    walker.press(.character(" "))
    #expect(walker.sees("About 48.3 MB"))
  }

  @Test("The proposed name can be found again and shows encryption")
  func name() {
    let walker = Walker(Self.flow(FakeEngine()))
    walker.walk(to: "place")
    let plain = walker.answers.text("place.output") ?? ""
    #expect(plain.hasPrefix("/tmp/aloha-backup-20") && plain.hasSuffix(".tar.gz"))
    #expect(BackupFolder.isBackup(String(plain.dropFirst("/tmp/".count))))
    walker.press(.escape, .down, .enter)
    walker.type("age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p")
    walker.walk(to: "place")
    #expect(walker.answers.text("place.output") == "\(plain).age")
    walker.type("x")
    #expect(walker.sees("must end with .tar.gz.age"))
  }

  @Test("A private key in the field of the public one is refused")
  func privateKey() {
    let walker = Walker(Self.flow(FakeEngine()))
    walker.walk(to: "encryption")
    walker.press(.down, .enter)
    walker.type("AGE-SECRET-KEY-1QQQQ")
    walker.press(.enter)
    #expect(walker.step == "encryption" && walker.sees("This is the private key"))
  }

  @Test("Missing age and files in S3 are explained")
  func impossible() {
    let queries = BackupFakes.queries {
      BackupEstimate(database: 1, rows: 1, uploadsFiles: 0, uploads: 0, storesUploadsInS3: true, canEncrypt: false)
    }
    let walker = Walker(Self.flow(FakeEngine(), queries))
    walker.walk(to: "content")
    #expect(walker.sees("Not possible: they are in S3"))
    walker.walk(to: "encryption")
    #expect(walker.sees("Not possible: the program age is not installed"))
    walker.walk(to: "review")
    #expect(walker.answers.list("content.parts") == ["database"])
  }

  @Test("Files can be backed up although the database is lost")
  func databaseLost() {
    let queries = BackupFakes.queries { throw PlainFailure(.connection, "the database", "nobody answers", remedy: "x") }
    let engine = FakeEngine()
    let walker = Walker(Self.flow(engine, queries))
    walker.walk(to: "content")
    #expect(walker.sees("cannot be reached: nobody answers"))
    walker.walk(to: "review")
    walker.begin()
    #expect(Self.options(engine.begun)?.skipsDatabase == true)
    #expect(Self.options(engine.begun)?.skipsUploads == false)
  }

  @Test("After a backup its rehearsal and a schedule are offered")
  func continuations() throws {
    let walker = Walker(Self.flow(FakeEngine()))
    Self.type("/srv/backups/a.tar.gz", walker)
    walker.walk(to: "review")
    let destinations = walker.model.session.flow.continuations(walker.answers).map(\.destination)
    #expect(destinations.first == .flow("rehearse", given: BackupStep.given("/srv/backups/a.tar.gz")))
    #expect(destinations.last == .flow("nightly", given: [NightlyAnswers.folder.name: .text("/srv/backups")]))
    let engine = FakeEngine()
    let rehearsal = Walker(
      .rehearse(engine.context(), BackupFakes.queries()), given: GivenAnswers(values: BackupStep.given("/srv/x.tar.gz"))
    )
    rehearsal.walk(to: "review")
    rehearsal.begin()
    #expect(
      engine.begun
        == RehearseOperation(.init(root: "/srv/chat"), RehearseOperation.Options(archive: "/srv/x.tar.gz")))
  }

  @Test("The other two choices open their own flows")
  func wishes() {
    for (keys, flow) in [(1, "nightly"), (2, "prune")] {
      let walker = Walker(Self.flow(FakeEngine()))
      for _ in 0..<keys { walker.press(.down) }
      walker.press(.character(" "))
      #expect(walker.model.session.step.exit(walker.answers) == .flow(flow))
      #expect(Goal.named(flow) != nil)
    }
  }

  // MARK: Rehearsal

  static let rehearsals = [
    FlowWay("the newest", lines: ["", "", "", "", ""]) { _ in },
    FlowWay("an encrypted one", lines: ["", "3", "/root/key.txt", "", "", ""]) { walker in
      walker.walk(to: "backup")
      walker.press(.down, .down, .enter)
      walker.type("/root/key.txt")
    },
  ]

  @Test("The screen, the linear mode and an answers file start the same rehearsal", arguments: rehearsals)
  func rehearsedAlike(way: FlowWay) throws {
    let job = try way.check { .rehearse($0.context(), BackupFakes.queries()) }
    let options = try #require(job as? RehearseOperation).options
    let isNewest = way.testDescription == "the newest"
    #expect(options.archive == (isNewest ? BackupFakes.found[0] : BackupFakes.found[2]).path)
    #expect(options.identity == (isNewest ? nil : "/root/key.txt"))
  }

  // MARK: Schedule

  @Test("The schedule contains the answers, and the command prints the same text")
  func nightly() {
    let walker = Walker(.nightly(FakeEngine().context()), size: Size(columns: 200, rows: 120))
    walker.press(.control("u"))
    walker.type("/srv/backups")
    walker.walk(to: "time")
    walker.press(.control("u"))
    walker.type("26:00")
    #expect(walker.sees("An hour and a minute, as in 03:30"))
    walker.press(.control("u"))
    walker.type("04:15")
    walker.walk(to: "keep")
    walker.press(.control("u"))
    walker.type("5")
    walker.walk(to: "units")
    #expect(walker.sees("OnCalendar=*-*-* 04:15:00"))
    #expect(walker.sees("backup --folder /srv/backups --root /srv/chat"))
    #expect(walker.sees("--keep-last 5 --keep-daily 7"))
    #expect(walker.sees("15 4 * * *"))
    #expect(walker.sees("aloha-wizard backup schedule /srv/backups --time 04:15 --keep-last 5"))
    #expect(walker.sees("--rehearse --newest-in /srv/backups"))
  }

  @Test("Encrypted backups are not rehearsed without the private key")
  func nightlyEncrypted() {
    let walker = Walker(.nightly(FakeEngine().context()), size: Size(columns: 200, rows: 120))
    walker.walk(to: "time")
    walker.press(.enter)
    walker.type("age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p")
    #expect(walker.sees("Not possible: the private key"))
    walker.walk(to: "units")
    #expect(
      walker.sees("--encrypt-to age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p")
        && !walker.sees("exec "))
    #expect(walker.sees("rehearse on another machine") && walker.sees("--identity KEYFILE"))
  }

  // MARK: Retention

  @Test("Backups to delete and to keep are listed, and deleted only after the folder was typed")
  func prune() {
    let engine = FakeEngine()
    let walker = Walker(.prune(engine.context(), BackupFakes.queries()))
    walker.walk(to: "keep")
    for number in ["1", "1", "0", "0"] {
      walker.press(.control("u"))
      walker.type(number)
      walker.press(.enter)
    }
    #expect(walker.step == "plan")
    #expect(walker.sees("Go: 2 backups, 608 MB.") && walker.sees("Stay: 1."))
    walker.walk(to: "confirm")
    walker.press(.enter)
    #expect(walker.step == "confirm")
    walker.type("/var/backups/aloha")
    walker.walk(to: "review")
    walker.begin()
    #expect(
      engine.begun
        == PruneOperation(
          .init(root: "/srv/chat"),
          .init(folder: "/var/backups/aloha", policy: .init(last: 1, daily: 1, weekly: 0, monthly: 0))))
  }

  @Test("A policy that keeps nothing is refused, and one that deletes nothing ends the flow")
  func nothingToPrune() {
    let none = Walker(.prune(FakeEngine().context(), BackupFakes.queries()))
    none.walk(to: "keep")
    for _ in 0..<4 {
      none.press(.control("u"))
      none.type("0")
      none.press(.enter)
    }
    #expect(none.step == "keep" && none.sees("No backup would be kept"))
    let all = Walker(.prune(FakeEngine().context(), BackupFakes.queries()))
    all.walk(to: "plan")
    all.press(.enter, .enter)
    #expect(all.step == "plan" && all.sees("nothing would go"))
  }

  @Test("A folder without backups is reported")
  func emptyFolder() {
    let walker = Walker(.prune(FakeEngine().context(), BackupFakes.queries()))
    walker.press(.control("u"))
    walker.type("/srv/empty")
    walker.press(.enter)
    #expect(walker.sees("holds no backup"))
  }

  @Test("Old backups are deleted, and the newest intact one is kept")
  func pruneForReal() throws {
    let real = try RealFlows(messages: 0)
    let folder = "\(real.server.root)/backups"
    try FileSystem.makeFolder(folder)
    try real.run(
      .backUp(real.context, .real),
      [
        "what.wish": .text("now"), "content.parts": .list([]), "encryption.how": .text("none"),
        "place.output": .text("\(folder)/aloha-backup-2026-11-23-03-30-00-Ab3dE6gH.tar.gz"),
      ])
    let good = try FileSystem.read("\(folder)/aloha-backup-2026-11-23-03-30-00-Ab3dE6gH.tar.gz")
    for stamp in ["2026-11-20-03-30-00", "2026-11-21-03-30-00"] {
      try FileSystem.replace("\(folder)/aloha-backup-\(stamp)-Ab3dE6gH.tar.gz", with: good)
    }
    try FileSystem.replace("\(folder)/notes.txt", with: Array("mine".utf8))
    var answers: [String: Answer] = ["folder.path": .text(folder)]
    for (key, value) in ["last": "1", "daily": "0", "weekly": "0", "monthly": "0"] {
      answers["keep.\(key)"] = .text(value)
    }
    try real.run(.prune(real.context, .real), answers, confirmedName: folder)
    #expect(
      try FileSystem.names(in: folder).filter { !$0.hasPrefix(".") }.sorted() == [
        "aloha-backup-2026-11-23-03-30-00-Ab3dE6gH.tar.gz", "notes.txt",
      ])
  }

  // MARK: Screens

  @Test("The screens of all steps are unchanged", arguments: GoldenTests.queries)
  func goldens(_ look: GoldenTests.Look) throws {
    try GoldenTests.expect(
      Self.flow(FakeEngine()), look, steps: ["what", "content", "encryption", "place", "checks", "review"]
    ) { walker, step in
      if step == "encryption" {
        walker.press(.down, .enter); walker.type("age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p")
      }
      if step == "place" { Self.type("/srv/a.tar.gz.age", walker) }
    }
    try GoldenTests.expect(
      .rehearse(FakeEngine().context(), BackupFakes.queries()), look, steps: ["welcome", "backup", "review"])
    try GoldenTests.expect(.nightly(FakeEngine().context()), look, steps: ["folder", "time", "keep"])
    try GoldenTests.expect(
      .prune(FakeEngine().context(), BackupFakes.queries()), look, steps: ["folder", "keep", "plan", "confirm"]
    ) { walker, step in
      if step == "keep" {
        for number in ["1", "1", "0", "0"] {
          walker.press(.control("u"))
          walker.type(number)
          if number != "0" { walker.press(.enter) } else { walker.press(.down) }
        }
      }
    }
  }
}
