import Common
import Operations
import Server

/// The two servers of a move: they must be two, with two databases and two folders of uploads.
public enum MovePair {
  /// Returns a blocker if an import into the target would write to the source; empty otherwise.
  ///
  /// - Throws: if a server or its database cannot be reached.
  public static func findings(
    from source: Installation, to target: Installation, cancellation: Cancellation? = nil
  ) throws -> [Finding] {
    switch try ServerIdentity.overlap(source, target, cancellation: cancellation) {
    case nil: []
    case .server?:
      [
        Finding(
          .blocker, "new server",
          "this is the server that the organization is on now: \(shown(target)) leads to the settings of "
            + shown(source),
          remedy: "give the folder of another server")
      ]
    case .database?:
      [
        Finding(
          .blocker, "new server",
          "\(shown(source)) and \(shown(target)) are two folders with one database, \(target.databaseLabel): the "
            + "organization is in it already",
          remedy: "correct database_name in \(target.brand.rawValue).conf or REMOTE_POSTGRES_HOST in settings.py of "
            + "the server that names the wrong one; if both are right, there is nothing to move")
      ]
    case .uploads?:
      [
        Finding(
          .blocker, "uploads",
          "both servers keep uploads in one folder, \(SafeText.clean(target.uploadsFolder, limit: .path)): files of two "
            + "organizations with the same number would mix, and deleting one would delete files of the other",
          remedy: "give the new server a folder of its own with LOCAL_UPLOADS_DIR in settings.py, and restart it")
      ]
    }
  }

  private static func shown(_ server: Installation) -> String {
    SafeText.clean(RootFolder(server.root).path, limit: .path)
  }
}
