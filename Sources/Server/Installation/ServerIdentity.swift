import Common
import Operations
import Postgres

/// What makes a server that server: its database, and its folders. Paths, host names and links have no part in it.
public struct ServerIdentity: Sendable, Equatable, Codable {
  /// What two servers have in common.
  public enum Overlap: Sendable, Equatable {
    /// They are one server.
    case server
    /// Two sets of settings lead to one database.
    case database
    /// They have two databases, and keep uploads in one folder.
    case uploads
  }

  /// The running system whose folders are meant: those of two machines can have the same numbers.
  private let machine: String
  private let settings: FileIdentity?
  private let uploads: Set<FileIdentity>
  /// Nil if it could not be asked.
  private let database: DatabaseIdentity?

  /// - Parameter connection: nil: only the folders are compared.
  public init(_ installation: Installation, _ connection: Connection?) throws {
    machine = String(decoding: (try? FileSystem.read("/proc/sys/kernel/random/boot_id")) ?? [], as: UTF8.self)
    settings = FileIdentity(installation.configurationFolder)
    // Parts of the uploads can be links to folders on other disks.
    let folders = [installation.uploadsFolder, installation.messageFilesFolder, installation.avatarsFolder]
    uploads = installation.storesUploadsInS3 ? [] : Set(folders.compactMap { FileIdentity($0) })
    database = try connection.map { try DatabaseIdentity($0) }
  }

  /// Returns the closest thing that both have in common; nil if they are two servers.
  public func overlap(with other: ServerIdentity) -> Overlap? {
    let isOneMachine = machine == other.machine
    if isOneMachine, let settings, settings == other.settings { return .server }
    if let database, let others = other.database, database.isSame(as: others) { return .database }
    return !isOneMachine || uploads.isDisjoint(with: other.uploads) ? nil : .uploads
  }

  /// Compares two servers. Both sessions are open at the same time, see ``DatabaseIdentity``.
  ///
  /// - Parameter mustConnect: false: a server whose database does not answer is compared by its folders.
  /// - Throws: if a database has to answer and does not.
  public static func overlap(
    _ one: Installation, _ other: Installation, mustConnect: Bool = true, cancellation: Cancellation? = nil
  ) throws -> Overlap? {
    func session(_ server: Installation) throws -> Connection? {
      guard mustConnect else { return try? server.connect(cancellation: cancellation) }
      return try server.connect(cancellation: cancellation)
    }
    // Nothing has to be asked about one folder.
    if let settings = FileIdentity(one.configurationFolder), settings == FileIdentity(other.configurationFolder) {
      return .server
    }
    let first = try session(one)
    defer { first?.close() }
    let second = try session(other)
    defer { second?.close() }
    return try ServerIdentity(one, first).overlap(with: ServerIdentity(other, second))
  }
}

/// One database of one cluster, however it is reached: through a socket, an address or a pooler, under any host name.
///
/// Copies of a whole cluster (a cloned machine) have the same system identifier and the same object ids. They are told
/// apart by the time when their server process started; a standby counts as its primary. Compare two identities only
/// while both sessions are open: a restart in between changes that time.
public struct DatabaseIdentity: Sendable, Equatable, Codable {
  private let name: String
  private let id: String
  /// Nil if the role may not ask for it.
  private let cluster: String?
  private let started: String
  private let isStandby: Bool

  public init(_ connection: Connection) throws {
    let row = try connection.query(
      """
      SELECT d.datname, d.oid, to_char(pg_postmaster_start_time() AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US'),
        pg_is_in_recovery(), has_function_privilege('pg_catalog.pg_control_system()', 'EXECUTE')
      FROM pg_database d WHERE d.datname = current_database()
      """
    ).first
    name = row?[0] ?? ""
    id = row?[1] ?? ""
    started = row?[2] ?? ""
    isStandby = row?[3] == "t"
    cluster = row?[4] == "t" ? try connection.value("SELECT system_identifier FROM pg_control_system()") : nil
  }

  public func isSame(as other: DatabaseIdentity) -> Bool {
    guard !id.isEmpty, id == other.id, name == other.name else { return false }
    if let cluster, let theirs = other.cluster, cluster != theirs { return false }
    if started == other.started { return true }
    return cluster != nil && cluster == other.cluster && (isStandby || other.isStandby)
  }
}
