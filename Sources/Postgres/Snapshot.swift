import Common

extension Connection {
  /// Opens a read-only transaction that sees the database at one instant, and names that instant for other sessions.
  ///
  /// It holds for as long as this transaction is open. Works on a hot standby too.
  public func exportSnapshot() throws -> Snapshot {
    try execute("BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY")
    // A standby cannot export what it sees before version 10; all that are supported can.
    guard let id = try value("SELECT pg_export_snapshot()") else {
      throw PlainFailure(.database, "snapshot", "PostgreSQL exported none")
    }
    return Snapshot(id: id)
  }

  /// Opens a read-only transaction that sees the very same instant.
  public func adopt(_ snapshot: Snapshot) throws {
    try execute("BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY")
    try execute("SET TRANSACTION SNAPSHOT \(Identifier.literal(snapshot.id))")
  }
}

/// One instant of a database that several sessions read.
public struct Snapshot: Sendable, Equatable {
  /// What `SET TRANSACTION SNAPSHOT` and pg_dump's `--snapshot` take.
  public let id: String
}
