import Common
import Postgres

/// Makes the rows of an organization agree with the pictures that came: who has none of the own is shown as the server
/// shows people without one, and the organization likewise.
struct PictureRepairs {
  let organization: Int64
  let outcome: ImportedFiles.Outcome
  let model: DataModel
  let connection: Connection

  /// To be called when users, emoji and the organization's row are in.
  ///
  /// - Returns: what was changed, in words.
  func run() throws -> [String] { try [people(), icons(), emoji()].compactMap(\.self) }

  /// `avatar_source`: U for an uploaded picture, G for what the server shows without one.
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
    let table = model.catalog["zerver_realm"]
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

  /// The server looks at each picture itself, and shows a still one to those who asked for that.
  private func emoji() throws -> String? {
    guard !outcome.animatedEmoji.isEmpty,
      let table = model.catalog["zerver_realmemoji"], table.column("is_animated") != nil
    else { return nil }
    _ = try connection.query(
      """
      UPDATE zerver_realmemoji SET is_animated = true
      WHERE realm_id = $1 AND NOT is_animated AND NOT deactivated AND file_name = ANY($2::text[])
      """, [String(organization), Self.array(outcome.animatedEmoji.sorted())])
    return nil
  }

  /// A literal of an array of texts.
  private static func array(_ texts: [String]) -> String {
    let quoted = texts.map { text in
      "\"" + text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"") + "\""
    }
    return "{\(quoted.joined(separator: ","))}"
  }
}
