import Common
import Glibc
import Postgres
import Server

/// The databases of one restore: the server's own, the new one beside it, and the kept old one.
package struct StagingDatabase: Sendable, Codable, Equatable {
  /// The name that the server uses.
  let live: String
  package let side: String
  package let before: String
  /// The role that owns the database.
  let owner: String

  package init(live: String, owner: String, id: String) {
    // PostgreSQL truncates names at 63 bytes, and the distinguishing part is at the end.
    let stem = Self.stem(of: live)
    let mark = id.replacing("-", with: "_")
    self.live = live
    self.owner = owner
    side = "\(stem)_restore_\(mark)"
    before = "\(stem)_before_\(mark)"
  }

  /// The prefix of the names of databases that restores create.
  package var stem: String { Self.stem(of: live) }

  private static func stem(of live: String) -> String {
    String(decoding: Array(live.utf8.prefix(36)), as: UTF8.self)
  }

  static func exists(_ name: String, _ connection: Connection) throws -> Bool {
    try !connection.query("SELECT 1 FROM pg_database WHERE datname = $1", [name]).isEmpty
  }

  // MARK: Creation

  /// Creates the empty side database, with the encoding, collation and tablespace of the server's database, if that
  /// exists.
  func create(_ access: AdministratorAccess) throws {
    let connection = try access.connect()
    defer { connection.close() }
    let form = try DatabaseForm.read(of: live, connection).clause
    try connection.execute(
      "CREATE DATABASE \(Identifier.quote(side)) OWNER \(Identifier.quote(owner)) TEMPLATE template0 \(form)")
  }

  /// Copies the settings of the old database (`ALTER DATABASE … SET`) to the new one; no dump contains them.
  ///
  /// - Returns: the settings that this administrator may not set, by name.
  func copySettings(_ access: AdministratorAccess) throws -> [String] {
    let connection = try access.connect()
    defer { connection.close() }
    let settings = try connection.query(
      """
      SELECT coalesce(r.rolname, ''), u.setting FROM pg_db_role_setting s JOIN pg_database d ON d.oid = s.setdatabase
      LEFT JOIN pg_roles r ON r.oid = s.setrole, unnest(s.setconfig) AS u (setting) WHERE d.datname = $1
      """, [live])
    var refused: [String] = []
    for row in settings {
      guard let setting = row[1], let equals = setting.firstIndex(of: "=") else { continue }
      let name = String(setting[..<equals])
      do {
        try copy(name, String(setting[setting.index(after: equals)...]), role: row[0] ?? "", connection)
      } catch let failure as DatabaseFailure where failure.sqlState == "42501" && !access.isSuperuser {
        let whose = (row[0] ?? "").isEmpty ? "" : " of role \(SafeText.clean(row[0] ?? "", limit: .word))"
        refused.append(
          "The setting \(SafeText.clean(name, limit: .word))\(whose) for this database was not copied: that requires a superuser"
        )
      }
    }
    return refused
  }

  private func copy(_ name: String, _ value: String, role: String, _ connection: Connection) throws {
    // Values come as one text, even lists: the session parses it, and the database takes the value from the session.
    _ = try connection.query("SELECT set_config($1, $2, false)", [name, value])
    let scope = "IN DATABASE \(Identifier.quote(side)) SET \(Identifier.quote(name)) FROM CURRENT"
    try connection.execute(
      role.isEmpty
        ? "ALTER DATABASE \(Identifier.quote(side)) SET \(Identifier.quote(name)) FROM CURRENT"
        : "ALTER ROLE \(Identifier.quote(role)) \(scope)")
  }

  // MARK: Exchange

  /// Returns which of the three databases exist now.
  func found(_ access: AdministratorAccess) throws -> (live: Bool, side: Bool, before: Bool) {
    let connection = try access.connect()
    defer { connection.close() }
    return (
      try Self.exists(live, connection), try Self.exists(side, connection), try Self.exists(before, connection)
    )
  }

  /// Gives the restored database the server's name. Both names change in one transaction.
  func swap(_ access: AdministratorAccess) throws {
    try rename(access) { connection in
      guard try Self.exists(side, connection) else { return [] }
      let hasLive = try Self.exists(live, connection)
      return (hasLive ? [(live, before)] : []) + [(side, live)]
    }
  }

  /// Gives the old database its name again.
  func swapBack(_ access: AdministratorAccess) throws {
    try rename(access) { connection in
      guard try !Self.exists(side, connection), try Self.exists(live, connection) else { return [] }
      let hasBefore = try Self.exists(before, connection)
      return [(live, side)] + (hasBefore ? [(before, live)] : [])
    }
  }

  private func rename(
    _ access: AdministratorAccess, _ renames: (Connection) throws -> [(from: String, to: String)]
  ) throws {
    let connection = try access.connect()
    defer { connection.close() }
    let wanted = try renames(connection)
    guard !wanted.isEmpty else { return }
    // PostgreSQL refuses the rename if a session reconnects after it was ended; a few attempts succeed.
    for round in 1... {
      do {
        for (from, _) in wanted { try Self.endSessions(of: from, connection) }
        return try connection.transaction {
          for (from, to) in wanted {
            try connection.execute(
              "ALTER DATABASE \(Identifier.quote(from)) RENAME TO \(Identifier.quote(to))")
          }
        }
      } catch let failure as DatabaseFailure where failure.sqlState == "55006" && round < 6 {
        continue
      }
    }
  }

  /// Ends the sessions with a database: PostgreSQL fails with 55006 while anyone is connected.
  private static func endSessions(of database: String, _ connection: Connection) throws {
    _ = try connection.query(
      // Ending the session of a role that the current role is not a member of is an error.
      """
      SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1 AND pid <> pg_backend_pid()
      AND ((SELECT rolsuper FROM pg_roles WHERE rolname = current_user) OR pg_has_role(usesysid, 'MEMBER'))
      """,
      [database])
  }

  static func drop(_ name: String, _ access: AdministratorAccess) throws {
    let connection = try access.connect()
    defer { connection.close() }
    try connection.execute("DROP DATABASE IF EXISTS \(Identifier.quote(name)) WITH (FORCE)")
  }
}
