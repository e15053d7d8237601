import Postgres
import Server

/// References of rows that may lead out of an export: to users, channels and messages of other organizations, or to
/// omitted rows.
///
/// A row with a required reference is exported only together with its target: importers would otherwise assign the row
/// to another user, or fail. An optional reference becomes empty.
extension ExportScope {
  /// A required reference of a row.
  struct RequiredReference {
    let column: String
    /// The table of the target.
    let target: String
    /// The condition under which the target is exported, on a table named `t`.
    let condition: String
  }

  func requiredReferences(of table: DataModel.Table) -> [RequiredReference] {
    references(of: table).compactMap { column, target in
      guard let found = table.column(column), found.isRequired else { return nil }
      return RequiredReference(
        column: column, target: found.references ?? "", condition: "t.\(Identifier.quote(column)) \(target)")
    }
  }

  /// The users that the archive contains: those of the organization, and the system bots.
  var knownUsers: [Int64] { users + systemBots.map(\.id) }

  /// The recipients that the archive contains.
  var knownRecipients: [Int64] { recipients + systemBots.compactMap(\.recipient) }

  /// Returns the columns that refer to other rows, each with the test that the target is exported: "IN (…)".
  func references(of table: DataModel.Table) -> [(column: String, test: String)] {
    guard table.isKnown else {
      // An unknown table must not refer to rows that are not exported.
      return table.otherReferences.map { ($0.column, "IN (\(keys(of: $0.table, $0.referencedColumn)))") }
    }
    // Their own conditions decide this, or they are the targets themselves.
    guard ![TableName.message, TableName.userMessage, TableName.recipient].contains(table.name) else { return [] }
    return table.columns.compactMap { column in
      guard !isDecided(column.name, by: table.rows), let target = column.references,
        let test = test(for: target, of: table, column)
      else { return nil }
      return (column.name, test)
    } + undeclared(table)
  }

  /// Whether the condition of the rows already requires that the target is exported.
  private func isDecided(_ column: String, by rows: TableRule.Rows) -> Bool {
    switch rows {
    case .reactions: column == "message_id"
    case .subscriptions: column == "recipient_id"
    case .scheduledMessages: column == "recipient_id" || column == "sender_id"
    default: column == rows.column
    }
  }

  /// Returns references without a foreign key.
  private func undeclared(_ table: DataModel.Table) -> [(column: String, test: String)] {
    let name = "reminder_target_message_id"
    guard table.rows == .scheduledMessages, let column = table.column(name), column.references == nil else { return [] }
    return [(name, "IN (\(exportedMessages))")]
  }

  private func test(for target: String, of table: DataModel.Table, _ column: DataModel.Column) -> String? {
    switch target {
    case TableName.userProfile: return "= ANY(\(SQL.literal(knownUsers)))"
    case TableName.stream, TableName.userGroup, TableName.customProfileField, TableName.channelFolder:
      guard model.catalog[target]?.column("realm_id") != nil else { return nil }
      return "IN (SELECT id FROM \(Identifier.quote(target)) WHERE realm_id = \(organization.id))"
    case TableName.namedUserGroup:
      guard model.catalog[target]?.column("realm_id") != nil else { return nil }
      return "IN (SELECT usergroup_ptr_id FROM \(target) WHERE realm_id = \(organization.id))"
    case TableName.recipient:
      // A row's own recipient adds nothing to its id.
      return column.isRequired ? "= ANY(\(SQL.literal(knownRecipients)))" : nil
    case TableName.message:
      // Channels name their first message, exported or not; importers determine it again.
      return column.isRequired || table.rows == .scheduledMessages ? "IN (\(exportedMessages))" : nil
    default: return nil
    }
  }
}
