import Common
import Postgres
import Server

/// Rights on the whole server in the rows of users: an archive cannot grant any.
///
/// The rights to act for others and to create users are revoked. `is_staff` is revoked where the server's own importer
/// does so; the importers of earlier versions keep it, so there the users are only reported.
struct ServerRights {
  let model: DataModel

  private static let staff = "is_staff"
  private static let shownNames = 10

  private var rights: [DataModel.Column] {
    (model[TableName.userProfile]?.columns ?? []).filter { $0.type == "bool" && Self.isRight($0.name) }
  }

  /// Whether the right is kept. From version 12 on, where users have no recipient of their own, the server's importer
  /// revokes all of them.
  private func isKept(_ right: DataModel.Column) -> Bool {
    right.name == Self.staff && model[TableName.userProfile]?.column("recipient_id") != nil
  }

  /// Returns the holders of each right in the archive and what the import does with it, as sentences for the operator.
  func sentences(_ survey: ArchiveIndex) throws -> [String] {
    let rights = rights
    var holders: [[String]] = Array(repeating: [], count: rights.count)
    var counts = Array(repeating: 0, count: rights.count)
    for table in [TableName.userProfile, "\(TableName.userProfile)_mirrordummy"] {
      try survey.realm.rows(of: table, keys: rights.map(\.key) + ["full_name", "delivery_email"]) { row in
        for index in rights.indices where row[index].isTrue {
          counts[index] += 1
          guard counts[index] <= Self.shownNames else { continue }
          let (name, address) = (row[rights.count].text ?? "", row[rights.count + 1].text ?? "")
          holders[index].append("\(SafeText.clean(name, limit: .word)) (\(SafeText.clean(address, limit: .name)))")
        }
      }
    }
    return rights.indices.filter { counts[$0] > 0 }.map { index in
      let more = counts[index] - holders[index].count
      let names = holders[index].joined(separator: ", ") + (more > 0 ? " and \(more) more" : "")
      return isKept(rights[index])
        ? "\(rights[index].name): \(names) may see and do more than others on this whole server, as the archive says; "
          + "take it away where you do not want that"
        : "\(rights[index].name): the archive gives this right on the whole server to \(names); an import takes it away"
    }
  }

  /// Revokes the rights.
  func clear(organization: Int64, _ connection: Connection) throws {
    let cleared = rights.filter { !isKept($0) }.map { Identifier.quote($0.name) }
    guard !cleared.isEmpty else { return }
    _ = try connection.query(
      """
      UPDATE \(TableName.userProfile) SET \(cleared.map { "\($0) = false" }.joined(separator: ", "))
      WHERE realm_id = $1 AND (\(cleared.joined(separator: " OR ")))
      """, [String(organization)])
  }

  /// Returns whether the column is a right: `can_forge_sender`, `can_create_users`, and what later versions add to
  /// them.
  private static func isRight(_ column: String) -> Bool {
    column == staff || column == "is_superuser" || column.hasPrefix("can_")
  }
}
