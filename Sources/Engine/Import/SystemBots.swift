import Common
import Postgres

/// The server's own bots, whose messages travel with an organization. A server that nobody has used yet has none; its own
/// software makes them.
struct SystemBots {
  let installation: Installation
  let connection: Connection

  /// Those of whom messages can come that this server does not have.
  func missing() throws -> [String] {
    let found = try connection.query(
      """
      SELECT DISTINCT split_part(u.email, '@', 1) FROM zerver_userprofile u JOIN zerver_realm r ON r.id = u.realm_id
      WHERE r.string_id = $1 AND u.is_bot
      """, [installation.brand.internalSubdomain]
    ).compactMap { $0[0] }
    return ExportScope.systemBotNames.filter { !found.contains($0) }
  }

  /// What makes them: the function that the server's own importer calls on such a server.
  private static let script = ServerScripts.Script.manage(
    "shell",
    [
      "-c",
      "from zerver.lib.server_initialization import create_internal_realm, server_initialized; "
        + "server_initialized() or create_internal_realm()",
    ])

  var canBeMade: Bool { ServerScripts(installation).isHere(Self.script) }

  /// For a person to type.
  var command: String { ServerScripts(installation).commandLine(Self.script) }

  /// Lets the server make them where they are missing. Where that fails, the checks say what is still missing.
  func makeMissing(progress: Progress) throws {
    guard try !missing().isEmpty, canBeMade else { return }
    do {
      try progress.phase("bots", "Let the server make its own bots") { _ in
        try ServerScripts(installation).run(Self.script, progress: progress)
      }
    } catch let failure as PlainFailure where failure.family == .command {
      progress.warn("\(failure.subject): \(failure.reason)")
    }
  }
}
