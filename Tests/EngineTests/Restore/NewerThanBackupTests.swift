import Common
import Glibc
import Postgres
import Sandbox
import Testing

@testable import Operations
@testable import Server
@testable import Transfer
@testable import WholeServer

@Suite("Data that is newer than a backup", .serialized)
struct NewerThanBackupTests {
  private static let made = Result { try Sandbox.temporary() }

  /// A server with an organization, and a folder with a backup of it.
  private struct Scene {
    let server: SandboxServer
    let folder: String
    var backup: String { "\(folder)/backup.tar.gz" }
  }

  private func scene(_ name: String, _ body: (Scene) throws -> Void) throws {
    let server = try Self.made.get().makeServer(name)
    try server.add(SampleOrganization(messages: 40))
    try server.run("scripts/start-server")
    try Disaster.folder { folder in
      let scene = Scene(server: server, folder: folder)
      _ = try Disaster.backup(server, to: scene.backup)
      try body(scene)
    }
    _ = try? server.run("scripts/stop-server")
  }

  /// Sets the times of four messages, one user and one file to `moment`.
  private func write(_ server: SandboxServer, at moment: String = "now()") throws {
    try Disaster.execute(
      server,
      """
      UPDATE zerver_message SET date_sent = \(moment)
      WHERE id IN (SELECT id FROM zerver_message WHERE realm_id > 1 ORDER BY id DESC LIMIT 4);
      UPDATE zerver_userprofile SET date_joined = \(moment)
      WHERE id = (SELECT max(id) FROM zerver_userprofile WHERE NOT is_bot);
      UPDATE zerver_attachment SET create_time = \(moment) WHERE id = (SELECT max(id) FROM zerver_attachment)
      """)
  }

  private func findings(_ scene: Scene, _ change: (inout RestoreOptions) -> Void = { _ in }) throws -> [Finding] {
    var options = RestoreOptions(archive: scene.backup)
    change(&options)
    return try RestoreOperation(ServerReference(root: scene.server.root), options).check()
  }

  private func newer(_ findings: [Finding]) throws -> Finding {
    try #require(findings.first { $0.subject == "newer data" })
  }

  // MARK: Warnings

  @Test("Newer data is counted in the live database, with the time of the newest, and requires a confirmation")
  func counted() throws {
    try scene("newer-counted") { scene in
      let none = try newer(findings(scene))
      #expect(none.severity == .ok && !none.mustBeConfirmed)
      #expect(none.reason.contains("no organization, message, person, file or recorded change on this server is newer"))
      try write(scene.server)
      let found = try newer(findings(scene))
      #expect(found.severity == .warning && found.mustBeConfirmed)
      #expect(found.reason.hasPrefix("4 messages, 1 person and 1 file are newer than this backup (newest: today "))
      #expect(found.reason.contains("just now"))
      #expect(found.remedy?.contains("--export-first") == true)
      #expect(try newer(findings(scene) { $0.exportFirst = .init() }).remedy?.contains("--export-first") == false)
      let outlook = try RestoreOutlook.look(
        root: scene.server.root, brand: nil, RestoreOptions(archive: scene.backup))
      #expect(outlook.newer?.hasPrefix("4 messages, 1 person and 1 file are newer") == true)
      // A warning of the checks is in the result too.
      #expect(try Disaster.restore(scene.server, from: scene.backup).warnings.contains { $0.contains("4 messages") })
    }
  }

  @Test("Organizations imported after the backup count as newer, whatever the dates of their messages are")
  func imported() throws {
    try scene("newer-imported") { scene in
      let messages = try #require(
        try scene.server.connect().value(
          "SELECT count(*) FROM zerver_message m JOIN zerver_realm r ON r.id = realm_id WHERE string_id = 'harbour'"))
      try Disaster.execute(
        scene.server,
        """
        INSERT INTO zerver_realmauditlog (realm_id, event_type, event_time, backfilled, extra_data)
        SELECT id, 229, now(), false, '{}' FROM zerver_realm WHERE string_id = 'harbour'
        """)
      let reason = try newer(findings(scene)).reason
      #expect(reason.hasPrefix("1 organization, \(messages) messages, "), "\(reason)")
    }
  }

  @Test("With a backup of files alone, only newer files are reported")
  func onlyFiles() throws {
    try scene("newer-files") { scene in
      try write(scene.server)
      let findings = try RestoreOperation(
        ServerReference(root: scene.server.root), RestoreOptions(.manual(ManualBackup(uploads: scene.server.uploads)))
      ).check()
      // A copied folder does not have the date of its copy.
      #expect(try newer(findings).reason.contains("the backup has no date"))
      _ = try Disaster.backup(scene.server, to: "\(scene.folder)/files.tar.gz") { $0.skipsDatabase = true }
      try write(scene.server)
      let later = try RestoreOperation(
        ServerReference(root: scene.server.root), RestoreOptions(archive: "\(scene.folder)/files.tar.gz")
      ).check()
      let reason = try newer(later).reason
      #expect(reason.hasPrefix("1 file is newer than this backup"), "\(reason)")
      #expect(reason.contains("but not among the files"))
    }
  }

  @Test(
    "A missing or failing database is reported instead of a count of newer data"
  )
  func gone() throws {
    try scene("newer-gone") { scene in
      try Disaster.execute(scene.server, "ALTER TABLE zerver_message RENAME TO elsewhere")
      let broken = try newer(findings(scene))
      #expect(broken.severity == .warning && broken.reason.contains("could not be compared"))
      try Disaster.execute(
        scene.server, on: "postgres", "DROP DATABASE \(Identifier.quote(scene.server.database)) WITH (FORCE)")
      let gone = try newer(findings(scene) { $0.exportFirst = .init() })
      #expect(gone.severity == .ok && gone.reason.contains("it is gone"))
      try Disaster.restore(scene.server, from: scene.backup) { $0.exportFirst = .init() }
    }
  }

  @Test("The time of an official backup comes from its version file, and that of a dump from pg_dump")
  func moments() throws {
    try scene("newer-moments") { scene in
      let before = Timestamp.now()
      try Disaster.officialBackup(scene.server, to: "\(scene.folder)/official.tar.gz")
      func head(_ path: String) throws -> BackupHeader {
        try BackupHeader.read(path, scratch: scene.folder, cancellation: nil)
      }
      let official = try #require(try head("\(scene.folder)/official.tar.gz").madeAt)
      #expect(official.source == .versionFile)
      #expect(abs(official.microseconds - before) < 60_000_000)
      #expect(try #require(try head(scene.backup).madeAt).source == .backup)

      // After extraction without file times, the time in the dump is used.
      try Subprocess("/bin/tar", ["-C", scene.folder, "-xzf", "\(scene.folder)/official.tar.gz"]).runChecked()
      let unpacked = "\(scene.folder)/aloha-backup"
      try Subprocess("/usr/bin/touch", ["-d", "2 days", "\(unpacked)/aloha-version"]).runChecked()
      let copied = try #require(try head(unpacked).madeAt)
      #expect(copied.source == .dump)
      #expect(abs(copied.microseconds - before) < 60_000_000)

      let tools = try PostgresTools.find(major: 15)
      func manual(_ words: String...) throws -> BackupTime {
        let path = "\(scene.folder)/manual"
        unlink(path)
        try Subprocess(
          tools.path("pg_dump"),
          words + ["-f", path, "-h", scene.server.parameters.host ?? "", "-U", "aloha", scene.server.database]
        ).runChecked()
        // The file has the time of a copy in the future.
        try Subprocess("/usr/bin/touch", ["-d", "tomorrow", path]).runChecked()
        let dump = try DumpFile.recognize(path)
        return try #require(
          try RestorePreparation.head(
            of: ManualBackup(database: path), dump: dump, scratch: scene.folder, cancellation: nil
          ).madeAt)
      }
      for words in [["-Fc"], ["-Fp", "--verbose"]] {
        let moment = try words.count == 1 ? manual(words[0]) : manual(words[0], words[1])
        #expect(moment.source == .dump && moment.caution?.contains("time zone") == true, "\(words)")
        #expect(abs(moment.microseconds - before) < 60_000_000, "\(words)")
      }
      let plain = try manual("-Fp")
      #expect(plain.source == .file && plain.caution?.contains("copy") == true)
    }
  }

  @Test("A backup from the future is reported as a sign of wrong clocks")
  func future() throws {
    try scene("newer-future") { scene in
      let preparation = try RestorePreparation(
        root: scene.server.root, brand: nil, options: RestoreOptions(archive: scene.backup), id: "x",
        cancellation: nil)
      var newer = preparation.checks.newerData
      newer.now -= 86_400_000_000
      let clock = newer.findings().first { $0.subject == "clock" }
      #expect(clock?.severity == .warning && clock?.reason.contains("in the future") == true)
    }
  }

  // MARK: Clocks

  @Test("Days are shown in the time zone of this machine")
  func days() throws {
    var noon = tm()
    noon.tm_year = 126
    noon.tm_mon = 10
    noon.tm_mday = 26
    noon.tm_hour = 14
    noon.tm_min = 33
    noon.tm_isdst = -1
    let now = Int64(mktime(&noon)) * 1_000_000
    let minute: Int64 = 60_000_000
    #expect(LocalClock.words(now - 31 * minute, now: now) == "today 14:02")
    #expect(LocalClock.words(now - 14 * 60 * minute - 34 * minute, now: now) == "yesterday 23:59")
    #expect(LocalClock.words(now - 3 * 24 * 60 * minute, now: now) == "2026-11-23 14:33")
    #expect(LocalClock.ago(now - 31 * minute, now: now) == "31 minutes ago")
    #expect(LocalClock.ago(now - 90_000_000, now: now) == "1 minute ago")
    #expect(LocalClock.ago(now - 5 * 24 * 60 * minute, now: now) == "5 days ago")
    #expect(LocalClock.ago(now + 10 * minute, now: now).contains("in the future"))
    #expect(LocalClock.ago(.min, now: now) == "at an impossible time")
    #expect(LocalClock.microseconds("2026-11-26 14:33:00 CET") == now)
    #expect(LocalClock.microseconds("never") == nil)
    // A dump that appears to be newer than its file was written in a time zone further east.
    #expect(LocalClock.corrected(now, notAfter: now - 59 * minute) == now - 60 * minute)
    #expect(LocalClock.corrected(now, notAfter: now + minute) == now)
  }

  // MARK: Export of newer data

  @Test("Newer data is exported per organization after the server was stopped, and the exports are never deleted")
  func exported() throws {
    try scene("newer-kept") { scene in
      let server = scene.server
      try write(server)
      try Disaster.execute(
        server,
        """
        INSERT INTO zerver_realm SELECT (jsonb_populate_record(r, jsonb_build_object(
          'id', 990, 'string_id', 'closed', 'deactivated', true, 'uuid', gen_random_uuid()))).*
        FROM zerver_realm r WHERE string_id = 'harbour'
        """)
      let old = try Disaster.fingerprint(server)
      let summary = try Disaster.restore(server, from: scene.backup) { $0.exportFirst = .init() }
      let record = try #require(try RestoreState(root: server.root).current())
      let folder = try #require(record.exports)
      #expect(folder.hasPrefix("\(server.root)/home/aloha/aloha-exports-before-"))
      #expect(
        try FileSystem.names(in: folder).sorted() == [
          "aloha-export-closed.tar.gz", "aloha-export-harbour.tar.gz",
        ])
      #expect(summary.facts.contains { $0.value == folder })
      #expect(summary.facts.contains { $0.name.contains("harbour") && $0.value.contains("messages") })
      let command = try #require(summary.nextStepLines.first { $0.contains("aloha-export-harbour") })
      #expect(command.hasPrefix("$ aloha-wizard import") && command.contains("harbour-before-restore"))
      let scripts = try Disaster.scripts(server)
      #expect(scripts.contains("[stop-server]"))

      // The messages can be imported beside the restored organization.
      var options = ImportOperation.Options(
        subdomain: "harbour-before-restore", archive: "\(folder)/aloha-export-harbour.tar.gz")
      options.allowsReservedSubdomain = true
      _ = try ImportOperation(ServerReference(root: server.root), options).perform(.silent)

      // The exports have not changed the old state.
      _ = try RollBackOperation(ServerReference(root: server.root)).perform(.silent)
      try Disaster.expect(server, old)
      let plan = try DiscardRestoreOperation(ServerReference(root: server.root)).plan()
      #expect(plan.leavesAlone.contains { $0.contains(folder) })
      _ = try DiscardRestoreOperation(ServerReference(root: server.root)).perform(.silent)
      #expect(try FileSystem.names(in: folder).count == 2)
    }
  }

  @Test(
    "A failing export stops the restore, and the server is unchanged",
    .enabled(if: SmallDisk.canBeMade, "needs the right to mount"))
  func failingExport() throws {
    try scene("newer-unkept") { scene in
      try write(scene.server)
      let before = try Disaster.fingerprint(scene.server)
      try FileSystem.makeFolder("\(scene.folder)/exports", mode: 0o755)
      let disk = try SmallDisk(at: "\(scene.folder)/exports", megabytes: 60)
      defer { disk.remove() }
      var options = RestoreOptions(archive: scene.backup)
      options.exportFirst = .init(folder: disk.folder)
      let progress = Progress { event in
        if case .phaseStarted("export", _, _, _) = event { disk.fill() }
      }
      let failure = #expect(throws: PlainFailure.self) {
        try RestoreOperation(ServerReference(root: scene.server.root), options).perform(progress)
      }
      #expect(failure?.subject.contains("export of") == true, "\(String(describing: failure))")
      disk.empty()
      #expect(try FileSystem.names(in: disk.folder) == [])
      #expect(try Disaster.leftOvers(scene.server) == [])
      try Disaster.expect(scene.server, before)
      #expect(scene.server.isRunning)

      // The operator cancels during the export.
      let cancellation = Cancellation()
      let stopping = Progress(cancellation: cancellation) { event in
        if case .phaseStarted("export", _, _, _) = event { cancellation.cancel() }
      }
      #expect(throws: Cancelled.self) {
        try RestoreOperation(ServerReference(root: scene.server.root), options).perform(stopping)
      }
      #expect(try FileSystem.names(in: disk.folder) == [] && Disaster.leftOvers(scene.server) == [])
      #expect(scene.server.isRunning)

      // The check detects a lack of disk space before the server is stopped.
      disk.fill()
      let findings = try RestoreOperation(ServerReference(root: scene.server.root), options).check()
      #expect(findings.contains { $0.severity == .blocker && $0.remedy?.contains("--export-folder") == true })
    }
  }

  @Test("Edited messages and recorded changes count, too")
  func changes() throws {
    try scene("newer-changes") { scene in
      try Disaster.execute(
        scene.server,
        """
        UPDATE zerver_message SET last_edit_time = now()
        WHERE id IN (SELECT id FROM zerver_message WHERE realm_id > 1 ORDER BY id LIMIT 5);
        UPDATE zerver_realmauditlog SET event_time = now()
        WHERE id IN (
          SELECT id FROM zerver_realmauditlog WHERE realm_id > 1 AND event_type NOT IN (215, 216, 217) ORDER BY id LIMIT 2)
        """)
      let found = try newer(findings(scene))
      #expect(found.severity == .warning && found.mustBeConfirmed)
      #expect(found.reason.hasPrefix("5 edited messages and 2 other changes are newer"), "\(found.reason)")
    }
  }

  @Test("An organization that is not in the backup counts as a whole, whatever its dates are")
  func otherServer() throws {
    try scene("newer-other") { scene in
      let other = try Self.made.get().makeServer("newer-other-source")
      let path = "\(scene.folder)/other.tar.gz"
      _ = try Disaster.backup(other, to: path)
      let found = try newer(
        RestoreOperation(ServerReference(root: scene.server.root), RestoreOptions(archive: path)).check())
      #expect(found.severity == .warning && found.mustBeConfirmed)
      #expect(found.reason.hasPrefix("1 organization, "), "\(found.reason)")
    }
  }
}
