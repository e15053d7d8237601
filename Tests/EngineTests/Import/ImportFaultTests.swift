import Archive
import Common
import Glibc
import Postgres
import Sandbox
import Testing

@testable import Administration
@testable import Operations
@testable import Transfer

@Suite("Refused imports")
struct ImportFaultTests {
  /// Runs an import that must fail, and fails if it has changed the server.
  private func refused<Expected: Failure>(
    _ server: SandboxServer, _ operation: ImportOperation, _ type: Expected.Type,
    progress: Progress = .silent
  ) throws -> Expected? {
    let before = try server.state()
    let failure = #expect(throws: type) { _ = try operation.perform(progress) }
    let after = try server.state()
    for key in Set(before.keys).union(after.keys) where before[key] != after[key] {
      Issue.record("\(key) is not as it was: \(before[key] ?? "nothing") → \(after[key] ?? "nothing")")
    }
    return failure
  }

  @Test("A missing archive is named, and nothing is changed")
  func missing() throws {
    let new = try Servers.fresh()
    let failure = try refused(new, try new.importing("/nonexistent/archive.tar.gz"), ArchiveFailure.self)
    #expect(failure?.family == .archive)
    #expect(failure?.subject == "/nonexistent/archive.tar.gz")
  }

  @Test("A truncated archive is refused wherever it ends, before any change", arguments: [0.02, 0.5, 0.999])
  func truncated(_ part: Double) throws {
    let new = try Servers.fresh()
    let bytes = try FileSystem.read(Servers.archive())
    let path = try Servers.folder() + "/half-\(part)-\(RandomText.alphanumeric(5)).tar.gz"
    try FileSystem.replace(path, with: bytes.prefix(Int(Double(bytes.count) * part)))
    let failure = try refused(new, try new.importing(path), ArchiveFailure.self)
    #expect(failure?.family == .damagedArchive)
  }

  @Test("A flipped bit is detected before anything is written")
  func flipped() throws {
    let new = try Servers.fresh()
    var bytes = try FileSystem.read(Servers.archive())
    for place in [bytes.count / 3, bytes.count - 60] {
      bytes[place] ^= 0x10
      let path = try Servers.folder() + "/flipped-\(place)-\(RandomText.alphanumeric(5)).tar.gz"
      try FileSystem.replace(path, with: bytes)
      let failure = try refused(new, try new.importing(path), ArchiveFailure.self)
      #expect(failure?.family == .damagedArchive)
    }
  }

  @Test("Subdomains that are in use, reserved or invalid are refused with the reason")
  func subdomains() throws {
    let new = try Servers.fresh()
    try new.add(SampleOrganization(.bookclub, subdomain: "taken", messages: 5))
    for (subdomain, word) in [("taken", "in use"), ("www", "reserved"), ("No Good", "cannot be"), ("-x", "cannot be")] {
      let failure = try refused(new, try new.importing(Servers.archive(), as: subdomain), Blocked.self)
      #expect(failure?.reason.contains(word) == true, "\(subdomain)")
      #expect(failure?.remedy != nil)
    }
  }

  @Test("A wrong database password is reported as one error with a remedy")
  func wrongPassword() throws {
    let sandbox = try Sandbox.temporary(servers: ["guarded"])
    defer { sandbox.stop() }
    let server = try #require(sandbox.servers.first)
    try server.requirePassword()
    let file = "\(server.configuration)/aloha-secrets.conf"
    var editor = try ConfFileEditor(String(decoding: try FileSystem.read(file), as: UTF8.self), name: file)
    try editor.set("secrets", "postgres_password", to: "wrong-password")
    try FileSystem.replace(file, with: Array(editor.text.utf8))
    let failure = #expect(throws: DatabaseFailure.self) {
      _ = try server.importing(Servers.archive()).perform(.silent)
    }
    #expect(failure?.family == .connection)
    #expect(failure?.remedy?.contains("postgres_password") == true)
    #expect(failure.map { "\($0) \($0.reason)".contains("wrong-password") } == false)
  }

  @Test("A server without its system bots is a blocker that says what to run")
  func noSystemBots() throws {
    let new = try Servers.fresh()
    try new.connect().execute("UPDATE zerver_userprofile SET email = 'x' || email WHERE email LIKE 'welcome-bot%'")
    let failure = try refused(new, try new.importing(Servers.archive()), Blocked.self)
    #expect(failure?.reason.contains("welcome-bot") == true)
    #expect(failure?.remedy?.contains("manage.py") == true)
  }

  @Test("A new server creates its system bots before the import starts")
  func botsMade() throws {
    let new = try Servers.fresh()
    try new.connect().execute("UPDATE zerver_userprofile SET email = 'x' || email WHERE email LIKE 'welcome-bot%'")
    let parameters = new.parameters
    let script = """
      #!/bin/sh
      test "$1" = shell || exit 1
      psql -qX -h '\(parameters.host ?? "")' -U postgres -d '\(new.database)' \\
        -c "UPDATE aloha.zerver_userprofile SET email = substr(email, 2) WHERE email LIKE 'xwelcome-bot%'"

      """
    try FileSystem.replace("\(new.deployment)/manage.py", with: Array(script.utf8), mode: 0o755)
    #expect(
      try new.importing(Servers.archive()).check().contains { $0.subject == "system bots" && $0.severity == .warning })
    _ = try new.importing(Servers.archive()).perform(.silent)
    #expect(try new.value("SELECT count(*) FROM zerver_message") == "700")
  }

  @Test("With --stop-server the server is stopped during the import and started afterwards, even after a failure")
  func stopsServer() throws {
    for archive in [try Servers.archive(), "fails"] {
      let new = try Servers.fresh()
      try new.run("scripts/start-server")
      defer { _ = try? new.run("scripts/stop-server") }
      var options = ImportOperation.Options(subdomain: "harbour", archive: try Servers.archive())
      options.stopsServer = true
      let cancellation = Cancellation()
      let wasRunning = Monitor<[String: Bool]>([:])
      let progress = Progress(cancellation: cancellation) { event in
        guard case .phaseStarted(let id, _, _, _) = event else { return }
        wasRunning.now { $0[id] = new.isRunning }
        if archive == "fails", id == "tables" { cancellation.cancel() }
      }
      let operation = ImportOperation(new.reference, options)
      if archive == "fails" {
        #expect(throws: Cancelled.self) { _ = try operation.perform(progress) }
      } else {
        _ = try operation.perform(progress)
      }
      #expect(wasRunning.now { $0["survey"] } == true)
      #expect(wasRunning.now { $0["tables"] } == false)
      #expect(new.isRunning)
      #expect(try operation.plan().phases.map(\.id).contains("stop"))
    }
  }

  @Test("An archive of another version of the server is a blocker that names the migrations")
  func otherVersion() throws {
    let new = try Servers.fresh()
    try new.connect().execute(
      "DELETE FROM django_migrations WHERE id = (SELECT max(id) FROM django_migrations WHERE app = 'zerver')")
    let failure = try refused(new, try new.importing(Servers.archive()), Blocked.self)
    #expect(failure?.reason.contains("zerver") == true)
    #expect(failure?.remedy?.contains("upgrade-aloha-from-git") == true)
  }

  @Test(
    "An import that is cancelled in any phase is rolled back",
    arguments: ["survey", "files", "tables", "messages", "indexes", "links", "commit"])
  func stopping(_ phase: String) throws {
    let new = try Servers.fresh()
    let cancellation = Cancellation()
    let progress = Progress(cancellation: cancellation) { event in
      if case .phaseStarted(let id, _, _, _) = event, id == phase { cancellation.cancel() }
    }
    _ = try refused(new, try new.importing(Servers.archive()), Cancelled.self, progress: progress)
    // The same import succeeds afterwards.
    _ = try new.importing(Servers.archive()).perform(.silent)
    #expect(try new.value("SELECT count(*) FROM zerver_message") == "700")
  }

  @Test(
    "A database that goes away in the middle leaves nothing behind",
    arguments: ["files", "tables", "messages", "links"])
  func lostConnection(_ phase: String) throws {
    let new = try Servers.fresh()
    let progress = Progress { event in
      guard case .phaseStarted(let id, _, _, _) = event, id == phase else { return }
      _ = try? new.connectAsSuperuser().query(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1 AND pid <> pg_backend_pid()",
        [new.database])
    }
    _ = try refused(new, try new.importing(Servers.archive()), DatabaseFailure.self, progress: progress)
    _ = try new.importing(Servers.archive()).perform(.silent)
    #expect(try new.value("SELECT count(*) FROM zerver_message") == "700")
  }

  @Test("The files of a killed import are deleted when the next import starts")
  func leftovers() throws {
    let new = try Servers.fresh()
    let folder = "\(new.uploads)/files/999"
    try FileSystem.makeFolder("\(folder)/1f/random", mode: 0o755)
    try FileSystem.replace("\(folder)/.import-in-progress", with: [])
    try FileSystem.replace("\(folder)/1f/random/a.txt", with: Array("x".utf8))
    _ = try new.importing(Servers.archive()).perform(.silent)
    #expect(!FileSystem.exists(folder))
  }

  @Test("Of two simultaneous imports into one subdomain, one succeeds and the other is refused")
  func twoAtOnce() throws {
    let new = try Servers.fresh()
    let archive = try Servers.archive()
    let outcomes = Monitor<[String]>([])
    let threads = try (0..<2).map { _ in
      try WorkerThread {
        do {
          _ = try new.importing(archive).perform(.silent)
          outcomes.now { $0.append("came") }
        } catch let failure as any Failure {
          outcomes.now { $0.append(failure.family == .conflict || failure.family == .blocked ? "told" : "\(failure)") }
        } catch { outcomes.now { $0.append("\(error)") } }
      }
    }
    threads.forEach { $0.join() }
    #expect(outcomes.now { $0 }.sorted() == ["came", "told"])
    #expect(try new.value("SELECT count(*) FROM zerver_realm WHERE string_id = 'harbour'") == "1")
    #expect(try new.value("SELECT count(*) FROM zerver_message") == "700")
  }
  @Test("Two simultaneous imports into different subdomains succeed")
  func twoPlaces() throws {
    let new = try Servers.fresh()
    let archive = try Servers.archive()
    let threads = try ["one", "two"].map { subdomain in
      try WorkerThread {
        do { _ = try new.importing(archive, as: subdomain).perform(.silent) } catch { Issue.record(error) }
      }
    }
    threads.forEach { $0.join() }
    #expect(try new.column("SELECT count(*) FROM zerver_message GROUP BY realm_id") == ["700", "700"])
    #expect(try new.leftovers() == [])
  }
}
