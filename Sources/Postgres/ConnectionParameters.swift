import Common

/// The address of a database, and the credentials.
public struct ConnectionParameters: Sendable, Equatable {
  /// A host name, or the folder of a Unix socket; nil: the default socket.
  public var host: String?
  public var port: Int?
  public var database: String
  public var user: String
  /// Passed to libpq directly, so that it appears neither in the environment nor in the process list.
  public var password: Secret?
  /// libpq's `sslmode`; nil: libpq's default.
  public var sslMode: String?
  public var applicationName: String
  /// The operating-system user for peer authentication on a local socket. Only root can assume another user; for other
  /// users the value is ignored.
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

  /// The connection as text for messages, without the password.
  public var label: String {
    let place = host.map { port == nil ? $0 : "\($0):\(port ?? 0)" } ?? "the local socket"
    return "database \(database) on \(place) as \(user)"
  }

  /// Keywords and values for libpq. For omitted values (host, port, password, sslmode), libpq uses its `PG…`
  /// environment variables and defaults.
  var keywords: [(String, String)] {
    var pairs = [
      ("dbname", database), ("user", user), ("application_name", applicationName), ("client_encoding", "UTF8"),
      ("connect_timeout", "15"), ("keepalives_idle", "60"),
      // Timeouts of the database are meant for the short statements of the chat server, not for exports and imports.
      ("options", "-c statement_timeout=0 -c idle_in_transaction_session_timeout=0 -c lock_timeout=0"),
    ]
    if let host { pairs.append(("host", host)) }
    if let port { pairs.append(("port", String(port))) }
    if let password { pairs.append(("password", password.reveal())) }
    if let sslMode { pairs.append(("sslmode", sslMode)) }
    return pairs
  }
}
