import Common
import Sandbox
import Terminal
import Testing

@testable import Administration
@testable import Engine
@testable import Operations
@testable import Transfer
@testable import WholeServer
@testable import Wizard

@Suite("Jobs as a flow")
struct JobsFlowTests {
  private static let export = ExportOperation(
    .init(root: "/srv/chat"), .init(subdomain: "harbour", output: "/tmp/harbour.tar.gz"))
  private static let importing = ImportOperation(
    .init(root: "/srv/chat"), .init(subdomain: "second", archive: "/tmp/harbour.tar.gz"))

  private static func job(
    _ name: String, _ state: JobStatus.State, _ operation: any Operation, outcome: String = "",
    obstacles: [JobStatus.Action: String] = [:]
  ) -> JobStatus {
    JobStatus(
      folder: "/var/lib/jobs/\(name)", title: operation.title, startedBy: "ann", terminal: "/dev/pts/3",
      started: BackupFakes.now - 3_600_000_000 * 5, state: state, outcome: outcome, operation: operation,
      obstacles: obstacles)
  }

  private static let broken = job(
    "20261123T070000-brok", .interrupted, export, outcome: "its process was ended from outside",
    obstacles: [.watch: "it is not running any more", .stop: "it is not running any more", .undo: "nothing is visible"])
  private static let done = job(
    "20261123T060000-done", .finished, importing, outcome: "second is imported",
    obstacles: [
      .watch: "it is not running any more", .stop: "it is not running any more", .resume: "it is finished",
      .setAside: "it needs no decision",
    ])
  private static let running = job(
    "20261123T080000-runs", .running, export,
    obstacles: [.resume: "it is running", .undo: "it is running", .setAside: "it needs no decision"])

  private static func queries(_ jobs: [JobStatus]) -> JobQueries {
    JobQueries(
      jobs: { _ in jobs },
      report: { _ in ["Export messages", "  Warning: 3 files are missing", "Failed: disk: is full"] },
      work: { action, folder in NamedWork(name: "\(action.rawValue) \(JobFolder(folder).id)") },
      operation: { folder in jobs.first { $0.folder == folder }?.operation ?? export }, now: { BackupFakes.now })
  }

  private struct NamedWork: Runnable {
    let name: String
    func check() throws -> [Finding] { [] }
    func plan() throws -> Plan { Plan(title: name, phases: []) }
    func run(progress: Progress) throws -> Summary { Summary(title: name) }
  }

  private static func walker(_ jobs: [JobStatus], _ engine: FakeEngine = FakeEngine()) -> Walker {
    Walker(.jobs(engine.context(), queries(jobs)))
  }

  @Test("The list of jobs shows state, operator and time, and the reasons for disabled actions")
  func list() {
    let walker = Self.walker([Self.running, Self.broken, Self.done])
    #expect(walker.sees("5 h ago") && walker.sees("ann") && walker.sees("interrupted"))
    walker.press(.down, .enter)
    #expect(walker.step == "what")
    #expect(walker.sees("Begun 2026-11-23 07:00 UTC, 5 h") && walker.sees("ago, by ann on /dev/pts/3"))
    #expect(!walker.sees("○ Undo it") && !walker.sees("○ Watch it") && !walker.sees("○ Stop it"))
    #expect(walker.sees("Not possible:") && walker.sees("Undo it: nothing is visible"))
    #expect(walker.focusedLine.contains("Run it again"))
  }

  @Test("An empty list of jobs is reported")
  func none() {
    #expect(Self.walker([]).sees("there has been no job on this server"))
  }

  @Test("A running job is opened in the watching flow")
  func watch() {
    let walker = Self.walker([Self.running, Self.done])
    walker.press(.enter)
    #expect(walker.focusedLine.contains("Watch it"))
    #expect(
      walker.model.session.step.exit(walker.answers)
        == .flow("watch", given: ["meet.job": .text(Self.running.folder)]))
  }

  @Test("An action that is not possible now is not offered, and its reason is in answers files and on the screen")
  func notOffered() throws {
    var queries = Self.queries([Self.done])
    queries.undoObstacle = { _ in "organization: there is no 'second'" }
    let walker = Walker(.jobs(FakeEngine().context(), queries))
    walker.walk(to: "what")
    #expect(!walker.sees("○ Undo it") && walker.sees("Undo it: organization: there is no 'second'"))
    let field = try #require(walker.model.session.fields.first)
    guard case .choice(let options) = field.kind else {
      Issue.record("\(field.kind)")
      return
    }
    #expect(options.map(\.id) == ["log", "result"])
    #expect(field.objection(to: .text("undo")) == "\"undo\" is not possible: organization: there is no 'second'")
  }

  @Test("The result of a finished job is opened again, with its next steps")
  func result() {
    let walker = Self.walker([Self.done])
    walker.walk(to: "what")
    #expect(walker.focusedLine.contains("See its result and next steps"))
    walker.press(.enter)
    #expect(
      walker.model.session.step.exit(walker.answers)
        == .flow("watch", given: ["meet.job": .text("/var/lib/jobs/20261123T060000-done")]))
    let unfinished = Self.walker([Self.broken])
    unfinished.walk(to: "what")
    #expect(!unfinished.sees("See its result"))
  }

  @Test("An undone job says so")
  func undone() {
    let job = Self.job(
      "20261123T060000-done", .undone, Self.importing, outcome: "second is imported",
      obstacles: [
        .watch: "it has ended", .stop: "it has ended", .setAside: "it needs no decision",
        .undo: "it was undone already, by job 20261123T070000-undo",
      ])
    let walker = Self.walker([job])
    #expect(walker.sees("undone"))
    walker.press(.enter)
    #expect(walker.sees("was undone by a later job"))
    #expect(walker.sees("Undo it: it was undone already, by job 20261123T070000-undo"))
  }

  @Test("Dismissing has the same effect as the command that is shown")
  func dismiss() {
    let walker = Self.walker([Self.broken])
    walker.walk(to: "what")
    walker.press(.down, .down, .enter)
    #expect(
      walker.model.session.flow.commands(walker.answers) == [
        "aloha-wizard jobs dismiss 20261123T070000-brok --root /srv/chat"
      ])
  }

  @Test("The command that watches the work without the wizard names its server")
  func watchCommand() throws {
    let walker = Self.walker([Self.broken])
    walker.walk(to: "review")
    let flow = walker.model.session.flow
    for step in flow.steps {
      guard case .run(let runner) = step.kind else { continue }
      #expect(runner.watchCommand(walker.answers) == "aloha-wizard jobs attach --root /srv/chat")
    }
    let work = WorkSteps("The export", FakeEngine().context()) { _ in Self.export }
    guard case .run(let runner) = work.run("Export", heading: { _ in "" }).kind else {
      Issue.record("no work")
      return
    }
    #expect(runner.watchCommand(walker.answers) == "aloha-wizard jobs attach --root /srv/chat")
  }

  @Test("A failed job is repeated as the same operation with new checks")
  func resume() {
    let engine = FakeEngine()
    let walker = Self.walker([Self.broken], engine)
    walker.walk(to: "review")
    #expect(engine.state.withLock { $0.checked }.allSatisfy { $0.isEqual(to: Self.export) })
    walker.begin()
    #expect(engine.begun == Self.export)
  }

  @Test("Undoing an import requires the typed name, and an organization in use is kept")
  func undo() {
    let engine = FakeEngine()
    engine.change { $0.plan.destroys = ["the organization 'second' with 310 messages"] }
    let walker = Self.walker([Self.done], engine)
    walker.walk(to: "what")
    walker.press(.down, .enter)
    #expect(walker.step == "life")
    walker.walk(to: "goes")
    #expect(walker.sees("the organization 'second' with 310 messages"))
    walker.walk(to: "confirm")
    walker.type("other")
    walker.press(.enter)
    #expect(walker.step == "confirm")
    walker.press(.control("u"))
    walker.type("second")
    walker.walk(to: "review")
    #expect(
      walker.model.session.flow.commands(walker.answers) == [
        "aloha-wizard jobs undo 20261123T060000-done --confirm-delete second --root /srv/chat"
      ])
    walker.begin()
    #expect(
      engine.begun
        == UndoJobOperation(servers: [.init(root: "/srv/chat")], folder: Self.done.folder, despiteSignsOfLife: false))
  }

  @Test("The log of a job can be read and leads back to the list")
  func log() {
    let walker = Self.walker([Self.done])
    walker.walk(to: "what")
    walker.press(.up, .enter)
    #expect(walker.step == "log")
    #expect(walker.sees("Failed: disk: is full"))
    guard case .branch(let destination) = walker.model.session.step.kind else {
      Issue.record("no way on")
      return
    }
    #expect(destination(walker.answers) == .flow("jobs"))
  }

  @Test("The screens of all steps are unchanged", arguments: GoldenTests.queries)
  func goldens(_ look: GoldenTests.Look) throws {
    let flow = Flow.jobs(FakeEngine().context(), Self.queries([Self.running, Self.broken, Self.done]))
    try GoldenTests.expect(flow, look, steps: ["job", "what", "checks", "review"]) { walker, step in
      if step == "job" { walker.press(.down, .character(" ")) }
    }
  }

  // MARK: Jobs on the disk

  private func store(_ body: (JobStore, String) throws -> Void) throws {
    let root = "/tmp/aloha-jobs-\(RandomText.alphanumeric(8))"
    try FileSystem.makeFolder("\(root)/var/lib")
    defer { try? FileSystem.removeTree(root) }
    try body(JobStore(root: root), root)
  }

  /// Creates a job as its process leaves it; without an event, the process was killed.
  private func leave(_ store: JobStore, _ operation: any Operation, _ event: ProgressEvent? = nil) throws
    -> JobFolder
  {
    let job = try store.make(operation, plan: nil)
    let begun = ProgressEvent.phaseStarted(id: "work", title: "Work", total: nil, unit: .steps)
    let lines = [begun, event].compactMap { $0 }.map { EventLine.encode($0) + "\n" }.joined()
    try FileSystem.replace(job.journal, with: Array(lines.utf8))
    return job
  }

  /// Returns the pending work of a server, without leftovers of killed processes: those of other tests, which run at
  /// the same time, are in the same temporary folders.
  private func pending(_ root: String) -> [Flow.PendingWork] {
    Flow.PendingWork.find(root: root).filter { $0.destination != .flow(Goal.leftovers.id) }
  }

  @Test("Failed jobs stay in the menu until they are repeated or dismissed")
  func waiting() throws {
    try store { store, root in
      let description = ExportOperation(.init(root: root), .init(subdomain: "a", output: "/tmp/a.tar.gz"))
      let lost = try leave(store, description)
      #expect(try store.waiting().map(\.folder) == [lost.path])
      let waiting = pending(root)
      #expect(waiting.map(\.title) == ["Continue after an interruption"])
      #expect(waiting.first?.destination == .flow("jobs", given: ["job.which": .text(lost.path)]))
      let other = FlushCacheOperation(.init(root: root))
      let failed = try leave(store, other, .failed(FailureReport(PlainFailure(.file, "disk", "is full"))))
      #expect(try Set(store.waiting().map(\.folder)) == [lost.path, failed.path])
      _ = try JobDismissal(failed).perform(.silent)
      #expect(try store.waiting().map(\.folder) == [lost.path])
      let outlook = try #require(try store.outlooks().first { $0.folder == failed.path })
      #expect(outlook.state == .failed && outlook.outcome == "disk: is full")
      #expect(outlook.obstacles[.setAside] != nil)
    }
  }

  @Test("Cancelled jobs, and jobs repeated later, need no decision")
  func notWaiting() throws {
    try store { store, root in
      let description = FlushCacheOperation(.init(root: root))
      _ = try leave(store, ScriptOperation(.init(root: root), .restart), .failed(FailureReport(Cancelled())))
      #expect(try store.waiting().isEmpty)
      let lost = try leave(store, description)
      #expect(try store.waiting().map(\.folder) == [lost.path])
      _ = try leave(store, description, .finished(Summary(title: "done")))
      #expect(try store.waiting().isEmpty)
    }
  }

  @Test("Blocked jobs, and failed backups before a later one, need no decision")
  func refusedOrMadeUpFor() throws {
    try store { store, root in
      let server = ServerReference(root: root)
      let blocked = Blocked([Finding(.blocker, "subdomain", "is taken")])
      _ = try leave(
        store, ImportOperation(server, .init(subdomain: "a", archive: "/tmp/a.tar.gz")), .failed(FailureReport(blocked))
      )
      #expect(try store.waiting().isEmpty)
      let killed = try leave(store, BackupOperation(server, .init(output: "/tmp/1.tar.gz")))
      #expect(try store.waiting().map(\.folder) == [killed.path])
      _ = try leave(store, BackupOperation(server, .init(output: "/tmp/2.tar.gz")))
      #expect(try store.waiting().count == 2)
      _ = try leave(store, BackupOperation(server, .init(output: "/tmp/3.tar.gz")), .finished(Summary(title: "done")))
      #expect(try store.waiting().isEmpty)
    }
  }

  @Test("An interrupted restore stays in the menu until a later restore")
  func restoredOtherwise() throws {
    try store { store, root in
      let server = ServerReference(root: root)
      _ = try leave(store, RestoreOperation(server, RestoreOptions(archive: "/tmp/a.tar.gz")))
      #expect(try store.waiting().count == 1)
      _ = try leave(
        store, RestoreOperation(server, RestoreOptions(archive: "/tmp/b.tar.gz")), .finished(Summary(title: "done")))
      #expect(try store.waiting().isEmpty)
    }
  }

  @Test("A refused job is not in the menu")
  func refusedJob() throws {
    try store { store, root in
      let job = try store.make(FlushCacheOperation(.init(root: root)), plan: nil)
      #expect(throws: (any Error).self) { try JobProcess.run(job, cancellation: Cancellation()) }
      #expect(pending(root).isEmpty)
      #expect(try JobQueries.real.jobs(root).isEmpty)
      #expect(!FileSystem.exists(job.path), "the list removes what no one reads")
    }
  }

  @Test("A second operator sees the running job before any query of the server")
  func secondOperator() throws {
    try store { store, root in
      let description = FlushCacheOperation(.init(root: root))
      #expect(JobStore.othersAtWork(description) == nil)
      let job = try leave(store, description)
      let life = try #require(try FileLock(job.lock))
      let finding = try #require(JobStore.othersAtWork(description))
      #expect(finding.severity == .blocker)
      #expect(finding.reason.contains("runs since 2") && finding.reason.contains("Empty the cache"))
      #expect(finding.remedy?.contains("jobs attach \(job.id)") == true)
      #expect(try FlowEngine.real(brand: nil).findings(description, CheckObserver()) == [finding])
      let waiting = try #require(pending(root).first)
      #expect(waiting.title == "Watch what is running" && waiting.summary.hasSuffix("Empty the cache"))
      withExtendedLifetime(life) {}
    }
  }

  @Test("An unfinished restore is in the menu although the settings are lost")
  func unfinishedRestore() throws {
    try store { _, root in
      #expect(pending(root).isEmpty)
      try RestoreState(root: root).save(BackupFakes.record(.swapped))
      let waiting = pending(root)
      #expect(waiting.map(\.title) == ["Finish or undo a restore"])
      #expect(waiting.first?.destination == .flow("restore"))
      try RestoreState(root: root).save(BackupFakes.record(.finished))
      #expect(pending(root).isEmpty)
    }
  }
}
