import Common
import Glibc

/// The folders where archives are unpacked: on the disk of the uploads, private, one per operation.
///
/// None may be left over: a private folder among the uploads makes the server's own backup command fail, which cannot
/// read it. This program's backups omit names with this prefix.
package enum WorkFolder {
  package static let mark = "lock"
  package static let prefix = ".aloha-wizard-import-"

  /// Creates a folder for the caller, who removes it at the end.
  package static func make(_ installation: Installation) throws -> ClaimedFolder {
    let uploads = try UploadsFolder.made(installation)
    while true {
      let name = "\(prefix)\(RandomText.alphanumeric(12))"
      if let folder = try ClaimedFolder.make(name, in: uploads, mark: mark) { return folder }
    }
  }

  /// Returns the folders of dead processes, claimed: no other process deletes them meanwhile.
  static func abandoned(_ installation: Installation) throws -> [ClaimedFolder] {
    guard let uploads = try UploadsFolder.find(installation) else { return [] }
    return try uploads.names().filter { $0.hasPrefix(prefix) }
      .compactMap { try ClaimedFolder.abandoned($0, in: uploads, mark: mark) }
  }

  /// Deletes the folders of dead processes.
  package static func removeAbandoned(_ installation: Installation) throws {
    for folder in try abandoned(installation) { try folder.remove() }
  }
}
