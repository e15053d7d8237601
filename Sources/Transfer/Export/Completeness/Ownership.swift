import Postgres
import Server

/// The rows that belong to an organization, whatever an export does with them: conditions on a table named `t`.
///
/// Deliberately independent of the conditions that select rows for an export. Only the organization's id and the
/// catalog's references are used, so that a row which the export's conditions miss is still counted here.
struct Ownership {
  let catalog: Catalog
  let organization: Int64

  var users: String { "SELECT id FROM zerver_userprofile WHERE realm_id = \(organization)" }
  var channels: String { "SELECT id FROM zerver_stream WHERE realm_id = \(organization)" }
  var messages: String { "SELECT id FROM zerver_message WHERE realm_id = \(organization)" }

  /// The personal recipients of users, the recipients of channels, and the recipients of groups that have users of the
  /// organization as members, or that have no member left but messages of the organization.
  var recipients: String {
    typealias Kind = RecipientType
    return """
      SELECT r.id FROM zerver_recipient r WHERE r.type = \(Kind.personal) AND r.type_id IN (\(users))
      UNION SELECT r.id FROM zerver_recipient r WHERE r.type = \(Kind.channel) AND r.type_id IN (\(channels))
      UNION SELECT r.id FROM zerver_recipient r JOIN zerver_subscription s ON s.recipient_id = r.id
        WHERE r.type = \(Kind.group) AND s.user_profile_id IN (\(users))
      UNION SELECT r.id FROM zerver_recipient r WHERE r.type = \(Kind.group)
        AND NOT EXISTS (SELECT 1 FROM zerver_subscription s JOIN zerver_userprofile u ON u.id = s.user_profile_id
          WHERE s.recipient_id = r.id AND NOT u.is_bot)
        AND EXISTS (SELECT 1 FROM zerver_message m WHERE m.recipient_id = r.id AND m.realm_id = \(organization))
      """
  }

  /// - Returns: nil if the table is shared by all organizations.
  func condition(_ table: DataModel.Table) -> String? {
    switch table.rows {
    case .organization: "t.id = \(organization)"
    case .organizationColumn(let column): "t.\(Identifier.quote(column)) = \(organization)"
    case .userColumn(let column), .profileColumn(let column): "t.\(Identifier.quote(column)) IN (\(users))"
    case .parentColumn(let column, let parent):
      keys(of: parent, for: column, of: table.name).map { "t.\(Identifier.quote(column)) IN (\($0))" }
    case .everything: nil
    case .users, .messages, .attachments, .scheduledMessages, .auditLog: "t.realm_id = \(organization)"
    case .recipients: "t.id IN (\(recipients))"
    case .subscriptions: "t.user_profile_id IN (\(users)) OR t.recipient_id IN (\(recipients))"
    case .groupMessages:
      """
      t.id IN (SELECT g.type_id FROM zerver_recipient g
        WHERE g.type = \(RecipientType.group) AND g.id IN (\(recipients)))
      """
    case .userMessages: "t.user_profile_id IN (\(users))"
    case .reactions: "t.message_id IN (\(messages))"
    }
  }

  /// Returns the condition of a table that exports do not contain, derived from its foreign keys.
  ///
  /// - Returns: nil if no foreign key leads to an organization.
  func condition(byReferencesOf table: String, alias: String = "t", depth: Int = 0) -> String? {
    guard depth < 4, let found = catalog[table] else { return nil }
    let keys = found.foreignKeys.filter { $0.table != table }
    if let direct = keys.first(where: { $0.table == TableName.realm }) {
      return "\(alias).\(Identifier.quote(direct.column)) = \(organization)"
    }
    if let user = keys.first(where: { $0.table == TableName.userProfile }) {
      return "\(alias).\(Identifier.quote(user.column)) IN (\(users))"
    }
    for key in keys where key.table != TableName.client {
      let inner = "p\(depth)"
      guard let condition = condition(byReferencesOf: key.table, alias: inner, depth: depth + 1) else { continue }
      return """
        \(alias).\(Identifier.quote(key.column)) IN (SELECT \(inner).\(Identifier.quote(key.referencedColumn))
          FROM \(Identifier.quote(key.table)) \(inner) WHERE \(condition))
        """
    }
    return nil
  }

  private func keys(of parent: String, for column: String, of table: String) -> String? {
    guard let condition = condition(byReferencesOf: parent, alias: "p") else { return nil }
    let key = catalog[table]?.foreignKey(column)?.referencedColumn ?? "id"
    return "SELECT p.\(Identifier.quote(key)) FROM \(Identifier.quote(parent)) p WHERE \(condition)"
  }
}
