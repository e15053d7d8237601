import Common
import Postgres

/// Drops foreign keys during a deletion. PostgreSQL looks up each deleted row in each table that could refer to it, row
/// by row: two hundred thousand messages cause one and a half million look-ups, most of a deletion's time. If scanning
/// the remaining rows once is cheaper, the foreign key is dropped and declared again in the same transaction, which
/// checks all remaining rows at once.
///
/// The tables are locked meanwhile, so they are never visible without it. If the lock cannot be acquired soon, the
/// look-ups remain.
struct ForeignKeySuspension {
  private struct Key {
    let table: String
    let name: String
    let definition: String
  }

  /// The measured microseconds of one look-up, and of one row of a scan; only their ratio matters.
  private static let lookUp = 8.0
  private static let scan = 0.6
  /// The minimum gain, because a lock has a cost too.
  private static let least = 20_000.0

  private let catalog: Catalog
  private let connection: Connection
  private var dropped: [Key] = []

  init(_ doomed: DeletionSet, _ connection: Connection) throws {
    catalog = doomed.catalog
    self.connection = connection
    let keys = try Self.worthwhile(doomed, connection)
    guard !keys.isEmpty else { return }
    try connection.execute("SAVEPOINT relief; SET LOCAL lock_timeout = '3s'")
    do {
      for key in keys {
        try connection.execute(
          "ALTER TABLE \(catalog.qualified(key.table)) DROP CONSTRAINT \(Identifier.quote(key.name))")
      }
      try connection.execute("RELEASE relief; SET LOCAL lock_timeout = '\(RowDeletion.lockTimeout)'")
      dropped = keys
    } catch let failure as DatabaseFailure where ["55P03", "42501"].contains(failure.sqlState) {
      try connection.execute("ROLLBACK TO relief; RELEASE relief")
    }
  }

  /// Declares the keys again; PostgreSQL checks the remaining rows.
  func restore() throws {
    for key in dropped {
      try connection.execute(
        """
        ALTER TABLE \(catalog.qualified(key.table))
        ADD CONSTRAINT \(Identifier.quote(key.name)) \(key.definition)
        """)
    }
  }

  private static func worthwhile(_ doomed: DeletionSet, _ connection: Connection) throws -> [Key] {
    let sizes = try estimates(doomed.catalog, connection)
    func size(_ table: String) -> Double { max(sizes[table] ?? 0, Double(doomed.counts[table] ?? 0)) }
    /// Returns the deleted share of a table: rows are assumed to be distributed like those that they refer to.
    func share(_ table: String) -> Double {
      if let count = doomed.counts[table] { return Double(count) / max(1, size(table)) }
      return doomed.taking(table).map { Double(doomed.counts[$0.parent] ?? 0) / max(1, size($0.parent)) }.max() ?? 0
    }
    var keys: [Key] = []
    for table in doomed.catalog.tables.values.sorted(by: { $0.name < $1.name }) {
      let rows = size(table.name)
      let going = rows * min(1, share(table.name))
      let remaining = rows - going
      for key in table.foreignKeys {
        guard let parents = doomed.counts[key.table], parents > 0,
          let definition = table.constraints.first(where: { $0.name == key.name })?.definition
        else { continue }
        let isIndexed = table.indexes.contains { $0.columns.first == key.column }
        // Rows deleted by this transaction are still in the index, and each look-up passes them.
        let lookingUp = Double(parents) * (isIndexed ? lookUp : lookUp + rows * scan / 20) + going
        let kept = remaining > 0 ? size(key.table) - Double(parents) : 0
        let checking = remaining * scan + kept * scan / 2
        if lookingUp > checking + least { keys.append(Key(table: table.name, name: key.name, definition: definition)) }
      }
    }
    return keys
  }

  /// Returns the rows by table, from PostgreSQL's statistics, or estimated from the size if there are none.
  static func estimates(_ catalog: Catalog, _ connection: Connection) throws -> [String: Double] {
    let rows = try connection.query(
      """
      SELECT c.relname, CASE WHEN c.reltuples > 0 AND c.relpages > 0
          THEN c.reltuples::float8 / c.relpages * (pg_relation_size(c.oid) / current_setting('block_size')::int)
        ELSE pg_relation_size(c.oid) / 60.0 END
      FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = $1 AND c.relkind IN ('r', 'p')
      """, [catalog.schema])
    return Dictionary(uniqueKeysWithValues: rows.map { ($0[0] ?? "", Double($0[1] ?? "") ?? 0) })
  }
}
