import Common
import Operations
import Postgres
import Server

/// Deletes an organization's rows from all tables, set by set, within the caller's transaction.
struct RowDeletion {
  /// The time to wait for a lock of another session before giving up.
  static let lockTimeout = "30s"

  let doomed: DeletionSet
  let connection: Connection

  /// - Returns: the rows by table, in the order of their deletion.
  func run(_ meter: Meter) throws -> [DeletionSet.Share] {
    let relief = try ForeignKeySuspension(doomed, connection)
    var shares: [DeletionSet.Share] = []
    let sessions = try Sessions.end(of: doomed.users(), connection)
    if sessions > 0 { shares.append(DeletionSet.Share(table: "django_session", rows: sessions)) }
    for table in doomed.map.order {
      let count = try delete(table)
      if count > 0 {
        shares.append(DeletionSet.Share(table: table, rows: count))
        try meter.advance(by: Int64(count))
      }
      try empty(table)
    }
    // The deferred checks run here, where an error can still be reported, and before the keys are restored.
    try connection.execute("SET CONSTRAINTS ALL IMMEDIATE")
    try relief.restore()
    return shares
  }

  private func delete(_ table: String) throws -> Int {
    let name = doomed.catalog.qualified(table)
    if doomed.hasList(table), let key = doomed.map.keys[table] {
      guard doomed.counts[table] ?? 0 > 0 else { return 0 }
      return try connection.change(
        "DELETE FROM \(name) t USING \(doomed.list(table)) g WHERE t.\(Identifier.quote(key)) = g.id")
    }
    var count = 0
    for link in doomed.taking(table) {
      count += try connection.change(
        """
        DELETE FROM \(name) t USING \(doomed.list(link.parent)) p
        WHERE t.\(Identifier.quote(link.column)) = p.id AND \(link.condition ?? "true")
        """)
    }
    if table == "confirmation_confirmation" {
      for kind in try doomed.confirmationKinds() {
        count += try connection.change(
          """
          DELETE FROM \(name) t USING \(doomed.list(kind.table)) p
          WHERE t.object_id = p.id AND t.content_type_id = \(kind.contentType)
          """)
      }
    }
    return count
  }

  /// Clears the columns of other rows that only refer to deleted rows.
  private func empty(_ table: String) throws {
    for link in doomed.map.links[table] ?? [] where !link.takesRow && doomed.counts[link.parent] ?? 0 > 0 {
      let column = Identifier.quote(link.column)
      guard doomed.catalog[table]?.column(link.column)?.isRequired == false else { continue }
      try connection.change(
        """
        UPDATE \(doomed.catalog.qualified(table)) t SET \(column) = NULL FROM \(doomed.list(link.parent)) p
        WHERE t.\(column) = p.id
        """)
    }
  }
}
