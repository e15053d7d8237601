import Common
import Postgres

/// The number of rows in each table of a database: recorded in a backup, and compared after a restore.
package enum RowCounts {
  /// Returns the counts by the names of tables, those outside of the schema with their own: "zerver_message",
  /// "public.notes". Tables of an extension are omitted: pg_dump does not dump their rows.
  package static func read(
    _ connection: Connection, schema: String, each: (_ table: String, _ rows: Int64) throws -> Void = { _, _ in }
  ) throws -> [String: Int64] {
    var counts: [String: Int64] = [:]
    for table in try tables(connection, schema: schema) {
      let rows = try connection.value("SELECT count(*) FROM ONLY \(table.qualified)").flatMap { Int64($0) } ?? 0
      counts[table.name] = rows
      try each(table.name, rows)
    }
    return counts
  }

  struct Table {
    let name: String
    let qualified: String
  }

  static func tables(_ connection: Connection, schema: String) throws -> [Table] {
    try connection.query(
      """
      SELECT n.nspname, c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
      WHERE c.relkind = 'r' AND c.relpersistence = 'p'
        AND n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema'
        AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid
          AND d.deptype = 'e')
      ORDER BY 1, 2
      """
    ).map { row in
      let (space, name) = (row[0] ?? "", row[1] ?? "")
      return Table(
        name: space == schema ? name : "\(space).\(name)",
        qualified: "\(Identifier.quote(space)).\(Identifier.quote(name))")
    }
  }

  /// Returns the differences, one sentence per table; empty if there are none.
  package static func differences(expected: [String: Int64], found: [String: Int64]) -> [String] {
    Set(expected.keys).union(found.keys).sorted().compactMap { table in
      let name = SafeText.clean(table, limit: .label)
      return switch (expected[table], found[table]) {
      case (let wanted?, nil): "\(name) is missing, it should have \(Amount.of(wanted, "row"))"
      case (nil, let rows?): "\(name) is there with \(Amount.of(rows, "row")), the backup knows no such table"
      case (let wanted?, let rows?) where wanted != rows:
        "\(name) has \(Amount.of(rows, "row")), it should have \(Amount.count(wanted))"
      default: nil
      }
    }
  }
}
