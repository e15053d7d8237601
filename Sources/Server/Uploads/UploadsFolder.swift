import Common
import Glibc

/// The folder of a server's uploads, held open. It belongs to the server's user, and all operations in it use
/// descriptors.
package enum UploadsFolder {
  /// Returns nil if there is none.
  package static func find(_ installation: Installation) throws -> OpenFolder? {
    FileSystem.exists(installation.uploadsFolder) ? try OpenFolder(installation.uploadsFolder) : nil
  }

  /// Creates the folder if there is none. The server must be able to write to it.
  static func made(_ installation: Installation) throws -> OpenFolder {
    let path = installation.uploadsFolder
    if let found = try find(installation) { return found }
    guard let slash = path.lastIndex(of: "/") else { return try OpenFolder(path) }
    let parent = String(path[..<slash])
    try FileSystem.makeFolder(parent, mode: 0o755)
    var owner: OpenFolder.Owner?
    if geteuid() == 0, let user = getpwnam(installation.brand.systemUser) {
      owner = OpenFolder.Owner(user: user.pointee.pw_uid, group: user.pointee.pw_gid)
    }
    return try OpenFolder(parent).madeFolder(
      String(path[path.index(after: slash)...]), mode: 0o755, owner: owner)
  }

  /// Returns the subfolder of this name, which may be a link to another disk; nil if there is none.
  package static func part(_ name: String, of uploads: OpenFolder) throws -> OpenFolder? {
    guard let status = uploads.status(name) else { return nil }
    guard status.st_mode & S_IFMT == S_IFLNK else { return try uploads.folder(name) }
    return try OpenFolder("\(uploads.path)/\(name)")
  }
}
