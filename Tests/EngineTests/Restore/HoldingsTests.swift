import Archive
import Common
import Glibc
import Sandbox
import Testing

@testable import Engine
@testable import Operations
@testable import Server
@testable import WholeServer

@Suite("The parts of a backup")
struct HoldingsTests {
  /// Packs the parts of a backup again in the given order, as `tar czf … zulip-version settings uploads database` does.
  private func repack(_ path: String, _ parts: [String], in folder: String) throws -> String {
    let place = "\(folder)/again-\(RandomText.alphanumeric(6))"
    try FileSystem.makeFolder(place)
    try Subprocess("/bin/tar", ["-C", place, "-xzf", path]).runChecked()
    let packed = "\(place)/aloha-backup-2026-11-20-03-30-00-Repacked.tar.gz"
    try Subprocess(
      "/bin/tar", ["-C", place, "-czf", packed] + parts.map { "aloha-backup/\($0)" }
    ).runChecked()
    return packed
  }

  @Test("The parts of a backup are determined by all members, in any order")
  func order() throws {
    let server = try Disaster.server("unordered")
    try Disaster.folder { folder in
      let original = "\(folder)/backup.tar.gz"
      _ = try Disaster.backup(server, to: original)
      let before = try Disaster.fingerprint(server)
      for parts in [
        ["aloha-version", "settings", "uploads", "database"], ["uploads", "database", "settings", "aloha-version"],
        ["database", "uploads", "os-version", "settings", "postgres-version", "aloha-version"],
      ] {
        let packed = try repack(original, parts, in: folder)
        try Disaster.execute(server, "DELETE FROM zerver_reaction")
        let report = try RehearseOperation(RehearseOperation.Options(archive: packed)).rehearse(.silent)
        #expect(report.isSound && report.nagiosStatus == 0 && report.rows > 100, "\(parts)")
        try Disaster.restore(server, from: packed)
        try Disaster.expect(server, before, "\(parts)")
        _ = try DiscardRestoreOperation(ServerReference(root: server.root)).perform(.silent)
      }
    }
  }

  @Test(
    "A backup without one of its parts is partial for every command, and is restored only with --partial",
    arguments: ["database", "uploads", "settings"])
  func partial(missing: String) throws {
    let server = try Disaster.server("partial-\(missing)", messages: 10)
    try Disaster.folder { folder in
      let original = "\(folder)/backup.tar.gz"
      _ = try Disaster.backup(server, to: original)
      let before = try Disaster.fingerprint(server)
      let parts = ["aloha-version", "settings", "uploads", "database"].filter { $0 != missing }
      let packed = try repack(original, parts, in: folder)

      let refusal = #expect(throws: Blocked.self) { try Disaster.restore(server, from: packed) }
      let finding = refusal?.findings.first { $0.subject == "partial backup" }
      #expect(finding?.severity == .blocker && finding?.reason.contains(missing) == true)
      #expect(finding?.remedy?.contains("--partial") == true)
      #expect(try ArchiveSummary.of(packed).completeness?.hasPrefix("partial: without") == true)
      let verified = try VerifyOperation(VerifyOperation.Options(archive: packed)).perform(.silent)
      #expect(verified.title == "The archive is intact, but it is a partial backup")
      if missing == "database" {
        #expect(throws: Blocked.self) {
          try RehearseOperation(RehearseOperation.Options(archive: packed)).rehearse(.silent)
        }
      } else {
        let report = try RehearseOperation(RehearseOperation.Options(archive: packed)).rehearse(.silent)
        #expect(report.nagiosStatus == 1 && report.nagiosLine.contains("partial: without"))
        #expect(report.prometheusText.contains("aloha_wizard_backup_complete 0\n"))
      }
      try Disaster.expect(server, before)
      let summary = try Disaster.restore(server, from: packed) { $0.allowsPartial = true }
      #expect(summary.warnings.contains { $0.hasPrefix("partial backup: partial: without") })
      try Disaster.expect(server, before)
      _ = try DiscardRestoreOperation(ServerReference(root: server.root)).perform(.silent)
    }
  }

  @Test(
    "inspect, verify, a rehearsal and a restore agree about a backup with a single part",
    arguments: [["database"], ["settings"], ["aloha-version", "uploads"], ["aloha-version"], ["uploads"]])
  func alike(parts: [String]) throws {
    let server = try Disaster.server("alike-\(parts.joined())", messages: 5)
    try Disaster.folder { folder in
      let original = "\(folder)/backup.tar.gz"
      _ = try Disaster.backup(server, to: original)
      let packed = try repack(original, parts, in: folder)
      let isBackup = parts != ["uploads"]
      let completeness = try ArchiveSummary.of(packed).completeness
      #expect((completeness != nil) == isBackup)
      func refusal(_ body: () throws -> Void) -> FailureFamily? {
        do { try body() } catch { return (error as? any Failure)?.family }
        return nil
      }
      let verified = refusal { _ = try VerifyOperation(.init(archive: packed)).perform(.silent) }
      let rehearsed = refusal { _ = try RehearseOperation(.init(archive: packed)).rehearse(.silent) }
      let restored = refusal { try Disaster.restore(server, from: packed) }
      #expect(restored == (isBackup ? .blocked : .unsuitableArchive))
      #expect(verified == (isBackup ? nil : .unsuitableArchive))
      #expect(rehearsed == (parts == ["database"] ? nil : isBackup ? .blocked : .unsuitableArchive))
      try server.run("scripts/stop-server")
    }
  }

  @Test("Statements of a backup that contradict its content are reported")
  func contradictions() throws {
    let server = try Disaster.server("contradicting", messages: 10)
    try Disaster.folder { folder in
      let original = "\(folder)/backup.tar.gz"
      _ = try Disaster.backup(server, to: original)
      for (parts, sign) in [
        (["aloha-version", "backup.json", "settings", "uploads"], "it says that it contains a database"),
        (["aloha-version", "backup.json", "settings", "database"], "it says that it contains "),
      ] {
        let packed = try repack(original, parts, in: folder)
        let refusal = #expect(throws: Blocked.self) {
          try Disaster.restore(server, from: packed) { $0.allowsPartial = true }
        }
        #expect(refusal?.findings.contains { $0.severity == .blocker && $0.reason.hasPrefix(sign) } == true, "\(sign)")
      }
      let place = "\(folder)/edited"
      try FileSystem.makeFolder(place)
      try Subprocess("/bin/tar", ["-C", place, "-xzf", original]).runChecked()
      let root = "\(place)/aloha-backup"
      try FileSystem.removeTree("\(root)/manifest.json")
      // Impossible amounts are ignored.
      try FileSystem.replace(
        "\(root)/backup.json",
        with: """
          {"program": "x", "created": "9999-12-31T23:59:59Z", "databaseBytes": 9223372036854775807,
           "uploadsBytes": 9223372036854775807, "uploadsFiles": -9223372036854775808}
          """.utf8)
      #expect(try RestoreOperation(ServerReference(root: server.root), RestoreOptions(archive: root)).check().count > 5)
      #expect(try RehearseOperation(RehearseOperation.Options(archive: root)).rehearse(.silent).isSound)
      try FileSystem.removeTree("\(root)/backup.json")
      try FileSystem.replace("\(root)/postgres-version", with: "9.6\n".utf8)
      var options = RestoreOptions(archive: root)
      options.allowsPartial = true
      let findings = try RestoreOperation(ServerReference(root: server.root), options).check()
      #expect(findings.contains { $0.severity == .warning && $0.reason.contains("its dump is of version 15") })
      try FileSystem.removeTree("\(root)/database/toc.dat")
      let broken = try RestoreOperation(ServerReference(root: server.root), options).check()
      #expect(broken.contains { $0.severity == .blocker && $0.reason.contains("no table of contents") })
      try FileSystem.replace("\(root)/zulip-version", with: "9.0\n".utf8)
      let two = try RestoreOperation(ServerReference(root: server.root), options).check()
      #expect(two.contains { $0.severity == .blocker })
    }
  }

  @Test("A partial backup is marked in its file name, its manifest and its summary")
  func names() throws {
    let server = try Disaster.server("named-partial", messages: 5)
    try Disaster.folder { folder in
      var options = BackupOperation.Options()
      options.folder = folder
      let whole = try BackupOperation(server.reference, options).named()
      options.skipsDatabase = true
      let partial = try BackupOperation(server.reference, options).named()
      let (partialPath, wholePath) = (try #require(partial.options.output), try #require(whole.options.output))
      #expect(try partial.perform(.silent).title.hasSuffix("is backed up without the database"))
      _ = try whole.perform(.silent)
      #expect(partialPath.contains("/aloha-backup-partial-2") && !wholePath.contains("partial"))
      #expect(try Inspection.of(partialPath).manifest?.options["completeness"] == "partial: without the database")
      #expect(try Inspection.of(wholePath).manifest?.options["completeness"] == "complete")
      #expect(BackupLayout.moment(fileName: FileSystem.name(of: partialPath)) != nil)
      #expect(try BackupFolder.newest(folder).path == wholePath)
    }
  }

  @Test("A backup without uploads is complete if the server stores them in S3")
  func elsewhere() throws {
    let server = try Disaster.server("in-s3", messages: 5)
    try Disaster.folder { folder in
      let settings = "\(server.configuration)/settings.py"
      let text = String(decoding: try FileSystem.read(settings), as: UTF8.self)
      try FileSystem.replace(
        settings, with: (text + "\nLOCAL_UPLOADS_DIR = None\nS3_AUTH_UPLOADS_BUCKET = \"files\"\n").utf8, mode: 0o644)
      let summary = try Disaster.backup(server, to: "\(folder)/backup.tar.gz")
      #expect(summary.facts.contains(Summary.Fact("Completeness", "complete; uploads are in S3")))
      let report = try RehearseOperation(RehearseOperation.Options(archive: "\(folder)/backup.tar.gz")).rehearse(
        .silent)
      #expect(report.nagiosStatus == 0)
      try FileSystem.replace(settings, with: text.utf8, mode: 0o644)
    }
  }
}

@Suite("Pruning with backups of several kinds")
struct PartialRetentionTests {
  private func put(_ bytes: [UInt8], _ name: String, in folder: String) throws {
    try FileSystem.replace("\(folder)/\(name)", with: bytes)
  }

  @Test("Partial, unverified and damaged backups never replace a complete one in the retention policy")
  func kinds() throws {
    let server = try Disaster.server("pruned-kinds", messages: 5)
    try Disaster.folder { folder in
      _ = try Disaster.backup(server, to: "\(folder)/whole.tar.gz")
      _ = try Disaster.backup(server, to: "\(folder)/files.tar.gz") { $0.skipsDatabase = true }
      try Disaster.officialBackup(server, to: "\(folder)/official.tar.gz")
      let whole = try FileSystem.read("\(folder)/whole.tar.gz")
      let files = try FileSystem.read("\(folder)/files.tar.gz")
      try put(whole, "aloha-backup-2026-11-01-03-30-00-Abcdefgh.tar.gz", in: folder)
      try put(whole, "aloha-backup-2026-11-02-03-30-00-Abcdefgh.tar.gz", in: folder)
      // Partial backups whose names do not say so.
      for hour in ["04", "05", "06"] {
        try put(files, "aloha-backup-2026-11-02-\(hour)-30-00-Abcdefgh.tar.gz", in: folder)
      }
      try put(
        try FileSystem.read("\(folder)/official.tar.gz"), "aloha-backup-2026-11-03-03-30-00-Abcdefgh.tar.gz", in: folder
      )
      try put(Array(whole.prefix(5000)), "aloha-backup-2026-11-04-03-30-00-Abcdefgh.tar.gz", in: folder)

      let policy = RetentionPolicy(last: 1, daily: 1, weekly: 1, monthly: 1)
      let operation = PruneOperation(PruneOperation.Options(folder: folder, policy: policy))
      let plan = try operation.plan()
      #expect(plan.destroys.count == 3)
      #expect(plan.destroys.allSatisfy { !$0.contains("11-02-03-30") })
      let summary = try operation.perform(.silent)
      let left = try FileSystem.names(in: folder).filter(BackupFolder.isBackup).map {
        String($0.dropFirst(21).prefix(8))
      }
      #expect(left == ["02-03-30", "02-06-30", "03-03-30", "04-03-30"])
      #expect(summary.warnings.contains { $0.contains("cannot be proved good") })
      #expect(summary.warnings.contains { $0.contains("damaged") })
    }
  }

  @Test("Recorded results apply only to the same file, and the newest backup is verified again before any deletion")
  func ledger() throws {
    let server = try Disaster.server("pruned-ledger", messages: 5)
    try Disaster.folder { folder in
      _ = try Disaster.backup(server, to: "\(folder)/whole.tar.gz")
      let whole = try FileSystem.read("\(folder)/whole.tar.gz")
      let names = ["01", "02", "03"].map { "aloha-backup-2026-11-\($0)-03-30-00-Abcdefgh.tar.gz" }
      for name in names { try put(whole, name, in: folder) }
      let policy = RetentionPolicy(last: 2, daily: 0, weekly: 0, monthly: 0)
      let operation = PruneOperation(PruneOperation.Options(folder: folder, policy: policy))
      _ = try operation.perform(.silent)
      var ledger = BackupLedger(folder)
      let newest = BackupFile(path: "\(folder)/\(names[2])", moment: 0, bytes: 0)
      #expect(ledger.standing(of: newest) == .sound(.complete))
      // One bit of the file changes, but not its size or times.
      var status = stat()
      #expect(stat(newest.path, &status) == 0)
      let file = open(newest.path, O_WRONLY)
      var byte = whole[whole.count / 2] ^ 1
      #expect(pwrite(file, &byte, 1, whole.count / 2) == 1)
      let times = [status.st_atim, status.st_mtim]
      #expect(futimens(file, times) == 0)
      close(file)
      try put(whole, names[0], in: folder)
      #expect(ledger.standing(of: newest) == .sound(.complete), "as far as can be told without reading it")
      let summary = try operation.perform(.silent)
      #expect(summary.warnings.contains { $0.contains("damaged") })
      #expect(
        try FileSystem.names(in: folder).filter(BackupFolder.isBackup) == names, "two good ones are kept, not one")
      ledger = BackupLedger(folder)
      #expect(ledger.standing(of: newest)?.holdings == nil)
      // A ledger that other users can write is ignored: they could declare a backup sound.
      #expect(chmod("\(folder)/\(BackupLedger.fileName)", 0o666) == 0)
      #expect(BackupLedger(folder).standing(of: newest) == nil)
    }
  }

  @Test("The .sha256 of an encrypted backup states its parts", .enabled(if: Encrypted.isPossible))
  func sealed() throws {
    try Disaster.folder { folder in
      let name = "\(folder)/aloha-backup-2026-11-01-03-30-00-Abcdefgh.tar.gz.age"
      try FileSystem.replace(name, with: "age-encryption.org/v1\nsecret".utf8)
      let backup = BackupFile(path: name, moment: 0, bytes: 0)
      #expect(try BackupStanding.find(backup, cancellation: nil).holdings == nil)
      let holdings = BackupHoldings([.database, .settings])
      try BackupChecksum.write(for: name, holdings)
      #expect(try BackupStanding.find(backup, cancellation: nil) == .sound(holdings))
      try Subprocess("/usr/bin/sha256sum", ["--check", "--strict", "\(name).sha256"], directory: folder).runChecked()
      try FileSystem.replace(name, with: "age-encryption.org/v1\nchanged".utf8)
      #expect(try BackupStanding.find(backup, cancellation: nil).holdings == nil)
    }
  }
}
