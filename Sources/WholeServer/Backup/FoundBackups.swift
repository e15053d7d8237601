import Common
import Glibc
import Server

/// Searches a machine for backups in the usual folders.
public enum FoundBackups {
  /// Returns the folders to search.
  ///
  /// - Parameters:
  ///   - root: the root of the server; "/" in production.
  ///   - others: additional folders; they come first.
  ///   - used: the folders that earlier jobs of this server have written backups to.
  package static func usualFolders(root: String, others: [String], used: [String]) -> [String] {
    let usual = [
      "/tmp", "/var/tmp", "/var/backups", "/var/backups/aloha", "/var/backups/zulip", "/var/backups/\(Program.name)",
      "/srv/backup", "/srv/backups", "/backup", "/backups", "/mnt", "/media", "/root",
    ]
    let volume = Container.find(root: root).map { [$0.backupFolder] } ?? []
    let below = RootFolder(root).path == "/" ? [] : usual.map { RootFolder(root).prefix + $0 }
    var seen: Set<String> = []
    return (others + volume + used + below + usual).filter { seen.insert($0).inserted }
  }

  /// Returns all backups in these folders, the newest first. Missing and unreadable folders are skipped.
  public static func list(in folders: [String]) -> [BackupFile] {
    var seen: Set<String> = []
    let found = folders.flatMap { (try? BackupFolder.known($0)) ?? [] }.filter { backup in
      guard let real = realpath(backup.path, nil) else { return false }
      defer { free(real) }
      return seen.insert(String(cString: real)).inserted
    }
    return found.sorted { ($0.moment, $0.path) > ($1.moment, $1.path) }
  }
}

/// The results of earlier checks of the backups in a folder, as the folder's record states them.
package struct RecordedStandings {
  private let ledger: BackupLedger

  /// - Parameter folder: the folder of the backups.
  package init(_ folder: String) { ledger = BackupLedger(folder) }

  /// Returns the standing of exactly this file; nil if none is recorded. An encrypted backup states it in its seal.
  package func standing(of path: String) -> BackupStanding? {
    let backup = BackupFile(path: path, moment: 0, bytes: 0)
    return ledger.standing(of: backup)
      ?? (backup.isEncrypted ? BackupChecksum.holdings(sealing: path).map { .sound($0) } : nil)
  }
}
