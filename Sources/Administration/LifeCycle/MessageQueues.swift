import Common
import Glibc
import Operations
import Server

/// The server's message queues. Waiting tasks are not in the database yet, and are neither exported nor backed up.
public struct MessageQueues: Sendable {
  public let installation: Installation
  private let program: String?

  /// - Parameter program: RabbitMQ's tool; by default the installed one.
  public init(_ installation: Installation, program: String? = Subprocess.find("rabbitmqctl")) {
    self.installation = installation
    self.program = program
  }

  /// Returns the state of the queues before a move. For a server in another root the state is unknown: this machine's
  /// queues are not its own.
  public static func findings(before source: Installation) -> [Finding] {
    source.root.isEmpty ? [MessageQueues(source).finding()] : []
  }

  /// Returns the state of the queues for a backup. There is always a finding, so that unknown queues do not count as
  /// empty.
  public static func finding(beforeBackup installation: Installation) -> Finding {
    guard !installation.root.isEmpty else { return MessageQueues(installation).finding() }
    return Finding(
      .ok, "queues",
      "could not be looked at: RabbitMQ of this machine is not that of a server in \(SafeText.clean(installation.root, limit: .line)); "
        + "tasks that wait in it are in no backup")
  }

  /// Returns whether the queues are empty. Never a blocker: a move without the last events is still complete.
  public func finding() -> Finding {
    let host = installation.settings.text("RABBITMQ_HOST") ?? "localhost"
    let isInContainer = Container.find(installation) != nil
    let command =
      (isInContainer ? "docker compose exec rabbitmq " : "sudo ") + "rabbitmqctl list_queues name messages"
    guard ["localhost", "127.0.0.1", "::1"].contains(host) else {
      return Finding(
        .warning, "queues", "they are on \(SafeText.clean(host, limit: .name)), and cannot be read from here",
        remedy: (isInContainer ? "outside of the container, run: " : "there, run: ") + command, id: .unknown)
    }
    guard let program, geteuid() == 0 else {
      return Finding(
        .warning, "queues", "cannot be looked at without root's rights and rabbitmqctl", remedy: "run: \(command)",
        id: .unknown)
    }
    do {
      let result = try Subprocess(program, ["-q", "list_queues", "name", "messages"], directory: "/").run()
      guard result.status == 0 else {
        let said = SafeText.clean(result.output.split(separator: "\n").last ?? "", limit: .line)
        return Finding(
          .warning, "queues", "rabbitmqctl failed: \(said)", remedy: "run: \(command)", id: .unknown)
      }
      return Self.finding(result.output)
    } catch {
      return Finding(
        .warning, "queues", "rabbitmqctl cannot be started", remedy: "run: \(command)", id: .unknown)
    }
  }

  static func finding(_ output: String) -> Finding {
    var waiting: [(name: String, count: Int)] = []
    for line in output.split(separator: "\n") {
      let words = line.split { $0 == "\t" || $0 == " " }
      guard words.count == 2, let count = Int(words[1]), count > 0 else { continue }
      waiting.append((SafeText.clean(words[0], limit: .word), count))
    }
    guard !waiting.isEmpty else { return Finding(.ok, "queues", "all are empty") }
    let list = waiting.map { "\($0.name): \($0.count)" }.joined(separator: ", ")
    return Finding(
      .warning, "queues", "events wait in them: \(list)",
      remedy: "let the workers finish: wait, or look at their logs, before the server is stopped")
  }
}
