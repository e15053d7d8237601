import Common
import Glibc
import Postgres

/// The role that may create and rename databases for a server's restore.
///
/// On a production machine that is the role `postgres`, which PostgreSQL accepts on its own socket for the system user
/// of the same name: root can switch to it. For a remote database, the operator names a role and a file with its
/// password.
public struct AdministratorAccess: Sendable {
  /// A session with the database `postgres`.
  public let parameters: ConnectionParameters
  /// Extensions and rows in tables of other roles require it; otherwise a role that may only create databases is
  /// sufficient.
  public let isSuperuser: Bool

  package init(parameters: ConnectionParameters, isSuperuser: Bool) {
    self.parameters = parameters
    self.isSuperuser = isSuperuser
  }

  /// The operator's choice of the role; usually empty.
  public struct Wish: Sendable, Codable, Equatable {
    public var user: String?
    /// A file that contains only the password.
    public var passwordFile: String?

    public init(user: String? = nil, passwordFile: String? = nil) {
      self.user = user
      self.passwordFile = passwordFile
    }
  }

  /// Finds a role with sufficient rights.
  ///
  /// - Throws: `.configuration` if no reachable role has them.
  public static func find(_ installation: Installation, _ wish: Wish = Wish()) throws -> AdministratorAccess {
    var own = installation.databaseParameters()
    own.database = "postgres"
    var administrator = own
    administrator.user = wish.user ?? "postgres"
    administrator.password = try wish.passwordFile.map { path in
      Secret(String(decoding: try FileSystem.read(path, limit: 4096), as: UTF8.self).filter { !$0.isNewline })
    }
    let isLocal = own.host.map { $0.hasPrefix("/") } ?? true
    administrator.systemUser = isLocal && getpwnam(administrator.user) != nil ? administrator.user : nil
    var failure: (any Error)?
    // The server's own role may have the right: some hosts give each server a role that can create databases.
    for parameters in [administrator, own] {
      do {
        let connection = try Connection(parameters)
        defer { connection.close() }
        let rights = try connection.query(
          "SELECT rolsuper, rolcreatedb FROM pg_roles WHERE rolname = current_user")
        if let row = rights.first, row.bool(0) || row.bool(1) {
          return AdministratorAccess(parameters: parameters, isSuperuser: row.bool(0))
        }
      } catch { failure = failure ?? error }
    }
    let said = failure.map { " (\(($0 as? any Failure)?.reason ?? "\($0)"))" } ?? ""
    throw PlainFailure(
      .configuration, "PostgreSQL's administrator",
      "no database role that may create and rename databases can be used from here\(said)",
      remedy: isLocal
        ? "run it as root on this machine, or name a role with --database-administrator"
        : "name a role that may, with --database-administrator and --database-password-file")
  }

  /// Opens a session with a database as the administrator.
  ///
  /// - Throws: ``DatabaseFailure`` if the connection fails.
  public func connect(database: String = "postgres", cancellation: Cancellation? = nil) throws -> Connection {
    var parameters = parameters
    parameters.database = database
    return try Connection(parameters, cancellation: cancellation)
  }
}
