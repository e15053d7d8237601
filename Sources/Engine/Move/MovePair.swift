import Common
import Operations
import Server

/// The two servers of a move: they must be two, with two databases and two folders of uploads.
public enum MovePair {
  /// Returns the same for two sites of a move.
  static func findings(_ source: any MoveSite, _ facts: SiteFacts, to target: any MoveSite) throws -> [Finding] {
    if let source = source as? LocalSite, let target = target as? LocalSite {
      return try findings(from: source.reference.installation(), to: target.reference.installation())
    }
    let other = try target.facts()
    return findings(
      facts.identity.overlap(with: other.identity), source.root, target.root, other.brand,
      database: "its database", uploads: "its folder of uploads")
  }

  /// Returns a blocker if an import into the target would write to the source; empty otherwise.
  ///
  /// - Throws: if a server or its database cannot be reached.
  public static func findings(
    from source: Installation, to target: Installation, cancellation: Cancellation? = nil
  ) throws -> [Finding] {
    findings(
      try ServerIdentity.overlap(source, target, cancellation: cancellation), shown(source), shown(target),
      target.brand,
      database: target.databaseLabel, uploads: SafeText.clean(target.uploadsFolder, limit: .path))
  }

  private static func findings(
    _ overlap: ServerIdentity.Overlap?, _ source: String, _ target: String, _ brand: Brand, database: String,
    uploads: String
  ) -> [Finding] {
    switch overlap {
    case nil: []
    case .server?:
      [
        Finding(
          .blocker, "new server",
          "this is the server that the organization is on now: \(target) leads to the settings of \(source)",
          remedy: "give the folder of another server")
      ]
    case .database?:
      [
        Finding(
          .blocker, "new server",
          "\(source) and \(target) are two folders with one database, \(database): the "
            + "organization is in it already",
          remedy: "correct database_name in \(brand.rawValue).conf or REMOTE_POSTGRES_HOST in settings.py of "
            + "the server that names the wrong one; if both are right, there is nothing to move")
      ]
    case .uploads?:
      [
        Finding(
          .blocker, "uploads",
          "both servers keep uploads in one folder, \(uploads): files of two "
            + "organizations with the same number would mix, and deleting one would delete files of the other",
          remedy: "give the new server a folder of its own with LOCAL_UPLOADS_DIR in settings.py, and restart it")
      ]
    }
  }

  private static func shown(_ server: Installation) -> String {
    SafeText.clean(RootFolder(server.root).path, limit: .path)
  }
}
