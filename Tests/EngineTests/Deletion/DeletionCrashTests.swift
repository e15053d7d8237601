import Common
import Glibc
import Postgres
import Sandbox
import Testing

@testable import Administration
@testable import Operations

@Suite("Interrupted deletions")
struct DeletionCrashTests {
  private static let binary: String = {
    let path = realpath("/proc/self/exe", nil).map { pointer in
      defer { free(pointer) }
      return String(cString: pointer)
    }
    // The program is next to the tests, or, if a helper of the toolchain runs them, next to the bundle that the helper
    // received.
    let places = [path ?? "", CommandLine.arguments.first { $0.hasSuffix(".xctest") } ?? ""]
    return places.map { String($0[..<($0.lastIndex(of: "/") ?? $0.startIndex)]) + "/aloha-wizard" }
      .first { access($0, X_OK) == 0 } ?? ""
  }()

  static var hasBinary: Bool { !binary.isEmpty }

  private func start(_ server: SandboxServer) throws -> pid_t {
    try Subprocess(
      Self.binary,
      [
        "organization", "delete", "--root", server.root, "-r", "harbour", "--with-uploads", "--confirm-delete",
        "harbour", "--yes",
      ], directory: "/"
    ).start()
  }

  private func eventually(_ isTrue: () throws -> Bool) rethrows -> Bool {
    for _ in 0..<6000 {
      if try isTrue() { return true }
      usleep(10_000)
    }
    return false
  }

  private func server(messages: Int) throws -> SandboxServer {
    let server = try Servers.fresh()
    try server.add(SampleOrganization(.bookclub, messages: 30))
    try server.add(SampleOrganization(.harbour, messages: messages))
    return server
  }

  @Test("A deletion killed while deleting rows has deleted nothing, and can be repeated", .enabled(if: hasBinary))
  func killedInRows() throws {
    let server = try server(messages: 100)
    let before = try server.state()
    let holder = try server.connectAsSuperuser()
    try holder.execute("BEGIN; SELECT 1 FROM zerver_reaction FOR UPDATE")
    let child = try start(server)
    let waiting = """
      SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'
        AND query LIKE 'DELETE FROM%'
      """
    #expect(try eventually { try server.value(waiting) == "1" })
    kill(child, SIGKILL)
    #expect(Subprocess.wait(child) == 128 + SIGKILL)
    try holder.execute("ROLLBACK")
    let sessions = """
      SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'aloha-wizard'
        AND pid <> pg_backend_pid() AND state <> 'idle'
      """
    #expect(try eventually { try holder.value(sessions) == "0" })
    var after = try server.state()
    // Only the record of the planned deletion of files may be left.
    for key in after.keys where key.contains(".organization-deletion-") { after[key] = nil }
    #expect(before == after)
    _ = try server.deleting("harbour", .ofOrganization).perform(.silent)
    #expect(try server.column("SELECT string_id FROM zerver_realm ORDER BY id") == ["alohainternal", "bookclub"])
    #expect(try FileSystem.names(in: server.uploads) == ["avatars", "files"])
  }

  @Test("The files of a deletion killed after its commit are deleted by the next one", .enabled(if: hasBinary))
  func killedInFiles() throws {
    let server = try server(messages: 60)
    let id = try #require(try server.value("SELECT id FROM zerver_realm WHERE string_id = 'harbour'"))
    try FileSystem.makeFolder("\(server.uploads)/files/\(id)/many")
    for number in 0..<5000 { close(open("\(server.uploads)/files/\(id)/many/\(number)", O_CREAT | O_WRONLY, 0o600)) }
    let child = try start(server)
    let watcher = try server.connect()
    while try watcher.value("SELECT 1 FROM zerver_realm WHERE string_id = 'harbour'") != nil { usleep(200) }
    kill(child, SIGKILL)
    _ = Subprocess.wait(child)
    do { _ = try server.deleting("harbour", .ofOrganization).perform(.silent) } catch let failure as PlainFailure {
      // The deletion may have finished before the signal; then the organization does not exist any more.
      #expect(failure.family == .notFound)
    }
    #expect(!FileSystem.exists("\(server.uploads)/files/\(id)"))
    #expect(!FileSystem.exists("\(server.uploads)/avatars/\(id)"))
    #expect(try FileSystem.names(in: server.uploads) == ["avatars", "files"])
  }

  @Test("Any later deletion completes one that was killed after its commit")
  func leftover() throws {
    let server = try server(messages: 20)
    let installation = try server.installation
    try FileSystem.makeFolder("\(server.uploads)/files/4711/a")
    try FileSystem.replace("\(server.uploads)/files/4711/a/b", with: [1])
    var journal: DeletionJournal? = try DeletionJournal(
      DeletionJournal.Entry(organization: 4711, subdomain: "gone", name: "Gone", reach: .organization),
      in: installation.uploadsFolder)
    #expect(try DeletionJournal.leftovers(in: installation.uploadsFolder).isEmpty, "it is running still")
    _ = journal
    journal = nil
    let summary = try server.deleting("gone", .ofOrganization).perform(.silent)
    #expect(summary.title.contains("interrupted"))
    #expect(!FileSystem.exists("\(server.uploads)/files/4711"))
    #expect(try FileSystem.names(in: server.uploads) == ["avatars", "files"])
  }

  @Test("Concurrent writes to a deleted organization fail and leave nothing")
  func concurrent() throws {
    let server = try server(messages: 20)
    let writer = try server.connect()
    try writer.execute("BEGIN")
    #expect(
      try writer.change(
        """
        INSERT INTO zerver_message SELECT (jsonb_populate_record(m, jsonb_build_object(
          'id', nextval(pg_get_serial_sequence('zerver_message', 'id'))))).*
        FROM zerver_message m WHERE realm_id = (SELECT id FROM zerver_realm WHERE string_id = 'harbour') LIMIT 1
        """) == 1)
    _ = try server.deleting("harbour", .keep).perform(.silent)
    let failure = #expect(throws: DatabaseFailure.self) { try writer.execute("COMMIT") }
    #expect(failure?.sqlState == "23503")
    let lost = "SELECT count(*) FROM zerver_message WHERE realm_id NOT IN (SELECT id FROM zerver_realm)"
    #expect(try server.value(lost) == "0")
  }

  @Test("A cancelled deletion changes nothing")
  func cancelled() throws {
    let server = try server(messages: 60)
    let before = try server.state()
    let cancellation = Cancellation()
    let progress = Progress(cancellation: cancellation) { event in
      if case .advanced = event { cancellation.cancel() }
    }
    #expect(throws: Cancelled.self) { _ = try server.deleting("harbour", .ofOrganization).perform(progress) }
    #expect(try server.state() == before)
  }

  @Test("A deletion that cannot write its record changes nothing")
  func files() throws {
    let server = try server(messages: 20)
    let folder = server.uploads
    let before = try server.state()
    // A folder with the name of the record prevents its creation.
    let id = try #require(try server.value("SELECT id FROM zerver_realm WHERE string_id = 'harbour'"))
    try FileSystem.makeFolder("\(folder)/.organization-deletion-\(id)")
    #expect(throws: PlainFailure.self) { _ = try server.deleting("harbour", .ofOrganization).perform(.silent) }
    try FileSystem.removeTree("\(folder)/.organization-deletion-\(id)")
    try FileSystem.removeTree("\(folder)/.organization-deletion-\(id).lock")
    #expect(try server.state() == before)
  }
}
