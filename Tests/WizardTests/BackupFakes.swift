import Common
import Engine

@testable import Operations
@testable import Server
@testable import WholeServer
@testable import Wizard

/// Fake backups and servers.
enum BackupFakes {
  /// 23 November 2026, noon.
  static let now = Timestamp.microseconds(iso: "2026-11-23T12:00:00") ?? 0

  static func backup(_ stamp: String, encrypted: Bool = false, bytes: Int64 = 310_000_000) -> BackupFile {
    let name = "aloha-backup-\(stamp)-Ab3dE6gH.tar.gz\(encrypted ? ".age" : "")"
    return BackupFile(
      path: "/var/backups/aloha/\(name)", moment: BackupLayout.moment(fileName: name) ?? 0, bytes: bytes)
  }

  static func archive(_ backup: BackupFile) -> FoundArchive {
    FoundArchive(
      path: backup.path, moment: backup.moment, bytes: backup.bytes, content: .backup, state: .complete,
      isEncrypted: backup.isEncrypted)
  }

  static let newest = backup("2026-11-23-03-30-00")
  static let found = [
    newest, backup("2026-11-22-03-30-00"), backup("2026-11-21-03-30-00", encrypted: true, bytes: 298_000_000),
  ]

  static let facts = [
    Summary.Fact("Made", "2026-11-23 03:30 UTC, 8 h ago"), Summary.Fact("Of the server", "chat.example.com"),
    Summary.Fact("Software", "Aloha 9.0"), Summary.Fact("PostgreSQL", "version 15"),
    Summary.Fact("Database", "820 MB on its disk, 95 tables"), Summary.Fact("Uploads", "2,310 files, 48.3 MB"),
    Summary.Fact("Settings", "in it, with the secrets"),
    Summary.Fact("Digests", "of every file; they are compared before anything is replaced"),
  ]

  static func outlook(
    host: String? = "chat.example.com", own: String? = "chat.example.com", settings: Bool = true,
    ownSettings: Bool = true, holdings: BackupHoldings? = nil,
    version: Finding = Finding(.ok, "version", "9.0, here and in the backup"), newer: String? = nil,
    damage: String? = nil
  ) -> RestoreOutlook {
    RestoreOutlook(
      facts: facts, backupHost: host, ownHost: own,
      holdings: holdings ?? (settings ? .complete : BackupHoldings([.database, .uploads])),
      consequences: holdings.map(\.consequences) ?? [], hasOwnSettings: ownSettings, version: version, newer: newer,
      damage: damage)
  }

  /// The finding for a server with data that is newer than the backup.
  static let newer = Finding(
    .warning, "newer data",
    "1,204 messages, 3 people and 17 files are newer than this backup (newest: today 14:02, 31 minutes ago)",
    mustBeConfirmed: true)

  static var newerOutlook: RestoreOutlook { outlook(newer: Finding.confirmation(of: [newer])) }

  static let otherVersion = Finding(
    .blocker, "version", "the backup is of 9.1, this server is 9.0", remedy: "install version 9.1 on this machine")

  static func queries(
    found: [BackupFile] = found, outlook: RestoreOutlook = outlook(), record: RestoreRecord? = nil,
    estimate: @escaping @Sendable () throws -> BackupEstimate = {
      BackupEstimate(database: 820_000_000, rows: 600_000_000, uploadsFiles: 2310, uploads: 48_300_000)
    }
  ) -> BackupQueries {
    BackupQueries(
      found: { _, _ in FoundArchives(found.map(archive)) }, outlook: { _, _, _ in outlook }, restored: { _ in record },
      estimate: { _, _ in try estimate() },
      retention: { options, _ in
        options.folder == "/var/backups/aloha"
          ? options.policy.decide(found.map { KnownBackup($0, .sound(.complete)) }) : []
      }, listed: { $0 == "/var/backups/aloha" ? found : [] }, now: { now })
  }

  static func record(_ stage: RestoreRecord.Stage) -> RestoreRecord {
    var record = RestoreRecord(
      id: "20261123-083000", source: "/var/backups/b.tar.gz",
      database: StagingDatabase(live: "aloha", owner: "aloha", id: "20261123-083000"), places: [],
      administrator: AdministratorAccess.Wish(), created: now)
    record.stage = stage
    return record
  }
}
