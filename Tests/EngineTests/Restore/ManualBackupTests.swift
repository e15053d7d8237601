import Common
import Glibc
import Postgres
import Sandbox
import Testing

@testable import Operations
@testable import Server
@testable import WholeServer

@Suite("Parts that were saved by hand")
struct ManualBackupTests {
  private func dump(_ server: SandboxServer, _ words: [String]) throws {
    let tools = try PostgresTools.find(major: 15)
    try Subprocess(
      tools.path("pg_dump"), words + ["-h", server.parameters.host ?? "", "-U", "aloha", server.database]
    ).runChecked()
  }

  private func restore(_ server: SandboxServer, _ backup: ManualBackup) throws -> Summary {
    try RestoreOperation(ServerReference(root: server.root), RestoreOptions(.manual(backup))).perform(.silent)
  }

  @Test("Parts saved by hand are restored, in any format of pg_dump", arguments: ["c", "d", "t", "p", "gz"])
  func forms(form: String) throws {
    let server = try Disaster.server("hand-\(form)", messages: 20)
    let before = try Disaster.fingerprint(server)
    try Disaster.folder { folder in
      let path = "\(folder)/dump"
      try dump(server, ["-F", form == "gz" ? "p" : form, "-f", path])
      if form == "gz" { try Subprocess("/bin/gzip", [path]).runChecked() }
      // Readable by root only, as such files should be.
      if form != "d" { chmod(form == "gz" ? "\(path).gz" : path, 0o600) }
      try Subprocess("/bin/cp", ["-a", server.uploads, "\(folder)/uploads"]).runChecked()
      try Subprocess("/bin/cp", ["-a", server.configuration, "\(folder)/settings"]).runChecked()
      try Disaster.destroy(server)
      _ = try restore(
        server,
        ManualBackup(
          database: form == "gz" ? "\(path).gz" : path, settings: "\(folder)/settings", uploads: "\(folder)/uploads"))
    }
    try Disaster.expect(server, before)
    try server.run("scripts/stop-server")
  }

  @Test("A dump of a part of the database is refused")
  func partsOfDatabase() throws {
    let server = try Disaster.server("hand-part", messages: 5)
    let before = try Disaster.fingerprint(server)
    for word in ["--schema-only", "--data-only", "--table=aloha.zerver_realm"] {
      for form in ["c", "p"] {
        try Disaster.folder { folder in
          try dump(server, ["-F", form, word, "-f", "\(folder)/dump"])
          #expect(throws: (any Error).self, "\(word) \(form)") {
            try restore(server, ManualBackup(database: "\(folder)/dump"))
          }
        }
      }
    }
    try Disaster.expect(server, before)
    #expect(try Disaster.leftOvers(server) == [])
  }

  @Test("A dump in an unsupported compression, or a file that is no dump, is refused with a remedy")
  func otherForms() throws {
    try Disaster.folder { folder in
      func refusal(_ bytes: [UInt8]) throws -> String? {
        try FileSystem.replace("\(folder)/dump", with: bytes)
        do { _ = try DumpFile.recognize("\(folder)/dump") } catch let failure as PlainFailure { return failure.remedy }
        return nil
      }
      #expect(try refusal([0x28, 0xB5, 0x2F, 0xFD, 0x04])?.contains("zstd -d") == true)
      #expect(try refusal([0xFD, 0x37, 0x7A, 0x58, 0x5A, 0x00])?.contains("unxz") == true)
      #expect(try refusal(Array("BZh91AY".utf8))?.contains("bunzip2") == true)
      #expect(try refusal(Array("CREATE TABLE x ();".utf8))?.contains("pg_dump") == true)
      // A whole backup, and a dump that was compressed twice, in place of gzipped SQL.
      try FileSystem.makeFolder("\(folder)/aloha-backup")
      try FileSystem.replace("\(folder)/aloha-backup/aloha-version", with: "9.0\n".utf8)
      try Subprocess("/bin/tar", ["-C", folder, "-czf", "\(folder)/b.tar.gz", "aloha-backup"]).runChecked()
      #expect(try refusal(FileSystem.read("\(folder)/b.tar.gz"))?.contains("without --database") == true)
      try FileSystem.replace("\(folder)/inner", with: Array("PGDMP more".utf8))
      try Subprocess("/bin/gzip", ["\(folder)/inner"]).runChecked()
      #expect(try refusal(FileSystem.read("\(folder)/inner.gz"))?.contains("gunzip") == true)
    }
  }

  @Test("Parts that are not given stay unchanged, and copies of folders can be archives")
  func onlyUploads() throws {
    let server = try Disaster.server("hand-files", messages: 10)
    let before = try Disaster.fingerprint(server)
    try Disaster.folder { folder in
      try Subprocess("/bin/tar", ["-C", "\(server.uploads)/..", "-czf", "\(folder)/uploads.tgz", "uploads"])
        .runChecked()
      try FileSystem.removeTree("\(server.uploads)/files")
      _ = try restore(server, ManualBackup(uploads: "\(folder)/uploads.tgz"))
    }
    try Disaster.expect(server, before)
    try server.run("scripts/stop-server")
  }

  @Test("SQL with commands of psql is refused before it is executed")
  func hostile() throws {
    let server = try Disaster.server("hand-hostile", messages: 5)
    let before = try Disaster.fingerprint(server)
    try Disaster.folder { folder in
      try dump(server, ["-F", "p", "-f", "\(folder)/good.sql"])
      let good = String(decoding: try FileSystem.read("\(folder)/good.sql"), as: UTF8.self)
      try dump(server, ["-F", "p", "--create", "-f", "\(folder)/create.sql"])
      try FileSystem.replace("\(folder)/shell.sql", with: "\(good)\n\\! touch \(folder)/owned\n".utf8)
      try FileSystem.replace("\(folder)/cut.sql", with: good.prefix(good.count / 2).utf8)
      for name in ["create", "shell", "cut"] {
        let failure = #expect(throws: PlainFailure.self, "\(name)") {
          try restore(server, ManualBackup(database: "\(folder)/\(name).sql"))
        }
        #expect(failure?.family == .unsuitableArchive, "\(name)")
      }
      #expect(!FileSystem.exists("\(folder)/owned"))
    }
    try Disaster.expect(server, before)
    #expect(try Disaster.leftOvers(server) == [])
  }

  @Test("Rows that look like commands of psql are restored")
  func oddRows() {
    var scanner = PlainScanner()
    let text = "COPY t FROM stdin;\n\\N\t1\n\\\\connect\t2\n\\tx\n\\.\n-- PostgreSQL database dump complete\n"
    #expect(Array(text.utf8).withUnsafeBytes { scanner.take($0) } == nil)
    #expect(scanner.hasEnd)
    var other = PlainScanner()
    #expect(Array("SELECT 1;\n\\connect zulip\n".utf8).withUnsafeBytes { other.take($0) } == "\\connect zulip")
  }
}
