import Common
import Glibc

/// The backups in a folder.
enum BackupFolder {
  /// Plain files whose names are those of backups. Anything else is never looked at, let alone deleted.
  static func list(_ folder: String) throws -> [BackupFile] {
    try FileSystem.names(in: folder).compactMap { name in
      guard isBackup(name) else { return nil }
      let path = "\(folder)/\(name)"
      var status = stat()
      guard lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
      let changed = Int64(status.st_mtim.tv_sec) * 1_000_000
      return BackupFile(
        path: path, moment: BackupLayout.moment(fileName: name) ?? changed, bytes: Int64(status.st_size))
    }
  }

  /// The same, with what the folder's ledger or their seals say of them.
  static func known(_ folder: String) throws -> [BackupFile] {
    let ledger = BackupLedger(folder)
    return try list(folder).map { backup in
      var backup = backup
      backup.standing =
        ledger.standing(of: backup)
        ?? (backup.isEncrypted ? BackupSeal.holdings(sealing: backup.path).map { .sound($0) } : nil)
      return backup
    }
  }

  static func isBackup(_ name: String) -> Bool {
    Brand.allCases.contains { name.hasPrefix("\(BackupLayout.rootFolder($0))-") }
      && (name.hasSuffix(".tar.gz") || name.hasSuffix(".tar.gz.age"))
  }

  /// The newest backup of a folder; one that is known to be partial only where there are no others.
  ///
  /// - Throws: `.notFound` where there is none.
  static func newest(_ folder: String) throws -> BackupFile {
    let all = try known(folder).sorted { ($0.moment, $0.path) < ($1.moment, $1.path) }
    guard let newest = all.last(where: { !$0.isPartial }) ?? all.last else {
      throw PlainFailure(
        .notFound, folder, "holds no backup",
        remedy: "make one: aloha-wizard backup --folder \(ShellWord.quoted(folder))")
    }
    return newest
  }
}
