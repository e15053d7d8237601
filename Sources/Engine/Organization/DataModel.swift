import Common
import Postgres

/// The table map held against a live catalog: what this very server has, and what is to be done with it.
///
/// - A table of the map that the server does not have is left out.
/// - A table that the map does not know is placed by its foreign keys: towards the organization, a user, a channel or
///   any other table that is exported. One that leads nowhere is named in ``unplaced``. So is a table of the map whose
///   column that leads to the organization has another name here.
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
    /// Characters that the column holds at most; nil where there is no limit.
    public let maximumLength: Int?
    /// Whether a check of the table forbids negative numbers in it.
    public let isNonNegative: Bool
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
    /// Why an import leaves its rows out; nil where it writes them.
    public let notImported: String?
    /// Of a table that the map does not know: references to other exported tables, besides the one that places it. Their
    /// rows may belong to another organization, or not be exported.
    public let otherReferences: [Catalog.ForeignKey]

    /// Whether rows have an id of their own that others can refer to.
    public var hasID: Bool { columns.contains { $0.name == "id" && !$0.type.isEmpty } }

    public func column(_ name: String) -> Column? { columns.first { $0.name == name } }

    /// Whether a column says which group may do something: then the server has a default for it.
    func isGroupSetting(_ name: String) -> Bool {
      guard let references = column(name)?.references, DataModel.groupTables.contains(references) else { return false }
      return rows == .organization || name.hasPrefix("can_")
    }

    /// The key of the user to whom a row belongs, where the row is about that user alone.
    var ownerKey: String? {
      switch rows {
      case .userColumn(let name), .profileColumn(let name): column(name)?.key
      case .organizationColumn where document == .analytics:
        columns.first { $0.references == "zerver_userprofile" }?.key
      default: nil
      }
    }
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

  /// The tables of user groups: a named group's key is the key of its group.
  static let groupTables: Set<String> = ["zerver_usergroup", "zerver_namedusergroup"]

  /// Whether this server bills organizations, as only the cloud does: imports get the limited plan there.
  public var hasBilling: Bool { catalog["corporate_customer"] != nil }
}

extension DataModel {
  public init(_ catalog: Catalog) {
    var found = Placed()
    let known = Set(TableMap.all.map(\.table))
    var unknown = catalog.tables.keys.filter { !known.contains($0) }
    for rule in TableMap.all {
      guard case .exported(let document, let rows) = rule.disposition, let table = catalog[rule.table] else { continue }
      if let column = rows.column, table.column(column) == nil {
        unknown.append(rule.table)
      } else {
        found.add(table, rule: rule, document: document, rows: rows, catalog)
      }
    }
    let placed = Self.place(&unknown, into: &found, catalog)
    self.catalog = catalog
    tables = found.tables
    unknownColumns = found.unknownColumns
    withheldColumns = found.withheld
    unknownTables = placed
    unplaced = unknown.sorted()
  }

  /// What has been decided so far.
  private struct Placed {
    var tables: [Table] = []
    var unknownColumns: [String] = []
    var withheld: [String] = []

    mutating func add(
      _ table: Catalog.Table, rule: TableRule, document: TableRule.Document, rows: TableRule.Rows, _ catalog: Catalog,
      isKnown: Bool = true, otherReferences: [Catalog.ForeignKey] = []
    ) {
      let columns = DataModel.columns(of: table, rule: rule, catalog)
      for column in columns where !column.type.isEmpty && !KnownSchema.contains(column.name, of: rule.table) {
        if case .never = column.exported {
          withheld.append("\(rule.table).\(column.name)")
        } else if isKnown {
          unknownColumns.append("\(rule.table).\(column.name)")
        }
      }
      tables.append(
        Table(
          name: rule.table, document: document, rows: rows, columns: columns,
          sequence: table.column("id")?.sequence, isKnown: isKnown, notImported: rule.notImported,
          otherReferences: otherReferences))
    }
  }

  /// Places tables by their foreign keys. A table may lead to the organization through another unknown one: it goes on
  /// while that finds more.
  ///
  /// - Parameter unknown: left with those that lead nowhere.
  /// - Returns: the tables that were placed.
  private static func place(_ unknown: inout [String], into found: inout Placed, _ catalog: Catalog) -> [String] {
    var placed: [String] = []
    while true {
      let reachable = Set(found.tables.map(\.name))
      let next = unknown.sorted().compactMap { name -> (Catalog.Table, Placement)? in
        guard let table = catalog[name], let placement = placement(of: table, among: reachable) else { return nil }
        return (table, placement)
      }
      if next.isEmpty { return placed.sorted() }
      for (table, placement) in next {
        let rule =
          TableMap.all.first { $0.table == table.name }
          ?? TableRule(table: table.name, disposition: .exported(.realm, placement.rows), columns: [])
        found.add(
          table, rule: rule, document: .realm, rows: placement.rows, catalog, isKnown: false,
          otherReferences: placement.others)
        placed.append(table.name)
      }
      unknown.removeAll { placed.contains($0) }
    }
  }

  private struct Placement {
    let rows: TableRule.Rows
    let others: [Catalog.ForeignKey]
  }

  /// How a table that the map does not know belongs to an organization, by its foreign keys; the most direct way wins.
  private static func placement(of table: Catalog.Table, among reachable: Set<String>) -> Placement? {
    // Programs are shared by all organizations: they say nothing.
    let keys = table.foreignKeys.filter {
      reachable.contains($0.table) && $0.table != "zerver_client" && $0.table != table.name
    }
    let direct = ["zerver_realm", "zerver_userprofile", "zerver_stream", "zerver_usergroup", "zerver_message"]
    let targets = direct + reachable.subtracting(direct).sorted()
    func first(_ suits: (Catalog.ForeignKey) -> Bool) -> Catalog.ForeignKey? {
      for target in targets {
        if let key = keys.first(where: { $0.table == target && suits($0) }) { return key }
      }
      return nil
    }
    // A row that must have it says more than one that may.
    guard let chosen = first({ table.column($0.column)?.isRequired ?? false }) ?? first({ _ in true }) else {
      return nil
    }
    let rows: TableRule.Rows =
      switch chosen.table {
      case "zerver_realm": .organizationColumn(chosen.column)
      case "zerver_userprofile": .userColumn(chosen.column)
      default: .parentColumn(chosen.column, table: chosen.table)
      }
    return Placement(rows: rows, others: keys.filter { $0.column != chosen.column && $0.table != "zerver_realm" })
  }

  private static func columns(of table: Catalog.Table, rule: TableRule, _ catalog: Catalog) -> [Column] {
    var rules = Dictionary(uniqueKeysWithValues: rule.columns.map { ($0.column, $0) })
    let checks = Set(table.constraints.filter { $0.kind == "c" }.map(\.definition))
    var columns = table.columns.filter { !$0.isGenerated }.map { column in
      let special = rules.removeValue(forKey: column.name)
      let foreign = table.foreignKey(column.name)
      let natural = foreign != nil && column.name.hasSuffix("_id") ? String(column.name.dropLast(3)) : column.name
      return Column(
        name: column.name, key: special?.key ?? natural, type: column.type,
        exported: special?.exported ?? defaultExport(column.name, of: rule.table),
        imported: special?.imported ?? .byCatalog, references: foreign?.table, isRequired: column.isRequired,
        hasDefault: column.defaultExpression != nil || column.sequence != nil, maximumLength: column.maximumLength,
        isNonNegative: checks.contains("CHECK ((\(column.name) >= 0))"))
    }
    // What remains are keys that no column of this version stands behind.
    for special in rule.columns where rules[special.column] != nil && !isColumn(special) {
      if case .identifiers(let joining, _) = special.exported, catalog[joining] == nil { continue }
      columns.append(
        Column(
          name: special.column, key: special.key ?? special.column, type: "", exported: special.exported,
          imported: .ignored, references: nil, isRequired: false, hasDefault: true, maximumLength: nil,
          isNonNegative: false))
    }
    return columns
  }

  private static func isColumn(_ rule: ColumnRule) -> Bool {
    switch rule.exported {
    case .value, .never, .null, .emptyObject: true
    case .emptyList, .identifiers, .copy: false
    }
  }

  private static func defaultExport(_ column: String, of table: String) -> ColumnRule.Exported {
    if KnownSchema.contains(column, of: table) { return .value }
    return soundsSecret(column) ? .never("its name sounds like a secret") : .value
  }

  /// By whole words: `push_token` does, `cannot_publish` does not.
  static func soundsSecret(_ column: String) -> Bool {
    let words = Set(column.lowercased().split(separator: "_").map(String.init))
    let telling: Set = [
      "password", "passwd", "passphrase", "secret", "secrets", "token", "tokens", "apikey", "otp", "totp", "salt",
      "credential", "credentials",
    ]
    if !words.isDisjoint(with: telling) { return true }
    return words.contains("key") && !words.isDisjoint(with: ["api", "private", "secret", "signing", "encryption"])
  }
}

extension TableRule.Rows {
  /// The column that leads to the organization, where it is a single one.
  var column: String? {
    switch self {
    case .organizationColumn(let column), .userColumn(let column), .profileColumn(let column),
      .parentColumn(let column, _):
      column
    default: nil
    }
  }
}
