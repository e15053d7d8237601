import Common
import Glibc

/// Where archives are unpacked: on the disk of the uploads, private, one folder an operation.
///
/// Nothing stays behind: a private folder among the uploads would make the server's own backup command fail, which may
/// not read it. Names that begin like these are no part of our backups either.
enum WorkFolder {
  static let mark = "lock"
  static let prefix = ".aloha-wizard-import-"

  /// A folder of the caller's own, to be removed at the end.
  static func make(_ installation: Installation) throws -> ClaimedFolder {
    let uploads = try UploadsFolder.made(installation)
    while true {
      let name = "\(prefix)\(RandomText.alphanumeric(12))"
      if let folder = try ClaimedFolder.make(name, in: uploads, mark: mark) { return folder }
    }
  }

  /// Those whose processes are dead. They are claimed: nobody else removes them meanwhile.
  static func abandoned(_ installation: Installation) throws -> [ClaimedFolder] {
    guard let uploads = try UploadsFolder.find(installation) else { return [] }
    return try uploads.names().filter { $0.hasPrefix(prefix) }
      .compactMap { try ClaimedFolder.abandoned($0, in: uploads, mark: mark) }
  }

  /// Removes those whose processes are dead.
  static func removeAbandoned(_ installation: Installation) throws {
    for folder in try abandoned(installation) { try folder.remove() }
  }
}
