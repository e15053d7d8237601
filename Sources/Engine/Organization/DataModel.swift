import Common
import Postgres

/// The table map held against a live catalog: what this very server has, and what is to be done with it.
///
/// - A table of the map that the server does not have is left out.
/// - A table that the map does not know is placed by its foreign keys: towards the organization, a user, a channel or
///   any other table that is exported. One that leads nowhere is named in ``unplaced``.
/// - A column that the map does not know is exported like any other, and named in ``unknownColumns``; one whose name
///   sounds like a secret is withheld, and named in ``withheldColumns``.
public struct DataModel: Sendable {
  public struct Column: Sendable {
    public let name: String
    /// The key in the export.
    public let key: String
    /// The catalog's type; empty where there is no such column (a key that only the export has).
    public let type: String
    public let exported: ColumnRule.Exported
    public let imported: ColumnRule.Imported
    /// The table that it refers to, by a foreign key of the catalog.
    public let references: String?
    public let isRequired: Bool
    public let hasDefault: Bool
  }

  public struct Table: Sendable {
    public let name: String
    public let document: TableRule.Document
    public let rows: TableRule.Rows
    /// In the catalog's order, then the keys that only the export has.
    public let columns: [Column]
    /// The sequence of its `id`; nil where ids are not given by one.
    public let sequence: String?
    public let isKnown: Bool

    /// Whether rows have an id of their own that others can refer to.
    public var hasID: Bool { columns.contains { $0.name == "id" && !$0.type.isEmpty } }

    public func column(_ name: String) -> Column? { columns.first { $0.name == name } }
  }

  public let catalog: Catalog
  /// In the order of the map, unknown tables last.
  public let tables: [Table]
  public let unknownTables: [String]
  /// Tables of which nothing says to whom their rows belong: they are not exported.
  public let unplaced: [String]
  public let unknownColumns: [String]
  public let withheldColumns: [String]

  public subscript(_ name: String) -> Table? { tables.first { $0.name == name } }

  public func tables(in document: TableRule.Document) -> [Table] { tables.filter { $0.document == document } }

  /// Whether this server bills organizations, as only the cloud does: imports get the limited plan there.
  public var hasBilling: Bool { catalog["corporate_customer"] != nil }
}

extension DataModel {
  public init(_ catalog: Catalog) {
    var tables: [Table] = []
    var unknownColumns: [String] = []
    var withheld: [String] = []
    let known = Dictionary(uniqueKeysWithValues: TableMap.all.map { ($0.table, $0) })

    func add(_ rule: TableRule, isKnown: Bool) {
      guard case .exported(let document, let rows) = rule.disposition, let found = catalog[rule.table] else { return }
      let columns = Self.columns(of: found, rule: rule)
      for column in columns where isKnown && !column.type.isEmpty {
        if KnownColumns.contains(column.name, of: rule.table) { continue }
        if case .never = column.exported {
          withheld.append("\(rule.table).\(column.name)")
        } else {
          unknownColumns.append("\(rule.table).\(column.name)")
        }
      }
      tables.append(
        Table(
          name: rule.table, document: document, rows: rows, columns: columns,
          sequence: found.column("id")?.sequence, isKnown: isKnown))
    }

    for rule in TableMap.all { add(rule, isKnown: true) }

    var unknown = catalog.tables.keys.filter { known[$0] == nil }.sorted()
    var placed: [String] = []
    // A table may lead to the organization through another unknown one: go on while that finds more.
    while true {
      let reachable = Set(tables.map(\.name))
      let found = unknown.compactMap { name in
        catalog[name].flatMap { table in Self.placement(of: table, among: reachable).map { (name, $0) } }
      }
      if found.isEmpty { break }
      for (name, rows) in found {
        add(TableRule(table: name, disposition: .exported(.realm, rows), columns: []), isKnown: false)
      }
      placed += found.map(\.0)
      unknown.removeAll { placed.contains($0) }
    }

    self.catalog = catalog
    self.tables = tables
    self.unknownColumns = unknownColumns
    withheldColumns = withheld
    unknownTables = placed
    unplaced = unknown
  }

  /// How a table that the map does not know belongs to an organization, by its foreign keys; the most direct way wins.
  private static func placement(of table: Catalog.Table, among reachable: Set<String>) -> TableRule.Rows? {
    guard table.column("id") != nil else { return nil }
    let keys = table.foreignKeys.filter { $0.referencedColumn == "id" || $0.referencedColumn.hasSuffix("_ptr_id") }
    func key(to target: String) -> Catalog.ForeignKey? {
      // A row that must have it says more than one that may.
      keys.filter { $0.table == target }.min { left, _ in table.column(left.column)?.isRequired ?? false }
    }
    if let realm = key(to: "zerver_realm") { return .organizationColumn(realm.column) }
    if let user = key(to: "zerver_userprofile") { return .userColumn(user.column) }
    let others = ["zerver_stream", "zerver_usergroup", "zerver_message"]
    for target in others + reachable.subtracting(others).sorted() where target != "zerver_client" {
      if let parent = key(to: target), reachable.contains(target) {
        return .parentColumn(parent.column, table: target)
      }
    }
    return nil
  }

  private static func columns(of table: Catalog.Table, rule: TableRule) -> [Column] {
    var rules = Dictionary(uniqueKeysWithValues: rule.columns.map { ($0.column, $0) })
    var columns = table.columns.filter { !$0.isGenerated }.map { column in
      let special = rules.removeValue(forKey: column.name)
      let foreign = table.foreignKey(column.name)
      let natural = foreign != nil && column.name.hasSuffix("_id") ? String(column.name.dropLast(3)) : column.name
      return Column(
        name: column.name, key: special?.key ?? natural, type: column.type,
        exported: special?.exported ?? defaultExport(column.name, of: rule.table),
        imported: special?.imported ?? .byCatalog, references: foreign?.table, isRequired: column.isRequired,
        hasDefault: column.defaultExpression != nil || column.sequence != nil)
    }
    // What remains are keys that no column of this version stands behind.
    for special in rule.columns where rules[special.column] != nil && !isColumn(special) {
      columns.append(
        Column(
          name: special.column, key: special.key ?? special.column, type: "", exported: special.exported,
          imported: .ignored, references: nil, isRequired: false, hasDefault: true))
    }
    return columns
  }

  private static func isColumn(_ rule: ColumnRule) -> Bool {
    switch rule.exported {
    case .value, .never, .null: true
    case .emptyList, .identifiers, .copy: false
    }
  }

  private static func defaultExport(_ column: String, of table: String) -> ColumnRule.Exported {
    if KnownColumns.contains(column, of: table) { return .value }
    let words = ["password", "secret", "token", "api_key", "private_key", "otp"]
    return words.contains { column.contains($0) } ? .never("its name sounds like a secret") : .value
  }
}
