import Archive
import Common
import Glibc
import Sandbox
import Testing

@testable import Engine
@testable import Operations
@testable import Server
@testable import WholeServer

@Suite("The description of a backup")
struct OutlookTests {
  private func outlook(_ server: SandboxServer, _ source: RestoreSource) throws -> RestoreOutlook {
    try RestoreOutlook.look(root: server.root, brand: nil, RestoreOptions(source))
  }

  private func fact(_ outlook: RestoreOutlook, _ name: String) -> String? {
    outlook.facts.first { $0.name == name }?.value
  }

  @Test("A backup of this program states its time, its server and its content, and lost settings are detected")
  func ours() throws {
    let server = try Disaster.server("outlook")
    try Disaster.folder { folder in
      let path = "\(folder)/a.tar.gz"
      _ = try Disaster.backup(server, to: path)
      let outlook = try outlook(server, .archive(path))
      #expect(outlook.backupHost == server.host && outlook.ownHost == server.host)
      #expect(outlook.holdings == .complete && outlook.consequences == [] && outlook.hasOwnSettings)
      #expect(outlook.version.severity == .ok)
      #expect(fact(outlook, "Made")?.hasSuffix("just now") == true)
      #expect(fact(outlook, "PostgreSQL") == "version 15")
      #expect(fact(outlook, "Digests")?.hasPrefix("of every file") == true)
      try FileSystem.removeTree(server.configuration)
      let lost = try self.outlook(server, .archive(path))
      #expect(!lost.hasOwnSettings && lost.ownHost == nil && lost.backupHost == server.host)
    }
  }

  @Test("Official backups, backups without settings, and parts saved by hand are described")
  func others() throws {
    let server = try Disaster.server("outlook-others")
    try Disaster.folder { folder in
      let official = "\(folder)/official.tar.gz"
      try Disaster.officialBackup(server, to: official)
      let theirs = try outlook(server, .archive(official))
      #expect(theirs.holdings == .complete && theirs.backupHost == server.host)
      #expect(fact(theirs, "Digests")?.hasPrefix("none") == true)

      let dump = "\(folder)/dump.custom"
      try Subprocess(
        try PostgresTools.find(major: 15).path("pg_dump"),
        ["--format=custom", "--file=\(dump)", "-h", server.parameters.host ?? "", "-U", "aloha", server.database]
      ).runChecked()
      let parts = try outlook(server, .manual(ManualBackup(database: dump)))
      #expect(parts.holdings.parts == [.database] && parts.hasOwnSettings)
      #expect(fact(parts, "Database")?.hasPrefix("a dump of the form custom, ") == true)
      #expect(fact(parts, "Settings")?.hasPrefix("not in it") == true)
      #expect(throws: (any Error).self) { try outlook(server, .manual(ManualBackup(database: "\(folder)/none"))) }
    }
  }

  @Test("Backups are listed once each, the newest first, and missing folders are skipped")
  func found() throws {
    try Disaster.folder { folder in
      let names = ["aloha-backup-2026-11-20-03-30-00-a.tar.gz", "zulip-backup-2026-11-22-03-30-00-b.tar.gz.age"]
      for name in names + ["notes.txt"] { try FileSystem.replace("\(folder)/\(name)", with: Array("x".utf8)) }
      symlink(folder, "\(folder)/again")
      let found = FoundBackups.list(in: ["\(folder)/nowhere", folder, "\(folder)/again", folder])
      #expect(found.map(\.path) == names.reversed().map { "\(folder)/\($0)" })
      #expect(found.map(\.isEncrypted) == [true, false])
      #expect(found.allSatisfy { $0.remark == nil })
      // The list shows the known contents and damage of backups.
      try BackupChecksum.write(for: "\(folder)/\(names[1])", BackupHoldings([.uploads, .settings]))
      var ledger = BackupLedger(folder)
      ledger.note(.damaged("cut off"), of: "\(folder)/\(names[0])")
      ledger.save()
      #expect(FoundBackups.list(in: [folder]).map(\.remark) == ["partial", "damaged"])
      #expect(try BackupFolder.newest(folder).path.hasSuffix(names[0]))
    }
  }

  @Test("Folders of earlier backups of this server are searched without being given")
  func usualFolders() throws {
    try Disaster.folder { root in
      try FileSystem.makeFolder("\(root)/var/lib")
      let store = JobStore(root: root)
      let reference = ServerReference(root: root)
      _ = try store.make(BackupOperation(reference, BackupOperation.Options(output: "/odd/place/b.tar.gz")), plan: nil)
      let folders = FoundBackups.usualFolders(root: root, others: ["/tmp"])
      #expect(folders.prefix(2) == ["/tmp", "/odd/place"])
      #expect(folders.contains("\(root)/var/backups") && Set(folders).count == folders.count)
    }
  }
}
