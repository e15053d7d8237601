import Common
import Glibc
import Sandbox
import Testing

@testable import Operations
@testable import Server
@testable import WholeServer

@Suite("The state before a restore")
struct LostOldStateTests {
  private func restored(_ name: String, in folder: String) throws -> (server: SandboxServer, record: RestoreRecord) {
    let server = try Disaster.server(name, messages: 10)
    _ = try Disaster.backup(server, to: "\(folder)/backup.tar.gz")
    try Disaster.execute(server, "UPDATE zerver_message SET content = 'old state'")
    try Disaster.restore(server, from: "\(folder)/backup.tar.gz")
    return (server, try #require(try RestoreState(root: server.root).current()))
  }

  @Test("A roll back is refused before any change if any part of the old state was deleted")
  func removed() throws {
    try Disaster.folder { folder in
      let (server, record) = try restored("removed-by-hand", in: folder)
      let now = try Disaster.fingerprint(server)
      func refused(_ part: String) throws {
        let findings = try RollBackOperation(ServerReference(root: server.root)).check()
        #expect(findings.contains { $0.severity == .blocker && $0.reason.contains(part) }, "\(part)")
        let failure = #expect(throws: PlainFailure.self, "\(part)") {
          try RollBackOperation(ServerReference(root: server.root)).perform(.silent)
        }
        #expect(failure?.family == .conflict && failure?.reason.contains(part) == true, "\(part)")
        try Disaster.expect(server, now, part)
        #expect(try RestoreState(root: server.root).current()?.stage == .finished)
      }
      for place in record.places {
        #expect(rename(place.before, "\(folder)/aside") == 0)
        try refused(place.before)
        #expect(rename("\(folder)/aside", place.before) == 0)
      }
      let kept = try #require(record.database).before
      try Disaster.execute(server, on: "postgres", "ALTER DATABASE \"\(kept)\" RENAME TO elsewhere")
      try refused(kept)
      try Disaster.execute(server, on: "postgres", "ALTER DATABASE elsewhere RENAME TO \"\(kept)\"")
      // A roll back is possible again.
      _ = try RollBackOperation(ServerReference(root: server.root)).perform(.silent)
      #expect(try Disaster.fingerprint(server) != now)
      _ = try DiscardRestoreOperation(ServerReference(root: server.root)).perform(.silent)
      try server.run("scripts/stop-server")
    }
  }

  @Test("The only remaining copy of a database is not discarded")
  func onlyCopy() throws {
    try Disaster.folder { folder in
      let (server, record) = try restored("only-copy", in: folder)
      let database = try #require(record.database)
      try Disaster.execute(server, on: "postgres", "DROP DATABASE \"\(database.live)\" WITH (FORCE)")
      let failure = #expect(throws: PlainFailure.self) {
        try DiscardRestoreOperation(ServerReference(root: server.root)).perform(.silent)
      }
      #expect(failure?.reason.contains("last copy") == true)
      #expect(try Disaster.databases(server).contains(database.before))
      try Disaster.execute(server, on: "postgres", "DROP DATABASE \"\(database.before)\" WITH (FORCE)")
      try server.run("scripts/stop-server")
    }
  }

  @Test("A roll back to a server without a database is announced with a warning")
  func noneBefore() throws {
    try Disaster.folder { folder in
      let server = try Disaster.server("none-before", messages: 10)
      _ = try Disaster.backup(server, to: "\(folder)/backup.tar.gz")
      try Disaster.destroy(server)
      try Disaster.restore(server, from: "\(folder)/backup.tar.gz")
      #expect(try RestoreState(root: server.root).current()?.hadDatabase == false)
      let findings = try RollBackOperation(ServerReference(root: server.root)).check()
      #expect(findings.contains { $0.severity == .warning && $0.subject == "database" })
      #expect(!findings.contains { $0.severity == .blocker })
      // After the roll back the server has no database, as before: the restored one is not reported as missing.
      _ = try RollBackOperation(ServerReference(root: server.root)).perform(.silent)
      let summary = try DiscardRestoreOperation(ServerReference(root: server.root)).perform(.silent)
      #expect(summary.facts.contains { $0.value.contains("_restore_") }, "\(summary.facts)")
      #expect(try Disaster.databases(server) == [])
      try server.run("scripts/stop-server")
    }
  }

  @Test("The kept copy of a folder is not discarded while the server lacks that folder")
  func onlyCopyOfFiles() throws {
    try Disaster.folder { folder in
      let (server, record) = try restored("only-files", in: folder)
      let uploads = try #require(record.places.first { $0.part == BackupLayout.uploads })
      #expect(rename(uploads.live, "\(folder)/aside") == 0)
      let failure = #expect(throws: PlainFailure.self) {
        try DiscardRestoreOperation(ServerReference(root: server.root)).perform(.silent)
      }
      #expect(failure?.reason.contains(uploads.live) == true && FileSystem.isFolder(uploads.before))
      #expect(failure?.remedy?.contains("restore --roll-back --root \(server.root)") == true)
      #expect(rename("\(folder)/aside", uploads.live) == 0)
      _ = try DiscardRestoreOperation(ServerReference(root: server.root)).perform(.silent)
      #expect(!FileSystem.exists(uploads.before))
      try server.run("scripts/stop-server")
    }
  }

  @Test("A roll back to an empty settings folder is refused")
  func emptySettings() throws {
    try Disaster.folder { folder in
      let (server, record) = try restored("empty-settings", in: folder)
      let settings = try #require(record.places.first { $0.part == BackupLayout.settings })
      #expect(rename(settings.before, "\(folder)/aside") == 0)
      try FileSystem.makeFolder(settings.before)
      let now = try Disaster.fingerprint(server)
      let failure = #expect(throws: PlainFailure.self) {
        try RollBackOperation(ServerReference(root: server.root)).perform(.silent)
      }
      #expect(failure?.reason.contains("everything in \(settings.before)") == true)
      try Disaster.expect(server, now)
      _ = try DiscardRestoreOperation(ServerReference(root: server.root)).perform(.silent)
      try server.run("scripts/stop-server")
    }
  }

  @Test("A roll back ends only after the services were updated, and can be resumed until then")
  func toldServices() throws {
    try Disaster.folder { folder in
      let (server, _) = try restored("untold", in: folder)
      let start = "\(try Installation(root: server.root).deploymentFolder)/scripts/start-server"
      let script = try FileSystem.read(start)
      try FileSystem.replace(start, with: "#!/bin/sh\necho no such service >&2; exit 3\n".utf8, mode: 0o755)
      let failure = #expect(throws: PlainFailure.self) {
        try RollBackOperation(ServerReference(root: server.root)).perform(.silent)
      }
      #expect(failure?.remedy?.contains("restore --resume --root \(server.root)") == true)
      let state = RestoreState(root: server.root)
      #expect(try state.current()?.stage == .rollingBack)
      let stops = try Disaster.scripts(server).count { $0.hasPrefix("[stop-server") }
      try FileSystem.replace(start, with: script, mode: 0o755)
      let summary = try ResumeRestoreOperation(ServerReference(root: server.root)).perform(.silent)
      #expect(summary.title == "The restore is rolled back")
      #expect(try state.current()?.stage == .rolledBack)
      #expect(try Disaster.scripts(server).count { $0.hasPrefix("[stop-server") } == stops + 1)
      #expect(try Disaster.scripts(server).contains { $0.hasPrefix("[start-server") })
      _ = try DiscardRestoreOperation(ServerReference(root: server.root)).perform(.silent)
      try server.run("scripts/stop-server")
    }
  }

  @Test("With two restores, actions apply to the newest, and the other one is reported and unchanged")
  func twoRestores() throws {
    try Disaster.folder { folder in
      let (server, first) = try restored("twice", in: folder)
      try Disaster.restore(server, from: "\(folder)/backup.tar.gz")
      let state = RestoreState(root: server.root)
      let second = try #require(try state.current())
      #expect(second.id != first.id)
      #expect(try state.records().count == 2)
      let findings = try DiscardRestoreOperation(ServerReference(root: server.root)).check()
      let other = findings.first { $0.subject == "another restore" }
      let kept = try #require(first.database).before
      #expect(other?.severity == .warning && other?.reason.contains(kept) == true)
      _ = try DiscardRestoreOperation(ServerReference(root: server.root)).perform(.silent)
      #expect(try Disaster.databases(server).contains(kept))
      #expect(try state.current()?.id == first.id)
      _ = try DiscardRestoreOperation(ServerReference(root: server.root)).perform(.silent)
      #expect(try Disaster.leftOvers(server) == [])
      try server.run("scripts/stop-server")
    }
  }

  @Test("A restore in progress is reported as running, and as interrupted only after it was killed")
  func running() throws {
    try Disaster.folder { folder in
      let server = try Disaster.server("watched", messages: 10)
      _ = try Disaster.backup(server, to: "\(folder)/backup.tar.gz")
      let state = RestoreState(root: server.root)
      let progress = Progress { event in
        guard case .phaseStarted(let id, _, _, _) = event, id == "database" else { return }
        let record = (try? state.current()) ?? nil
        #expect(!state.isIdle)
        #expect(record?.label(isRunning: true).contains("is running") == true)
        let findings =
          (try? RestoreOperation(ServerReference(root: server.root), RestoreOptions(archive: "\(folder)/backup.tar.gz"))
            .check())
        #expect(findings?.contains { $0.subject == "another restore" && $0.severity == .blocker } == true)
      }
      _ = try RestoreOperation(ServerReference(root: server.root), RestoreOptions(archive: "\(folder)/backup.tar.gz"))
        .perform(progress)
      #expect(state.isIdle)
      _ = try DiscardRestoreOperation(ServerReference(root: server.root)).perform(.silent)
      try server.run("scripts/stop-server")
    }
  }

  @Test("A prepared restore is deleted with --clear, and an exchanged one is completed with --resume")
  func words() throws {
    let server = try Disaster.server("two-words", messages: 5)
    let state = RestoreState(root: server.root)
    let record = RestoreRecord(
      id: try state.newID(), source: "a backup", database: nil, places: [], administrator: AdministratorAccess.Wish())
    try state.save(record)
    let refused = #expect(throws: PlainFailure.self) {
      try ResumeRestoreOperation(ServerReference(root: server.root)).perform(.silent)
    }
    #expect(refused?.remedy?.contains("--clear") == true)
    _ = try ClearRestoreOperation(ServerReference(root: server.root)).perform(.silent)
    #expect(try state.records().isEmpty)
    var exchanged = record
    exchanged.stage = .swapped
    try state.save(exchanged)
    let second = #expect(throws: PlainFailure.self) {
      try ClearRestoreOperation(ServerReference(root: server.root)).perform(.silent)
    }
    #expect(second?.remedy?.contains("--resume") == true)
    _ = try ResumeRestoreOperation(ServerReference(root: server.root)).perform(.silent)
    #expect(try state.current()?.stage == .finished)
    _ = try DiscardRestoreOperation(ServerReference(root: server.root)).perform(.silent)
    try server.run("scripts/stop-server")
  }

  @Test("Steps without a script on this machine are listed as commands in execution order")
  func steps() throws {
    try Disaster.folder { folder in
      let server = try Disaster.server("without-scripts", messages: 5)
      _ = try Disaster.backup(server, to: "\(folder)/backup.tar.gz")
      let scripts = "\(try Installation(root: server.root).deploymentFolder)/scripts"
      #expect(rename(scripts, "\(folder)/scripts") == 0)
      let summary = try Disaster.restore(server, from: "\(folder)/backup.tar.gz")
      let commands = summary.nextStepLines.filter { $0.hasPrefix("$ ") }
      #expect(commands.count == 6)
      #expect(commands.first?.contains("stop-server") == true && commands.last?.contains("flush-memcached") == true)
      let back = try RollBackOperation(ServerReference(root: server.root)).perform(.silent)
      #expect(back.nextStepLines.contains { $0.contains("start-server") })
      #expect(rename("\(folder)/scripts", scripts) == 0)
      _ = try DiscardRestoreOperation(ServerReference(root: server.root)).perform(.silent)
    }
  }
}
