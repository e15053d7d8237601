import Common
import Glibc
import Operations
import Postgres

/// One throw-away server: a root folder laid out as a production machine, and a database of its own.
public struct SandboxServer: Sendable {
  public let name: String
  public let brand: Brand
  /// What `--root` takes: `etc` and `home` are below it.
  public let root: String
  /// How operations name it.
  public var reference: ServerReference { ServerReference(root: root) }
  /// The host name that its users would type.
  public let host: String
  public let database: String
  /// The salt that the names of its avatar files are computed with.
  public var avatarSalt: String { secrets.avatarSalt }
  /// The password among its secrets. No one asks for it until ``requirePassword()``.
  public var databasePassword: Secret { secrets.databasePassword }
  private let secrets: ServerSecrets
  let cluster: PrivateCluster

  /// Makes a server in `root` as a fresh installation leaves it. What was there of an earlier one is replaced.
  init(name: String, brand: Brand, root: String, database: String, cluster: PrivateCluster) throws {
    self.name = name
    self.brand = brand
    self.root = root
    self.database = database
    self.cluster = cluster
    host = "\(name).example.com"
    try FileSystem.removeTree(root)
    try FileSystem.makeFolder(root, mode: 0o700)
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
  /// The folder of the installed version: `manage.py`, `version.py`, `scripts`.
  public var deployment: String { files.deployment }
  /// Where its scripts note what they were asked, one line a call: a time, then each word in brackets.
  public var scriptLog: String { "\(root)/var/log/\(brand.rawValue)/scripts.log" }

  /// How the server itself reaches its database.
  public var parameters: ConnectionParameters { cluster.parameters(database: database, user: brand.rawValue) }

  /// A session as the server's own role, whose search path finds the tables.
  public func connect() throws -> Connection { try Connection(parameters) }

  /// A session as the cluster's superuser, with the server's tables on its search path.
  public func connectAsSuperuser() throws -> Connection {
    let connection = try cluster.connect(database: database)
    try connection.execute("SET search_path TO \(brand.rawValue)")
    return connection
  }

  /// From now on the database wants the password that is among the server's secrets.
  public func requirePassword() throws {
    try cluster.requirePassword(databasePassword, database: database, role: brand.rawValue)
  }

  /// Whether the process of the server runs.
  public var isRunning: Bool {
    ProcessState.named(in: "\(root)/var/run/\(brand.rawValue)/server.pid").map(ProcessState.isAlive) ?? false
  }

  /// Runs one of its scripts, by its path below ``deployment``.
  @discardableResult
  public func run(_ script: String, _ arguments: [String] = []) throws -> String {
    try Subprocess("\(deployment)/\(script)", arguments, directory: "/").runChecked()
  }

  /// Makes a script (`restart-server`, `manage.py-checkconfig` …) fail from now on with these words, or work again.
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
