import Common
import Postgres
import Server
import Transfer

/// The leftovers of killed imports: the unpacked archive among the uploads, and the files of an organization that was
/// not committed.
struct ImportLeftovers: LeftoverKind {
  func find(_ scene: LeftoverScene) throws -> [FoundLeftover] {
    guard let installation = scene.installation, let uploads = try UploadsFolder.find(installation) else { return [] }
    var found = try uploads.names().filter { $0.hasPrefix(WorkFolder.prefix) }.compactMap { name -> FoundLeftover? in
      guard ClaimedFolder.isAbandoned(name, in: uploads, mark: WorkFolder.mark) else { return nil }
      return FoundLeftover(
        "unpacked archive of an interrupted import, with private messages", "\(uploads.path)/\(name)",
        bytes: FolderTree.bytes(of: name, in: uploads)
      ) { try ClaimedFolder.abandoned(name, in: uploads, mark: WorkFolder.mark)?.remove() }
    }
    guard let connection = scene.connection else { return found }
    for path in try StagedUploads.markedFolders(installation) {
      found.append(
        FoundLeftover("files of an interrupted import", path) {
          try ImportLock.settle(installation, connection, progress: .silent)
        })
    }
    return found
  }
}
