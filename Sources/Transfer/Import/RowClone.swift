import Common
import Postgres
import Server

/// Copies rows of another organization of this server into the imported one, as a pattern for missing rows.
struct RowClone {
  let organization: Int64
  let model: DataModel
  let connection: Connection

  /// Copies rows of the pattern into the organization, with the organization's id, new ids, and references through
  /// `maps`.
  func clone(_ table: String, where condition: String, maps: [String: IDMap] = [:]) throws {
    guard let found = model.catalog[table] else { return }
    let columns = found.columns.filter { column in
      // An id from a sequence is left to the sequence, unless other rows refer to it.
      !column.isGenerated && !(column.name == "id" && maps[table] == nil)
    }
    let expressions = columns.map { column -> String in
      let name = "t.\(Identifier.quote(column.name))"
      if column.name == "id", let map = maps[table] { return Self.mapped(name, map) }
      guard let key = found.foreignKey(column.name) else { return name }
      if key.table == TableName.realm { return String(organization) }
      return maps[key.table].map { Self.mapped(name, $0) } ?? name
    }
    try connection.execute(
      """
      INSERT INTO \(Identifier.quote(table)) (\(Identifier.list(columns.map(\.name))))
      SELECT \(expressions.joined(separator: ", ")) FROM \(Identifier.quote(table)) t WHERE \(condition)
      """)
  }

  static func mapped(_ expression: String, _ map: IDMap) -> String {
    let values = map.pairs.map { "(\($0.old), \($0.new))" }.joined(separator: ", ")
    return "(SELECT m.new FROM (VALUES \(values)) m(old, new) WHERE m.old = \(expression))"
  }
}
