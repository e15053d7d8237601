import Common
import Glibc
import Postgres

/// Imports into one server take turns, and whoever has the turn clears away what killed ones have left.
///
/// The turn is a lock of the transaction that writes the rows. It says more than that someone works: once it is free, what
/// became of the last transaction is decided, be its process dead or its connection lost.
struct ImportTurn {
  let installation: Installation
  let subdomain: String
  let connection: Connection

  private static let server = "aloha-wizard import"
  private var own: String { "aloha-wizard import \(subdomain)" }
  private static let key = "hashtextextended($1, 0)"

  /// Waits for the turn, within the transaction of the import. Two imports into one subdomain at once: the second is
  /// told, not made to wait.
  func take(progress: Progress) throws {
    // Where this process is killed the session should end soon, not when the index is built that it is at.
    _ = try connection.query(
      "SELECT set_config(name, '500ms', true) FROM pg_settings WHERE name = 'client_connection_check_interval'")
    guard try takeSubdomain() else {
      throw PlainFailure(
        .conflict, "subdomain '\(subdomain)'", "another import into it is running", remedy: "wait for it to end")
    }
    if try !Self.isFree(connection) {
      progress.note("Another import is running on this server; this one waits for its turn.")
      _ = try connection.value("SELECT pg_advisory_xact_lock(\(Self.key))", [Self.server])
    }
    // One that ended since the checks were made.
    if try connection.value("SELECT 1 FROM zerver_realm WHERE string_id = $1", [subdomain]) != nil {
      throw PlainFailure(
        .conflict, "subdomain '\(subdomain)'", "has just been taken", remedy: "choose another subdomain")
    }
    try Self.clear(installation, connection, progress: progress)
  }

  /// Clears away early what lies about, so that there is room to unpack; where an import is running, it will be later.
  static func settle(_ installation: Installation, _ connection: Connection, progress: Progress) throws {
    try WorkFolder.removeAbandoned(installation)
    try connection.transaction {
      if try isFree(connection) { try clear(installation, connection, progress: progress) }
    }
  }

  /// Whether the organization came, where the connection was lost in the middle of the commit. Waits until that is
  /// decided, and for a database that restarts.
  func hasCome() throws -> Bool {
    for _ in 0..<40 {
      do { return try ask() } catch let failure as DatabaseFailure where failure.family == .connection {
        usleep(500_000)
      }
    }
    return try ask()
  }

  private func ask() throws -> Bool {
    let other = try installation.connect()
    defer { other.close() }
    _ = try other.value("SELECT pg_advisory_xact_lock(\(Self.key))", [own])
    return try other.value("SELECT 1 FROM zerver_realm WHERE string_id = $1", [subdomain]) != nil
  }

  /// The session of an import that was killed needs a moment to notice.
  private func takeSubdomain() throws -> Bool {
    for _ in 0..<30 {
      if try connection.value("SELECT pg_try_advisory_xact_lock(\(Self.key))", [own]) == "t" { return true }
      usleep(100_000)
      try connection.cancellation?.check()
    }
    return false
  }

  private static func isFree(_ connection: Connection) throws -> Bool {
    try connection.value("SELECT pg_try_advisory_xact_lock(\(key))", [server]) == "t"
  }

  private static func clear(_ installation: Installation, _ connection: Connection, progress: Progress) throws {
    let removed = try PlacedFiles.recover(installation) { id in
      try connection.value("SELECT 1 FROM zerver_realm WHERE id = $1", [String(id)]) != nil
    }
    if !removed.isEmpty { progress.note("Files of an interrupted import were removed.") }
  }
}
