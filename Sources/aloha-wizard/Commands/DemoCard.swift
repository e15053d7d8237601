import Common
import Sandbox

/// The texts around a demo: the commands to try while its servers are running, and those that remain after its end.
///
/// Every line that begins with two spaces is one command for a shell.
struct DemoCard {
  let guide: DemoGuide
  /// The command line that started this demo.
  let again: String
  /// The command line that keeps the servers running; nil if ``again`` does.
  let serving: String?

  /// The text at the start of `--serve`.
  var start: String {
    """
    Two servers are running: old-server with two organizations, new-server freshly installed.

    Try these commands in another terminal, in this order:
    \(Self.lines(guide.commands))

    \(look("Look into the database of new-server:", guide.query))

    Press Ctrl-C here to stop the servers.

    """
  }

  /// The text after the end. The servers must be stopped.
  ///
  /// - Parameter outcome: nil if it could not be read.
  func end(_ outcome: DemoOutcome?) -> String {
    """
    The demo has ended, and its servers are stopped.
    \(outcome.map(Self.text) ?? "")
    Run it again; this creates both servers again:
    \(Self.lines([again]))

    \(trying)
    \(Self.lines(guide.commands))

    \(look("Look into the database of new-server, while the servers are running:", guide.lastingQuery))

    Remove the demo:
    \(Self.lines([guide.removal]))

    """
  }

  private var trying: String {
    guard let serving else { return "While it is running, try these commands in another terminal, in this order:" }
    return """
      Try the commands: start the servers in one terminal,
      \(Self.lines([serving]))
      and run these in another one, in this order:
      """
  }

  private func look(_ title: String, _ query: String?) -> String {
    if let query { return "\(title)\n\(Self.lines([query]))" }
    guard guide.query == nil else { return "demo --serve prints the command to look into the database of new-server." }
    return "To look into the database of new-server, install psql: it is in the package postgresql-client."
  }

  private static func text(_ outcome: DemoOutcome) -> String {
    let first = outcome.new.isEmpty ? "Nothing was moved to new-server." : "Now on new-server: \(names(outcome.new))"
    return "\(first)\nOn old-server: \(names(outcome.old))\n"
  }

  private static func names(_ organizations: [DemoOutcome.Organization]) -> String {
    guard !organizations.isEmpty else { return "no organization" }
    return organizations.map {
      let name = $0.subdomain.isEmpty ? "the root domain" : SafeText.clean($0.subdomain, limit: .word)
      return $0.isActive ? name : "\(name) (deactivated)"
    }.joined(separator: ", ")
  }

  private static func lines(_ commands: [String]) -> String { commands.map { "  \($0)" }.joined(separator: "\n") }
}
