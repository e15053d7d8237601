import Common
import Engine
import Terminal
import Testing

@testable import Transfer
@testable import WholeServer
@testable import Wizard

/// The lists of found archives and backups, in all steps that ask for one.
@Suite("Lists of archives")
struct ArchiveListTests {
  private static let now = BackupFakes.now
  private static let day: Int64 = 86_400_000_000

  private static func archive(
    _ name: String, days: Int64, _ content: FoundArchive.Content = .export, _ state: FoundArchive.State = .complete,
    _ organization: FoundArchive.Organization? = .init(name: "Harbour Café 港", subdomain: "harbour")
  ) -> FoundArchive {
    FoundArchive(
      path: "/srv/\(name)", moment: now - days * day, bytes: 4_300_000 * (days + 1), content: content, state: state,
      organization: content == .export ? organization : nil)
  }

  static let all = [
    archive("new.tar.gz.Ab3dEf7h.partial", days: 0, .unknown, .unfinished),
    archive("cut.tar.gz", days: 1, .export, .cutOff),
    archive("a.tar.gz", days: 2),
    archive("large.tar.gz", days: 3, .export, .begun, .init(name: nil, subdomain: "")),
    archive("aloha-backup-x.tar.gz", days: 4, .backup),
    archive("secret-export.tar.gz.age", days: 5, .export, .encrypted, nil),
    archive("late.tar.gz", days: 6, .unknown, .notLookedInto),
    archive("part-backup.tar.gz", days: 7, .backup, .partial("partial: without the database")),
    archive("program.tar.gz", days: 8, .other("an archive of something else")),
  ]

  private static func reader(_ found: [FoundArchive], unlisted: Int = 0) -> ArchiveReader {
    var reader = ArchiveFlowsTests.reader
    reader.search = ArchiveSearch(found: { _, _ in FoundArchives(found, unlisted: unlisted) }, now: { now })
    return reader
  }

  private static func importing(_ engine: FakeEngine, _ found: [FoundArchive] = all) -> Flow {
    ImportFlow(engine.context(), reader(found), memory: 3 << 30).flow
  }

  private static func queries(_ found: [FoundArchive]) -> BackupQueries {
    var queries = BackupFakes.queries()
    queries.found = { _, _ in FoundArchives(found) }
    return queries
  }

  // MARK: Choosing

  static let ways = [
    FlowWay("the proposed one", lines: ["", "", "", "", ""]) { _ in },
    FlowWay("another one of the list", lines: ["4", "", "", "", ""]) { walker in
      walker.press(.down, .enter)
    },
    FlowWay("a typed path", lines: ["7", "/mnt/x.tar.gz", "", "", "", ""]) { walker in
      walker.press(.end, .enter)
      walker.type("/mnt/x.tar.gz")
    },
  ]

  @Test("The screen, the linear mode and an answers file import the same archive", arguments: ways)
  func alike(way: FlowWay) throws {
    let job = try way.check { Self.importing($0) }
    let archive = try #require(job as? ImportOperation).options.archive
    switch way.testDescription {
    case "the proposed one": #expect(archive == "/srv/a.tar.gz")
    case "another one of the list": #expect(archive == "/srv/large.tar.gz")
    default: #expect(archive == "/mnt/x.tar.gz")
    }
  }

  @Test("Archives that cannot be imported are left out and counted, or disabled with the reason")
  func leftOut() {
    let walker = Walker(Self.importing(FakeEngine()), size: Size(columns: 120, rows: 40))
    #expect(walker.step == "found" && walker.focusedLine.contains("a.tar.gz"))
    #expect(walker.sees("Not listed: 2 backups of whole servers and 1 file of another kind."))
    #expect(!walker.sees("aloha-backup-x") && !walker.sees("program.tar.gz"))
    #expect(walker.sees("seems complete") && walker.sees("not looked into") && walker.sees("cut off"))
    walker.press(.down, .down)
    #expect(walker.focusedLine.contains("secret-export") && walker.sees("decrypt it with age first"))
    walker.press(.enter)
    #expect(walker.step == "found")
  }

  @Test("Nothing unfinished, cut off, partial, damaged or unseen is preselected")
  func preselected() {
    let suspects = Self.all.filter { !$0.canBeProposed && $0.content != .backup }
    let walker = Walker(Self.importing(FakeEngine(), suspects))
    #expect(walker.answers.text("found.which") == ArchiveList.other)
    let restoring = Walker(.restore(FakeEngine().context(), Self.queries(Self.all.filter { !$0.canBeProposed })))
    restoring.walk(to: "backup")
    #expect(restoring.answers[BackupStep.Key.which] == ArchiveList.other)
    #expect(restoring.sees("partial"))
  }

  @Test("Inspecting offers exports and backups, and says which is which")
  func inspecting() {
    let flow = InspectFlow(FakeEngine().context(), Self.reader(Self.all)) { _, _, _ in FakeWork() }.flow
    let walker = Walker(flow, size: Size(columns: 120, rows: 40))
    #expect(walker.sees("● export: harbour") && walker.sees("○ backup"))
    #expect(walker.sees("Not listed: 1 file of another kind."))
    #expect(walker.sees("aloha-backup-x"))
  }

  @Test("Exports are left out of the list of backups, and counted with older files")
  func backups() {
    let list = ArchiveList(purpose: .backups, found: FoundArchives(Self.all, unlisted: 3), now: Self.now)
    #expect(
      list.remark == "Not listed: 4 exports of organizations, 1 file of another kind and 3 older files.")
    #expect(ArchiveList(purpose: .both, found: FoundArchives(), now: 0).remark == nil)
  }

  // MARK: The path

  @Test("Another choice replaces the path, also a typed one; going back keeps both")
  func changing() {
    let walker = Walker(Self.importing(FakeEngine()))
    walker.press(.enter)
    #expect(walker.step == "archive" && walker.sees("Is this the right archive?") && walker.sees("/srv/a.tar.gz"))
    walker.press(.control("u"))
    walker.type("/srv/typed.tar.gz")
    walker.press(.escape)
    #expect(walker.step == "found")
    walker.press(.enter)
    #expect(walker.answers[ArchiveStep.key] == "/srv/typed.tar.gz")
    walker.press(.escape, .down, .enter)
    #expect(walker.step == "archive" && walker.answers[ArchiveStep.key] == "/srv/large.tar.gz")
  }

  @Test("A given path needs no list, and the list is in no answers file and no review")
  func given() throws {
    let given = GivenAnswers(values: [ArchiveStep.key.name: .text("/srv/b.tar.gz")])
    let walker = Walker(Self.importing(FakeEngine()), given: given)
    #expect(!walker.model.session.steps.contains { $0.id == "found" })
    let chosen = Walker(Self.importing(FakeEngine()))
    chosen.walk(to: "review")
    #expect(chosen.model.session.review.filter { $0.answer.contains("a.tar.gz") }.map(\.key) == ["archive.path"])
    let text = chosen.model.session.answersText
    #expect(text.contains("path = \"/srv/a.tar.gz\"") && !text.contains("[found]"))
    #expect(!AnswersText.template(Self.importing(FakeEngine())).contains("[found]"))
  }

  @Test("Without the path an unattended import names the missing answer, not the list")
  func unattended() {
    var runner = AnswersRunner(
      Self.importing(FakeEngine()), given: GivenAnswers(values: ["memory.stop": .flag(false)]),
      options: .init(path: "a.toml"), voice: LinearVoice(conversation: Script([]), width: nil),
      executor: PromptExecutor())
    let failure = #expect(throws: PlainFailure.self) { try runner.run() }
    #expect(failure?.reason.contains("archive.path") == true && failure?.reason.contains("found.which") == false)
  }

  @Test("Where nothing is found the path is asked for at once, and Esc does not lead to an empty list")
  func nothing() {
    let none = Self.all.filter { $0.content == .backup }
    let walker = Walker(FromCloudFlow(FakeEngine().context(), Self.reader(none)).flow)
    walker.press(.enter)
    #expect(walker.step == "archive" && walker.sees("Nothing was found to choose from."))
    #expect(walker.sees("Not listed: 2 backups of whole servers."))
    walker.press(.escape)
    #expect(walker.step == "welcome")
  }

  @Test("A list that is still being made is given up when the step is left")
  func leaving() {
    let walker = Walker(FromCloudFlow(FakeEngine().context(), Self.reader(Self.all)).flow, answersAtOnce: false)
    walker.press(.enter)
    #expect(walker.step == "found" && walker.waiting.count == 1)
    let task = walker.waiting[0]
    walker.press(.escape)
    #expect(walker.step == "welcome" && task.cancellation.isCancelled)
  }

  @Test("Given answers for backups still work where nothing is found")
  func givenBackup() {
    let values = BackupStep.given("/srv/b.tar.gz")
    let walker = Walker(.rehearse(FakeEngine().context(), Self.queries([])), given: GivenAnswers(values: values))
    walker.walk(to: "backup")
    #expect(BackupStep.path(walker.answers) == "/srv/b.tar.gz")
  }

  // MARK: The linear mode

  @Test("The linear mode numbers the archives, does not ask for the path again, and goes back to it")
  func lineByLine() throws {
    var walk = LinearWalk(Self.importing(FakeEngine()), ["5", "4", "b", "", "b", "3"])
    _ = try? walk.runner.run()
    let said = walk.script.transcript
    #expect(said.contains("3. harbour (Harbour Café 港)"), "\(said)")
    #expect(said.contains("Age 2 days ago, Size 12.9 MB, State complete, File a.tar.gz"), "\(said)")
    #expect(said.contains("7. Another one"), "\(said)")
    #expect(said.contains("Not possible: it is encrypted"), "\(said)")
    #expect(said.contains("Archive: /srv/large.tar.gz"), "\(said)")
    // Back from the next step, the path can be changed; back again, the list is offered.
    #expect(said.contains("Archive [/srv/large.tar.gz]: ->"), "\(said)")
    #expect(said.contains("Archive: /srv/a.tar.gz"), "\(said)")
  }

  // MARK: Screens

  @Test("The screens of the lists are unchanged", arguments: GoldenTests.queries)
  func goldens(_ look: GoldenTests.Look) throws {
    try GoldenTests.expect(Self.importing(FakeEngine()), look, steps: ["found"])
    let inspecting = InspectFlow(FakeEngine().context(), Self.reader(Self.all)) { _, _, _ in FakeWork() }.flow
    try GoldenTests.expect(inspecting, look, steps: ["found"])
    let walker = Walker(Self.importing(FakeEngine()), size: look.size, glyphs: look.glyphs)
    walker.press(.enter)
    try Golden.expect(walker.model.picture, "import-chosen-\(look.name)")
  }
}
