import Common

/// An error of PostgreSQL or libpq, with the action that an operator can take.
///
/// PostgreSQL's DETAIL line is separate, in ``detail``: it often quotes row data, which messages must not contain.
public struct DatabaseFailure: Failure, Equatable {
  public let subject: String
  public let reason: String
  /// PostgreSQL's five-character SQLSTATE; nil if the connection failed.
  public let sqlState: String?
  /// The affected table; nil if PostgreSQL does not name one.
  public let table: String?
  public let constraint: String?
  /// May quote row data. Only for a log that the operator alone reads, never for the screen.
  public let detail: String?
  public let family: FailureFamily
  public let remedy: String?

  init(
    subject: String, message: String, sqlState: String?, table: String? = nil, constraint: String? = nil,
    detail: String? = nil, family: FailureFamily = .database
  ) {
    self.subject = subject
    self.sqlState = sqlState
    self.table = table
    self.constraint = constraint
    self.detail = detail.map { SafeText.clean($0) }
    let meaning = Self.meaning(sqlState: sqlState, message: message)
    self.family = meaning?.family ?? family
    remedy = meaning?.remedy
    var said = SafeText.clean(message, limit: 600)
    if let sqlState { said += " (SQLSTATE \(sqlState))" }
    reason = said
  }

  private struct Meaning {
    let family: FailureFamily
    let remedy: String
  }

  /// Returns the family and the remedy by SQLSTATE. A failed connection has none; then the text of libpq is examined.
  private static func meaning(sqlState: String?, message: String) -> Meaning? {
    switch sqlState {
    case "53100":
      Meaning(family: .database, remedy: "free some space on the disk of the database, then try again")
    case "53300":
      Meaning(family: .connection, remedy: "too many connections: stop the server, or wait, then try again")
    case "42501":
      Meaning(family: .database, remedy: "run it as root, or as the user who owns the database")
    case "40P01", "40001":
      Meaning(family: .database, remedy: "another program wrote the same rows; stop the server, then try again")
    case "57014":
      Meaning(family: .cancelled, remedy: "it was stopped; run it again when you are ready")
    case "57P01", "57P02", "57P03", "08006", "08003":
      Meaning(family: .connection, remedy: "the database server stopped or restarts; see its log, then try again")
    case "25006":
      Meaning(family: .database, remedy: "this is a read-only standby; run it on the primary server")
    case nil: connectionMeaning(message)
    default: nil
    }
  }

  private static func connectionMeaning(_ message: String) -> Meaning {
    func has(_ text: String) -> Bool { message.contains(text) }
    let remedy =
      if has("password authentication failed") || has("no password supplied") {
        "check postgres_password among the server's secrets, and REMOTE_POSTGRES_HOST in settings.py"
      } else if has("Peer authentication failed") || has("Ident authentication failed") {
        "run it as root, or as the database's own user"
      } else if has("No such file or directory") || has("Connection refused") {
        "start PostgreSQL, or correct REMOTE_POSTGRES_HOST in settings.py"
      } else if has("database") && has("does not exist") {
        "check database_name in the [postgresql] part of the server's configuration"
      } else if has("role") && has("does not exist") {
        "check database_user in the [postgresql] part of the server's configuration"
      } else if has("could not translate host name") {
        "check REMOTE_POSTGRES_HOST in settings.py and the machine's name service"
      } else if has("SSL") {
        "check REMOTE_POSTGRES_SSLMODE in settings.py"
      } else {
        "check that PostgreSQL is running and reachable from here"
      }
    return Meaning(family: .connection, remedy: remedy)
  }
}
