import Common
import Glibc

/// Where archives are unpacked: on the disk of the uploads, private, one folder an operation.
///
/// Nothing stays behind: a private folder among the uploads would make the server's own backup command fail, which may
/// not read it. Names that begin like these are no part of our backups either.
enum WorkFolder {
  private static let mark = "lock"
  private static let prefix = ".aloha-wizard-import-"

  /// A folder of the caller's own, to be removed at the end.
  static func make(_ installation: Installation) throws -> ClaimedFolder {
    try makeUploads(installation)
    while true {
      let path = "\(installation.uploadsFolder)/\(prefix)\(RandomText.alphanumeric(12))"
      if let folder = try ClaimedFolder.make(path, mark: mark) { return folder }
    }
  }

  /// Removes those whose processes are dead.
  static func removeAbandoned(_ installation: Installation) throws {
    let uploads = installation.uploadsFolder
    guard FileSystem.isFolder(uploads) else { return }
    for name in try FileSystem.names(in: uploads) where name.hasPrefix(prefix) {
      try ClaimedFolder.abandoned("\(uploads)/\(name)", mark: mark)?.remove()
    }
  }

  /// Where there are no uploads yet, their folder is the server's to write, not only ours.
  private static func makeUploads(_ installation: Installation) throws {
    let folder = installation.uploadsFolder
    guard !FileSystem.isFolder(folder) else { return }
    try FileSystem.makeFolder(folder, mode: 0o755)
    if geteuid() == 0, let user = getpwnam(installation.brand.systemUser) {
      chown(folder, user.pointee.pw_uid, user.pointee.pw_gid)
    }
  }
}
