import Common
import Operations
import Server

/// Service actions after a restore, in execution order; each runs the server's own script.
enum ServerStep: String, OperationPhase, CaseIterable {
  case stop
  case secrets
  case queue
  case machine
  case start
  case cache

  var title: String { ServerScripts.title(script) }

  var script: ServerScripts.Script {
    switch self {
    case .stop: .stop
    case .secrets: .generateSecrets
    case .queue: .configureQueue
    case .machine: .applyConfiguration
    case .start: .start
    case .cache: .flushCache
    }
  }

  /// The steps after the new state is in place.
  static let afterwards: [ServerStep] = [.secrets, .queue, .machine, .start, .cache]
}

/// The steps as the installation of a server can run them.
struct ServerSteps: Sendable {
  private let scripts: ServerScripts
  private let container: Container?

  init(_ installation: Installation) {
    scripts = ServerScripts(installation)
    container = Container.find(installation)
  }

  /// The steps that a server in a container does not need, with the reason.
  private static let ofOtherContainers: [ServerStep: String] = [
    .queue: "RabbitMQ is in another container and keeps its password; this server keeps it too.",
    .machine: "The container applies its configuration by itself when it starts.",
  ]

  func exists(_ step: ServerStep) -> Bool { scripts.isHere(step.script) }

  /// Runs a step, with its output as notes. A step whose script is missing is skipped and reported.
  ///
  /// - Returns: the command left to the operator if the script is missing; nil if it has run.
  @discardableResult
  func run(_ step: ServerStep, _ progress: Progress) throws -> String? {
    try progress.phase(step) { _ in
      if container != nil, let reason = Self.ofOtherContainers[step] {
        progress.note(reason)
        return nil
      }
      guard exists(step) else {
        let command = scripts.commandLine(step.script)
        progress.note("This installation has no such script; the step is left to you: \(command)")
        return command
      }
      try scripts.run(step.script, progress: progress)
      return nil
    }
  }

  /// How a summary says what is left: each step with its command, in their order.
  static func advice(_ commands: [String]) -> [Summary.Step] {
    guard !commands.isEmpty else { return [] }
    return [
      Summary.Step(
        "Scripts of the server are missing on this machine. Run these commands where they are, in this order:",
        commands: commands)
    ]
  }
}
