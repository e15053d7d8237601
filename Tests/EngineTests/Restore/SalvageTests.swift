import Archive
import Common
import Glibc
import Sandbox
import Testing

@testable import Engine
@testable import Operations
@testable import WholeServer

@Suite("A damaged backup")
struct SalvageTests {
  /// Returns the position of an upload's bytes in an archive: compressed files are stored without compression.
  private func place(of needle: [UInt8], in archive: [UInt8]) throws -> Int {
    let first = try #require(needle.first)
    return try #require(
      archive.indices.first { index in
        archive[index] == first && index + needle.count <= archive.count
          && archive[index..<index + needle.count].elementsEqual(needle)
      })
  }

  private func scene(_ name: String, in folder: String) throws -> (
    server: SandboxServer, archive: [UInt8], path: String
  ) {
    let server = try Disaster.server(name, messages: 20)
    // Larger than several blocks, and not compressible.
    for letter in ["a", "b", "c"] {
      let bytes = (0..<600_000).map { _ in UInt8.random(in: 0...255) }
      try FileSystem.replace("\(server.uploads)/files/large-\(letter).png", with: bytes, mode: 0o644)
    }
    let text = Array(repeating: "the same words again and again, ", count: 40_000).joined()
    try FileSystem.replace("\(server.uploads)/files/words.txt", with: text.utf8, mode: 0o644)
    let path = "\(folder)/backup.tar.gz"
    _ = try Disaster.backup(server, to: path)
    return (server, try FileSystem.read(path), path)
  }

  private func salvage(_ server: SandboxServer, _ path: String) throws -> Summary {
    try Disaster.restore(server, from: path) { $0.salvages = true }
  }

  @Test("A damaged upload costs only that file, which is named")
  func oneUpload() throws {
    try Disaster.folder { folder in
      var (server, archive, path) = try scene("salvage-upload", in: folder)
      let before = try Disaster.fingerprint(server)
      let bytes = try FileSystem.read("\(server.uploads)/files/large-b.png")
      archive[try place(of: Array(bytes[1000..<1040]), in: archive)] ^= 1
      try FileSystem.replace(path, with: archive)
      let refused = #expect(throws: PlainFailure.self) { try Disaster.restore(server, from: path) }
      #expect(refused?.family == .damagedArchive && refused?.remedy?.contains("--salvage") == true)
      try Disaster.expect(server, before)

      let summary = try salvage(server, path)
      #expect(summary.warnings.contains { $0.hasPrefix("Lost: uploads/files/large-b.png") })
      #expect(summary.facts.contains { $0.name == "Lost" && $0.value.hasPrefix("1 file; names that are known: ") })
      var expected = before
      expected.uploads.removeAll { $0.hasPrefix("files/large-b.png ") }
      try Disaster.expect(server, expected)
      _ = try DiscardRestoreOperation(ServerReference(root: server.root)).perform(.silent)
      try server.run("scripts/stop-server")
    }
  }

  @Test("Files after damaged compressed data are restored")
  func brokenBlock() throws {
    try Disaster.folder { folder in
      var (server, archive, path) = try scene("salvage-block", in: folder)
      let before = try Disaster.fingerprint(server)
      let bytes = try FileSystem.read("\(server.uploads)/files/large-a.png")
      let start = try place(of: Array(bytes[200_000..<200_040]), in: archive)
      // The overwritten range includes headers of blocks.
      for index in start..<start + 80_000 { archive[index] = UInt8(truncatingIfNeeded: index &* 7 &+ 3) }
      try FileSystem.replace(path, with: archive)
      let summary = try salvage(server, path)
      let after = try Disaster.fingerprint(server)
      #expect(after.tables == before.tables && after.settings == before.settings)
      let lost = Set(before.uploads).subtracting(after.uploads)
      #expect(Set(after.uploads).isSubset(of: Set(before.uploads)), "nothing is there that was not")
      #expect(lost.contains { $0.hasPrefix("files/large-a.png ") })
      #expect(lost.count <= 3, "\(lost)")
      #expect(summary.warnings.count { $0.hasPrefix("Lost: ") } == lost.count)
      #expect(summary.warnings.contains { $0.hasPrefix("Damage in the archive: what is packed at byte ") })
      _ = try DiscardRestoreOperation(ServerReference(root: server.root)).perform(.silent)
      try server.run("scripts/stop-server")
    }
  }

  @Test("A backup truncated among the uploads is restored with the files before")
  func cutOff() throws {
    try Disaster.folder { folder in
      let (server, archive, path) = try scene("salvage-cut", in: folder)
      let before = try Disaster.fingerprint(server)
      let bytes = try FileSystem.read("\(server.uploads)/files/large-c.png")
      let end = try place(of: Array(bytes[300_000..<300_040]), in: archive)
      try FileSystem.replace(path, with: archive[..<end])
      let summary = try salvage(server, path)
      let after = try Disaster.fingerprint(server)
      #expect(after.tables == before.tables && after.settings == before.settings)
      #expect(Set(after.uploads).isSubset(of: Set(before.uploads)))
      #expect(after.uploads.contains { $0.hasPrefix("files/large-a.png ") })
      #expect(!after.uploads.contains { $0.hasPrefix("files/large-c.png ") })
      #expect(summary.warnings.contains { $0.contains("list of files is lost") })
      _ = try DiscardRestoreOperation(ServerReference(root: server.root)).perform(.silent)
      try server.run("scripts/stop-server")
    }
  }

  @Test("A backup truncated before the uploads leaves this server's files unchanged, and reports the loss")
  func cutBeforeUploads() throws {
    try Disaster.folder { folder in
      let (server, _, path) = try scene("salvage-no-uploads", in: folder)
      let before = try Disaster.fingerprint(server)
      try Subprocess("/bin/tar", ["-C", folder, "-xzf", path]).runChecked()
      let parts = ["aloha-version", "backup.json", "postgres-version", "settings", "database"]
      try Subprocess("/bin/tar", ["-C", folder, "-czf", path] + parts.map { "aloha-backup/\($0)" }).runChecked()
      try FileSystem.replace(path, with: try FileSystem.read(path).dropLast(12))
      try Disaster.execute(server, "UPDATE zerver_message SET content = 'written since'")
      let summary = try salvage(server, path)
      try Disaster.expect(server, before)
      #expect(summary.facts.contains { $0.name == "Lost" && $0.value.hasPrefix("\(before.uploads.count) files") })
      #expect(summary.warnings.contains { $0.contains("upload") }, "\(summary.warnings)")
      _ = try DiscardRestoreOperation(ServerReference(root: server.root)).perform(.silent)
      try server.run("scripts/stop-server")
    }
  }

  @Test("Damage is detected by the checks, before any change")
  func firstLook() throws {
    try Disaster.folder { folder in
      let (server, archive, path) = try scene("salvage-first-look", in: folder)
      try FileSystem.replace(path, with: archive[..<30_000])
      let options = RestoreOptions(archive: path)
      let failure = #expect(throws: PlainFailure.self) {
        try RestoreOperation(ServerReference(root: server.root), options).check()
      }
      let command = "aloha-wizard restore --salvage \(path) --root \(server.root)"
      #expect(failure?.family == .damagedArchive && failure?.remedy?.contains(command) == true)
      let look = try RestoreOutlook.look(root: server.root, brand: nil, options)
      #expect(look.damage == failure?.reason && look.backupHost == "salvage-first-look.example.com", "\(look)")
      try server.run("scripts/stop-server")
    }
  }

  @Test("A dump without one of its data files is refused by verify, rehearsals and restores, without a digest")
  func missingRows() throws {
    try Disaster.folder { folder in
      let server = try Disaster.server("rows-missing", messages: 10)
      let before = try Disaster.fingerprint(server)
      let path = "\(folder)/official.tar.gz"
      try Disaster.officialBackup(server, to: path)
      try Subprocess("/bin/tar", ["-C", folder, "-xzPf", path]).runChecked()
      let dump = "\(folder)/aloha-backup/database"
      let rows = try #require(try FileSystem.names(in: dump).filter { $0.hasSuffix(".dat.gz") }.max())
      try FileSystem.removeTree("\(dump)/\(rows)")
      try Subprocess("/bin/tar", ["-C", folder, "-czf", path, "aloha-backup"]).runChecked()
      let number = rows.prefix { $0.isNumber }
      func expectFound(_ what: String, _ body: () throws -> Void) {
        let failure = #expect(throws: (any Error).self, "\(what)") { try body() } as? any Failure
        #expect(failure?.family == .damagedArchive || failure?.family == .blocked, "\(what)")
        #expect(failure?.description.contains("\(number).dat") == true, "\(what): \(String(describing: failure))")
      }
      expectFound("verify") { _ = try VerifyOperation(VerifyOperation.Options(archive: path)).perform(.silent) }
      expectFound("rehearse") {
        _ = try RehearseOperation(RehearseOperation.Options(archive: path)).rehearse(.silent)
      }
      expectFound("restore") { try Disaster.restore(server, from: path) }
      expectFound("salvage") { _ = try salvage(server, path) }
      try Disaster.expect(server, before)
      #expect(try Disaster.leftOvers(server) == [])
    }
  }

  @Test("An unpacked backup with a missing or changed file is compared with its manifest")
  func folder() throws {
    try Disaster.folder { folder in
      let (server, _, path) = try scene("salvage-folder", in: folder)
      let before = try Disaster.fingerprint(server)
      try Subprocess("/bin/tar", ["-C", folder, "-xzf", path]).runChecked()
      let root = "\(folder)/aloha-backup"
      try FileSystem.removeTree("\(root)/uploads/files/large-a.png")
      try FileSystem.replace("\(root)/uploads/files/words.txt", with: "other words".utf8, mode: 0o644)
      try FileSystem.replace("\(root)/uploads/files/planted.txt", with: "planted".utf8, mode: 0o644)
      let summary = try salvage(server, root)
      let lost = summary.warnings.filter { $0.hasPrefix("Lost: ") }.sorted()
      #expect(lost.count == 3)
      var expected = before
      expected.uploads.removeAll { $0.hasPrefix("files/large-a.png ") || $0.hasPrefix("files/words.txt ") }
      try Disaster.expect(server, expected)
      _ = try DiscardRestoreOperation(ServerReference(root: server.root)).perform(.silent)
      try server.run("scripts/stop-server")
    }
  }

  @Test("A salvage is refused if a file of the database or of the secrets is damaged")
  func needed() throws {
    try Disaster.folder { folder in
      let (server, _, path) = try scene("salvage-needed", in: folder)
      let before = try Disaster.fingerprint(server)
      try Subprocess("/bin/tar", ["-C", folder, "-xzf", path]).runChecked()
      let root = "\(folder)/aloha-backup"
      let rows = try #require(try FileSystem.names(in: "\(root)/database").first { $0.hasSuffix(".gz") })
      let kept = try FileSystem.read("\(root)/database/\(rows)")
      try FileSystem.replace("\(root)/database/\(rows)", with: kept.dropLast(1))
      let database = #expect(throws: Blocked.self) { try salvage(server, root) }
      #expect(database?.findings.contains { $0.subject == "damage" && $0.reason.contains(rows) } == true)
      try FileSystem.replace("\(root)/database/\(rows)", with: kept)
      try FileSystem.replace("\(root)/settings/aloha-secrets.conf", with: "[secrets]\navatar_salt = other\n".utf8)
      let secrets = #expect(throws: Blocked.self) { try salvage(server, root) }
      #expect(secrets?.findings.contains { $0.remedy?.contains("--keep-settings") == true } == true)
      try Disaster.expect(server, before)
      #expect(try Disaster.leftOvers(server) == [])
    }
  }
}
