import Common
import Postgres

/// The table map compared with a live catalog: the tables and columns of exactly this server, and their treatment.
///
/// - A table of the map that the server does not have is omitted.
/// - A table that the map does not know is placed by its foreign keys: to the organization, a user, a channel or any
///   other exported table. One without such a key is listed in ``unplaced``. So is a table of the map whose column for
///   the organization has another name here.
/// - A column that the map does not know is exported like any other, and listed in ``unknownColumns``; one with a name
///   that suggests a secret is withheld, and listed in ``withheldColumns``.
public struct DataModel: Sendable {
  public struct Column: Sendable {
    public let name: String
    /// The key in the export.
    public let key: String
    /// The catalog's type; empty if there is no such column (a key that only the export has).
    public let type: String
    public let exported: ColumnRule.Exported
    public let imported: ColumnRule.Imported
    /// The table that a foreign key of the catalog refers to.
    public let references: String?
    public let isRequired: Bool
    public let hasDefault: Bool
    /// The maximum number of characters; nil without a limit.
    public let maximumLength: Int?
    /// Whether a check constraint of the table forbids negative numbers.
    public let isNonNegative: Bool
  }

  public struct Table: Sendable {
    public let name: String
    public let document: TableRule.Document
    public let rows: TableRule.Rows
    /// In the catalog's order, followed by the keys that only the export has.
    public let columns: [Column]
    /// The sequence of its `id`; nil if ids do not come from a sequence.
    public let sequence: String?
    public let isKnown: Bool
    /// Why an import omits its rows; nil if it writes them.
    public let notImported: String?
    /// For a table that the map does not know: references to other exported tables, besides the one that places it.
    /// Their rows may belong to another organization, or may not be exported.
    public let otherReferences: [Catalog.ForeignKey]

    /// Whether rows have an id of their own that others can refer to.
    public var hasID: Bool { columns.contains { $0.name == "id" && !$0.type.isEmpty } }

    public func column(_ name: String) -> Column? { columns.first { $0.name == name } }

    /// Returns whether a column names the group that may do something: the server has a default for it.
    package func isGroupSetting(_ name: String) -> Bool {
      guard let references = column(name)?.references, DataModel.groupTables.contains(references) else { return false }
      return rows == .organization || name.hasPrefix("can_")
    }

    /// The key of the user who owns a row, if the row concerns that user alone.
    package var ownerKey: String? {
      switch rows {
      case .userColumn(let name), .profileColumn(let name): column(name)?.key
      case .organizationColumn where document == .analytics:
        columns.first { $0.references == TableName.userProfile }?.key
      default: nil
      }
    }
  }

  public let catalog: Catalog
  /// In the order of the map, unknown tables last.
  public let tables: [Table]
  public let unknownTables: [String]
  /// Tables whose rows cannot be assigned to an organization: they are not exported.
  public let unplaced: [String]
  public let unknownColumns: [String]
  public let withheldColumns: [String]

  public subscript(_ name: String) -> Table? { tables.first { $0.name == name } }

  public func tables(in document: TableRule.Document) -> [Table] { tables.filter { $0.document == document } }

  /// The tables of user groups: the key of a named group is the key of its group.
  package static let groupTables: Set<String> = [TableName.userGroup, TableName.namedUserGroup]

  /// Whether this server bills organizations, as only the cloud does: imports then get the limited plan.
  public var hasBilling: Bool { catalog[TableName.corporateCustomer] != nil }
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

  /// The decisions so far.
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

  /// Places tables by their foreign keys. A table may lead to the organization through another unknown one, so this
  /// repeats as long as more tables are placed.
  ///
  /// - Parameter unknown: reduced to the tables that could not be placed.
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

  /// Returns how an unknown table belongs to an organization, by its foreign keys; the most direct reference wins.
  private static func placement(of table: Catalog.Table, among reachable: Set<String>) -> Placement? {
    // All organizations share clients, so they do not identify one.
    let keys = table.foreignKeys.filter {
      reachable.contains($0.table) && $0.table != TableName.client && $0.table != table.name
    }
    let direct = [TableName.realm, TableName.userProfile, TableName.stream, TableName.userGroup, TableName.message]
    let targets = direct + reachable.subtracting(direct).sorted()
    func first(_ suits: (Catalog.ForeignKey) -> Bool) -> Catalog.ForeignKey? {
      for target in targets {
        if let key = keys.first(where: { $0.table == target && suits($0) }) { return key }
      }
      return nil
    }
    // A required reference takes precedence over an optional one.
    guard let chosen = first({ table.column($0.column)?.isRequired ?? false }) ?? first({ _ in true }) else {
      return nil
    }
    let rows: TableRule.Rows =
      switch chosen.table {
      case TableName.realm: .organizationColumn(chosen.column)
      case TableName.userProfile: .userColumn(chosen.column)
      default: .parentColumn(chosen.column, table: chosen.table)
      }
    return Placement(rows: rows, others: keys.filter { $0.column != chosen.column && $0.table != TableName.realm })
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
    // The remaining keys have no column in this version.
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

  /// Decides by whole words: true for `push_token`, false for `cannot_publish`.
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
  /// The column that leads to the organization, if it is a single one.
  package var column: String? {
    switch self {
    case .organizationColumn(let column), .userColumn(let column), .profileColumn(let column),
      .parentColumn(let column, _):
      column
    default: nil
    }
  }
}
