import Common

/// What PostgreSQL or libpq said, with what an operator can do about it.
///
/// PostgreSQL's DETAIL line is kept apart in ``detail``: it often quotes a row, and rows do not belong into an error.
public struct DatabaseFailure: Failure, Equatable {
  public let subject: String
  public let reason: String
  /// PostgreSQL's five-character code; nil where the connection itself failed.
  public let sqlState: String?
  /// The table that the error is about, where PostgreSQL names one.
  public let table: String?
  public let constraint: String?
  /// May quote data. For a log that only the operator reads, never for a screen.
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

  /// By SQLSTATE where there is one; a refused connection has none, there libpq's words must do.
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
