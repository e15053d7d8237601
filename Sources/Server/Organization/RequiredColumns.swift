import Postgres

/// Required columns that the program does not know: the server adds such columns in later versions, and its framework
/// sets no defaults for them in the database.
package struct RequiredColumns {
  /// `, "name", "other"`, or empty: to be appended to the columns of an `INSERT`.
  package let names: String
  /// `, false, 0`: the values, in the same order.
  package let values: String

  /// Returns the columns of `table` that require a value beyond those of `known`, each with the neutral value of its
  /// type.
  ///
  /// - Parameter table: the name of a table of the search path, a constant of this program.
  package init(of table: String, beyond known: [String], _ connection: Connection) throws {
    let rows = try connection.query(
      """
      SELECT a.attname, t.typname FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid
      WHERE a.attrelid = $1::regclass AND a.attnum > 0 AND NOT a.attisdropped AND a.attnotnull AND NOT a.atthasdef
        AND a.attidentity = '' ORDER BY a.attnum
      """, [table])
    let missing = rows.compactMap { row -> (name: String, value: String)? in
      guard let name = row[0], let type = row[1], !known.contains(name) else { return nil }
      return (Identifier.quote(name), Self.neutral(type))
    }
    names = missing.map { ", \($0.name)" }.joined()
    values = missing.map { ", \($0.value)" }.joined()
  }

  private static func neutral(_ type: String) -> String {
    switch type {
    case "bool": "false"
    case "int2", "int4", "int8", "float4", "float8", "numeric": "0"
    case "timestamptz", "timestamp", "date": "now()"
    case "json", "jsonb": "'{}'"
    case "uuid": "gen_random_uuid()"
    default: type.hasPrefix("_") ? "'{}'" : "''"
    }
  }
}
