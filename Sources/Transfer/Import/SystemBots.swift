import Common
import Operations
import Postgres
import Server

/// The server's own bots, whose messages are exported with an organization. An unused server has none; the server's own
/// software creates them.
struct SystemBots {
  let installation: Installation
  let connection: Connection

  /// The bot that replaces one that the server does not have.
  static let substitute = "notification-bot"

  struct Bot {
    let id: Int64
    /// The bot's personal recipient, if the server uses personal recipients.
    let recipient: Int64?
  }

  /// Returns the bots of this server, by the local part of their address.
  func found() throws -> [String: Bot] {
    let rows = try connection.query(
      """
      SELECT split_part(u.email, '@', 1), u.id, r.id FROM zerver_userprofile u JOIN zerver_realm o ON o.id = u.realm_id
      LEFT JOIN zerver_recipient r ON r.type = \(RecipientType.personal) AND r.type_id = u.id
      WHERE o.string_id = $1 AND u.is_bot ORDER BY u.id DESC
      """, [installation.brand.internalSubdomain])
    return rows.reduce(into: [:]) { bots, row in
      guard let name = row[0], let id = row.int(1) else { return }
      bots[name] = Bot(id: Int64(id), recipient: row.int(2).map(Int64.init))
    }
  }

  /// Returns the names of the bots that an archive's messages can come from and that this server does not have.
  func missing() throws -> [String] {
    let found = try connection.query(
      """
      SELECT DISTINCT split_part(u.email, '@', 1) FROM zerver_userprofile u JOIN zerver_realm r ON r.id = u.realm_id
      WHERE r.string_id = $1 AND u.is_bot
      """, [installation.brand.internalSubdomain]
    ).compactMap { $0[0] }
    return ExportScope.systemBotNames.filter { !found.contains($0) }
  }

  /// The command that creates the bots: it calls the function that the server's own importer calls on an unused server.
  private static let script = ServerScripts.Script.manage(
    "shell",
    [
      "-c",
      "from zerver.lib.server_initialization import create_internal_realm, server_initialized; "
        + "server_initialized() or create_internal_realm()",
    ])

  var canBeMade: Bool { ServerScripts(installation).isHere(Self.script) }

  /// The command for the operator to type.
  var command: String { ServerScripts(installation).commandLine(Self.script) }

  /// Lets the server create the missing bots. If that fails, the checks report which are still missing.
  func makeMissing(progress: Progress) throws {
    guard try !missing().isEmpty, canBeMade else { return }
    do {
      try progress.phase(ImportOperation.Phase.bots) { _ in
        try ServerScripts(installation).run(Self.script, progress: progress)
      }
    } catch let failure as PlainFailure where failure.family == .command {
      progress.warn("\(failure.subject): \(failure.reason)")
    }
  }
}
