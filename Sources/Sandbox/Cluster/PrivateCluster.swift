import Common
import Glibc
import Postgres
import Synchronization

/// A PostgreSQL of its own, in a folder, reachable through a Unix socket only.
///
/// It lives no longer than the process that started it: a supervisor stops it on ``stop()``, when this object goes, and
/// when the process dies, `kill -9` included. A folder that holds the data of an earlier start is used again, however
/// that one ended.
public final class PrivateCluster: Sendable {
  public struct Options: Sendable {
    /// Writes reach the disk before they count. Off by default: nothing in a throw-away cluster is worth the wait.
    public var isDurable = false
    public var sharedBuffers = "128MB"
    public var maximalWAL = "2GB"
    /// Starts with no data, whatever the folder holds.
    public var startsFresh = false
    /// The folder that holds the servers of this cluster: their processes are stopped with it.
    public var serversFolder: String?
    /// Folders that go away together with the cluster, besides its data.
    public var removedAtEnd: [String] = []

    public init() {}
  }

  /// The folder that was asked for.
  public let folder: String
  /// What to give as the host: the folder of the socket.
  public let socketFolder: String
  private let place: ClusterPlace
  private let user: ClusterUser
  private let supervisor: Mutex<Supervisor?>

  /// Starts a cluster in `folder`, made where it is missing.
  ///
  /// - Throws: `.configuration` where PostgreSQL is not installed, `.conflict` where another process uses the folder.
  public init(folder: String, options: Options = Options()) throws {
    let programs = try PostgresPrograms.find()
    let user = try ClusterUser.choose()
    try FileSystem.makeFolder(folder, mode: geteuid() == 0 ? 0o711 : 0o700)
    let lock = try Self.lock(folder)
    let place = try ClusterPlace(folder: folder, user: user)
    if options.startsFresh { try FileSystem.removeTree(place.data) }
    try place.endLeftOvers(programs: programs, user: user)
    try place.prepare(programs: programs, user: user, options: options)
    self.folder = folder
    self.place = place
    self.user = user
    socketFolder = place.socket
    supervisor = Mutex(
      try Supervisor(
        lock: lock, place: place, user: user, programs: programs, servers: options.serversFolder ?? "",
        removing: options.removedAtEnd + (place.isElsewhere ? [place.data] : [])))
  }

  deinit { stop() }

  /// Stops it and waits until it has. Its data stays, unless it was to go, or could not be in the folder because the
  /// cluster's user does not get there. A second call does nothing.
  public func stop() {
    supervisor.withLock { running in
      running?.end()
      running = nil
    }
  }

  /// How to reach a database of this cluster. `postgres` is the superuser; no user has a password.
  public func parameters(database: String = "postgres", user: String = "postgres") -> ConnectionParameters {
    ConnectionParameters(
      host: socketFolder, port: 5432, database: database, user: user, sslMode: "disable",
      applicationName: "aloha-sandbox")
  }

  public func connect(database: String = "postgres", user: String = "postgres") throws -> Connection {
    try Connection(parameters(database: database, user: user))
  }

  /// Gives the role a password, and lets it into the database with that one only.
  func requirePassword(_ password: Secret, database: String, role: String) throws {
    let connection = try connect()
    defer { connection.close() }
    try connection.execute(
      "ALTER ROLE \(Identifier.quote(role)) PASSWORD \(Identifier.literal(password.reveal()))")
    try place.requirePassword(database: database, role: role, user: user)
    try connection.execute("SELECT pg_reload_conf()")
  }

  /// The lock of the folder. An owner that has just died still has its supervisor, which is waited for elsewhere.
  private static func lock(_ folder: String) throws -> FileLock {
    guard let lock = try FileLock("\(folder)/lock") else {
      throw PlainFailure(
        .conflict, folder, "another process uses this folder", remedy: "end that one, or choose another folder")
    }
    return lock
  }
}
