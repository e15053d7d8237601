import Common

extension Connection {
  /// Begins a read-only transaction on a snapshot of the database, and exports the snapshot for other sessions.
  ///
  /// The snapshot is valid while this transaction is open. Also works on a hot standby.
  public func exportSnapshot() throws -> Snapshot {
    try execute("BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY")
    // Standby servers can export snapshots since version 10; all supported versions are later.
    guard let id = try value("SELECT pg_export_snapshot()") else {
      throw PlainFailure(.database, "snapshot", "PostgreSQL exported none")
    }
    return Snapshot(id: id)
  }

  /// Begins a read-only transaction on an exported snapshot.
  public func adopt(_ snapshot: Snapshot) throws {
    try execute("BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY")
    try execute("SET TRANSACTION SNAPSHOT \(Identifier.literal(snapshot.id))")
  }
}

/// An exported snapshot of a database, shared by several sessions.
public struct Snapshot: Sendable, Equatable {
  /// The identifier for `SET TRANSACTION SNAPSHOT` and pg_dump's `--snapshot`.
  public let id: String
}
