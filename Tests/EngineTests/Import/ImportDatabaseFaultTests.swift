import Common
import Glibc
import Postgres
import Sandbox
import Testing

@testable import Operations
@testable import Transfer

/// The database is killed, stopped or filled up during an import. The suite has its own cluster for this.
@Suite("An import whose database fails", .serialized, .enabled(if: geteuid() == 0, "needs root"))
struct ImportDatabaseFaultTests {
  private static let made = Result { try Sandbox.temporary() }

  private func fresh() throws -> SandboxServer { try Servers.fresh(in: Self.made.get()) }

  private func superuser() throws -> Connection { try Self.made.get().cluster.connect() }

  /// Runs an import. Returns its failure; nil if it succeeds.
  private func run(_ server: SandboxServer, _ progress: Progress = .silent) -> (any Failure)? {
    do {
      _ = try server.importing(Servers.archive()).perform(progress)
    } catch let failure as any Failure { return failure } catch { Issue.record(error) }
    return nil
  }

  /// Returns progress that runs `body` at a moment of the import, see ``ProgressEvent/isMoment(_:)``. Errors of `body`
  /// are recorded as issues.
  private func at(_ moment: String, _ body: @escaping @Sendable () throws -> Void) -> Progress {
    Progress { event in
      guard event.isMoment(moment) else { return }
      do { try body() } catch { Issue.record(error) }
    }
  }

  private func backends(_ server: SandboxServer, _ condition: String = "true") throws -> [pid_t] {
    try superuser().query(
      "SELECT pid FROM pg_stat_activity WHERE datname = $1 AND \(condition)", [server.database]
    ).compactMap { $0.int(0).map(pid_t.init) }
  }

  private func awaitDatabase() throws {
    for _ in 0..<600 {
      if (try? superuser()) != nil { return }
      usleep(50_000)
    }
    Issue.record("the database does not come back")
  }

  /// Stops the database without a checkpoint, as a power failure would, and starts it again.
  private func restart() throws {
    let connection = try superuser()
    let data = try #require(try connection.value("SHOW data_directory"))
    let programs = try #require(try connection.value("SELECT setting FROM pg_config WHERE name = 'BINDIR'"))
    var status = stat()
    try #require(stat(data, &status) == 0)
    let owner = try #require(getpwuid(status.st_uid).map { String(cString: $0.pointee.pw_name) })
    for words in [["-m", "immediate", "stop"], ["-l", "\(data)/server.log", "start"]] {
      let result = try Subprocess(
        "\(programs)/pg_ctl", ["-D", data, "-s", "-w"] + words, directory: "/", user: owner
      ).run(input: "")
      #expect(result.status == 0, "\(result.output)")
    }
  }

  @Test(
    "An import whose database is killed changes nothing, and can be repeated",
    arguments: ["messages", "indexes", "commit"])
  func killed(_ moment: String) throws {
    let server = try fresh()
    let before = try server.state()
    let failure = run(server, at(moment) { [self] in try backends(server).forEach { kill($0, SIGKILL) } })
    #expect(failure?.family == .connection, "\(String(describing: failure))")
    #expect(failure?.remedy != nil)
    try awaitDatabase()
    try Wholeness.expectSame(before, server.state(), moment)
    #expect(run(server) == nil)
    try Wholeness.expectWhole(server, "again after \(moment)")
  }

  @Test(
    "An import whose database is restarted changes nothing, and can be repeated",
    arguments: ["links"])
  func restarted(_ moment: String) throws {
    let server = try fresh()
    let before = try server.state()
    let failure = run(server, at(moment) { [self] in try restart() })
    #expect(failure?.family == .connection, "\(String(describing: failure))")
    try Wholeness.expectSame(before, server.state(), moment)
    #expect(run(server) == nil)
    try Wholeness.expectWhole(server, "again after \(moment)")
  }

  // MARK: Failures during the commit

  /// Makes commits of this server's database wait after their WAL is written, until ``releaseCommits(_:)``.
  private func holdCommits(_ server: SandboxServer) throws {
    let connection = try superuser()
    try connection.execute("ALTER SYSTEM SET synchronous_commit = 'local'")
    try connection.execute("ALTER DATABASE \(Identifier.quote(server.database)) SET synchronous_commit = 'on'")
    try connection.execute("ALTER SYSTEM SET synchronous_standby_names = 'nobody'")
    try connection.execute("SELECT pg_reload_conf()")
  }

  private func releaseCommits(_ server: SandboxServer) throws {
    let connection = try superuser()
    try connection.execute("ALTER SYSTEM RESET synchronous_standby_names")
    try connection.execute("SELECT pg_reload_conf()")
  }

  /// Waits for a waiting commit. Returns the process ids of its sessions.
  private func awaitCommit(_ server: SandboxServer) throws -> [pid_t] {
    for _ in 0..<1200 {
      if let waiting = try? backends(server, "wait_event = 'SyncRep'"), !waiting.isEmpty { return waiting }
      usleep(50_000)
    }
    Issue.record("no commit waits")
    return []
  }

  @Test(
    "A commit whose connection is lost is recognized as done, and the files are kept",
    arguments: ["ended", "killed", "restarted"])
  func lostCommit(_ way: String) throws {
    let server = try fresh()
    try holdCommits(server)
    defer { try? releaseCommits(server) }
    let outcome = Monitor<[(any Failure)?]>([])
    let thread = try WorkerThread { [self] in
      let failure = run(server)
      outcome.now { $0.append(failure) }
    }
    let waiting = try awaitCommit(server)
    switch way {
    case "ended": _ = try superuser().query("SELECT pg_terminate_backend($1::int)", [String(waiting.first ?? 0)])
    case "killed": waiting.forEach { kill($0, SIGKILL) }
    default: try restart()
    }
    thread.join()
    try awaitDatabase()
    let failure = try #require(outcome.now { $0 }.first ?? nil)
    #expect(failure.reason.contains("complete and visible"), "\(failure)")
    try Wholeness.expectWhole(server, way)
    #expect(try server.leftovers() == [])
  }

  @Test("An import that is killed during the commit keeps its files")
  func killedInCommit() throws {
    let server = try fresh()
    try holdCommits(server)
    defer { try? releaseCommits(server) }
    let archive = try Servers.archive()
    let root = server.root
    let thread = try WorkerThread {
      _ = try? ImportProcess(root: root, archive: archive).run(killedAfter: .seconds(3600)) { _ in false }
    }
    _ = try awaitCommit(server)
    // Finds the process that imports into this root.
    let importing = try FileSystem.names(in: "/proc").compactMap { pid_t($0) }.filter { pid in
      guard let words = try? FileSystem.read("/proc/\(pid)/cmdline") else { return false }
      return words.split(separator: 0).contains { $0.elementsEqual(root.utf8) } && pid != getpid()
    }
    try #require(importing.count == 1)
    kill(importing[0], SIGKILL)
    thread.join()
    // The commit is not decided: its rows are not visible yet, and no file is a leftover.
    func placed() throws -> [String] {
      try ["files", "avatars"].flatMap { try FileSystem.names(in: "\(server.uploads)/\($0)") }
    }
    let before = try placed()
    try ImportLock.settle(server.installation, server.connect(), progress: .silent)
    #expect(try !before.isEmpty && placed() == before)
    try releaseCommits(server)
    try server.awaitSilence()
    let late = run(server)
    #expect(late?.family == .conflict && late?.subject == "subdomain", "\(String(describing: late))")
    #expect(try server.leftovers() == [])
    try Wholeness.expectWhole(server, "after the commit")
  }
}
