import Archive
import Common
import Glibc
import Sandbox
import Testing

@testable import Engine
@testable import Operations
@testable import Server
@testable import WholeServer

/// Backups that were packed again by hand. Every command reads them completely, and applies the same rules.
@Suite("Backups packed by hand")
struct BackupMembersTests {
  /// An unpacked backup of a new server.
  private struct Scene {
    let server: SandboxServer
    let folder: String
    var root: String { "\(folder)/aloha-backup" }

    /// Packs these parts in this order, without the manifest.
    func pack(_ parts: [String]) throws -> String {
      let packed = "\(folder)/packed-\(RandomText.alphanumeric(6)).tar.gz"
      try Subprocess("/bin/tar", ["-C", folder, "-czf", packed] + parts.map { "aloha-backup/\($0)" }).runChecked()
      return packed
    }

    /// Packs everything but the manifest.
    func pack() throws -> String {
      try pack(
        [
          "aloha-version", "os-version", "postgres-version", "backup.json", "migration_status.json", "settings",
          "database",
        ]
          + (FileSystem.exists("\(root)/uploads") ? ["uploads"] : []))
    }

    func checks(
      _ path: String, _ change: (inout RestoreOptions) -> Void = { _ in }
    ) throws -> [Finding] {
      var options = RestoreOptions(archive: path)
      change(&options)
      return try RestoreOperation(server.reference, options).check()
    }
  }

  private func scene(_ name: String, _ body: (Scene) throws -> Void) throws {
    let server = try Disaster.server(name, messages: 10)
    try Disaster.folder { folder in
      _ = try Disaster.backup(server, to: "\(folder)/backup.tar.gz")
      try Subprocess("/bin/tar", ["-C", folder, "-xzf", "\(folder)/backup.tar.gz"]).runChecked()
      try body(Scene(server: server, folder: folder))
    }
  }

  private func verified(_ path: String) -> String {
    do {
      return try VerifyOperation(VerifyOperation.Options(archive: path)).perform(.silent).title
    } catch { return (error as? any Failure)?.reason ?? "\(error)" }
  }

  @Test("Secrets, facts and version files at the end of the archive are read by every command")
  func late() throws {
    try scene("late-members") { scene in
      let path = try scene.pack([
        "os-version", "postgres-version", "migration_status.json", "settings/settings.py", "database", "uploads",
        "settings/aloha.conf", "settings/aloha-secrets.conf", "backup.json", "aloha-version",
      ])
      let findings = try scene.checks(path)
      #expect(!findings.contains { $0.severity == .blocker }, "\(findings)")
      #expect(try ArchiveSummary.of(path).completeness == "complete")
      let outlook = try RestoreOutlook.look(root: scene.server.root, brand: nil, RestoreOptions(archive: path))
      #expect(outlook.holdings.isComplete && outlook.backupHost == "late-members.example.com")
      let report = try RehearseOperation(RehearseOperation.Options(archive: path)).rehearse(.silent)
      #expect(report.nagiosStatus == 0 && report.nagiosLine.contains("age="))
    }
  }

  @Test("A second version file at the end of the archive is a contradiction for every command")
  func twoBrands() throws {
    try scene("two-brands") { scene in
      try FileSystem.replace("\(scene.root)/zulip-version", with: "9.9\n".utf8)
      let path = try scene.pack([
        "aloha-version", "os-version", "postgres-version", "backup.json", "settings", "database", "uploads",
        "zulip-version",
      ])
      #expect(try ArchiveSummary.of(path).refusal?.contains("two kinds of servers") == true)
      #expect(verified(path).contains("two kinds of servers"))
      #expect(try scene.checks(path).contains { $0.severity == .blocker })
      #expect(throws: (any Error).self) {
        try RehearseOperation(RehearseOperation.Options(archive: path)).rehearse(.silent)
      }
    }
  }

  @Test(
    "Settings that no server starts with count as missing for every command",
    arguments: ["no secrets", "only a note", "empty files", "garbage", "no secret key"])
  func settings(fault: String) throws {
    try scene("settings-\(fault.replacing(" ", with: "-"))") { scene in
      let settings = "\(scene.root)/settings"
      switch fault {
      case "no secrets": try FileSystem.removeTree("\(settings)/aloha-secrets.conf")
      case "only a note":
        try FileSystem.removeTree(settings)
        try FileSystem.makeFolder(settings)
        try FileSystem.replace("\(settings)/README", with: "moved\n".utf8)
      case "no secret key":
        try FileSystem.replace("\(settings)/aloha-secrets.conf", with: "[secrets]\navatar_salt = x\n".utf8)
      default:
        for name in ["settings.py", "aloha.conf", "aloha-secrets.conf"] {
          try FileSystem.replace("\(settings)/\(name)", with: (fault == "garbage" ? "\u{1}garbage\n" : "").utf8)
        }
      }
      let path = try scene.pack()
      let label = "partial: without the settings and secrets"
      #expect(try ArchiveSummary.of(path).completeness == label)
      #expect(verified(path) == "The archive is intact, but it is a partial backup")
      let report = try RehearseOperation(RehearseOperation.Options(archive: path)).rehearse(.silent)
      #expect(report.nagiosStatus == 1 && report.nagiosLine.contains(label))
      #expect(try scene.checks(path).contains { $0.subject == "partial backup" && $0.severity == .blocker })
      let before = try Disaster.fingerprint(scene.server)
      try Disaster.restore(scene.server, from: path) { $0.allowsPartial = true }
      try Disaster.expect(scene.server, before, "this server's settings stay")
      _ = try DiscardRestoreOperation(scene.server.reference).perform(.silent)
    }
  }

  @Test("Folders given by hand without usable settings, or without any file, are refused")
  func emptyFolders() throws {
    try scene("empty-folders") { scene in
      let empty = "\(scene.folder)/empty"
      try FileSystem.makeFolder(empty)
      func findings(_ parts: ManualBackup) throws -> [Finding] {
        try RestoreOperation(scene.server.reference, RestoreOptions(.manual(parts))).check()
      }
      let settings = try findings(ManualBackup(settings: empty))
      #expect(settings.contains { $0.subject == "settings" && $0.severity == .blocker }, "\(settings)")
      let uploads = try findings(ManualBackup(uploads: empty))
      #expect(uploads.contains { $0.subject == "uploads" && $0.severity == .blocker }, "\(uploads)")
    }
  }

  @Test("A file that the backup's list names and that is gone is noticed by every command")
  func listed() throws {
    try scene("listed-files") { scene in
      let rows = try #require(
        try FileSystem.names(in: "\(scene.root)/database").first { $0.hasSuffix(".dat.gz") })
      try FileSystem.removeTree("\(scene.root)/database/\(rows)")
      let path = "\(scene.folder)/listed.tar.gz"
      try Subprocess("/bin/tar", ["-C", scene.folder, "-czf", path, "aloha-backup"]).runChecked()
      #expect(throws: ArchiveFailure.self) { try ArchiveSummary.of(path) }
      #expect(throws: (any Error).self) { try scene.checks(path) }
      // Without the list, the dump's table of contents decides.
      let unlisted = try scene.pack()
      #expect(try ArchiveSummary.of(unlisted).refusal?.contains("its dump lacks") == true)
      #expect(verified(unlisted).contains("its dump lacks"))
      #expect(try scene.checks(unlisted).contains { $0.severity == .blocker && $0.reason.contains("its dump lacks") })
    }
  }

  @Test("Fewer uploads than the backup states are a warning in monitoring")
  func fewerUploads() throws {
    try scene("fewer-uploads") { scene in
      let avatars = "\(scene.root)/uploads/avatars"
      try #require(FileSystem.isFolder(avatars))
      try FileSystem.removeTree(avatars)
      let path = try scene.pack()
      let report = try RehearseOperation(RehearseOperation.Options(archive: path)).rehearse(.silent)
      #expect(report.nagiosStatus == 1 && report.missingFiles > 0)
      #expect(try ArchiveSummary.of(path).notes.contains { $0.value.contains("it says that it contains") })
    }
  }

  @Test("A version of PostgreSQL that contradicts the dump is a warning of every command")
  func postgresVersion() throws {
    try scene("postgres-version") { scene in
      for (text, sign) in [("16.4\n", "its dump is of version 15"), ("garbage\n", "does not state a version")] {
        try FileSystem.replace("\(scene.root)/postgres-version", with: text.utf8)
        let path = try scene.pack()
        #expect(try ArchiveSummary.of(path).notes.contains { $0.value.contains(sign) })
        let summary = try VerifyOperation(VerifyOperation.Options(archive: path)).perform(.silent)
        #expect(summary.warnings.contains { $0.contains(sign) })
        #expect(try scene.checks(path).contains { $0.severity == .warning && $0.reason.contains(sign) })
        let report = try RehearseOperation(RehearseOperation.Options(archive: path)).rehearse(.silent)
        #expect(report.nagiosStatus == 1 && report.nagiosLine.contains(sign))
      }
    }
  }
}

@Suite("A backup of a server whose uploads are not there")
struct UnmountedUploadsTests {
  @Test("It is refused while messages name files, and never counts as complete")
  func unmounted() throws {
    let server = try Disaster.server("unmounted", messages: 10)
    try Disaster.folder { folder in
      _ = try Disaster.backup(server, to: "\(folder)/aloha-backup-2026-11-01-03-30-00-Abcdefgh.tar.gz")
      try FileSystem.removeTree(server.uploads)
      try FileSystem.makeFolder(server.uploads)
      let refusal = #expect(throws: Blocked.self) { try Disaster.backup(server, to: "\(folder)/refused.tar.gz") }
      #expect(refusal?.findings.contains { $0.subject == "uploads" && $0.severity == .blocker } == true)

      // A backup of an earlier version, which accepted an empty folder as all uploads.
      let later = "\(folder)/aloha-backup-2026-11-02-03-30-00-Abcdefgh.tar.gz"
      _ = try Disaster.backup(server, to: "\(folder)/partial.tar.gz") { $0.skipsUploads = true }
      try pack("\(folder)/partial.tar.gz", as: later, in: folder)
      #expect(try ArchiveSummary.of(later).completeness == "partial: without the uploads")
      let file = BackupFile(path: later, moment: 0, bytes: 0)
      #expect(try BackupStanding.find(file, cancellation: nil).isCompleteAndSound == false)
      let policy = RetentionPolicy(last: 1, daily: 0, weekly: 0, monthly: 0)
      _ = try PruneOperation(PruneOperation.Options(folder: folder, policy: policy)).perform(.silent)
      #expect(FileSystem.exists("\(folder)/aloha-backup-2026-11-01-03-30-00-Abcdefgh.tar.gz"))
    }
  }

  /// Packs a backup without uploads as if an empty folder had been backed up as all uploads.
  private func pack(_ source: String, as path: String, in folder: String) throws {
    let reader = try ArchiveReader(source)
    let writer = try ArchiveWriter(path: path, rootFolder: "aloha-backup")
    var manifest = try #require(try Inspection.of(source).manifest)
    while let header = try reader.next() {
      guard header.name != Manifest.fileName else { continue }
      var bytes = try reader.contents(limit: 64 << 20, of: source)
      if header.name == BackupFacts.fileName {
        var facts = try #require(BackupFacts.decode(bytes))
        facts.uploadsFiles = 0
        bytes = try facts.encoded()
      }
      try writer.add(header.name, bytes)
    }
    manifest.options["uploads"] = "whole"
    manifest.skipped = [Manifest.Skipped(name: "uploads/files/2/ab/x.png", reason: "messages name it")]
    _ = try writer.finish(manifest: manifest, cancellation: nil, progress: nil)
  }

  @Test("A server that has no uploads yet is backed up completely, for every command")
  func fresh() throws {
    let server = try Disaster.server("without-uploads", messages: 0)
    try Disaster.folder { folder in
      let path = "\(folder)/fresh.tar.gz"
      let summary = try Disaster.backup(server, to: path)
      #expect(summary.facts.contains(Summary.Fact("Completeness", "complete")))
      #expect(try ArchiveSummary.of(path).completeness == "complete")
      #expect(
        try VerifyOperation(VerifyOperation.Options(archive: path)).perform(.silent).title == "The archive is intact")
      let file = BackupFile(path: path, moment: 0, bytes: 0)
      #expect(try BackupStanding.find(file, cancellation: nil) == .sound(.complete))
    }
  }
}
