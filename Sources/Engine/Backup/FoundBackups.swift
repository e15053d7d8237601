import Common
import Glibc

/// Backups that are found on a machine by looking where they usually lie.
public enum FoundBackups {
  /// Folders worth a look.
  ///
  /// - Parameters:
  ///   - root: of the server; "/" in production.
  ///   - others: further ones; they come first.
  ///   - used: those that earlier jobs of this server have written backups to.
  static func usualFolders(root: String, others: [String], used: [String]) -> [String] {
    let usual = [
      "/tmp", "/var/tmp", "/var/backups", "/var/backups/aloha", "/var/backups/zulip", "/var/backups/\(Program.name)",
      "/srv/backup", "/srv/backups", "/backup", "/backups", "/mnt", "/media", "/root",
    ]
    let volume = Container.find(root: root).map { [$0.backupFolder] } ?? []
    let below = root == "/" || root.isEmpty ? [] : usual.map { root + $0 }
    var seen: Set<String> = []
    return (others + volume + used + below + usual).filter { seen.insert($0).inserted }
  }

  /// All backups in these folders, the newest first. Folders that are not there, or cannot be read, are passed over.
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
