import Common
import Glibc
import Operations
import Server

/// The backups in a folder.
enum BackupFolder {
  /// Returns the regular files that have the name of a backup. Other files are never read, let alone deleted.
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

  /// Returns the backups with their standing, as far as the folder's ledger or their seals record it.
  static func known(_ folder: String) throws -> [BackupFile] {
    let ledger = BackupLedger(folder)
    return try list(folder).map { backup in
      var backup = backup
      backup.standing =
        ledger.standing(of: backup)
        ?? (backup.isEncrypted ? BackupChecksum.holdings(sealing: backup.path).map { .sound($0) } : nil)
      return backup
    }
  }

  static func isBackup(_ name: String) -> Bool {
    Brand.allCases.contains { name.hasPrefix("\(BackupLayout.rootFolder($0))-") }
      && (name.hasSuffix(".tar.gz") || name.hasSuffix(".tar.gz.age"))
  }

  /// Returns the newest backup of a folder; one known to be partial only if there are no others.
  ///
  /// - Parameters:
  ///   - root: the root of the server whose backup is missing, for the remedy.
  ///   - brand: the given brand of that server.
  /// - Throws: `.notFound` if there is none.
  static func newest(_ folder: String, root: String = "/", brand: Brand? = nil) throws -> BackupFile {
    let all = try known(folder).sorted { ($0.moment, $0.path) < ($1.moment, $1.path) }
    guard let newest = all.last(where: { !$0.isPartial }) ?? all.last else {
      throw PlainFailure(
        .notFound, folder, "holds no backup",
        remedy: "make one: "
          + Program.command(["backup", "--folder", folder], root: root, brand: brand?.rawValue))
    }
    return newest
  }
}
