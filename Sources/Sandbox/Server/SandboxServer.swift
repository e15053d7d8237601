import Common
import Glibc
import Operations
import Postgres

/// A throw-away server: a root folder with the layout of a production machine, and a database.
public struct SandboxServer: Sendable {
  public let name: String
  public let brand: Brand
  /// The value for `--root`: the parent of `etc` and `home`.
  public let root: String
  /// The server as operations refer to it.
  public var reference: ServerReference { ServerReference(root: root) }
  /// The host name for its users.
  public let host: String
  public let database: String
  /// The salt of the names of avatar files.
  public var avatarSalt: String { secrets.avatarSalt }
  /// The database password among the secrets. It is not required before ``requirePassword()``.
  public var databasePassword: Secret { secrets.databasePassword }
  private let secrets: ServerSecrets
  let cluster: PrivateCluster

  /// Creates a freshly installed server in `root`. An earlier server there is replaced.
  init(name: String, brand: Brand, root: String, database: String, cluster: PrivateCluster) throws {
    self.name = name
    self.brand = brand
    self.root = root
    self.database = database
    self.cluster = cluster
    host = "\(name).example.com"
    try FileSystem.removeTree(root)
    try FileSystem.makeFolder(root, mode: 0o700)
    try SandboxMark.write(below: root)
    secrets = try ServerFiles(root: root, brand: brand).write(
      host: host, socketFolder: cluster.socketFolder, database: database)
    try TemplateDatabase(brand: brand).makeDatabase(database, in: cluster)
    let connection = try cluster.connect(database: database)
    defer { connection.close() }
    try connection.execute("SET search_path TO \(brand.rawValue)")
    try FreshServer.populate(connection, brand: brand, now: .today())
  }

  private var files: ServerFiles { ServerFiles(root: root, brand: brand) }

  /// The folder of `settings.py` and the two conf files.
  public var configuration: String { files.configuration }
  /// The folder of `files` and `avatars`.
  public var uploads: String { files.uploads }
  /// The folder of the installed version, with `manage.py`, `version.py` and `scripts`.
  public var deployment: String { files.deployment }
  /// The log of its scripts: one line for each call, with the time and each argument in brackets.
  public var scriptLog: String { "\(root)/var/log/\(brand.rawValue)/scripts.log" }

  /// The connection parameters of the server itself, without a password.
  public var parameters: ConnectionParameters { cluster.parameters(database: database, user: brand.rawValue) }

  /// Opens a session with the server's role and search path.
  public func connect() throws -> Connection { try Connection(parameters) }

  /// Opens a session of the cluster's superuser with the server's search path.
  public func connectAsSuperuser() throws -> Connection {
    let connection = try cluster.connect(database: database)
    try connection.execute("SET search_path TO \(brand.rawValue)")
    return connection
  }

  /// Makes the database require the password among the server's secrets.
  public func requirePassword() throws {
    try cluster.requirePassword(databasePassword, database: database, role: brand.rawValue)
  }

  /// Whether the server's process is running.
  public var isRunning: Bool {
    ProcessState.named(in: "\(root)/var/run/\(brand.rawValue)/server.pid").map(ProcessState.isAlive) ?? false
  }

  /// Runs a script of the server, by its path below ``deployment``. Returns its output.
  ///
  /// - Throws: `.command` if its status is not 0.
  @discardableResult
  public func run(_ script: String, _ arguments: [String] = []) throws -> String {
    try Subprocess("\(deployment)/\(script)", arguments, directory: "/").runChecked()
  }

  /// Makes a script (`restart-server`, `manage.py-checkconfig` …) fail with a text, or, with nil, succeed again.
  public func breakScript(_ name: String, saying words: String?) throws {
    let path = "\(root)/var/broken/\(name)"
    guard let words else { return try FileSystem.removeTree(path) }
    try FileSystem.makeFolder("\(root)/var/broken", mode: 0o755)
    try SampleFile.rewrite((words + "\n").utf8, to: path)
  }
}

extension SampleTime {
  static func today() -> SampleTime {
    SampleTime(microseconds: Int64(time(nil)) * 1_000_000)
  }
}
