import Archive
import Common
import Glibc
import Postgres
import Sandbox
import Testing

@testable import Operations
@testable import Server
@testable import WholeServer

@Suite("Backing up a server")
struct BackupTests {
  @Test("A backup has the layout, the names and the dump that the server's own restore requires")
  func layout() throws {
    let server = try Disaster.server("laid-out")
    try Disaster.folder { folder in
      let summary = try Disaster.backup(server, to: "\(folder)/backup.tar.gz")
      #expect(summary.facts.first == Summary.Fact("Archive", "\(folder)/backup.tar.gz"))
      var status = stat()
      #expect(stat("\(folder)/backup.tar.gz", &status) == 0 && status.st_mode & 0o777 == 0o600)
      // As in the server's own script: it extracts everything, with absolute names allowed.
      try Subprocess("/bin/tar", ["-C", folder, "-xPzf", "\(folder)/backup.tar.gz"]).runChecked()
      let root = "\(folder)/aloha-backup"
      #expect(
        try FileSystem.names(in: root) == [
          "aloha-version", "backup.json", "database", "manifest.json", "migration_status.json", "os-version",
          "postgres-version", "settings", "uploads",
        ])
      #expect(try FileSystem.read("\(root)/aloha-version") == Array("9.0-dev+git\n".utf8))
      #expect(String(decoding: try FileSystem.read("\(root)/postgres-version"), as: UTF8.self).hasPrefix("15"))
      #expect(try Disaster.files("\(root)/settings") == Disaster.files(server.configuration))
      #expect(try Disaster.files("\(root)/uploads") == Disaster.files(server.uploads))
      let contents = try DumpContents.read("\(root)/database", tools: try PostgresTools.find(major: 15))
      #expect(contents.tables.contains { $0.name == "zerver_message" })
      #expect(contents.database == server.database)
    }
  }

  @Test("A backup of this program is restored completely by the steps of the server's own command")
  func officialRestore() throws {
    let server = try Disaster.server("theirs")
    try Disaster.folder { folder in
      let before = try Disaster.fingerprint(server)
      _ = try Disaster.backup(server, to: "\(folder)/ours.tar.gz")
      try Disaster.destroy(server)
      try Disaster.officialRestore(server, from: "\(folder)/ours.tar.gz")
      try Disaster.expect(server, before)
    }
  }

  @Test("A backup contains one snapshot: rows that are added meanwhile are in none of its tables")
  func snapshot() throws {
    let server = try Disaster.server("moving")
    try Disaster.folder { folder in
      let path = "\(folder)/backup.tar.gz"
      let counted = try server.connect().value("SELECT count(*) FROM zerver_reaction")
      let progress = Progress { event in
        if case .phaseStarted(let id, _, _, _) = event, id == "dump" {
          try? Disaster.execute(server, "DELETE FROM zerver_reaction; INSERT INTO zerver_client (name) VALUES ('late')")
        }
      }
      _ = try BackupOperation(ServerReference(root: server.root), BackupOperation.Options(output: path))
        .perform(progress)
      let manifest = try #require(try Inspection.of(path).manifest)
      #expect(manifest.tables["zerver_reaction"].map(String.init) == counted)
      // The rehearsal compares the rows of the dump with these counts.
      #expect(try RehearseOperation(RehearseOperation.Options(archive: path)).rehearse(.silent).problems == [])
    }
  }

  @Test("A backup follows only links whose owner could read the target", .enabled(if: Disaster.isRoot))
  func links() throws {
    let server = try Disaster.server("linking")
    try Disaster.folder { folder in
      try FileSystem.makeFolder("\(folder)/disk/2", mode: 0o755)
      try FileSystem.replace("\(folder)/disk/2/moved.txt", with: "moved".utf8)
      try FileSystem.replace("\(folder)/secret", with: "secret".utf8)
      #expect(symlink("\(folder)/disk", "\(server.uploads)/files/disk") == 0)
      #expect(symlink("\(folder)/disk/2/moved.txt", "\(server.uploads)/files/one.txt") == 0)
      #expect(symlink("..", "\(server.uploads)/files/circle") == 0)
      // The link is created by the server's user, who may not read its target.
      #expect(symlink("\(folder)/secret", "\(server.uploads)/files/stolen") == 0)
      #expect(lchown("\(server.uploads)/files/stolen", 65_534, 65_534) == 0)
      let summary = try Disaster.backup(server, to: "\(folder)/backup.tar.gz")
      let names = Set(try ArchiveCheck.verifyDigests("\(folder)/backup.tar.gz").members.map(\.name))
      #expect(names.contains("uploads/files/disk/2/moved.txt"))
      #expect(names.contains("uploads/files/one.txt"))
      #expect(!names.contains { $0.contains("stolen") || $0.contains("circle") })
      #expect(summary.warnings.contains { $0.contains("stolen") && $0.contains("another user") })
      #expect(summary.warnings.contains { $0.contains("circle") })
    }
  }

  @Test("A backup reports files that messages name and that are missing on the server")
  func missingFiles() throws {
    let server = try Disaster.server("gappy")
    let path = try #require(try server.connect().value("SELECT path_id FROM zerver_attachment ORDER BY 1 LIMIT 1"))
    #expect(unlink("\(server.uploads)/files/\(path)") == 0)
    try Disaster.folder { folder in
      let summary = try Disaster.backup(server, to: "\(folder)/backup.tar.gz")
      #expect(summary.warnings.contains { $0.contains(path) })
      let report = try RehearseOperation(RehearseOperation.Options(archive: "\(folder)/backup.tar.gz")).rehearse(
        .silent)
      #expect(report.missingFiles == 1)
      #expect(report.nagiosStatus == 1)
      #expect(report.nagiosLine.hasPrefix("RESTORE WARNING - "))
    }
  }

  @Test("A backup without the database or the uploads restores its remaining parts")
  func parts() throws {
    let server = try Disaster.server("partly")
    try Disaster.folder { folder in
      _ = try Disaster.backup(server, to: "\(folder)/files.tar.gz") { $0.skipsDatabase = true }
      _ = try Disaster.backup(server, to: "\(folder)/rows.tar.gz") { $0.skipsUploads = true }
      let before = try Disaster.fingerprint(server)
      try Disaster.execute(server, "DELETE FROM zerver_reaction")
      try FileSystem.removeTree("\(server.uploads)/avatars")
      let rows = try Disaster.rows(server, server.database)
      try Disaster.restore(server, from: "\(folder)/files.tar.gz") { $0.allowsPartial = true }
      #expect(try Disaster.rows(server, server.database) == rows)
      #expect(try Disaster.files(server.uploads) == before.uploads)
      try FileSystem.removeTree("\(server.uploads)/avatars")
      let files = try Disaster.files(server.uploads)
      _ = try DiscardRestoreOperation(ServerReference(root: server.root)).perform(.silent)
      try Disaster.restore(server, from: "\(folder)/rows.tar.gz") { $0.allowsPartial = true }
      #expect(try Disaster.rows(server, server.database) == before.tables)
      #expect(try Disaster.files(server.uploads) == files)
      try server.run("scripts/stop-server")
    }
  }

  @Test("A backup replaces no existing file, and is refused without enough disk space", .enabled(if: Disaster.isRoot))
  func refusals() throws {
    let server = try Disaster.server("cramped", messages: 5)
    try Disaster.folder { folder in
      try FileSystem.replace("\(folder)/there.tar.gz", with: "mine".utf8)
      #expect(throws: Blocked.self) { try Disaster.backup(server, to: "\(folder)/there.tar.gz") }
      #expect(try FileSystem.read("\(folder)/there.tar.gz") == Array("mine".utf8))
      #expect(throws: Blocked.self) { try Disaster.backup(server, to: "\(folder)/missing/backup.tar.gz") }
      try Disaster.mounted("\(folder)/small", megabytes: 4) {
        let failure = #expect(throws: Blocked.self) { try Disaster.backup(server, to: "\(folder)/small/backup.tar.gz") }
        #expect(failure?.findings.first?.subject == "space")
        let left = try FileSystem.names(in: "\(folder)/small")
        #expect(left == [])
      }
    }
  }

  @Test("A backup that fills the disk leaves no files", .enabled(if: Disaster.isRoot))
  func fullDisk() throws {
    let server = try Disaster.server("filling", messages: 5)
    try Disaster.folder { folder in
      // The disk has room for the estimated size; another file fills it during the backup.
      try Disaster.mounted("\(folder)/disk", megabytes: 48) {
        let progress = Progress { event in
          guard case .phaseStarted("uploads", _, _, _) = event else { return }
          _ = try? Subprocess("/bin/dd", ["if=/dev/zero", "of=\(folder)/disk/other", "bs=1M"]).run()
        }
        #expect(throws: (any Error).self) {
          try BackupOperation(
            ServerReference(root: server.root), BackupOperation.Options(output: "\(folder)/disk/backup.tar.gz")
          ).perform(progress)
        }
        let left = try FileSystem.names(in: "\(folder)/disk")
        #expect(left == ["other"])
      }
    }
  }

  @Test("A backup encrypted to a public key is restored only with the private key", .enabled(if: Encrypted.isPossible))
  func encryption() throws {
    let server = try Disaster.server("sealed")
    try Disaster.folder { folder in
      let (key, recipient) = try Encrypted.pair(in: folder)
      let path = "\(folder)/backup.tar.gz.age"
      _ = try Disaster.backup(server, to: path) { $0.recipient = recipient }
      #expect(Encryption.isEncrypted(path))
      #expect(try BackupChecksum.matches(path) == true)
      #expect(try FileSystem.names(in: folder).allSatisfy { !$0.hasPrefix(".aloha") })
      let before = try Disaster.fingerprint(server)
      try Disaster.destroy(server)
      let missing = #expect(throws: PlainFailure.self) { try Disaster.restore(server, from: path) }
      #expect(missing?.remedy?.contains("--identity") == true)
      let (wrong, _) = try Encrypted.pair(in: folder, name: "other")
      let other = #expect(throws: PlainFailure.self) {
        try Disaster.restore(server, from: path) { $0.identity = wrong }
      }
      #expect(other?.remedy?.contains("the private key that belongs to") == true)
      try Disaster.restore(server, from: path) { $0.identity = key }
      try Disaster.expect(server, before)
      var options = RehearseOperation.Options(archive: path)
      options.identity = key
      #expect(try RehearseOperation(options).rehearse(.silent).isSound)
      try server.run("scripts/stop-server")
    }
  }

  @Test("Invalid public keys, and private keys, are refused", .enabled(if: Encrypted.isPossible))
  func wrongKeys() throws {
    try Disaster.folder { folder in
      let (key, recipient) = try Encrypted.pair(in: folder)
      #expect(Encryption.problem(recipient: recipient) == nil)
      #expect(Encryption.problem(recipient: "password")?.severity == .blocker)
      #expect(Encryption.problem(recipient: String(recipient.dropLast(3)))?.severity == .blocker)
      let secret = String(decoding: try FileSystem.read(key), as: UTF8.self).split(separator: "\n").last.map(
        String.init)
      let problem = Encryption.problem(recipient: secret ?? "")
      #expect(problem?.reason.contains("private key") == true)
      #expect(problem?.reason.contains("AGE-SECRET") == false)
    }
  }
}

/// Key pairs for tests.
enum Encrypted {
  /// Returns the public key of a private key.
  static func recipient(of key: String) throws -> String {
    let said = try Subprocess(try #require(Subprocess.find("age-keygen")), ["-y", key]).runChecked()
    return String(try #require(said.split(separator: "\n").last))
  }

  static var isPossible: Bool { Subprocess.find("age") != nil && Subprocess.find("age-keygen") != nil }

  static func pair(in folder: String, name: String = "key") throws -> (private: String, public: String) {
    let path = "\(folder)/\(name).txt"
    try Subprocess(try #require(Subprocess.find("age-keygen")), ["-o", path]).runChecked()
    let text = String(decoding: try FileSystem.read(path), as: UTF8.self)
    let line = try #require(text.split(separator: "\n").first { $0.contains("public key: ") })
    return (path, String(try #require(line.split(separator: " ").last)))
  }
}
