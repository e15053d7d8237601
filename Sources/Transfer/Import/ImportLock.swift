import Common
import Glibc
import Operations
import Postgres
import Server

/// Serializes the imports into one server; the import that holds the turn deletes the leftovers of killed ones.
///
/// The turn is an advisory lock of the transaction that writes the rows. A free lock therefore also means that the
/// outcome of the last transaction is decided, whether its process was killed or its connection was lost.
package struct ImportLock {
  let installation: Installation
  let subdomain: String
  let connection: Connection

  private static let server = "aloha-wizard import"
  private var own: String { "aloha-wizard import \(subdomain)" }
  private static let key = "hashtextextended($1, 0)"

  /// Waits for the turn, within the transaction of the import, and deletes leftovers.
  ///
  /// - Throws: `.conflict` if another import into the same subdomain is running (it does not wait for that one), or if
  ///   the subdomain has been taken since the checks.
  func take(progress: Progress) throws {
    // If this process is killed, the session should end soon, not only after the index that it is building.
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
    // An import may have ended since the checks.
    if try connection.value("SELECT 1 FROM zerver_realm WHERE string_id = $1", [subdomain]) != nil {
      throw PlainFailure(
        .conflict, "subdomain '\(subdomain)'", "has just been taken", remedy: "choose another subdomain")
    }
    try Self.clear(installation, connection, progress: progress)
  }

  /// Deletes leftovers of interrupted imports, to free disk space before unpacking. If an import is running, they are
  /// deleted later.
  package static func settle(_ installation: Installation, _ connection: Connection, progress: Progress) throws {
    try WorkFolder.removeAbandoned(installation)
    try connection.transaction {
      if try isFree(connection) { try clear(installation, connection, progress: progress) }
    }
  }

  /// Returns whether the organization was committed after the connection was lost during the commit. Waits until the
  /// outcome is decided, and for a database that restarts (up to 20 seconds).
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

  /// Tries for three seconds: the session of a killed import needs a moment to end.
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
    let removed = try StagedUploads.recover(installation) { id in
      try connection.value("SELECT 1 FROM zerver_realm WHERE id = $1", [String(id)]) != nil
    }
    if !removed.isEmpty { progress.note("Files of an interrupted import were removed.") }
  }
}
