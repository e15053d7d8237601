import Postgres

/// The exported tables in the versions of the server that this program's map covers: 9 to 12.
///
/// It determines what is new on a server (an unknown column is reported), and replaces a server's catalog when an
/// archive is verified without a server.
package enum KnownSchema {
  static func contains(_ column: String, of table: String) -> Bool {
    catalog[table]?.column(column) != nil
  }

  /// The catalog that all known versions accept: no column is stricter here than in any of them.
  package static let catalog = Catalog(
    schema: "known",
    tables: Dictionary(
      uniqueKeysWithValues: KnownSchemaText.tables.map { table in
        (table.name, described(table.name, columns: table.columns, unique: table.unique))
      }))

  private static func described(_ name: String, columns text: String, unique: [String]) -> Catalog.Table {
    var columns: [Catalog.Column] = []
    var keys: [Catalog.ForeignKey] = []
    var checks: [Catalog.Constraint] = []
    let words = text.split(whereSeparator: { $0 == " " || $0 == "\n" })
    // Two column names contain the server's name.
    let branded = words.filter { $0.hasPrefix("zulip_") }.map { "aloha_" + $0.dropFirst(6) }
    for word in words.map(String.init) + branded {
      let reference = word.split(separator: ">", maxSplits: 1)
      let parts = reference[0].split(separator: ":", maxSplits: 1)
      let column = String(parts[0])
      let type = parts.count > 1 ? parts[1] : "?"
      if reference.count > 1 {
        keys.append(Catalog.ForeignKey(name: column, column: column, table: String(reference[1])))
      }
      if type.contains("+") {
        checks.append(Catalog.Constraint(name: column, kind: "c", definition: "CHECK ((\(column) >= 0))"))
      }
      // Group settings are added as optional columns, and are filled by a separate migration.
      let isSetting = reference.count > 1 && reference[1].hasSuffix("usergroup") && column.hasPrefix("can_")
      columns.append(described(column, type: isSetting ? type.replacing("!", with: "") : type))
    }
    let primary = columns.contains { $0.name == "id" } ? "id" : columns.first?.name
    return Catalog.Table(
      name: name, columns: columns, primaryKey: [primary].compactMap { $0 }, foreignKeys: keys,
      indexes: unique.map {
        Catalog.Index(name: "\(name) \($0)", definition: $0, isUnique: true, isPrimary: false, columns: [])
      }, constraints: checks)
  }

  /// - Parameter type: `varchar60+!`, without the referenced table.
  private static func described(_ name: String, type: Substring) -> Catalog.Column {
    let word = type.filter { $0 != "+" && $0 != "!" }
    let length = word.hasPrefix("varchar") ? Int(word.dropFirst("varchar".count)) : nil
    return Catalog.Column(
      name: name, type: length == nil ? word : "varchar", isRequired: type.contains("!"),
      sequence: name == "id" ? "known" : nil, maximumLength: length)
  }
}
