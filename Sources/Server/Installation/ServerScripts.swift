import Common
import Glibc
import Operations

/// Runs the server's own scripts, for work that belongs to its installation: starting and stopping it, its message queue,
/// mail from its templates.
public struct ServerScripts: Sendable {
  public enum Script: Sendable, Equatable, Codable {
    case start, stop, restart, flushCache, configureQueue, applyConfiguration
    /// Creates missing secrets; existing ones are not changed.
    case generateSecrets
    /// Registers the server with the push notification service, and accepts its terms: only if the operator has agreed.
    case registerForPush
    /// `manage.py` with a command and its arguments.
    case manage(String, [String])
    /// Puts events, one JSON object a line, into one of the server's queues.
    case enqueue(String, String)
  }

  public let installation: Installation

  public init(_ installation: Installation) {
    self.installation = installation
  }

  /// "Restart the server".
  public static func title(_ script: Script) -> String {
    switch script {
    case .start: "Start the server"
    case .stop: "Stop the server"
    case .restart: "Restart the server"
    case .flushCache: "Empty the cache"
    case .configureQueue: "Give the message queue its password"
    case .applyConfiguration: "Apply the machine's configuration"
    case .generateSecrets: "Generate secrets that are missing"
    case .registerForPush: "Register with the push notification service"
    case .manage(let command, _): "Run manage.py \(command)"
    case .enqueue(let queue, _): "Add to the server's queue \(queue)"
    }
  }

  /// Whether the script is here and can be started.
  public func isHere(_ script: Script) -> Bool { access(path(script), X_OK) == 0 }

  /// The exact command for a shell, to be run where the server is.
  public func commandLine(_ script: Script) -> String {
    let words = ([path(script)] + arguments(script)).map(Self.quoted)
    let command = words.joined(separator: " ")
    // A container need not have sudo, and whoever is in it is root.
    if Container.find(installation) != nil {
      return runsAsServer(script) ? "su \(installation.brand.systemUser) -c \(Self.quoted(command))" : command
    }
    return runsAsServer(script) ? "sudo -u \(installation.brand.systemUser) \(command)" : "sudo \(command)"
  }

  /// Runs a script to its end; every line that it prints is a note, as it comes.
  ///
  /// - Throws: `.command` where it is not here or fails, with its last lines.
  public func run(_ script: Script, progress: Progress) throws {
    guard isHere(script) else {
      throw PlainFailure(
        .command, path(script), "is not here, or cannot be started",
        remedy: "run it where the server is: \(commandLine(script))")
    }
    // Python keeps back what it prints into a pipe, unless it is told not to.
    let process = Subprocess(
      path(script), arguments(script), environment: ["PYTHONUNBUFFERED": "1"],
      directory: installation.deploymentFolder, user: user(script))
    var last: [String] = []
    let result = try process.run(input: input(script), cancellation: progress.cancellation) { line in
      let text = SafeText.clean(line, limit: 500)
      guard !text.isEmpty else { return }
      last = last.suffix(3) + [text]
      progress.note(text)
    }
    try progress.cancellation.check()
    guard result.status == 0 else {
      let said = last.isEmpty ? "" : ": \(last.joined(separator: " | "))"
      throw PlainFailure(
        .command, path(script), "ended with status \(result.status)\(said)",
        remedy: "run it by hand and see what it says: \(commandLine(script))")
    }
  }

  // MARK: Names

  private func path(_ script: Script) -> String {
    "\(installation.deploymentFolder)/\(Self.below(script, installation.brand))"
  }

  private static func below(_ script: Script, _ brand: Brand) -> String {
    switch script {
    case .start: "scripts/start-server"
    case .stop: "scripts/stop-server"
    case .restart: "scripts/restart-server"
    case .flushCache: "scripts/setup/flush-memcached"
    case .configureQueue: "scripts/setup/configure-rabbitmq"
    case .applyConfiguration: "scripts/\(brand.rawValue)-puppet-apply"
    case .generateSecrets: "scripts/setup/generate_secrets.py"
    case .manage, .registerForPush, .enqueue: "manage.py"
    }
  }

  private func arguments(_ script: Script) -> [String] {
    switch script {
    case .manage(let command, let arguments): [command] + arguments
    case .registerForPush: ["register_server"]
    case .enqueue(let queue, _): ["enqueue_file", queue, "-"]
    case .applyConfiguration: ["-f"]
    case .generateSecrets: ["--production"]
    default: []
    }
  }

  /// The queue, the machine's configuration and the secrets are root's; all others belong to the server's own user.
  private func runsAsServer(_ script: Script) -> Bool {
    switch script {
    case .configureQueue, .applyConfiguration, .generateSecrets: false
    case .start, .stop, .restart, .flushCache, .registerForPush, .manage, .enqueue: true
    }
  }

  /// What a script reads: the answer of one that asks, as the argument that does without the question has other names in
  /// other versions; the events for a queue.
  private func input(_ script: Script) -> String? {
    switch script {
    case .registerForPush: "y\n"
    case .enqueue(_, let events): events
    default: nil
    }
  }

  /// As root on the machine itself, the least rights that do. Below another root there is no such user.
  private func user(_ script: Script) -> String? {
    guard geteuid() == 0, installation.root.isEmpty, runsAsServer(script),
      getpwnam(installation.brand.systemUser) != nil
    else { return nil }
    return installation.brand.systemUser
  }

  package static func quoted(_ word: String) -> String {
    let plain = word.utf8.allSatisfy { byte in
      (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
        || [0x2D, 0x2E, 0x2F, 0x3A, 0x3D, 0x40, 0x5F, 0x2C, 0x2B].contains(byte)
    }
    if plain, !word.isEmpty { return word }
    return "'" + word.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''") + "'"
  }
}
