import Archive
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

  static func isBackup(_ name: String) -> Bool {
    Brand.allCases.contains { name.hasPrefix("\(BackupLayout.rootFolder($0))-") }
      && (name.hasSuffix(".tar.gz") || name.hasSuffix(".tar.gz.age"))
  }

  /// What reading a whole backup says of it.
  enum State: Equatable {
    case sound
    /// Nothing to compare it with: made by the server's own command, or encrypted without a seal.
    case unknown(String)
    case damaged(String)
  }

  static func verify(_ backup: BackupFile, cancellation: Cancellation?, progress: ByteProgress?) throws -> State {
    do {
      if backup.isEncrypted {
        return switch try BackupSeal.matches(backup.path, cancellation: cancellation) {
        case true?: .sound
        case false?: .damaged("it is not what its .sha256 says")
        case nil: .unknown("it is encrypted and has no .sha256 beside it")
        }
      }
      let report = try ArchiveCheck.verifyDigests(backup.path, cancellation: cancellation, progress: progress)
      guard report.manifest?.kind == .backup else {
        return .unknown("it was not made by this program: there are no digests to compare")
      }
      return .sound
    } catch let cancelled as Cancelled {
      throw cancelled
    } catch let failure as any Failure {
      return .damaged(failure.reason)
    }
  }
}
