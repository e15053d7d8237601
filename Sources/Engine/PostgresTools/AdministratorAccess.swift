import Common
import Glibc
import Postgres

/// Who may create and rename databases where a server has its own.
///
/// On a production machine that is the role `postgres`, whom PostgreSQL lets in on its own socket when the system user
/// of that name asks: root lends it. With a database elsewhere the operator names a role and a file with its password.
public struct AdministratorAccess: Sendable {
  /// A session with the database `postgres`.
  public let parameters: ConnectionParameters
  /// Extensions and rows of others' tables need one; a role that may only create databases does for most.
  public let isSuperuser: Bool

  /// What the operator said about it; usually nothing.
  public struct Wish: Sendable, Codable, Equatable {
    public var user: String?
    /// A file that holds nothing but the password.
    public var passwordFile: String?

    public init(user: String? = nil, passwordFile: String? = nil) {
      self.user = user
      self.passwordFile = passwordFile
    }
  }

  /// Finds out who may.
  ///
  /// - Throws: `.configuration` where nobody who can be reached from here may.
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
    // The server's own role may be allowed to: some hosts give each server a role that can create databases.
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

  public func connect(database: String = "postgres", cancellation: Cancellation? = nil) throws -> Connection {
    var parameters = parameters
    parameters.database = database
    return try Connection(parameters, cancellation: cancellation)
  }
}
