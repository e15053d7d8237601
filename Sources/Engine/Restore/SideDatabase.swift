import Common
import Glibc
import Postgres

/// The databases of one restore: the server's own, the one beside it that is being made, and the old one that is kept.
struct SideDatabase: Sendable, Codable, Equatable {
  /// The server's own name for its database.
  let live: String
  let side: String
  let before: String
  /// The role that owns it.
  let owner: String

  init(live: String, owner: String, id: String) {
    // PostgreSQL cuts names at 63 bytes; what tells them apart stands at their end.
    let stem = Self.stem(of: live)
    let mark = id.replacing("-", with: "_")
    self.live = live
    self.owner = owner
    side = "\(stem)_restore_\(mark)"
    before = "\(stem)_before_\(mark)"
  }

  /// What the names of databases that restores make begin with.
  var stem: String { Self.stem(of: live) }

  private static func stem(of live: String) -> String {
    String(decoding: Array(live.utf8.prefix(36)), as: UTF8.self)
  }

  static func exists(_ name: String, _ connection: Connection) throws -> Bool {
    try !connection.query("SELECT 1 FROM pg_database WHERE datname = $1", [name]).isEmpty
  }

  // MARK: Making

  /// Makes the empty side database, with the same encoding, order of letters and tablespace as the
  /// server's, where that exists.
  func create(_ access: AdministratorAccess) throws {
    let connection = try access.connect()
    defer { connection.close() }
    let form = try DatabaseForm.read(of: live, connection).clause
    try connection.execute(
      "CREATE DATABASE \(Identifier.quote(side)) OWNER \(Identifier.quote(owner)) TEMPLATE template0 \(form)")
  }

  /// What was set for the old database alone (`ALTER DATABASE … SET`) is set for the new one; no dump carries that.
  ///
  /// - Returns: settings that this administrator may not set, each named.
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
        let whose = (row[0] ?? "").isEmpty ? "" : " of role \(SafeText.clean(row[0] ?? "", limit: 60))"
        refused.append(
          "The setting \(SafeText.clean(name, limit: 60))\(whose) for this database was not copied: that requires a superuser"
        )
      }
    }
    return refused
  }

  private func copy(_ name: String, _ value: String, role: String, _ connection: Connection) throws {
    // Values come as one text, lists too: the session takes it apart, and the database takes it from the session.
    _ = try connection.query("SELECT set_config($1, $2, false)", [name, value])
    let scope = "IN DATABASE \(Identifier.quote(side)) SET \(Identifier.quote(name)) FROM CURRENT"
    try connection.execute(
      role.isEmpty
        ? "ALTER DATABASE \(Identifier.quote(side)) SET \(Identifier.quote(name)) FROM CURRENT"
        : "ALTER ROLE \(Identifier.quote(role)) \(scope)")
  }

  // MARK: Swapping

  /// Whether the restored database has taken the server's place.
  func isSwapped(_ access: AdministratorAccess) throws -> Bool {
    let connection = try access.connect()
    defer { connection.close() }
    return try !Self.exists(side, connection)
  }

  /// Which of its three databases there are now.
  func found(_ access: AdministratorAccess) throws -> (live: Bool, side: Bool, before: Bool) {
    let connection = try access.connect()
    defer { connection.close() }
    return (
      try Self.exists(live, connection), try Self.exists(side, connection), try Self.exists(before, connection)
    )
  }

  /// The restored database takes the server's name. Both names change in one transaction: there is no moment between.
  func swap(_ access: AdministratorAccess) throws {
    try rename(access) { connection in
      guard try Self.exists(side, connection) else { return [] }
      let hasLive = try Self.exists(live, connection)
      return (hasLive ? [(live, before)] : []) + [(side, live)]
    }
  }

  /// The old database has its name again.
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
    // A session that comes back in the moment after it was ended makes PostgreSQL refuse; a few rounds do.
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

  /// "55006" is what PostgreSQL says while anyone is connected.
  private static func endSessions(of database: String, _ connection: Connection) throws {
    _ = try connection.query(
      // Ending the session of a role that one is no member of is an error.
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
