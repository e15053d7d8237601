import Postgres

/// References of rows that may lead out of an export: to people, channels and messages of other organizations, or to what
/// is left out.
///
/// A row that must refer to something is exported only with it: the importers would otherwise give the row to a stranger,
/// or stop. A reference that may be empty becomes empty.
extension ExportScope {
  /// A reference that a row cannot do without.
  struct RequiredReference {
    let column: String
    /// The table of the other end.
    let target: String
    /// Holds where the other end is exported, on a table named `t`.
    let condition: String
  }

  func requiredReferences(of table: DataModel.Table) -> [RequiredReference] {
    references(of: table).compactMap { column, target in
      guard let found = table.column(column), found.isRequired else { return nil }
      return RequiredReference(
        column: column, target: found.references ?? "", condition: "t.\(Identifier.quote(column)) \(target)")
    }
  }

  /// Users that the archive names: the organization's, and the system bots.
  var knownUsers: [Int64] { users + systemBots.map(\.id) }

  /// Recipients that the archive names.
  var knownRecipients: [Int64] { recipients + systemBots.compactMap(\.recipient) }

  /// Columns that refer to other rows, each with the test that the other end is exported: "IN (…)".
  func references(of table: DataModel.Table) -> [(column: String, test: String)] {
    guard table.isKnown else {
      // What nobody knows must not point at what is not exported.
      return table.otherReferences.map { ($0.column, "IN (\(keys(of: $0.table, $0.referencedColumn)))") }
    }
    // Their own conditions decide it, or they are the far ends themselves.
    guard !["zerver_message", "zerver_usermessage", "zerver_recipient"].contains(table.name) else { return [] }
    return table.columns.compactMap { column in
      guard !isDecided(column.name, by: table.rows), let target = column.references,
        let test = test(for: target, of: table, column)
      else { return nil }
      return (column.name, test)
    } + undeclared(table)
  }

  /// Whether the condition of the rows themselves holds only where the other end is exported.
  private func isDecided(_ column: String, by rows: TableRule.Rows) -> Bool {
    switch rows {
    case .reactions: column == "message_id"
    case .subscriptions: column == "recipient_id"
    case .scheduledMessages: column == "recipient_id" || column == "sender_id"
    default: column == rows.column
    }
  }

  /// References that no foreign key declares.
  private func undeclared(_ table: DataModel.Table) -> [(column: String, test: String)] {
    let name = "reminder_target_message_id"
    guard table.rows == .scheduledMessages, let column = table.column(name), column.references == nil else { return [] }
    return [(name, "IN (\(exportedMessages))")]
  }

  private func test(for target: String, of table: DataModel.Table, _ column: DataModel.Column) -> String? {
    switch target {
    case "zerver_userprofile": return "= ANY(\(SQL.literal(knownUsers)))"
    case "zerver_stream", "zerver_usergroup", "zerver_customprofilefield", "zerver_channelfolder":
      guard model.catalog[target]?.column("realm_id") != nil else { return nil }
      return "IN (SELECT id FROM \(Identifier.quote(target)) WHERE realm_id = \(organization.id))"
    case "zerver_namedusergroup":
      guard model.catalog[target]?.column("realm_id") != nil else { return nil }
      return "IN (SELECT usergroup_ptr_id FROM \(target) WHERE realm_id = \(organization.id))"
    case "zerver_recipient":
      // A row's own recipient says nothing that its id does not say.
      return column.isRequired ? "= ANY(\(SQL.literal(knownRecipients)))" : nil
    case "zerver_message":
      // Channels name their first message, exported or not; importers look for it anew.
      return column.isRequired || table.rows == .scheduledMessages ? "IN (\(exportedMessages))" : nil
    default: return nil
    }
  }
}
