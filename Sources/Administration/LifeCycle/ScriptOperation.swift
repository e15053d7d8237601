import Common
import Operations
import Server

/// Runs a script of the server; each line of its output becomes a note.
public struct ScriptOperation: Operation {
  private struct Phase: OperationPhase {
    let id = "script"
    let title: String
  }

  public static let kind = "script"
  public let server: ServerReference
  public let script: ServerScripts.Script

  private enum CodingKeys: String, CodingKey {
    case server
    case script = "options"
  }

  public init(_ server: ServerReference, _ script: ServerScripts.Script) {
    self.server = server
    self.script = script
  }

  // MARK: The operation as others see it

  public var servers: [ServerReference] { [server] }
  public var title: String { ServerScripts.title(script) }
  private var phase: Phase { Phase(title: title) }

  public var commands: [ProgramCommand] {
    switch script {
    case .start: [ProgramCommand(["server", "start"], on: server)]
    case .stop: [ProgramCommand(["server", "stop"], on: server)]
    case .restart: [ProgramCommand(["server", "restart"], on: server)]
    case .registerForPush: [ProgramCommand(["server", "register", "--agree-to-push-terms"], on: server)]
    default: []
    }
  }

  public func undo(_ context: UndoContext) -> UndoRule { .impossible("it left nothing to undo") }

  // MARK: Check, plan, run

  public func check() throws -> [Finding] {
    let installation = try server.installation()
    let scripts = ServerScripts(installation)
    let container = Container.find(installation)
    let about = container.map { [$0.finding] } ?? []
    return about + [
      scripts.isHere(script)
        ? Finding(.ok, "script", scripts.commandLine(script))
        : Finding(
          .blocker, "script", "the server's script is not on this machine",
          remedy: container == nil
            ? "run it where the server is: \(scripts.commandLine(script))"
            : "supervisor runs its services: supervisorctl status; or make the container again: docker compose up -d")
    ]
  }

  public func plan() throws -> Plan {
    let label = try server.installation().label
    let consequence =
      switch script {
      case .stop: ": \(label) cannot be used until it is started again"
      case .restart: ": users of \(label) are interrupted for some seconds"
      default: ""
      }
    return Plan(title: title + consequence, phases: [Plan.Phase(phase)])
  }

  public func run(progress: Progress) throws -> Summary {
    try progress.pass(check())
    let scripts = ServerScripts(try server.installation())
    try progress.phase(phase) { _ in try scripts.run(script, progress: progress) }
    return Summary(title: "\(title): done")
  }
}
