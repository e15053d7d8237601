import Common
import Glibc

/// The definition of the database's tables: columns, types and references, so that one program supports many versions
/// of the server.
public struct Catalog: Sendable, Equatable {
  public struct Column: Sendable, Equatable {
    public let name: String
    /// The name of the type: `int4`, `timestamptz`, `jsonb`, `_int4` for an array.
    public let type: String
    public let isRequired: Bool
    /// The default as SQL; nil without one. Identity columns have one too.
    public let defaultExpression: String?
    /// The sequence of the column, schema-qualified and quoted; nil without one.
    public let sequence: String?
    /// Whether PostgreSQL generates it from other columns, so that it cannot be written.
    public let isGenerated: Bool
    /// The maximum number of characters of a `varchar(n)` or `char(n)`; nil without a limit.
    public let maximumLength: Int?

    public init(
      name: String, type: String, isRequired: Bool, defaultExpression: String? = nil, sequence: String? = nil,
      isGenerated: Bool = false, maximumLength: Int? = nil
    ) {
      self.name = name
      self.type = type
      self.isRequired = isRequired
      self.defaultExpression = defaultExpression
      self.sequence = sequence
      self.isGenerated = isGenerated
      self.maximumLength = maximumLength
    }
  }

  public struct ForeignKey: Sendable, Equatable {
    public let name: String
    public let column: String
    public let table: String
    public let referencedColumn: String

    public init(name: String, column: String, table: String, referencedColumn: String = "id") {
      self.name = name
      self.column = column
      self.table = table
      self.referencedColumn = referencedColumn
    }
  }

  public struct Index: Sendable, Equatable {
    public let name: String
    /// The `CREATE INDEX` statement.
    public let definition: String
    public let isUnique: Bool
    public let isPrimary: Bool
    /// The columns in order; nil for an expression.
    public let columns: [String?]
    /// The constraint of the index, if there is one.
    public let constraint: String?

    public init(
      name: String, definition: String, isUnique: Bool, isPrimary: Bool, columns: [String?], constraint: String? = nil
    ) {
      self.name = name
      self.definition = definition
      self.isUnique = isUnique
      self.isPrimary = isPrimary
      self.columns = columns
      self.constraint = constraint
    }
  }

  public struct Constraint: Sendable, Equatable {
    public let name: String
    /// `p` primary key, `u` unique, `f` foreign key, `c` check.
    public let kind: Character
    public let definition: String

    public init(name: String, kind: Character, definition: String) {
      self.name = name
      self.kind = kind
      self.definition = definition
    }
  }

  public struct Trigger: Sendable, Equatable {
    public let name: String
    public let definition: String
  }

  public struct Table: Sendable, Equatable {
    public let name: String
    public internal(set) var columns: [Column] = []
    public internal(set) var primaryKey: [String] = []
    public internal(set) var foreignKeys: [ForeignKey] = []
    public internal(set) var indexes: [Index] = []
    public internal(set) var constraints: [Constraint] = []
    public internal(set) var triggers: [Trigger] = []

    /// Creates a table without a database.
    public init(
      name: String, columns: [Column] = [], primaryKey: [String] = [], foreignKeys: [ForeignKey] = [],
      indexes: [Index] = [], constraints: [Constraint] = []
    ) {
      self.name = name
      self.columns = columns
      self.primaryKey = primaryKey
      self.foreignKeys = foreignKeys
      self.indexes = indexes
      self.constraints = constraints
    }

    public func column(_ name: String) -> Column? { columns.first { $0.name == name } }

    /// Returns the foreign key of a column.
    public func foreignKey(_ column: String) -> ForeignKey? { foreignKeys.first { $0.column == column } }
  }

  /// The name of the schema.
  public let schema: String
  public let tables: [String: Table]

  /// Creates a catalog without a database.
  public init(schema: String, tables: [String: Table]) {
    self.schema = schema
    self.tables = tables
  }

  public subscript(_ table: String) -> Table? { tables[table] }

  /// Returns the schema-qualified name of a table as SQL.
  public func qualified(_ table: String) -> String {
    "\(Identifier.quote(schema)).\(Identifier.quote(table))"
  }
}

extension Catalog {
  /// Reads all ordinary tables of a schema.
  ///
  /// Indexes and constraints may disappear while they are described, because another session is importing or upgrading:
  /// then it starts again.
  ///
  /// - Throws: ``DatabaseFailure`` if the tables cannot be read, or still change after 10 seconds.
  public static func read(_ connection: Connection, schema: String) throws -> Catalog {
    for _ in 0..<100 {
      do {
        return try connection.savepoint { try readOnce(connection, schema: schema) }
      } catch let failure as DatabaseFailure where goneStates.contains(failure.sqlState ?? "") {
        try connection.cancellation?.check()
        usleep(100_000)
      }
    }
    return try readOnce(connection, schema: schema)
  }

  /// SQLSTATEs of something that was dropped after it was found: a failed lookup in PostgreSQL's own cache, an undefined
  /// object, an undefined table.
  private static let goneStates: Set<String> = ["XX000", "42704", "42P01"]

  private static func readOnce(_ connection: Connection, schema: String) throws -> Catalog {
    var tables: [String: Table] = [:]
    for row in try connection.query(columnsQuery, [schema]) {
      let name = row[0] ?? ""
      tables[name, default: Table(name: name)].columns.append(
        Column(
          name: row[1] ?? "", type: row[2] ?? "", isRequired: row.bool(3), defaultExpression: row[4],
          sequence: row[5], isGenerated: row.bool(6), maximumLength: row.int(7)))
    }
    for row in try connection.query(constraintsQuery, [schema]) {
      guard let name = row[0], var table = tables[name], let kind = row[2]?.first else { continue }
      table.constraints.append(Constraint(name: row[1] ?? "", kind: kind, definition: row[3] ?? ""))
      let columns = (row[4] ?? "").split(separator: "\u{1}").map(String.init)
      if kind == "p" { table.primaryKey = columns }
      if kind == "f", columns.count == 1, let target = row[5], let targetColumn = row[6] {
        table.foreignKeys.append(
          ForeignKey(name: row[1] ?? "", column: columns[0], table: target, referencedColumn: targetColumn))
      }
      tables[name] = table
    }
    for row in try connection.query(indexesQuery, [schema]) {
      guard let name = row[0] else { continue }
      let columns = (row[5] ?? "").split(separator: "\u{1}", omittingEmptySubsequences: false)
      tables[name]?.indexes.append(
        Index(
          name: row[1] ?? "", definition: row[2] ?? "", isUnique: row.bool(3), isPrimary: row.bool(4),
          columns: columns.map { $0.isEmpty ? nil : String($0) }, constraint: row[6]))
    }
    for row in try connection.query(triggersQuery, [schema]) {
      guard let name = row[0] else { continue }
      tables[name]?.triggers.append(Trigger(name: row[1] ?? "", definition: row[2] ?? ""))
    }
    return Catalog(schema: schema, tables: tables)
  }

  private static let columnsQuery = """
    SELECT c.relname, a.attname, t.typname, a.attnotnull, pg_get_expr(d.adbin, d.adrelid),
      pg_get_serial_sequence(quote_ident(n.nspname) || '.' || quote_ident(c.relname), a.attname)
        , a.attgenerated <> '',
      CASE WHEN t.typname IN ('varchar', 'bpchar') AND a.atttypmod > 4 THEN a.atttypmod - 4 END
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    JOIN pg_type t ON t.oid = a.atttypid
    LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
    WHERE c.relkind IN ('r', 'p') AND n.nspname = $1
    ORDER BY c.relname, a.attnum
    """

  private static let constraintsQuery = """
    SELECT c.relname, k.conname, k.contype, pg_get_constraintdef(k.oid),
      (SELECT string_agg(a.attname, E'\\x01' ORDER BY u.n) FROM unnest(k.conkey) WITH ORDINALITY u(attnum, n)
        JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = u.attnum),
      f.relname,
      (SELECT a.attname FROM pg_attribute a WHERE a.attrelid = k.confrelid AND a.attnum = k.confkey[1])
    FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid JOIN pg_namespace n ON n.oid = c.relnamespace
    LEFT JOIN pg_class f ON f.oid = k.confrelid
    WHERE n.nspname = $1 AND k.contype IN ('p', 'u', 'f', 'c') AND k.conparentid = 0
    ORDER BY c.relname, k.conname
    """

  private static let indexesQuery = """
    SELECT c.relname, i.relname, pg_get_indexdef(x.indexrelid), x.indisunique, x.indisprimary,
      (SELECT string_agg(coalesce(a.attname, ''), E'\\x01' ORDER BY u.n)
        FROM unnest(x.indkey::int2[]) WITH ORDINALITY u(attnum, n)
        LEFT JOIN pg_attribute a ON a.attrelid = x.indrelid AND a.attnum = u.attnum AND u.attnum > 0),
      (SELECT k.conname FROM pg_constraint k WHERE k.conindid = x.indexrelid AND k.contype IN ('p', 'u', 'x') LIMIT 1)
    FROM pg_index x JOIN pg_class c ON c.oid = x.indrelid JOIN pg_class i ON i.oid = x.indexrelid
    JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = $1
    ORDER BY c.relname, i.relname
    """

  private static let triggersQuery = """
    SELECT c.relname, g.tgname, pg_get_triggerdef(g.oid)
    FROM pg_trigger g JOIN pg_class c ON c.oid = g.tgrelid JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = $1 AND NOT g.tgisinternal
    ORDER BY c.relname, g.tgname
    """
}
