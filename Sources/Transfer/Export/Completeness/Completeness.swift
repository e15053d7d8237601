import Archive
import Common
import Postgres
import Server

/// Accounts for every row that belongs to an organization: it is in the archive, or omitted for a reason.
///
/// The database counts the rows that belong to it, by ``Ownership``; the export reports the rows that it wrote. Where
/// the two differ, the omitted rows are counted by reason; a remainder is reported as a gap.
struct Completeness {
  let model: DataModel
  let scope: ExportScope

  /// The rows of one table that are omitted for one reason.
  struct Entry: Sendable, Equatable {
    let rows: Manifest.LeftOut
    /// Whether the omission is no surprise to the operator.
    let isExpected: Bool
  }

  /// A table whose exported and omitted rows do not add up to all its rows.
  struct Gap: Sendable, Equatable {
    let table: String
    let belonging: Int64
    let accounted: Int64

    var text: String {
      """
      \(SafeText.clean(table, limit: .label)): \(Amount.of(belonging, "row")) of the database belong to the organization, \
      \(Amount.count(accounted)) are accounted for; the difference has no known reason
      """
    }
  }

  struct Account: Sendable {
    var entries: [Entry] = []
    var gaps: [Gap] = []

    /// All rows that are not in the archive, for its manifest.
    var leftOut: [Manifest.LeftOut] {
      entries.map(\.rows)
        + gaps.filter { $0.belonging > $0.accounted }.map {
          Manifest.LeftOut(table: $0.table, reason: Self.unknown, count: $0.belonging - $0.accounted)
        }
    }

    private static let unknown = "no reason was found: compare the table with the archive"
  }

  /// - Parameter written: the rows of each table in the archive; nil before the export: then the rows that the
  ///   conditions select are counted, and user-message rows, which follow their messages, are not checked.
  func account(_ connection: Connection, written: [String: Int64]?) throws -> Account {
    var account = Account()
    let ownership = Ownership(catalog: model.catalog, organization: scope.organization.id)
    for table in model.tables {
      if table.rows == .userMessages {
        if let written { try userMessages(written[table.name] ?? 0, ownership, connection, &account) }
      } else if let belongs = ownership.condition(table) {
        let rows = try written?[table.name] ?? planned(table, connection)
        let dummies = table.rows == .users ? written?[TableName.mirrorDummies] ?? 0 : 0
        try add(table, belongs: belongs, written: rows + dummies, connection, &account)
      }
    }
    try staying(ownership, connection, &account)
    return account
  }

  // MARK: Exported tables

  private func planned(_ table: DataModel.Table, _ connection: Connection) throws -> Int64 {
    if table.rows == .messages { return Int64(scope.messages.count) }
    return try count("\(Identifier.quote(table.name)) t WHERE \(scope.condition(for: table))", connection)
  }

  private func add(
    _ table: DataModel.Table, belongs: String, written: Int64, _ connection: Connection, _ account: inout Account
  ) throws {
    let name = Identifier.quote(table.name)
    let belonging = try count("\(name) t WHERE \(belongs)", connection)
    guard belonging != written else { return }
    let reasons = LeftOutReasons(scope: scope).reasons(for: table)
    // The condition of the large table exists already, on an alias of its own.
    let isMessages = table.rows == .messages
    let rows = isMessages ? "\(name) m JOIN zerver_recipient recipient ON recipient.id = m.recipient_id" : "\(name) t"
    let exported = isMessages ? scope.messageCondition : scope.condition(for: table)
    let rest = isMessages ? "m.realm_id = \(scope.organization.id)" : belongs
    let kinds = reasons.enumerated().map { "WHEN \($1.condition) THEN \($0)" }.joined(separator: " ")
    var accounted = written
    for row in try connection.query(
      """
      SELECT \(reasons.isEmpty ? "-1" : "CASE \(kinds) ELSE -1 END"), count(*) FROM \(rows)
      WHERE (\(rest)) AND (\(exported)) IS NOT TRUE GROUP BY 1 ORDER BY 1
      """)
    {
      guard let kind = row.int(0), reasons.indices.contains(kind), let count = row.int(1).map(Int64.init) else {
        continue
      }
      accounted += count
      account.add(table.name, reasons[kind].text, count, isExpected: reasons[kind].isExpected)
    }
    if accounted != belonging {
      account.gaps.append(Gap(table: table.name, belonging: belonging, accounted: accounted))
    }
  }

  /// Accounts for the largest table by far: the reasons are counted one after the other, the expensive ones only while
  /// rows remain.
  private func userMessages(
    _ written: Int64, _ ownership: Ownership, _ connection: Connection, _ account: inout Account
  ) throws {
    let table = TableName.userMessage
    var belonging = try count("\(table) t WHERE t.user_profile_id IN (\(ownership.users))", connection)
    var accounted = written
    func note(_ reason: String, _ rows: String, isExpected: Bool = true) throws {
      let count = try count("\(table) t \(rows)", connection)
      accounted += count
      account.add(table, reason, count, isExpected: isExpected)
    }
    let bots = SQL.literal(scope.systemBots.map(\.id))
    let ofBots = try count(
      """
      \(table) t JOIN zerver_message m ON m.id = t.message_id AND m.realm_id = \(scope.organization.id)
      WHERE t.user_profile_id = ANY(\(bots)) AND NOT t.user_profile_id IN (\(ownership.users))
      """, connection)
    belonging += ofBots
    accounted += ofBots
    account.add(table, "what system bots have read", ofBots, isExpected: true)

    let readers = "t.user_profile_id = ANY(\(SQL.literal(scope.readers)))"
    if accounted != belonging {
      let others = Set(scope.users).subtracting(scope.readers).sorted()
      let reason =
        if case .consent = scope.reach { "of people who have not consented, or are only names on old messages" } else {
          "of people who are only names on old messages"
        }
      try note(reason, "WHERE t.user_profile_id = ANY(\(SQL.literal(others)))")
    }
    if accounted != belonging {
      try note(
        "of messages that are left out",
        """
        JOIN zerver_message m ON m.id = t.message_id AND m.realm_id = \(scope.organization.id)
          AND (\(scope.messageCondition)) IS NOT TRUE
        WHERE \(readers)
        """)
    }
    if accounted != belonging {
      try note(
        "of messages of other organizations",
        "JOIN zerver_message m ON m.id = t.message_id AND m.realm_id <> \(scope.organization.id) WHERE \(readers)",
        isExpected: false)
    }
    if accounted != belonging { account.gaps.append(Gap(table: table, belonging: belonging, accounted: accounted)) }
  }

  // MARK: Other tables

  /// Reports tables that are not exported by design and that hold rows of the organization.
  private func staying(_ ownership: Ownership, _ connection: Connection, _ account: inout Account) throws {
    for rule in TableMap.all {
      guard case .staysBehind(let reason) = rule.disposition,
        let belongs = ownership.condition(byReferencesOf: rule.table)
      else { continue }
      account.add(
        rule.table, reason, try count("\(Identifier.quote(rule.table)) t WHERE \(belongs)", connection),
        isExpected: true)
    }
  }

  private func count(_ rows: String, _ connection: Connection) throws -> Int64 {
    try connection.value("SELECT count(*) FROM \(rows)").flatMap { Int64($0) } ?? 0
  }
}

extension Completeness.Account {
  fileprivate mutating func add(_ table: String, _ reason: String, _ count: Int64, isExpected: Bool) {
    guard count > 0 else { return }
    entries.append(
      Completeness.Entry(
        rows: Manifest.LeftOut(table: table, reason: reason, count: count), isExpected: isExpected))
  }
}
