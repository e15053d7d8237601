import Common
import Postgres

/// Collects rows by table, assigns their ids, and copies them into a database.
///
/// Ids continue after the highest one of a table, and the sequences are advanced, so that the server can add rows
/// later.
final class RowLoader {
  private let connection: Connection
  private var nextIDs: [String: Int] = [:]
  private var tables: [String: Table] = [:]
  private var order: [String] = []

  private struct Table {
    let columns: [String]
    var rows: [[String?]] = []
  }

  init(_ connection: Connection) {
    self.connection = connection
  }

  /// Reads the next ids of these tables: no query is possible while a COPY is running.
  func prepare(_ tables: [String]) throws {
    for table in tables where nextIDs[table] == nil { nextIDs[table] = try firstID(table) }
  }

  /// Returns the next free id of a table.
  func id(_ table: String) throws -> Int {
    let next = try nextIDs[table] ?? firstID(table)
    nextIDs[table] = next + 1
    return next
  }

  /// Reserves `count` consecutive ids and returns the first one.
  func ids(_ table: String, count: Int) throws -> Int {
    let first = try nextIDs[table] ?? firstID(table)
    nextIDs[table] = first + count
    return first
  }

  /// Adds a row with a new id, and returns the id.
  ///
  /// - Throws: `.unexpected` if an earlier row of this table has other columns.
  @discardableResult
  func add(_ table: String, _ fields: Fields) throws -> Int {
    let id = try id(table)
    try add(table, id: id, fields)
    return id
  }

  /// Adds a row with a reserved id.
  func add(_ table: String, id: Int, _ fields: Fields) throws {
    var fields = fields
    fields["id"] = Cell(id)
    try addWithoutID(table, fields)
  }

  func addWithoutID(_ table: String, _ fields: Fields) throws {
    if tables[table] == nil {
      tables[table] = Table(columns: fields.keys.sorted())
      order.append(table)
    }
    let columns = tables[table]?.columns ?? []
    guard fields.count == columns.count, columns.allSatisfy({ fields[$0] != nil }) else {
      throw PlainFailure(.unexpected, table, "rows of the sample name different columns")
    }
    tables[table]?.rows.append(columns.map { fields[$0]?.text ?? nil })
  }

  /// Copies all collected rows, and forgets them. The caller must turn off checks of foreign keys, because rows come in
  /// any order.
  func copy() throws {
    for name in order {
      guard let table = tables[name] else { continue }
      try connection.copyIn("COPY \(name) (\(Identifier.list(table.columns))) FROM STDIN") { writer in
        for row in table.rows { try writer.row(row) }
      }
    }
    tables = [:]
    order = []
  }

  /// Advances the sequences beyond the assigned ids.
  func advanceSequences() throws {
    for (table, next) in nextIDs.sorted(by: { $0.key < $1.key }) {
      _ = try connection.query(
        "SELECT setval(pg_get_serial_sequence($1, 'id'), $2::bigint, false)", [table, String(next)])
    }
  }

  private func firstID(_ table: String) throws -> Int {
    let highest = try connection.query("SELECT max(id) FROM \(table)").first?.int(0) ?? 0
    return highest + 1
  }
}
