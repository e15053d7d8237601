import Common

/// Runs one of the server's own scripts; its output comes as notes, line by line.
public struct ScriptOperation: Operation {
  public let installation: Installation
  public let script: ServerScripts.Script

  public init(_ installation: Installation, _ script: ServerScripts.Script) {
    self.installation = installation
    self.script = script
  }

  public var name: String { "script" }

  private var title: String { ServerScripts.title(script) }

  public func check() throws -> [Finding] {
    let scripts = ServerScripts(installation)
    let container = Container.find(installation)
    let about = container.map { [$0.finding] } ?? []
    return about + [
      scripts.isHere(script)
        ? Finding(.ok, "script", scripts.commandLine(script))
        : Finding(
          .blocker, "script", "the server's script is not here",
          remedy: container == nil
            ? "run it where the server is: \(scripts.commandLine(script))"
            : "supervisor runs its services: supervisorctl status; or make the container again: docker compose up -d")
    ]
  }

  public func plan() throws -> Plan {
    let consequence =
      switch script {
      case .stop: ": nobody can use \(installation.label) until it is started again"
      case .restart: ": whoever works on \(installation.label) waits for some seconds"
      default: ""
      }
    return Plan(title: title + consequence, phases: [Plan.Phase("script", title)])
  }

  public func run(progress: Progress) throws -> Summary {
    let findings = try check()
    guard !findings.contains(where: { $0.severity == .blocker }) else { throw Blocked(findings) }
    try progress.phase("script", title) { _ in try ServerScripts(installation).run(script, progress: progress) }
    let summary = Summary(title: "\(title): done", warnings: progress.warnings)
    progress.finished(summary)
    return summary
  }
}
