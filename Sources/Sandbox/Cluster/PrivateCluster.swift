import Common
import Glibc
import Postgres
import Synchronization

/// A PostgreSQL cluster in a folder, reachable through a Unix socket only.
///
/// A supervisor process stops it on ``stop()``, when this object is released, and when the owning process ends for any
/// reason, including SIGKILL. The data of an earlier start in the folder is reused, however that start has ended.
public final class PrivateCluster: Sendable {
  public struct Options: Sendable {
    /// Turns `fsync` and `full_page_writes` on. Off by default: the data of a throw-away cluster may be lost.
    public var isDurable = false
    public var sharedBuffers = "128MB"
    public var maximalWAL = "2GB"
    /// Whether existing data in the folder is deleted first.
    public var startsFresh = false
    /// The folder of this cluster's servers: their processes are stopped with it.
    public var serversFolder: String?
    /// Folders to delete after the cluster has stopped. The data folder is kept unless it is inside one of them.
    public var removedAtEnd: [String] = []

    public init() {}
  }

  /// The folder of the cluster, as passed to ``init(folder:options:)``.
  public let folder: String
  /// The folder of the socket, for the host parameter of a connection.
  public let socketFolder: String
  private let place: ClusterPlace
  private let user: ClusterUser
  private let supervisor: Mutex<Supervisor?>

  /// Starts a cluster in `folder`, which is created if it does not exist. Returns when the cluster accepts connections.
  ///
  /// - Throws: `.configuration` if PostgreSQL is not installed, `.conflict` if another process uses the folder,
  ///   `.command` if the cluster does not start.
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

  /// Stops the cluster and waits for its end. The data is kept, except in a folder of ``Options/removedAtEnd``, and
  /// except outside ``folder``, where it is if the user of the cluster cannot enter ``folder``. Further calls have no
  /// effect.
  public func stop() {
    supervisor.withLock { running in
      running?.end()
      running = nil
    }
  }

  /// Returns the parameters of a connection to a database of this cluster. `postgres` is the superuser; no user has a
  /// password.
  public func parameters(database: String = "postgres", user: String = "postgres") -> ConnectionParameters {
    ConnectionParameters(
      host: socketFolder, port: 5432, database: database, user: user, sslMode: "disable",
      applicationName: "aloha-sandbox")
  }

  public func connect(database: String = "postgres", user: String = "postgres") throws -> Connection {
    try Connection(parameters(database: database, user: user))
  }

  /// Sets the password of a role, and requires it for connections of the role to the database.
  func requirePassword(_ password: Secret, database: String, role: String) throws {
    let connection = try connect()
    defer { connection.close() }
    try connection.execute(
      "ALTER ROLE \(Identifier.quote(role)) PASSWORD \(Identifier.literal(password.reveal()))")
    try place.requirePassword(database: database, role: role, user: user)
    try connection.execute("SELECT pg_reload_conf()")
  }

  /// Takes the lock of the folder. It can be free while the supervisor of an ended owner is still running, see
  /// ``ClusterPlace/endLeftOvers(programs:user:)``.
  ///
  /// - Throws: `.conflict` if another process holds it.
  private static func lock(_ folder: String) throws -> FileLock {
    guard let lock = try FileLock("\(folder)/lock") else {
      throw PlainFailure(
        .conflict, folder, "another process uses this folder", remedy: "end that one, or choose another folder")
    }
    return lock
  }
}
