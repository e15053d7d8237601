import Common
import Glibc

/// What has to be told to the services of a server, in its order; each through the server's own script.
enum ServerStep: String, CaseIterable, Sendable {
  case stop
  case secrets
  case queue
  case machine
  case start
  case cache

  var title: String {
    script.map(ServerScripts.title) ?? "Generate secrets that are missing"
  }

  var script: ServerScripts.Script? {
    switch self {
    case .stop: .stop
    case .secrets: nil
    case .queue: .configureQueue
    case .machine: .applyConfiguration
    case .start: .start
    case .cache: .flushCache
    }
  }

  /// After the new state is in place.
  static let afterwards: [ServerStep] = [.secrets, .queue, .machine, .start, .cache]
}

/// The steps as a server's installation can take them.
struct ServerSteps: Sendable {
  private let installation: Installation
  private let scripts: ServerScripts

  init(_ installation: Installation) {
    self.installation = installation
    scripts = ServerScripts(installation)
  }

  /// It makes what is missing and leaves what is there.
  private var secretsScript: String { "\(installation.deploymentFolder)/scripts/setup/generate_secrets.py" }

  func exists(_ step: ServerStep) -> Bool {
    step.script.map(scripts.isHere) ?? (access(secretsScript, X_OK) == 0)
  }

  /// Runs one, with what it says as notes. One that this installation does not have is passed over, and said so.
  func run(_ step: ServerStep, _ progress: Progress) throws {
    try progress.phase(step.rawValue, step.title) { _ in
      guard exists(step) else {
        let command = step.script.map(scripts.commandLine) ?? secretsScript
        return progress.note("This installation has no such script; the step is left to you: \(command)")
      }
      guard let script = step.script else { return try generateSecrets(progress) }
      try scripts.run(script, progress: progress)
    }
  }

  private func generateSecrets(_ progress: Progress) throws {
    let process = Subprocess(secretsScript, ["--production"], directory: installation.deploymentFolder)
    try process.runChecked { line in
      let text = SafeText.clean(line, limit: 500)
      if !text.isEmpty { progress.note(text) }
    }
  }
}
