import Common
import Operations
import Postgres
import Server

/// How rows are loaded into the tables that hold nearly all rows: messages, user-messages, reactions.
///
/// Row by row, maintaining the indexes and checking the foreign keys costs ten times as much as the rows themselves. On
/// a server without other organizations, both are dropped and rebuilt afterwards, in the same transaction. On a shared
/// server they stay, and readers are not blocked; there, with the rights of a database administrator, the foreign keys
/// are checked once for all new rows instead of per row. With any strategy, no row is committed whose references were
/// not checked.
struct BulkLoad {
  enum Strategy: Equatable {
    /// Rows are written as by any client: PostgreSQL checks each row.
    case rowByRow
    /// Indexes and foreign keys are dropped and rebuilt. Requires a server without other organizations.
    case rebuilding
    /// Foreign keys are checked once at the end. Requires an administrator's session.
    case checkedAtOnce
  }

  /// The tables that are loaded between ``begin()`` and ``end()``: only these lose their triggers and checks.
  private static let tableNames = [TableName.message, TableName.userMessage, TableName.reaction]
  /// The minimum number of rows for which a bulk strategy pays off.
  private static let worthwhileRows: Int64 = 500
  /// The server's own trigger, which adds each new message to the queue of the search index.
  private static let searchTrigger = "append_to_fts_update_log"

  let strategy: Strategy
  private let connection: Connection
  private let catalog: Catalog
  private let tables: [Catalog.Table]
  /// The role that the rest of the import uses.
  private let role: String
  /// The new ids of the tables whose ids the import assigns.
  private let newIDs: [String: ClosedRange<Int64>]
  private let organization: Int64
  private var sequencesBefore: [String: Int64] = [:]

  /// Chooses the strategy for this server.
  ///
  /// - Parameters:
  ///   - counts: the expected rows by table.
  ///   - maps: the new ids of the import.
  ///   - isAdministrator: whether the session was opened with an administrator's rights.
  init(
    _ connection: Connection, model: DataModel, counts: [String: Int64], maps: [String: IDMap], organization: Int64,
    isAdministrator: Bool, brand: Brand
  ) throws {
    self.organization = organization
    self.connection = connection
    catalog = model.catalog
    role = isAdministrator ? try connection.value("SELECT current_user") ?? brand.databaseName : ""
    // All or none: they are loaded between the same two steps, so whatever is disabled for one is restored for each.
    let isWorthwhile = Self.tableNames.contains { (counts[$0] ?? 0) >= Self.worthwhileRows }
    let large = isWorthwhile ? Self.tableNames.compactMap { model.catalog[$0] } : []
    tables = large
    newIDs = large.reduce(into: [:]) { ranges, table in
      if let map = maps[table.name], let range = map.newRange { ranges[table.name] = range }
    }
    let hasForeignTriggers = large.contains { table in
      table.triggers.contains { !$0.definition.contains(Self.searchTrigger) }
    }
    // Dropping an index would lose its role as a replica identity, its clustering order or its tablespace.
    let names = large.map { Identifier.literal($0.name) }.joined(separator: ", ")
    let isOrdinary =
      try large.isEmpty
      || connection.value(
        """
        SELECT count(*) FROM pg_index x JOIN pg_class c ON c.oid = x.indrelid JOIN pg_class i ON i.oid = x.indexrelid
        JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE n.nspname = \(Identifier.literal(model.catalog.schema)) AND c.relname IN (\(names))
          AND (x.indisreplident OR x.indisclustered OR i.reltablespace <> 0 OR c.relispartition OR c.relkind <> 'r')
        """) == "0"
    let isAlone =
      try connection.value("SELECT count(*) FROM zerver_realm WHERE string_id <> $1", [brand.internalSubdomain]) == "0"
    let isEmpty = try large.allSatisfy { table in
      try connection.value(
        "SELECT count(*) FROM (SELECT 1 FROM \(Identifier.quote(table.name)) LIMIT 1000) t"
      ).flatMap { Int64($0) } ?? 1000 < 1000
    }
    let owns =
      try large.isEmpty
      || connection.value(
        """
        SELECT bool_and(pg_has_role(c.relowner, 'USAGE')) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE n.nspname = \(Identifier.literal(model.catalog.schema)) AND c.relname IN (\(names))
        """) == "t"
    strategy =
      large.isEmpty || hasForeignTriggers
      ? .rowByRow
      : isAlone && isEmpty && isOrdinary && owns ? .rebuilding : isAdministrator ? .checkedAtOnce : .rowByRow
  }

  // MARK: Before the rows

  /// Drops what ``finish(_:)`` rebuilds. Call this before the transaction writes any row: a table with pending
  /// constraint checks cannot be altered.
  func prepare() throws {
    guard strategy == .rebuilding else { return }
    for table in tables {
      for trigger in table.triggers { try alter(table, "DISABLE TRIGGER \(Identifier.quote(trigger.name))") }
      for constraint in table.constraints where Self.isRebuilt(constraint) {
        try alter(table, "DROP CONSTRAINT \(Identifier.quote(constraint.name))")
      }
      for index in table.indexes where index.constraint == nil {
        try connection.execute("DROP INDEX \(qualified(index.name))")
      }
    }
  }

  /// Call this directly before loading the rows of the large tables.
  mutating func begin() throws {
    for table in tables { sequencesBefore[table.name] = try sequenceValue(table.name) }
    if strategy == .checkedAtOnce { try trust(true) }
  }

  /// Call this directly after loading the rows of the large tables.
  func end() throws {
    if strategy == .checkedAtOnce { try trust(false) }
  }

  /// Returns whether the constraint is dropped and rebuilt. The primary key stays: other tables refer to it, and new
  /// ids are ascending.
  private static func isRebuilt(_ constraint: Catalog.Constraint) -> Bool {
    constraint.kind == "f" || constraint.kind == "u"
  }

  // MARK: After the rows

  /// Restores the tables, and runs the checks that were postponed. Calls `step` before each piece of work.
  func finish(_ step: () throws -> Void) throws {
    // Runs the deferred checks now: a table with pending checks cannot be altered.
    try connection.execute("SET CONSTRAINTS ALL IMMEDIATE")
    switch strategy {
    case .rowByRow: break
    case .rebuilding:
      try connection.execute("SET LOCAL maintenance_work_mem = '256MB'; SET LOCAL default_tablespace = ''")
      for table in tables {
        for index in table.indexes where index.constraint == nil {
          try step()
          try connection.execute(index.definition)
        }
        for constraint in table.constraints where constraint.kind == "u" { try restore(constraint, table, step) }
      }
      // Checking a foreign key needs the key index of the other table, so all indexes are built first.
      for table in tables {
        for constraint in table.constraints where constraint.kind == "f" { try restore(constraint, table, step) }
        for trigger in table.triggers { try alter(table, "ENABLE TRIGGER \(Identifier.quote(trigger.name))") }
      }
      try queueForSearch()
    case .checkedAtOnce:
      for table in tables {
        try step()
        try checkReferences(of: table)
      }
      try queueForSearch()
    }
    for table in tables {
      try step()
      try connection.execute("ANALYZE \(qualified(table.name))")
    }
  }

  /// The number of pieces of work of ``finish(_:)``.
  var steps: Int64 {
    switch strategy {
    case .rowByRow: Int64(tables.count)
    case .rebuilding:
      Int64(
        tables.reduce(0) { count, table in
          count + 1 + table.indexes.filter { $0.constraint == nil }.count
            + table.constraints.filter(Self.isRebuilt).count
        })
    case .checkedAtOnce: Int64(tables.count * 2)
    }
  }

  private func restore(_ constraint: Catalog.Constraint, _ table: Catalog.Table, _ step: () throws -> Void) throws {
    try step()
    try alter(table, "ADD CONSTRAINT \(Identifier.quote(constraint.name)) \(constraint.definition)")
  }

  private func alter(_ table: Catalog.Table, _ what: String) throws {
    try connection.execute("ALTER TABLE \(qualified(table.name)) \(what)")
  }

  private func qualified(_ name: String) -> String {
    "\(Identifier.quote(catalog.schema)).\(Identifier.quote(name))"
  }

  // MARK: Checking once

  /// Turns the row checks of the session off or on through `session_replication_role`, which an administrator's session
  /// may set. Used only while the rows are copied; everything else runs as the server's own role.
  private func trust(_ wanted: Bool) throws {
    try connection.execute("RESET ROLE")
    try connection.execute("SET LOCAL session_replication_role = \(wanted ? "replica" : "origin")")
    try connection.execute("SET LOCAL ROLE \(Identifier.quote(role))")
  }

  private func checkReferences(of table: Catalog.Table) throws {
    let range = try newRows(of: table)
    for key in table.foreignKeys {
      let column = Identifier.quote(key.column)
      let target = Identifier.quote(key.referencedColumn)
      let dangling = try connection.value(
        """
        SELECT t.id FROM \(qualified(table.name)) t LEFT JOIN \(qualified(key.table)) r ON r.\(target) = t.\(column)
        WHERE t.id BETWEEN \(range.lowerBound) AND \(range.upperBound) AND t.\(column) IS NOT NULL AND r.\(target) IS NULL LIMIT 1
        """)
      if let dangling {
        throw PlainFailure(
          .damagedArchive, "\(table.name) row \(dangling)", "refers by \(key.column) to a row that does not exist",
          remedy: "the archive is incomplete: make it again")
      }
    }
  }

  /// Does the work of the search trigger of the messages.
  private func queueForSearch() throws {
    guard let messages = tables.first(where: { $0.name == TableName.message }),
      messages.triggers.contains(where: { $0.definition.contains(Self.searchTrigger) }),
      catalog["fts_update_log"] != nil
    else { return }
    let range = try newRows(of: messages)
    try connection.execute(
      """
      INSERT INTO fts_update_log (message_id) SELECT id FROM zerver_message
      WHERE id BETWEEN \(range.lowerBound) AND \(range.upperBound) AND realm_id = \(organization) ORDER BY id
      """)
  }

  /// Returns a range of ids that contains all new rows of a table, and possibly rows that others added in the meantime.
  private func newRows(of table: Catalog.Table) throws -> ClosedRange<Int64> {
    if let known = newIDs[table.name] { return known }
    let first = (sequencesBefore[table.name] ?? 0) + 1
    return first...max(first, try sequenceValue(table.name))
  }

  private func sequenceValue(_ table: String) throws -> Int64 {
    guard let sequence = catalog[table]?.column("id")?.sequence else { return 0 }
    return try connection.lastValue(ofSequence: sequence)
  }
}
