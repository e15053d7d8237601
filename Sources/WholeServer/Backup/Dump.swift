import Common
import Operations
import Postgres
import Server
import Synchronization

/// A dump in PostgreSQL's directory format, made by several sessions that share one snapshot; deleted with the object.
final class Dump {
  private let work: ScratchFolder
  /// The folder for `pg_restore`.
  let folder: String
  /// The size of its files in bytes.
  private(set) var bytes: Int64 = 0

  /// - Parameters:
  ///   - session: holds the snapshot; it stays open and idle during the dump.
  ///   - place: the parent of the folder.
  ///   - meter: counts bytes of rows, in the units of ``sizes(_:)``.
  init(
    _ installation: Installation, _ session: Connection, _ snapshot: Snapshot, workers: Int, level: Int,
    in place: String, meter: Meter
  ) throws {
    let tools = try PostgresTools.find(major: session.serverVersion / 10_000)
    let run = ToolRun(tools: tools, parameters: installation.databaseParameters())
    work = try ScratchFolder(in: place, for: run.user)
    folder = "\(work.path)/database"
    let sizes = try Self.sizes(session)
    let failure = Mutex<(any Error)?>(nil)
    try run.run(
      "pg_dump",
      [
        "--format=directory", "--file=\(folder)", "--jobs=\(workers)", "--snapshot=\(snapshot.id)",
        "--compress=\(level)", "--no-sync", "--verbose",
      ], cancellation: session.cancellation
    ) { line in
      guard let table = Self.finishedTable(line, isParallel: workers > 1) else { return }
      do { try meter.advance(by: sizes[table] ?? 0) } catch { failure.withLock { $0 = error } }
    }
    if let error = failure.withLock({ $0 }) { throw error }
    for name in try FileSystem.names(in: folder) { bytes += FileSystem.size("\(folder)/\(name)") ?? 0 }
  }

  /// Returns the bytes of rows by table, without indexes.
  static func sizes(_ connection: Connection) throws -> [String: Int64] {
    var sizes: [String: Int64] = [:]
    for row in try connection.query(
      """
      SELECT c.relname, pg_table_size(c.oid) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
      WHERE c.relkind = 'r' AND n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema'
      """)
    {
      sizes[row[0] ?? "", default: 0] += row[1].flatMap { Int64($0) } ?? 0
    }
    return sizes
  }

  /// Returns the table that a line of pg_dump names: `pg_dump: finished item 4013 TABLE DATA zerver_message`, or with
  /// one session `pg_dump: dumping contents of table "zulip.zerver_message"`.
  private static func finishedTable(_ line: String, isParallel: Bool) -> String? {
    if isParallel {
      guard line.contains("finished item"), line.contains(" TABLE DATA ") else { return nil }
      return line.split(separator: " ").last.map(String.init)
    }
    guard line.contains("dumping contents of table") else { return nil }
    return line.split(separator: "\"").dropFirst().first?.split(separator: ".").last.map(String.init)
  }
}
