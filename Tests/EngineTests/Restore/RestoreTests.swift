import Archive
import Common
import Glibc
import Postgres
import Sandbox
import Testing

@testable import Operations
@testable import Server
@testable import WholeServer

@Suite("Restoring a server")
struct RestoreTests {
  @Test("A restore after a total loss brings back every row, file and setting, and starts the server")
  func disaster() throws {
    let server = try Disaster.server("lost")
    try server.run("scripts/start-server")
    let before = try Disaster.fingerprint(server)
    try Disaster.folder { folder in
      _ = try Disaster.backup(server, to: "\(folder)/backup.tar.gz")
      try Disaster.destroy(server)
      let summary = try Disaster.restore(server, from: "\(folder)/backup.tar.gz")
      #expect(summary.warnings.count == 1)
      #expect(summary.warnings.first?.hasPrefix("settings: this server's own are lost") == true)
    }
    try Disaster.expect(server, before)
    #expect(server.isRunning)
    #expect(
      try Disaster.scripts(server).suffix(6) == [
        "[stop-server]", "[generate_secrets.py] [--production]", "[configure-rabbitmq]", "[puppet-apply] [-f]",
        "[start-server]", "[flush-memcached]",
      ])
    try server.run("scripts/stop-server")
  }

  @Test("A restore keeps the old state, which can be rolled back to, and deleted only explicitly")
  func rollBack() throws {
    let server = try Disaster.server("undecided")
    try Disaster.folder { folder in
      _ = try Disaster.backup(server, to: "\(folder)/backup.tar.gz")
      let backedUp = try Disaster.fingerprint(server)
      try Disaster.execute(server, "UPDATE zerver_message SET content = 'written since' WHERE id % 3 = 0")
      try FileSystem.replace("\(server.uploads)/files/since.txt", with: "since".utf8, mode: 0o644)
      let old = try Disaster.fingerprint(server)

      try Disaster.restore(server, from: "\(folder)/backup.tar.gz")
      try Disaster.expect(server, backedUp)

      _ = try RollBackOperation(ServerReference(root: server.root)).perform(.silent)
      try Disaster.expect(server, old)
      #expect(throws: PlainFailure.self) { try RollBackOperation(ServerReference(root: server.root)).perform(.silent) }

      _ = try DiscardRestoreOperation(ServerReference(root: server.root)).perform(.silent)
      #expect(try Disaster.leftOvers(server) == [])
      try Disaster.expect(server, old)

      try Disaster.restore(server, from: "\(folder)/backup.tar.gz")
      _ = try DiscardRestoreOperation(ServerReference(root: server.root)).perform(.silent)
      #expect(try Disaster.leftOvers(server) == [])
      try Disaster.expect(server, backedUp)
    }
  }

  @Test("A restore on another server uses its database and folders, and reports the change of the host name")
  func otherServer() throws {
    let server = try Disaster.server("origin")
    let other = try Disaster.server("elsewhere", messages: 0)
    try Disaster.folder { folder in
      let path = "\(folder)/backup.tar.gz"
      _ = try Disaster.backup(server, to: path)
      let findings = try RestoreOperation(ServerReference(root: other.root), RestoreOptions(archive: path)).check()
      let host = try #require(findings.first { $0.subject == "host name" })
      #expect(host.severity == .warning)
      #expect(host.reason.contains("400"))
      #expect(host.remedy?.contains("--external-host elsewhere.example.com") == true)
      let password = try Installation(root: other.root).secrets["postgres_password"]

      try Disaster.restore(other, from: path) { $0.externalHost = "elsewhere.example.com" }
      let installation = try Installation(root: other.root)
      #expect(installation.host == "elsewhere.example.com")
      #expect(installation.uploadsFolder == other.uploads)
      #expect(installation.databaseParameters().database == other.database)
      #expect(installation.secrets["postgres_password"] == password)
      #expect(installation.secrets["avatar_salt"]?.reveal() == server.avatarSalt)
    }
    #expect(try Disaster.rows(other, other.database) == Disaster.rows(server, server.database))
    #expect(try Disaster.files(other.uploads) == Disaster.files(server.uploads))
  }

  @Test("A restore with --keep-settings leaves the settings unchanged, and warns of a different avatar_salt")
  func keepSettings() throws {
    let server = try Disaster.server("settled")
    let other = try Disaster.server("stubborn", messages: 0)
    try Disaster.folder { folder in
      let path = "\(folder)/backup.tar.gz"
      _ = try Disaster.backup(server, to: path)
      let settings = try Disaster.files(other.configuration)
      let summary = try Disaster.restore(other, from: path) { $0.keepsSettings = true }
      #expect(try Disaster.files(other.configuration) == settings)
      #expect(summary.warnings.contains { $0.contains("avatar_salt") })
      _ = try RollBackOperation(ServerReference(root: other.root)).perform(.silent)
      _ = try DiscardRestoreOperation(ServerReference(root: other.root)).perform(.silent)

      let conf =
        try FileSystem.read("\(other.configuration)/aloha.conf") + Array("\n[mine]\n# a section of the operator\n".utf8)
      try FileSystem.replace("\(other.configuration)/aloha.conf", with: conf, mode: 0o644)
      try Disaster.restore(other, from: path) { $0.keepsConfiguration = true }
      #expect(try FileSystem.read("\(other.configuration)/aloha.conf") == conf)
      #expect(try Installation(root: other.root).host == "settled.example.com")
    }
  }

  @Test("A backup of the server's own command is restored")
  func official() throws {
    let server = try Disaster.server("official")
    let before = try Disaster.fingerprint(server)
    try Disaster.folder { folder in
      try Disaster.officialBackup(server, to: "\(folder)/official.tar.gz")
      try Disaster.destroy(server)
      let summary = try Disaster.restore(server, from: "\(folder)/official.tar.gz")
      #expect(summary.facts.contains { $0.name == "Digests" && $0.value.contains("has none") })
    }
    try Disaster.expect(server, before)
  }

  @Test("The target of a link is restored, and the link stays")
  func linkedUploads() throws {
    let server = try Disaster.server("linked")
    try Disaster.folder { folder in
      // As in containers: all uploads are on a volume, and one folder of them on another disk.
      try FileSystem.makeFolder("\(folder)/volume", mode: 0o755)
      try FileSystem.makeFolder("\(folder)/disk", mode: 0o755)
      #expect(rename(server.uploads, "\(folder)/volume/uploads") == 0)
      #expect(symlink("\(folder)/volume/uploads", server.uploads) == 0)
      #expect(rename("\(server.uploads)/files", "\(folder)/disk/files") == 0)
      #expect(symlink("\(folder)/disk/files", "\(folder)/volume/uploads/files") == 0)
      let before = try Disaster.fingerprint(server)
      #expect(before.uploads.contains { $0.hasPrefix("files/") })
      _ = try Disaster.backup(server, to: "\(folder)/backup.tar.gz")
      try FileSystem.removeTree("\(folder)/disk/files/2")
      try FileSystem.removeTree("\(folder)/volume/uploads/avatars")

      try Disaster.restore(server, from: "\(folder)/backup.tar.gz")
      try Disaster.expect(server, before)
      for link in [server.uploads, "\(folder)/volume/uploads/files"] {
        var status = stat()
        #expect(lstat(link, &status) == 0 && status.st_mode & S_IFMT == S_IFLNK, "\(link)")
      }
      #expect(FileSystem.exists("\(folder)/disk/files/2"))
      _ = try RollBackOperation(ServerReference(root: server.root)).perform(.silent)
      #expect(!FileSystem.exists("\(folder)/disk/files/2"))
    }
  }

  @Test("The contents of a mount point are exchanged", .enabled(if: Disaster.isRoot))
  func mountedUploads() throws {
    let server = try Disaster.server("mounted")
    try Disaster.folder { folder in
      #expect(rename(server.uploads, "\(folder)/uploads") == 0)
      try Disaster.mounted(server.uploads, megabytes: 64) {
        try Subprocess("/bin/cp", ["-a", "\(folder)/uploads/.", server.uploads]).runChecked()
        let before = try Disaster.fingerprint(server)
        _ = try Disaster.backup(server, to: "\(folder)/backup.tar.gz")
        try FileSystem.replace("\(server.uploads)/files/since.txt", with: "since".utf8, mode: 0o644)
        let old = try Disaster.fingerprint(server)
        try Disaster.restore(server, from: "\(folder)/backup.tar.gz")
        try Disaster.expect(server, before)
        // The old state is inside the uploads: the server's own backup command, which runs as the server's user, must
        // be able to read it.
        let kept = try FileSystem.names(in: server.uploads).filter { $0.hasPrefix(".") }.map { name in
          var status = stat()
          lstat("\(server.uploads)/\(name)", &status)
          return String(status.st_mode & 0o777, radix: 8)
        }
        #expect(!kept.isEmpty && kept.allSatisfy { $0 == "755" })
        _ = try RollBackOperation(ServerReference(root: server.root)).perform(.silent)
        try Disaster.expect(server, old)
        _ = try DiscardRestoreOperation(ServerReference(root: server.root)).perform(.silent)
        #expect(try Disaster.leftOvers(server) == [])
      }
    }
  }

  @Test("Sessions that block the exchange of the database are ended")
  func openSessions() throws {
    let server = try Disaster.server("busy")
    try Disaster.folder { folder in
      _ = try Disaster.backup(server, to: "\(folder)/backup.tar.gz")
      let session = try server.connect()
      defer { session.close() }
      try session.execute("BEGIN; SELECT count(*) FROM zerver_message")
      try Disaster.restore(server, from: "\(folder)/backup.tar.gz")
      #expect(throws: DatabaseFailure.self) { try session.execute("SELECT 1") }
    }
  }

  @Test("Settings of the database itself are copied to the restored one")
  func databaseSettings() throws {
    let server = try Disaster.server("tuned")
    try Disaster.execute(
      server, on: "postgres",
      "ALTER DATABASE \(server.database) SET search_path TO aloha, \"odd name\"; "
        + "ALTER ROLE aloha IN DATABASE \(server.database) SET work_mem TO '17MB'")
    try Disaster.folder { folder in
      _ = try Disaster.backup(server, to: "\(folder)/backup.tar.gz")
      try Disaster.restore(server, from: "\(folder)/backup.tar.gz")
    }
    #expect(try server.connect().value("SHOW work_mem") == "17MB")
    // The role has its own search path; other roles use the database's.
    var parameters = server.parameters
    parameters.user = "postgres"
    #expect(try Connection(parameters).value("SHOW search_path") == "aloha, \"odd name\"")
  }

  @Test("A restore is resumed after a failed script of the server was repaired")
  func brokenScript() throws {
    let server = try Disaster.server("fragile")
    try Disaster.folder { folder in
      let path = "\(folder)/backup.tar.gz"
      _ = try Disaster.backup(server, to: path)
      let before = try Disaster.fingerprint(server)
      try server.breakScript("puppet-apply", saying: "puppet found no manifest")
      let failure = #expect(throws: PlainFailure.self) { try Disaster.restore(server, from: path) }
      #expect(failure?.reason.contains("puppet found no manifest") == true)
      #expect(failure?.remedy?.contains("--resume") == true)
      #expect(throws: Blocked.self) { try Disaster.restore(server, from: path) }
      try server.breakScript("puppet-apply", saying: nil)
      _ = try ResumeRestoreOperation(ServerReference(root: server.root)).perform(.silent)
      #expect(server.isRunning)
      try Disaster.expect(server, before)
      #expect(try Disaster.scripts(server).count { $0 == "[configure-rabbitmq]" } == 1)
      try server.run("scripts/stop-server")
    }
  }

  @Test("A restore leaves a server unchanged that cannot be stopped")
  func cannotStop() throws {
    let server = try Disaster.server("unstoppable")
    try Disaster.folder { folder in
      _ = try Disaster.backup(server, to: "\(folder)/backup.tar.gz")
      let before = try Disaster.fingerprint(server)
      try server.breakScript("stop-server", saying: "supervisor does not answer")
      #expect(throws: PlainFailure.self) { try Disaster.restore(server, from: "\(folder)/backup.tar.gz") }
      try Disaster.expect(server, before)
      #expect(try Disaster.leftOvers(server) == [])
      try server.breakScript("stop-server", saying: nil)
      try server.run("scripts/stop-server")
    }
  }

  @Test("A restore leaves the server unchanged if the disk fills up", .enabled(if: Disaster.isRoot))
  func fullDisk() throws {
    let server = try Disaster.server("overflowing")
    try Disaster.folder { folder in
      _ = try Disaster.backup(server, to: "\(folder)/backup.tar.gz")
      #expect(rename(server.uploads, "\(folder)/uploads") == 0)
      for phase in ["unpack", "prepare", "exchange"] {
        try Disaster.mounted(server.uploads, megabytes: 128) {
          try Subprocess("/bin/cp", ["-a", "\(folder)/uploads/.", server.uploads]).runChecked()
          let before = try Disaster.fingerprint(server)
          let progress = Progress { event in
            guard case .phaseStarted(let id, _, _, _) = event, id == phase else { return }
            _ = try? Subprocess("/bin/dd", ["if=/dev/zero", "of=\(folder)/other", "bs=1M", "count=1"]).run()
            _ = try? Subprocess("/bin/dd", ["if=/dev/zero", "of=\(server.uploads)/files/other", "bs=4k"]).run()
          }
          let result = Result {
            try RestoreOperation(ServerReference(root: server.root), RestoreOptions(archive: "\(folder)/backup.tar.gz"))
              .perform(progress)
          }
          let state = try RestoreState(root: server.root).current()
          if case .failure = result {
            unlink("\(server.uploads)/files/other")
            #expect(state == nil, "\(phase)")
            try Disaster.expect(server, before, phase)
          } else {
            // All files had been written: renaming needs no disk space.
            #expect(state?.stage == .finished, "\(phase)")
            #expect(phase != "unpack")
            _ = try RollBackOperation(ServerReference(root: server.root)).perform(.silent)
            unlink("\(server.uploads)/files/other")
            try Disaster.expect(server, before, phase)
            _ = try DiscardRestoreOperation(ServerReference(root: server.root)).perform(.silent)
          }
          let left = try Disaster.leftOvers(server)
          #expect(left == [], "\(phase)")
        }
      }
      try server.run("scripts/stop-server")
    }
  }

  @Test("Two restores of a server cannot run at the same time")
  func twice() throws {
    let server = try Disaster.server("coveted", messages: 5)
    try Disaster.folder { folder in
      _ = try Disaster.backup(server, to: "\(folder)/backup.tar.gz")
      let lock = try RestoreState(root: server.root).lock()
      let failure = #expect(throws: PlainFailure.self) { try Disaster.restore(server, from: "\(folder)/backup.tar.gz") }
      #expect(failure?.family == .conflict)
      withExtendedLifetime(lock) {}
    }
  }

  @Test("A restore that is cancelled in any phase leaves the server unchanged")
  func cancelled() throws {
    let server = try Disaster.server("hesitant")
    try Disaster.folder { folder in
      _ = try Disaster.backup(server, to: "\(folder)/backup.tar.gz")
      let before = try Disaster.fingerprint(server)
      for phase in ["check", "unpack", "database", "compare", "prepare", "stop"] {
        let cancellation = Cancellation()
        let progress = Progress(cancellation: cancellation) { event in
          if case .phaseStarted(let id, _, _, _) = event, id == phase { cancellation.cancel() }
        }
        #expect(throws: Cancelled.self, "\(phase)") {
          try RestoreOperation(ServerReference(root: server.root), RestoreOptions(archive: "\(folder)/backup.tar.gz"))
            .perform(progress)
        }
        #expect(try Disaster.leftOvers(server) == [], "\(phase)")
        try Disaster.expect(server, before, "\(phase)")
      }
      try server.run("scripts/stop-server")
    }
  }
}
