import Common
import Postgres

/// Rights on the whole server that rows of users carry: an archive does not grant any.
///
/// What lets a user act for others or make users is taken away. Whether a user belongs to the staff of the server
/// (`is_staff`) is taken away where the server's own importer does that; the importers of earlier versions leave it, so
/// that the people are only named.
struct ServerRights {
  let organization: Int64
  let model: DataModel
  let connection: Connection

  private static let staff = "is_staff"
  private static let shownNames = 10

  /// Takes the rights away.
  ///
  /// - Returns: who had or has which, in words.
  func settle() throws -> [String] {
    guard let users = model.catalog["zerver_userprofile"] else { return [] }
    // From 12 on, where users have no recipient of their own, the importer takes all of them away.
    let keepsStaff = users.column("recipient_id") != nil
    let rights = users.columns.filter { $0.type == "bool" && Self.isRight($0.name) }.map(\.name)
    var said: [String] = []
    for right in rights {
      let holders = try connection.query(
        """
        SELECT full_name, delivery_email FROM zerver_userprofile
        WHERE realm_id = $1 AND \(Identifier.quote(right)) ORDER BY id
        """, [String(organization)])
      guard !holders.isEmpty else { continue }
      let names = Self.list(holders)
      if right == Self.staff, keepsStaff {
        said.append(
          "\(right): \(names) may see and do more than others on this whole server, as the archive says; take it away "
            + "where you do not want that")
        continue
      }
      _ = try connection.query(
        "UPDATE zerver_userprofile SET \(Identifier.quote(right)) = false WHERE realm_id = $1",
        [String(organization)])
      said.append("\(right): the archive gave this right on the whole server to \(names); it was taken away")
    }
    return said
  }

  /// `can_forge_sender`, `can_create_users`, and what later versions of the server add to them.
  private static func isRight(_ column: String) -> Bool {
    column == staff || column == "is_superuser" || column.hasPrefix("can_")
  }

  private static func list(_ holders: [Row]) -> String {
    let names = holders.prefix(shownNames).map { row in
      "\(SafeText.clean(row[0] ?? "", limit: 60)) (\(SafeText.clean(row[1] ?? "", limit: 100)))"
    }
    let more = holders.count - names.count
    return names.joined(separator: ", ") + (more > 0 ? " and \(more) more" : "")
  }
}
