import Common
import Operations
import Server

extension ConfigurationSource {
  /// Whether this is the server itself, or its configuration folder, by whatever path.
  public func isSame(as server: Installation) -> Bool {
    guard let folder, let own = FileIdentity(server.configurationFolder) else { return false }
    return FileIdentity(folder) == own
  }

  /// Returns what settings must not be copied from, and what both servers share that an operator may not expect.
  ///
  /// A shared database is no blocker here: a new machine can take over the database of the old one, and a copy of the old
  /// machine's folders leads to the database of this machine.
  public func overlap(with server: Installation) throws -> [Finding] {
    guard !isSame(as: server) else {
      return [
        Finding(
          .blocker, "old server",
          "this is the server itself: \(SafeText.clean(folder ?? label, limit: .path)) is its own folder of settings",
          remedy: "give another one's folder, or a backup")
      ]
    }
    guard let other = root.flatMap({ try? Installation(root: $0, brand: brand) }) else { return [] }
    switch try ServerIdentity.overlap(other, server, mustConnect: false) {
    case .server?, nil: return []
    case .database?:
      return [
        Finding(
          .warning, "database", "the settings of both servers lead to one database, \(server.databaseLabel)",
          remedy: "nothing if this server takes over the old one's database; else look at REMOTE_POSTGRES_HOST and "
            + "database_name of both")
      ]
    case .uploads?:
      return [
        Finding(
          .warning, "uploads",
          "both servers keep uploads in one folder, \(SafeText.clean(server.uploadsFolder, limit: .path)): their files "
            + "mix, and deleting an organization on one deletes files of the other",
          remedy: "give each server a folder of its own with LOCAL_UPLOADS_DIR in settings.py")
      ]
    }
  }
}
