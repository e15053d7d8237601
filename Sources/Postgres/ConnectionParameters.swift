import Common

/// Where a database is and who asks for it.
public struct ConnectionParameters: Sendable, Equatable {
  /// A host name, or the folder of a Unix socket; nil means the system's own socket.
  public var host: String?
  public var port: Int?
  public var database: String
  public var user: String
  /// Handed to libpq directly: neither the environment nor a process list shows it.
  public var password: Secret?
  /// libpq's `sslmode`; nil leaves libpq's default.
  public var sslMode: String?
  public var applicationName: String
  /// The operating system's user whose name PostgreSQL is to see on a local socket (peer authentication). Only root can
  /// lend it; for anyone else it is ignored.
  public var systemUser: String?

  public init(
    host: String? = nil, port: Int? = nil, database: String, user: String, password: Secret? = nil,
    sslMode: String? = nil, applicationName: String = "aloha-wizard", systemUser: String? = nil
  ) {
    self.host = host
    self.port = port
    self.database = database
    self.user = user
    self.password = password
    self.sslMode = sslMode
    self.applicationName = applicationName
    self.systemUser = systemUser
  }

  /// How errors name it: never with the password.
  public var label: String {
    let place = host.map { port == nil ? $0 : "\($0):\(port ?? 0)" } ?? "the local socket"
    return "database \(database) on \(place) as \(user)"
  }

  /// Keywords and values for libpq. Every value is given, so that no `PG…` variable of the environment changes them.
  var keywords: [(String, String)] {
    var pairs = [
      ("dbname", database), ("user", user), ("application_name", applicationName), ("client_encoding", "UTF8"),
      ("connect_timeout", "15"), ("keepalives_idle", "60"),
      // Long exports and imports must not be cut by a time-out that is meant for the chat server's short statements.
      ("options", "-c statement_timeout=0 -c idle_in_transaction_session_timeout=0 -c lock_timeout=0"),
    ]
    if let host { pairs.append(("host", host)) }
    if let port { pairs.append(("port", String(port))) }
    if let password { pairs.append(("password", password.reveal())) }
    if let sslMode { pairs.append(("sslmode", sslMode)) }
    return pairs
  }
}
