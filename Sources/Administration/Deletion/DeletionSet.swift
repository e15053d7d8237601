import Common
import Operations
import Postgres
import Server

/// The rows that are deleted with one organization, determined before anything is changed: a temporary table of ids for
/// each table that others refer to, filled until nothing more is found.
///
/// Exists within one transaction only.
struct DeletionSet {
  let map: OwnershipMap
  let catalog: Catalog
  let organization: Organization
  let brand: Brand
  let connection: Connection
  /// The number of rows of each table whose ids are collected.
  private(set) var counts: [String: Int] = [:]

  /// The number of rows of one table that are deleted.
  struct Share: Sendable, Equatable {
    let table: String
    let rows: Int
  }

  init(_ organization: Organization, catalog: Catalog, brand: Brand, _ connection: Connection) throws {
    map = OwnershipMap(catalog)
    self.catalog = catalog
    self.organization = organization
    self.brand = brand
    self.connection = connection
    try connection.execute("SET LOCAL work_mem = '64MB'")
    for table in map.parents.union(extraParents).sorted() where map.keys[table] != nil { try makeList(table) }
    try seed()
    try fill()
  }

  /// Tables whose ids are required although no column of its own refers to them.
  private var extraParents: Set<String> {
    Set([TableName.realm, TableName.huddle].filter { catalog[$0] != nil })
  }

  /// Returns the temporary table of a table's ids, as SQL.
  func list(_ table: String) -> String { "pg_temp.\(Identifier.quote("going_\(table)"))" }

  func hasList(_ table: String) -> Bool { counts[table] != nil }

  // MARK: Filling

  private mutating func makeList(_ table: String) throws {
    guard let key = map.keys[table] else { return }
    try connection.execute(
      """
      CREATE TEMP TABLE \(Identifier.quote("going_\(table)")) ON COMMIT DROP AS
        SELECT \(Identifier.quote(key)) AS id FROM \(catalog.qualified(table)) LIMIT 0
      """)
    counts[table] = 0
  }

  private mutating func seed() throws {
    _ = try connection.change("INSERT INTO \(list(TableName.realm)) VALUES ($1)", [String(organization.id)])
    counts[TableName.realm] = 1
  }

  /// Follows the references from table to table until nothing more is found; a reference is followed again only if its
  /// target has more rows than last time. Small tables come first, and large ones only when those are finished.
  private mutating func fill() throws {
    let sizes = try ForeignKeySuspension.estimates(catalog, connection)
    let tables = map.order.filter { counts[$0] != nil && $0 != TableName.realm }
      .sorted { (sizes[$0] ?? 0, $0) < (sizes[$1] ?? 0, $1) }
    var followed: [String: Int] = [:]
    func isNew(_ tie: String, _ parent: String) -> Bool {
      let count = counts[parent] ?? 0
      defer { followed[tie] = count }
      return count != followed[tie] ?? 0
    }
    var position = 0
    while position < tables.count {
      let table = tables[position]
      var grew = false
      for link in map.links[table] ?? [] where link.takesRow {
        guard isNew("\(table).\(link.column)>\(link.parent)", link.parent) else { continue }
        if try add(table, link) { grew = true }
      }
      if table == TableName.recipient, isNew("groups", TableName.userProfile), try addGroups() { grew = true }
      position = grew ? 0 : position + 1
    }
  }

  private mutating func add(_ table: String, _ link: OwnershipMap.Link) throws -> Bool {
    guard let key = map.keys[table] else { return false }
    let known = counts[table] ?? 0 > 0
    let column = Identifier.quote(key)
    let count = try connection.change(
      """
      INSERT INTO \(list(table)) SELECT t.\(column)
      FROM \(catalog.qualified(table)) t JOIN \(list(link.parent)) p ON t.\(Identifier.quote(link.column)) = p.id
      WHERE \(link.condition ?? "true")
        \(known ? "AND NOT EXISTS (SELECT 1 FROM \(list(table)) g WHERE g.id = t.\(column))" : "")
      """)
    return try note(table, count)
  }

  /// Adds the group messages whose members are all deleted. A group with a member elsewhere is kept for that member,
  /// without the deleted users and their messages; the server's own bots do not count as such members.
  private mutating func addGroups() throws -> Bool {
    let users = list(TableName.userProfile)
    let count = try connection.change(
      """
      INSERT INTO \(list(TableName.recipient)) SELECT DISTINCT r.id
      FROM zerver_recipient r JOIN zerver_subscription s ON s.recipient_id = r.id
      JOIN \(users) g ON g.id = s.user_profile_id
      WHERE r.type = \(RecipientType.group) AND NOT EXISTS (
        SELECT 1 FROM zerver_subscription o JOIN zerver_userprofile u ON u.id = o.user_profile_id
        JOIN zerver_realm e ON e.id = u.realm_id
        WHERE o.recipient_id = r.id AND e.id <> $1 AND e.string_id <> $2)
        AND NOT EXISTS (SELECT 1 FROM \(list(TableName.recipient)) k WHERE k.id = r.id)
      """, [String(organization.id), brand.internalSubdomain])
    return try note(TableName.recipient, count)
  }

  private mutating func note(_ table: String, _ count: Int) throws -> Bool {
    guard count > 0 else { return false }
    counts[table, default: 0] += count
    try connection.execute("ANALYZE \(list(table))")
    return true
  }

  // MARK: Result

  /// Returns the ids of the organization's users.
  func users() throws -> Set<Int64> {
    Set(
      try connection.query("SELECT id FROM \(list("zerver_userprofile"))").compactMap { $0[0].flatMap { Int64($0) } })
  }

  /// Returns the references of a table that delete rows and whose targets have any.
  func taking(_ table: String) -> [OwnershipMap.Link] {
    (map.links[table] ?? []).filter { $0.takesRow && counts[$0.parent] ?? 0 > 0 }
  }

  /// Returns the kinds of objects of confirmation links, which refer to them by kind and id.
  func confirmationKinds() throws -> [(contentType: String, table: String)] {
    guard catalog["confirmation_confirmation"]?.column("object_id") != nil else { return [] }
    return try connection.query("SELECT id, app_label || '_' || model FROM django_content_type").compactMap { row in
      guard let id = row[0], let table = row[1], counts[table] ?? 0 > 0 else { return nil }
      return (id, table)
    }
  }

  /// Returns the number of deleted rows of each table, without tables that have none.
  func shares() throws -> [Share] {
    var shares: [Share] = []
    for table in map.order.reversed() {
      let count = try counts[table] ?? self.count(table)
      if count > 0 { shares.append(Share(table: table, rows: count)) }
    }
    let sessions = try Sessions.keys(of: users(), connection).count
    if sessions > 0 { shares.append(Share(table: "django_session", rows: sessions)) }
    return shares
  }

  private func count(_ table: String) throws -> Int {
    var conditions = taking(table).map { link in
      let test = "t.\(Identifier.quote(link.column)) IN (SELECT id FROM \(list(link.parent)))"
      return link.condition.map { "(\(test) AND \($0))" } ?? test
    }
    if table == "confirmation_confirmation" {
      conditions += try confirmationKinds().map { kind in
        "(t.content_type_id = \(kind.contentType) AND t.object_id IN (SELECT id FROM \(list(kind.table))))"
      }
    }
    guard !conditions.isEmpty else { return 0 }
    return try connection.value(
      "SELECT count(*) FROM \(catalog.qualified(table)) t WHERE \(conditions.joined(separator: " OR "))"
    ).flatMap { Int($0) } ?? 0
  }
}
