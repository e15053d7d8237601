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
    switch self {
    case .stop: "Stop the server"
    case .secrets: "Generate secrets that are missing"
    case .queue: "Give the message queue its password"
    case .machine: "Bring the machine's services in line with the settings"
    case .start: "Start the server"
    case .cache: "Empty the cache"
    }
  }

  /// After the new state is in place.
  static let afterwards: [ServerStep] = [.secrets, .queue, .machine, .start, .cache]
}

/// The scripts of a server's installation.
struct ServerSteps: Sendable {
  let root: String
  let brand: Brand

  init(_ installation: Installation) {
    root = installation.root
    brand = installation.brand
  }

  private var deployment: String { root + brand.deploymentFolder }

  func script(_ step: ServerStep) -> (path: String, words: [String]) {
    let (name, words): (String, [String]) =
      switch step {
      case .stop: ("stop-server", [])
      case .secrets: ("setup/generate_secrets.py", ["--production"])
      case .queue: ("setup/configure-rabbitmq", [])
      case .machine: ("\(brand.rawValue)-puppet-apply", ["-f"])
      case .start: ("start-server", [])
      case .cache: ("setup/flush-memcached", [])
      }
    return ("\(deployment)/scripts/\(name)", words)
  }

  func exists(_ step: ServerStep) -> Bool { access(script(step).path, X_OK) == 0 }

  /// Runs one, with what it says as notes. One that this installation does not have is passed over, and said so.
  func run(_ step: ServerStep, _ progress: Progress) throws {
    try progress.phase(step.rawValue, step.title) { _ in
      guard exists(step) else {
        return progress.note("\(script(step).path) is not there: this step is left to you")
      }
      let (path, words) = script(step)
      let process = Subprocess(path, words, directory: "/", user: user(step))
      let result = try process.run { line in
        let text = SafeText.clean(line, limit: 300)
        if !text.trimmed.isEmpty { progress.note(text) }
      }
      guard result.status == 0 else {
        let tail = result.output.split(separator: "\n").suffix(3).map { SafeText.clean($0, limit: 300) }
        throw PlainFailure(
          .command, path, "ended with status \(result.status): \(tail.joined(separator: " | "))",
          remedy: "look at its output and the server's logs")
      }
    }
  }

  /// Stopping and starting belong to the server's own user; what configures the machine to root.
  private func user(_ step: ServerStep) -> String? {
    guard geteuid() == 0, step == .stop || step == .start || step == .cache,
      let entry = getpwnam(brand.systemUser)
    else { return nil }
    var status = stat()
    guard stat(deployment, &status) == 0, status.st_uid == entry.pointee.pw_uid else { return nil }
    return brand.systemUser
  }
}
