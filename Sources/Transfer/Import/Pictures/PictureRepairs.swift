import Common
import Postgres
import Server

/// Adjusts the rows of an organization to the pictures that were imported: users without a picture get the server's
/// default avatar, and the organization its default icon or logo.
struct PictureRepairs {
  let organization: Int64
  let outcome: ImportedFiles.Outcome
  let model: DataModel
  let connection: Connection

  /// Adjusts the rows. Call this after users, emoji and the organization's row are written.
  ///
  /// - Returns: the changes, as sentences for the operator.
  func run() throws -> [String] { try [people(), icons(), emoji()].compactMap(\.self) }

  /// Resets `avatar_source` from U (uploaded) to G (the server's default) for users without a picture.
  private func people() throws -> String? {
    let changed = try connection.query(
      """
      UPDATE zerver_userprofile SET avatar_source = 'G'
      WHERE realm_id = $1 AND avatar_source = 'U' AND NOT id = ANY($2::bigint[]) RETURNING id
      """, [String(organization), SQL.array(outcome.pictured.sorted())])
    guard !changed.isEmpty else { return nil }
    let shown = 10
    let ids = changed.compactMap { $0[0] }.prefix(shown).joined(separator: ", ")
    let more = changed.count > shown ? " and \(changed.count - shown) more" : ""
    return
      "\(Amount.of(Int64(changed.count), "avatar")) missing or damaged: set back to the default, for the users with "
      + "the ids \(ids)\(more)"
  }

  private func icons() throws -> String? {
    let table = model.catalog[TableName.realm]
    var reset: [String] = []
    for kind in OrganizationPictures.Kind.allCases where !outcome.icons.contains(kind) {
      let column = "\(kind.rawValue)_source"
      guard table?.column(column) != nil else { continue }
      let changed = try connection.query(
        """
        UPDATE zerver_realm SET \(Identifier.quote(column)) = $2
        WHERE id = $1 AND \(Identifier.quote(column)) = 'U' RETURNING id
        """, [String(organization), kind == .icon ? "G" : "D"])
      if !changed.isEmpty { reset.append(kind.title) }
    }
    guard !reset.isEmpty else { return nil }
    return "The organization's pictures missing or damaged: set back to the default: \(reset.joined(separator: ", "))"
  }

  /// Marks emoji as animated by their pictures, as the server does; it shows a still picture to users who prefer that.
  private func emoji() throws -> String? {
    guard !outcome.animatedEmoji.isEmpty,
      let table = model.catalog[TableName.realmEmoji], table.column("is_animated") != nil
    else { return nil }
    _ = try connection.query(
      """
      UPDATE zerver_realmemoji SET is_animated = true
      WHERE realm_id = $1 AND NOT is_animated AND NOT deactivated AND file_name = ANY($2::text[])
      """, [String(organization), Self.array(outcome.animatedEmoji.sorted())])
    return nil
  }

  /// Returns an array literal of texts.
  private static func array(_ texts: [String]) -> String {
    let quoted = texts.map { text in
      "\"" + text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"") + "\""
    }
    return "{\(quoted.joined(separator: ","))}"
  }
}
