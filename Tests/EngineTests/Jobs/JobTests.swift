import Common
import Glibc
import Postgres
import Sandbox
import Testing

@testable import Administration
@testable import Engine
@testable import Operations
@testable import Transfer

/// The program, next to the tests.
enum Executable {
  static func path(named name: String = "aloha-wizard") throws -> String {
    var buffer = [CChar](repeating: 0, count: Int(PATH_MAX) + 1)
    let length = readlink("/proc/self/exe", &buffer, Int(PATH_MAX))
    let own = String(decoding: buffer[0..<max(0, length)].map { UInt8(bitPattern: $0) }, as: UTF8.self)
    let folder = try #require(own.lastIndex(of: "/").map { String(own[..<$0]) })
    let path = "\(folder)/\(name)"
    try #require(FileSystem.exists(path), "build everything first: swift build --build-tests")
    return path
  }
}

/// Repeats `condition` until it is true. Returns false after half a minute.
func eventually(_ condition: () throws -> Bool) rethrows -> Bool {
  for _ in 0..<600 {
    if try condition() { return true }
    usleep(50_000)
  }
  return false
}

@Suite("Jobs")
struct JobTests {
  private func job(_ server: SandboxServer, _ description: any Operation) throws -> JobFolder {
    try JobStore(server.installation).make(description, plan: nil)
  }

  private func importing(_ server: SandboxServer) throws -> any Operation {
    ImportOperation(
      ServerReference(try server.installation),
      ImportOperation.Options(subdomain: "harbour", archive: try Servers.archive()))
  }

  /// Opens a session with a lock that blocks insertions of channels, so that an import waits in the middle.
  private func blocker(_ server: SandboxServer) throws -> Connection {
    let connection = try server.connect()
    try connection.execute("BEGIN; LOCK TABLE zerver_stream IN SHARE MODE")
    return connection
  }

  /// Waits until an import has reached the lock of ``blocker(_:)``.
  private func expectInTheMiddle(_ folder: JobFolder, sourceLocation: SourceLocation = #_sourceLocation) {
    let isThere = eventually {
      folder.events().contains { if case .phaseStarted("tables", _, _, _) = $0 { true } else { false } }
    }
    #expect(isThere, sourceLocation: sourceLocation)
  }

  /// Kills the process of a job, and waits until the job is recognized as lost.
  private func kill(_ folder: JobFolder) throws {
    let pid = try #require(
      pid_t(String(decoding: try FileSystem.read("\(folder.path)/pid"), as: UTF8.self).filter(\.isNumber)))
    Glibc.kill(pid, SIGKILL)
    #expect(eventually { folder.state() == .lost })
  }

  @Test("A job runs in its own process, and its whole output can be read")
  func follows() throws {
    let server = try Servers.fresh()
    let folder = try job(server, importing(server))
    try JobProcess.start(folder, executable: Executable.path())
    var first: [ProgressEvent] = []
    try JobFollower(folder).follow { first.append($0) }
    var second: [ProgressEvent] = []
    try JobFollower(folder).follow { second.append($0) }
    #expect(first == second)
    guard case .finished(let summary)? = first.last else { return #expect(Bool(false), "\(first)") }
    #expect(folder.state() == .finished(summary))
    #expect(try server.value("SELECT count(*) FROM zerver_message") == "700")
    #expect(FileSystem.exists("\(folder.path)/id-map.jsonl"))
    #expect(try JobStore(server.installation).job(nil).id == folder.id)
  }

  @Test("A second job on the same server is refused with the name of the running one")
  func oneAtATime() throws {
    let server = try Servers.fresh()
    let lock = try blocker(server)
    let folder = try job(server, importing(server))
    try JobProcess.start(folder, executable: Executable.path())
    expectInTheMiddle(folder)
    let other = try job(
      server, DeactivateOperation(ServerReference(try server.installation), subdomain: "x"))
    let failure = #expect(throws: PlainFailure.self) { try JobProcess.run(other, cancellation: Cancellation()) }
    #expect(failure?.family == .conflict)
    #expect(failure?.remedy?.contains(folder.id) == true)
    let store = JobStore(try server.installation)
    let count = try store.jobs().count
    let refused = #expect(throws: PlainFailure.self) {
      try JobLaunch(other.readHeader().operation).perform(.silent)
    }
    #expect(refused?.family == .conflict)
    #expect(try store.jobs().count == count, "what was refused at once is not listed as a job that failed")
    try lock.execute("ROLLBACK")
    #expect(eventually { if case .finished = folder.state() { true } else { false } })
  }

  @Test("A job refused by its check is not listed and needs no decision")
  func refused() throws {
    let server = try Servers.fresh()
    let reference = ServerReference(try server.installation)
    let folder = try job(server, ExportOperation(reference, .init(subdomain: "nosuch", output: "/tmp/never.tar.gz")))
    #expect(throws: PlainFailure.self) { try JobProcess.run(folder, cancellation: Cancellation()) }
    let store = try JobStore(server.installation)
    #expect(try store.outlooks().isEmpty && store.waiting().isEmpty)
    let journal = String(decoding: try FileSystem.read("\(folder.path)/journal.jsonl"), as: UTF8.self)
    #expect(journal.contains("\"at\":\"20"))
  }

  @Test("The result of a job is found in a long journal, and in one with a very long last line")
  func longJournals() throws {
    let server = try Servers.fresh()
    let reference = ServerReference(try server.installation)
    let folder = try job(server, FlushCacheOperation(reference))
    let line = EventLine.encode(.note(String(repeating: "x", count: 900))) + "\n"
    var text = String(repeating: line, count: 200)
    try FileSystem.replace("\(folder.path)/journal.jsonl", with: text.utf8)
    #expect(folder.state() == .lost)
    let summary = Summary(title: "done", facts: [], warnings: [String(repeating: "y", count: 100_000)], nextSteps: [])
    text += EventLine.encode(.finished(summary)) + "\n"
    try FileSystem.replace("\(folder.path)/journal.jsonl", with: text.utf8)
    #expect(folder.state() == .finished(summary))
  }

  @Test("A cancelled job rolls its changes back and reports it")
  func stopping() throws {
    let server = try Servers.fresh()
    let before = try server.state()
    let lock = try blocker(server)
    let folder = try job(server, importing(server))
    try JobProcess.start(folder, executable: Executable.path())
    expectInTheMiddle(folder)
    #expect(folder.state() == .running)
    try JobProcess.stop(folder)
    #expect(eventually { folder.state() != .running })
    try lock.execute("ROLLBACK")
    guard case .failed(let report) = folder.state() else { return #expect(Bool(false), "\(folder.state())") }
    #expect(report.exitCode == FailureFamily.cancelled.rawValue)
    #expect(try server.state() == before)
  }

  @Test("Stopping a job reports the outcome; a killed job needs a decision and cannot be stopped or undone")
  func stopsAndWaits() throws {
    let server = try Servers.fresh()
    let lock = try blocker(server)
    let folder = try job(server, importing(server))
    try JobProcess.start(folder, executable: Executable.path())
    expectInTheMiddle(folder)
    let store = try JobStore(server.installation)
    let running = try #require(try store.outlooks().first)
    #expect(running.state == .running && running.obstacles[.stop] == nil && running.obstacles[.resume] != nil)
    #expect(try JobStop(folder).check().isEmpty)
    let stopped = try JobStop(folder).perform(.silent)
    #expect(stopped.facts == [Summary.Fact("Outcome", "it has stopped; its changes were rolled back")])
    #expect(try JobStop(folder).check().map(\.severity) == [.blocker])
    #expect(try store.waiting().isEmpty)
    try lock.execute("ROLLBACK")

    let second = try blocker(server)
    let killed = try job(server, importing(server))
    try JobProcess.start(killed, executable: Executable.path())
    expectInTheMiddle(killed)
    try kill(killed)
    try second.execute("ROLLBACK")
    let waiting = try #require(try store.waiting().first)
    let wanted = try importing(server)
    #expect(
      waiting.folder == killed.path && waiting.state == .interrupted && waiting.operation?.isEqual(to: wanted) == true)
    #expect(waiting.obstacles[.resume] == nil && waiting.obstacles[.stop] != nil && waiting.obstacles[.undo] != nil)
    // After another run the job can be undone, but only once.
    let again = try job(server, try importing(server))
    try JobProcess.run(again, cancellation: Cancellation())
    #expect(try store.waiting().isEmpty)
    func undoObstacle() throws -> String? { try store.outlooks().first { $0.folder == again.path }?.obstacles[.undo] }
    #expect(try undoObstacle() == nil)
    let reference = ServerReference(try server.installation)
    let undo = try job(server, UndoJobOperation(servers: [reference], folder: again.path, despiteSignsOfLife: false))
    try JobProcess.run(undo, cancellation: Cancellation())
    #expect(try undoObstacle() == "it was undone already, by job \(undo.id)")
  }

  @Test("A killed job is detected, has left no visible changes, and can be repeated")
  func killed() throws {
    let server = try Servers.fresh()
    let lock = try blocker(server)
    let folder = try job(server, importing(server))
    try JobProcess.start(folder, executable: Executable.path())
    expectInTheMiddle(folder)
    try kill(folder)
    try lock.execute("ROLLBACK")
    var events: [ProgressEvent] = []
    try JobFollower(folder).follow { events.append($0) }
    guard case .failed(let report)? = events.last else { return #expect(Bool(false)) }
    #expect(report.remedy?.contains("jobs resume \(folder.id)") == true)
    #expect(try server.value("SELECT count(*) FROM zerver_realm") == "1")
    let again = try job(server, try folder.readHeader().operation)
    try JobProcess.run(again, cancellation: Cancellation())
    #expect(try server.value("SELECT count(*) FROM zerver_message") == "700")
  }

  @Test("A job is decoded from its folder unchanged, and contains no secret")
  func header() throws {
    let server = try Servers.fresh()
    let reference = ServerReference(try server.installation)
    let operations: [any Operation] = [
      try importing(server), ExportOperation(reference, ExportOperation.Options(subdomain: "", output: "/x")),
      CopySecretsOperation(from: reference, to: reference, decisions: ["camo_key": .copy]),
      DeactivateOperation(reference, subdomain: "a"), ReactivateOperation(reference, subdomain: "b"),
    ]
    for operation in operations {
      let folder = try job(server, operation)
      #expect(try folder.readHeader().operation.isEqual(to: operation))
      let text = String(decoding: try FileSystem.read("\(folder.path)/job.json"), as: UTF8.self)
      let secrets = try server.installation.secrets
      for name in secrets.names { #expect(!text.contains(try #require(secrets[name]).reveal())) }
    }
  }
}

@Suite("Undoing a job")
struct UndoTests {
  private func run(_ server: SandboxServer, _ description: any Operation) throws -> JobFolder {
    let folder = try JobStore(server.installation).make(description, plan: nil)
    try JobProcess.run(folder, cancellation: Cancellation())
    return folder
  }

  @Test("Undoing an import deletes its rows and files, and nothing else")
  func importing() throws {
    let server = try Servers.fresh()
    try server.add(SampleOrganization(.bookclub, subdomain: "stays", messages: 20))
    let before = try server.state()
    let reference = ServerReference(try server.installation)
    let folder = try run(
      server, ImportOperation(reference, .init(subdomain: "harbour", archive: try Servers.archive())))
    #expect(try server.value("SELECT count(*) FROM zerver_realm") == "3")
    _ = try run(server, UndoJobOperation(servers: [reference], folder: folder.path, despiteSignsOfLife: false))
    let after = try server.state()
    // Clients are shared by all organizations; imported ones may remain.
    for key in Set(before.keys).union(after.keys) where before[key] != after[key] && key != "zerver_client" {
      Issue.record("\(key) is not as it was: \(before[key] ?? "nothing") → \(after[key] ?? "nothing")")
    }
  }

  @Test("Undoing an import never deletes an organization of another job")
  func another() throws {
    let server = try Servers.fresh()
    let reference = ServerReference(try server.installation)
    let folder = try run(
      server, ImportOperation(reference, .init(subdomain: "harbour", archive: try Servers.archive())))
    try server.connect().execute("UPDATE zerver_realm SET string_id = 'renamed' WHERE string_id = 'harbour'")
    try server.add(SampleOrganization(.bookclub, subdomain: "harbour", messages: 10, seed: 9))
    let failure = #expect(throws: PlainFailure.self) {
      _ = try UndoJobOperation(folder).perform(.silent)
    }
    #expect(failure?.family == .blocked)
    #expect(try server.value("SELECT count(*) FROM zerver_realm") == "3")
  }

  @Test("An unfinished job cannot be undone")
  func unfinished() throws {
    let server = try Servers.fresh()
    let reference = ServerReference(try server.installation)
    let folder = try JobStore(server.installation).make(
      ImportOperation(reference, .init(subdomain: "www", archive: try Servers.archive())), plan: nil)
    _ = try? JobProcess.run(folder, cancellation: Cancellation())
    let failure = #expect(throws: PlainFailure.self) { _ = try UndoJobOperation(folder).plan() }
    #expect(failure?.family == .conflict)
  }
}
