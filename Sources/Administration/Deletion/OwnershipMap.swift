import Postgres
import Server

/// The rows that are deleted with an organization, derived from the live catalog: for each table the columns that refer
/// to rows of another one, and the effect on a row whose target is deleted.
///
/// - A required column deletes its row: a message without its sender, or a subscription without its channel, cannot
///   exist.
/// - An optional column is cleared if another column defines the owner of the row, such as an entry in another
///   organization's log that names one of these users. Without such a column, the row is deleted.
/// - References without a foreign key are listed in ``undeclared``.
///
/// Tables that this program does not know are treated in the same way, by their foreign keys.
struct OwnershipMap {
  struct Link: Equatable {
    let column: String
    let parent: String
    /// Whether the row is deleted with the parent's row; otherwise the column is cleared.
    let takesRow: Bool
    /// A condition on the row, on a table named `t`, in addition to the equality; nil for foreign keys.
    var condition: String?
  }

  /// References without a foreign key.
  static let undeclared: [String: [Link]] = [
    TableName.recipient: [
      Link(
        column: "type_id", parent: TableName.userProfile, takesRow: true,
        condition: "t.type = \(RecipientType.personal)"),
      Link(column: "type_id", parent: TableName.stream, takesRow: true, condition: "t.type = \(RecipientType.channel)"),
    ],
    "fts_update_log": [Link(column: "message_id", parent: TableName.message, takesRow: true)],
  ]

  /// Tables whose rows describe other rows but never define their owner.
  private static let neutral: Set<String> = [
    "django_content_type", TableName.client, "auth_group", "auth_permission",
  ]

  /// In an order in which rows can be deleted: referring tables before the tables that they refer to.
  let order: [String]
  /// By table; the organization's own table has none that deletes its rows.
  let links: [String: [Link]]
  /// The single column of each table's primary key.
  let keys: [String: String]

  init(_ catalog: Catalog) {
    let reached = Self.reached(catalog)
    var links: [String: [Link]] = [:]
    var keys: [String: String] = [:]
    for name in reached {
      guard let table = catalog[name] else { continue }
      if table.primaryKey.count == 1 { keys[name] = table.primaryKey[0] }
      links[name] = Self.links(of: table, reached: reached)
    }
    self.links = links
    self.keys = keys
    order = Self.order(reached, catalog)
  }

  /// The tables that others refer to: the ids of their rows have to be collected.
  var parents: Set<String> { Set(links.values.flatMap { $0 }.map(\.parent)) }

  private static func reached(_ catalog: Catalog) -> Set<String> {
    var reached: Set<String> = catalog[TableName.realm] == nil ? [] : [TableName.realm]
    for name in undeclared.keys where catalog[name] != nil { reached.insert(name) }
    while true {
      let more = catalog.tables.values.filter { table in
        !reached.contains(table.name) && table.foreignKeys.contains { reached.contains($0.table) }
      }
      if more.isEmpty { return reached }
      reached.formUnion(more.map(\.name))
    }
  }

  private static func links(of table: Catalog.Table, reached: Set<String>) -> [Link] {
    func isRequired(_ key: Catalog.ForeignKey) -> Bool { table.column(key.column)?.isRequired ?? false }
    let isOwned = table.foreignKeys.contains { isRequired($0) && !neutral.contains($0.table) }
    let declared = table.foreignKeys.filter { reached.contains($0.table) }.map { key in
      Link(
        column: key.column, parent: key.table, takesRow: table.name != TableName.realm && (isRequired(key) || !isOwned))
    }
    // The reference to the organization itself finds most rows; the others then add few.
    let organization = declared.filter { $0.parent == TableName.realm }
    let others = declared.filter { $0.parent != TableName.realm }
    return organization + others
      + (undeclared[table.name] ?? []).filter { reached.contains($0.parent) }
  }

  /// Cycles are broken at references that PostgreSQL checks only at the end of the transaction.
  private static func order(_ tables: Set<String>, _ catalog: Catalog) -> [String] {
    var strict: [String: Set<String>] = [:]
    var lax: [String: Set<String>] = [:]
    for name in tables {
      guard let table = catalog[name] else { continue }
      for key in table.foreignKeys where tables.contains(key.table) && key.table != name {
        let definition = table.constraints.first { $0.name == key.name }?.definition ?? ""
        if definition.contains("INITIALLY DEFERRED") {
          lax[key.table, default: []].insert(name)
        } else {
          strict[key.table, default: []].insert(name)
        }
      }
    }
    var order: [String] = []
    var waiting = tables.sorted()
    while !waiting.isEmpty {
      let left = Set(waiting)
      func blocking(_ name: String, _ edges: [String: Set<String>]) -> Int {
        (edges[name] ?? []).intersection(left).count
      }
      let next =
        waiting.first { blocking($0, strict) == 0 && blocking($0, lax) == 0 }
        ?? waiting.filter { blocking($0, strict) == 0 }.min { blocking($0, lax) < blocking($1, lax) }
        ?? waiting[0]
      order.append(next)
      waiting.removeAll { $0 == next }
    }
    return order
  }
}
