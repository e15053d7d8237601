import Archive
import Common
import Glibc
import Postgres
import Sandbox
import Testing

@testable import Operations
@testable import Server
@testable import Transfer
@testable import WholeServer

@Suite("Refused backups", .serialized)
struct WrongArchiveTests {
  /// One server and one sound backup for all tests. Tests must not change the server.
  private static let made = Result {
    () throws -> (server: SandboxServer, backup: [UInt8], before: Disaster.Fingerprint) in
    let server = try Disaster.server("untouched", messages: 20)
    return try Disaster.folder { folder in
      _ = try Disaster.backup(server, to: "\(folder)/backup.tar.gz")
      return (server, try FileSystem.read("\(folder)/backup.tar.gz"), try Disaster.fingerprint(server))
    }
  }

  private let server: SandboxServer
  private let backup: [UInt8]
  private let before: Disaster.Fingerprint

  init() throws { (server, backup, before) = try Self.made.get() }

  private func isUntouched() throws -> Bool {
    try Disaster.expect(server, before)
    return try Disaster.leftOvers(server) == []
  }

  /// Unpacks the sound backup, changes it with `change`, and packs it again.
  private func spoiled(_ folder: String, _ change: (String) throws -> Void) throws -> String {
    try FileSystem.replace("\(folder)/good.tar.gz", with: backup)
    try Subprocess("/bin/tar", ["-C", folder, "-xzf", "\(folder)/good.tar.gz"]).runChecked()
    let root = "\(folder)/aloha-backup"
    try change(root)
    try Subprocess("/bin/tar", ["-C", folder, "-czf", "\(folder)/spoiled.tar.gz", "--", "aloha-backup"]).runChecked()
    return "\(folder)/spoiled.tar.gz"
  }

  private func findings(_ path: String, _ change: (inout RestoreOptions) -> Void = { _ in }) throws -> [Finding] {
    var options = RestoreOptions(archive: path)
    change(&options)
    return try RestoreOperation(ServerReference(root: server.root), options).check()
  }

  @Test("An export given as a backup is refused with the right command")
  func export() throws {
    let server = try Disaster.server("exported", messages: 10)
    try Disaster.folder { folder in
      let options = ExportOperation.Options(subdomain: "harbour", output: "\(folder)/export.tar.gz")
      _ = try ExportOperation(ServerReference(root: server.root), options).perform(.silent)
      let failure = #expect(throws: ArchiveFailure.self) {
        try Disaster.restore(server, from: "\(folder)/export.tar.gz")
      }
      #expect(failure?.family == .unsuitableArchive)
      #expect(failure?.remedy == "use import for it")
    }
  }

  @Test("Another folder is refused with the missing members, and the parent folder of an unpacked backup is accepted")
  func folders() throws {
    try Disaster.folder { folder in
      func head(_ path: String) throws -> BackupHeader {
        try BackupHeader.read(BackupHeader.unpackedFolder(path), scratch: folder, cancellation: nil)
      }
      try FileSystem.makeFolder("\(folder)/etc")
      try FileSystem.replace("\(folder)/etc/file", with: "x".utf8)
      #expect(symlink("file", "\(folder)/etc/a-link") == 0)
      #expect(throws: ArchiveFailure.self) { try head("\(folder)/etc") }
      try FileSystem.makeFolder("\(folder)/etc/aloha-backup")
      try FileSystem.replace("\(folder)/etc/aloha-backup/aloha-version", with: "9.0\n".utf8)
      #expect(try head("\(folder)/etc").serverVersion == "9.0")
      try FileSystem.makeFolder("\(folder)/export")
      try FileSystem.replace("\(folder)/export/realm.json", with: "{}".utf8)
      do {
        _ = try head("\(folder)/export")
        Issue.record("an export was taken for a backup")
      } catch let failure as ArchiveFailure {
        #expect(failure.remedy == "use import for it")
      }
    }
  }

  @Test("A truncated backup leaves the server unchanged", arguments: [0.1, 0.5, 0.9, 0.999])
  func truncated(share: Double) throws {
    try Disaster.folder { folder in
      try FileSystem.replace("\(folder)/cut.tar.gz", with: backup.prefix(Int(Double(backup.count) * share)))
      let error = #expect(throws: (any Error).self) { try Disaster.restore(server, from: "\(folder)/cut.tar.gz") }
      #expect((error as? any Failure)?.family == .damagedArchive)
    }
    #expect(try isUntouched())
  }

  @Test("A backup with a flipped bit leaves the server unchanged", arguments: 1...6)
  func flipped(part: Int) throws {
    try Disaster.folder { folder in
      var bytes = backup
      bytes[bytes.count * part / 7] ^= 0x10
      try FileSystem.replace("\(folder)/flipped.tar.gz", with: bytes)
      #expect(throws: (any Error).self) { try Disaster.restore(server, from: "\(folder)/flipped.tar.gz") }
    }
    #expect(try isUntouched())
  }

  @Test("A replaced member is detected by its digest")
  func exchanged() throws {
    try Disaster.folder { folder in
      let path = try spoiled(folder) {
        try FileSystem.replace("\($0)/settings/settings.py", with: "EXTERNAL_HOST = \"x\"\n".utf8)
      }
      let error = #expect(throws: (any Error).self) { try Disaster.restore(server, from: path) }
      #expect((error as? any Failure)?.family == .damagedArchive)
    }
    #expect(try isUntouched())
  }

  @Test("Missing rows are detected by their number")
  func rowsMissing() throws {
    try Disaster.folder { folder in
      // The dump can be restored, but its database has lost rows since they were counted.
      let path = try spoiled(folder) { root in
        try FileSystem.removeTree("\(root)/database")
        try Disaster.execute(server, on: "postgres", "CREATE DATABASE untouched_copy TEMPLATE \(server.database)")
        defer { try? Disaster.execute(server, on: "postgres", "DROP DATABASE untouched_copy WITH (FORCE)") }
        try Disaster.execute(server, on: "untouched_copy", "DELETE FROM zerver_reaction")
        let tools = try PostgresTools.find(major: 15)
        try Subprocess(
          tools.path("pg_dump"),
          ["-Fd", "-f", "\(root)/database", "-h", server.parameters.host ?? "", "-U", "aloha", "untouched_copy"]
        ).runChecked()
        // The manifest matches the files again, but not the rows.
        try Self.sealAgain(root)
      }
      let failure = #expect(throws: PlainFailure.self) { try Disaster.restore(server, from: path) }
      #expect(failure?.reason.contains("zerver_reaction") == true)
      let rehearsal = #expect(throws: PlainFailure.self) {
        try RehearseOperation(RehearseOperation.Options(archive: path)).perform(.silent)
      }
      #expect(rehearsal?.reason.contains("zerver_reaction") == true)
    }
    #expect(try isUntouched())
  }

  /// Writes a manifest with the digests of the files in a folder, and with the old row counts.
  private static func sealAgain(_ root: String) throws {
    let path = "\(root)/manifest.json"
    var manifest = try #require(try Manifest.decode(try FileSystem.read(path), archive: root))
    try FileSystem.removeTree(path)
    manifest.members = try ArchiveCheck.verifyDigests(root).members
    try FileSystem.replace(path, with: try manifest.encoded())
  }

  @Test("A backup of the other brand is refused")
  func otherBrand() throws {
    try Disaster.folder { folder in
      let path = try spoiled(folder) { root in
        #expect(rename("\(root)/aloha-version", "\(root)/zulip-version") == 0)
        try FileSystem.removeTree("\(root)/manifest.json")
      }
      let blocker = try findings(path).first { $0.severity == .blocker }
      #expect(blocker?.reason == "this is a backup of Zulip, this server is Aloha")
    }
  }

  @Test("A backup of another version is refused with both versions, unless --ignore-versions is given")
  func otherVersion() throws {
    try Disaster.folder { folder in
      let path = try spoiled(folder) { root in
        try FileSystem.replace("\(root)/aloha-version", with: "10.3\n".utf8)
        try FileSystem.removeTree("\(root)/manifest.json")
      }
      let blocker = try findings(path).first { $0.severity == .blocker }
      #expect(blocker?.reason == "the backup is of 10.3, this server is 9.0-dev+git")
      #expect(blocker?.remedy?.contains("install version 10.3") == true)
      #expect(try findings(path) { $0.ignoresVersions = true }.allSatisfy { $0.severity != .blocker })
    }
  }

  @Test("A backup of a newer PostgreSQL is refused before any change")
  func newerPostgres() throws {
    try Disaster.folder { folder in
      let path = try spoiled(folder) { root in
        try FileSystem.removeTree("\(root)/manifest.json")
        try Self.rewrite("\(root)/database/toc.dat", "15.", to: "99.")
      }
      let blocker = try findings(path).first { $0.severity == .blocker }
      #expect(blocker?.reason.contains("PostgreSQL 99") == true)
    }
  }

  @Test("A dump in a format newer than pg_restore is refused with a remedy")
  func newerFormat() throws {
    try Disaster.folder { folder in
      let path = try spoiled(folder) { root in
        try FileSystem.removeTree("\(root)/manifest.json")
        var toc = try FileSystem.read("\(root)/database/toc.dat")
        // "PGDMP" is followed by the version of the format, in two bytes.
        toc[6] = 99
        try FileSystem.replace("\(root)/database/toc.dat", with: toc)
      }
      let failure = #expect(throws: ToolFailure.self) { try findings(path) }
      #expect(failure?.remedy?.contains("install PostgreSQL's client programs") == true)
    }
  }

  @Test("A missing extension is named")
  func missingExtension() throws {
    try Disaster.folder { folder in
      let path = try spoiled(folder) { root in
        try FileSystem.removeTree("\(root)/manifest.json")
        try FileSystem.removeTree("\(root)/database")
        try Disaster.execute(server, on: "postgres", "CREATE DATABASE untouched_extended TEMPLATE \(server.database)")
        defer { try? Disaster.execute(server, on: "postgres", "DROP DATABASE untouched_extended WITH (FORCE)") }
        try Disaster.execute(server, on: "untouched_extended", "CREATE EXTENSION pg_trgm SCHEMA public")
        let tools = try PostgresTools.find(major: 15)
        try Subprocess(
          tools.path("pg_dump"),
          ["-Fd", "-f", "\(root)/database", "-h", server.parameters.host ?? "", "-U", "postgres", "untouched_extended"]
        ).runChecked()
        try Self.rewrite("\(root)/database/toc.dat", "pg_trgm", to: "pgroong")
      }
      let finding = try findings(path).first { $0.subject == "extensions" }
      #expect(finding?.severity == .blocker)
      #expect(finding?.reason == "this PostgreSQL lacks pgroong")
    }
  }

  @Test("Secrets that are only a link are refused before any change")
  func linkedSecrets() throws {
    try Disaster.folder { folder in
      let path = try spoiled(folder) { root in
        try FileSystem.removeTree("\(root)/manifest.json")
        try FileSystem.removeTree("\(root)/settings/aloha-secrets.conf")
        #expect(symlink("/data/aloha-secrets.conf", "\(root)/settings/aloha-secrets.conf") == 0)
      }
      let blockers = try findings(path).filter { $0.severity == .blocker }
      #expect(blockers.contains { $0.reason.contains("a mere link") })
      #expect(blockers.contains { $0.reason.contains("aloha-secrets.conf is not in it") })
    }
  }

  @Test("A file that is no archive is refused")
  func somethingElse() throws {
    try Disaster.folder { folder in
      try FileSystem.replace("\(folder)/words.txt", with: "hello".utf8)
      #expect(throws: (any Error).self) { try findings("\(folder)/words.txt") }
      #expect(throws: (any Error).self) { try findings("\(folder)/missing.tar.gz") }
      try FileSystem.makeFolder("\(folder)/pictures")
      try FileSystem.replace("\(folder)/pictures/a.png", with: "x".utf8)
      try Subprocess("/bin/tar", ["-C", folder, "-czf", "\(folder)/other.tar.gz", "pictures"]).runChecked()
      let failure = #expect(throws: ArchiveFailure.self) { try findings("\(folder)/other.tar.gz") }
      #expect(failure?.family == .unsuitableArchive)
    }
  }

  @Test(
    "A work folder that the database administrator cannot enter is refused with a remedy", .enabled(if: Disaster.isRoot)
  )
  func closedWorkFolder() throws {
    try Disaster.folder { folder in
      try FileSystem.replace("\(folder)/good.tar.gz", with: backup)
      try FileSystem.makeFolder("\(folder)/closed/work")
      chmod("\(folder)/closed", 0o700)
      let finding = try findings("\(folder)/good.tar.gz") { $0.workFolder = "\(folder)/closed/work" }
        .first { $0.severity == .blocker }
      #expect(finding?.subject == "work folder")
      #expect(finding?.remedy?.contains("chmod o+x") == true)
    }
  }

  @Test("A restore without enough disk space is refused by the checks", .enabled(if: Disaster.isRoot))
  func noRoom() throws {
    try Disaster.folder { folder in
      try FileSystem.replace("\(folder)/good.tar.gz", with: backup)
      try Disaster.mounted("\(folder)/small", megabytes: 8) {
        let finding = try findings("\(folder)/good.tar.gz") { $0.workFolder = "\(folder)/small" }
          .first { $0.severity == .blocker }
        #expect(finding?.subject == "space")
        #expect(finding?.reason.contains("work folder") == true)
      }
    }
  }

  /// Replaces a text by one of the same length at all places.
  private static func rewrite(_ path: String, _ old: String, to new: String) throws {
    var bytes = try FileSystem.read(path)
    let (from, to) = (Array(old.utf8), Array(new.utf8))
    var index = 0
    while index + from.count <= bytes.count {
      if bytes[index..<index + from.count].elementsEqual(from) {
        bytes.replaceSubrange(index..<index + from.count, with: to)
      }
      index += 1
    }
    try FileSystem.replace(path, with: bytes)
  }
}
