import Postgres
import Server

/// The conditions that select a table's rows of an export, as SQL on a table named `t`.
extension ExportScope {
  /// The users whose own rows about messages are exported.
  var readers: [Int64] {
    guard case .consent(let consenting) = reach else { return realUsers }
    return Set(realUsers).intersection(consenting).sorted()
  }

  func condition(for table: DataModel.Table) -> String {
    ([condition(for: table.rows)] + requiredReferences(of: table).map(\.condition))
      .map { "(\($0))" }.joined(separator: " AND ")
  }

  /// Returns the expressions for optional references: those that lead out of the export become NULL.
  func looseReferences(of table: DataModel.Table) -> [String: String] {
    var expressions: [String: String] = [:]
    for (column, target) in references(of: table) where !(table.column(column)?.isRequired ?? false) {
      let name = "t.\(Identifier.quote(column))"
      expressions[column] = "(CASE WHEN \(name) \(target) THEN \(name) END)"
    }
    return expressions
  }

  func condition(for rows: TableRule.Rows) -> String {
    let realm = organization.id
    switch rows {
    case .organization: return "t.id = \(realm)"
    case .organizationColumn(let column): return "t.\(Identifier.quote(column)) = \(realm)"
    case .userColumn(let column): return "t.\(Identifier.quote(column)) = ANY(\(SQL.literal(owners)))"
    case .profileColumn(let column):
      return "t.\(Identifier.quote(column)) = ANY(\(SQL.literal(traits.guardsPrivateRows ? users : realUsers)))"
    case .parentColumn(let column, let table): return "t.\(Identifier.quote(column)) IN (\(keys(of: table)))"
    case .everything: return traits.guardsPrivateRows ? usedClients : "true"
    case .users: return "t.id = ANY(\(SQL.literal(users)))"
    case .recipients: return "t.id = ANY(\(SQL.literal(recipients)))"
    case .subscriptions: return "t.recipient_id = ANY(\(SQL.literal(recipients)))"
    case .groupMessages:
      return """
        t.id IN (SELECT type_id FROM zerver_recipient WHERE type = \(RecipientType.group)
          AND id = ANY(\(SQL.literal(groupRecipients))))
        """
    case .messages: return "t.id IN (\(exportedMessages))"
    case .userMessages:
      return "t.user_profile_id = ANY(\(SQL.literal(readers))) AND t.message_id IN (\(exportedMessages))"
    case .reactions: return "t.message_id IN (\(exportedMessages))"
    case .attachments: return attachments
    case .scheduledMessages: return scheduled("t")
    case .auditLog: return auditLog
    }
  }

  /// The users whose private rows are exported.
  private var owners: [Int64] {
    guard traits.guardsPrivateRows else { return realUsers }
    guard let consenting else { return users }
    return Set(users).intersection(consenting).sorted()
  }

  var exportedMessages: String { "SELECT m.id FROM zerver_message m WHERE \(messageCondition)" }

  /// Returns the ids of a table's exported rows, as a subquery.
  func keys(of table: String, _ column: String? = nil) -> String {
    // The condition of the large table exists already, on an alias of its own.
    if table == TableName.message { return exportedMessages }
    guard let found = model[table] else { return "SELECT NULL::int8" }
    let key = column ?? (found.hasID ? "id" : found.columns.first { $0.name.hasSuffix("_ptr_id") }?.name ?? "id")
    return "SELECT t.\(Identifier.quote(key)) FROM \(Identifier.quote(table)) t WHERE \(condition(for: found))"
  }

  /// Event types of users who joined or left a channel: part of the history of channels.
  private static let subscriptionEvents = "301, 302, 303"

  private var auditLog: String {
    let own = "t.realm_id = \(organization.id)"
    guard traits.guardsPrivateRows, let consenting else { return own }
    return """
      \(own) AND (t.event_type IN (\(Self.subscriptionEvents)) OR t.modified_user_id IS NULL
        OR t.modified_user_id = ANY(\(SQL.literal(consenting))))
      """
  }

  private var attachments: String {
    var ways = [
      "t.id IN (SELECT a.attachment_id FROM zerver_attachment_messages a WHERE a.message_id IN (\(exportedMessages)))"
    ]
    if model.catalog[TableName.attachmentScheduledMessages] != nil {
      ways.append(
        """
        t.id IN (SELECT a.attachment_id FROM zerver_attachment_scheduled_messages a
          WHERE a.scheduledmessage_id IN (SELECT s.id FROM zerver_scheduledmessage s WHERE \(scheduled("s"))))
        """)
    }
    return "t.realm_id = \(organization.id) AND (\(ways.joined(separator: " OR ")))"
  }

  /// Scheduled messages belong to their sender.
  private func scheduled(_ alias: String) -> String {
    let own = """
      \(alias).realm_id = \(organization.id) AND \(alias).sender_id = ANY(\(SQL.literal(knownUsers)))
        AND \(alias).recipient_id = ANY(\(SQL.literal(knownRecipients)))
      """
    return switch reach {
    case .everything: own
    case .publicChannels: "false"
    case .consent(let users): "\(own) AND \(alias).sender_id = ANY(\(SQL.literal(users)))"
    }
  }

  /// The clients that exported rows name: those that others on the server use are private.
  private var usedClients: String {
    let users = model.tables.filter { $0.name != TableName.message }.flatMap { table in
      table.columns.filter { $0.references == TableName.client }.map { column in
        "SELECT t.\(Identifier.quote(column.name)) FROM \(Identifier.quote(table.name)) t "
          + "WHERE \(condition(for: table))"
      }
    }
    let all = ["SELECT m.sending_client_id FROM zerver_message m WHERE \(messageCondition)"] + users
    return "t.id IN (\(all.joined(separator: " UNION ")))"
  }
}
