import Common
import Glibc

/// The server's message queues: what waits in them is not in the database yet, and does not travel with it.
public struct MessageQueues: Sendable {
  public let installation: Installation
  private let program: String?

  /// - Parameter program: RabbitMQ's own tool; by default where the system has it.
  public init(_ installation: Installation, program: String? = Subprocess.find("rabbitmqctl")) {
    self.installation = installation
    self.program = program
  }

  /// What a move has to know of the queues of the server that it leaves. Of a server below another root nothing can be
  /// said: the queues of this machine are not its own.
  public static func findings(before source: Installation) -> [Finding] {
    source.root.isEmpty ? [MessageQueues(source).finding()] : []
  }

  /// What a backup of a server has to say of them: never nothing, so that no one takes them for empty.
  public static func finding(beforeBackup installation: Installation) -> Finding {
    guard !installation.root.isEmpty else { return MessageQueues(installation).finding() }
    return Finding(
      .ok, "queues",
      "could not be looked at: RabbitMQ of this machine is not that of a server in \(SafeText.clean(installation.root, limit: .line)); "
        + "tasks that wait in it are in no backup")
  }

  /// Whether they are empty. Never a blocker: a move without the last few events is a move still.
  public func finding() -> Finding {
    let host = installation.settings.text("RABBITMQ_HOST") ?? "localhost"
    let isInContainer = Container.find(installation) != nil
    let command =
      (isInContainer ? "docker compose exec rabbitmq " : "sudo ") + "rabbitmqctl list_queues name messages"
    guard ["localhost", "127.0.0.1", "::1"].contains(host) else {
      return Finding(
        .warning, "queues", "are on \(SafeText.clean(host, limit: .name)); they cannot be looked at from here",
        remedy: (isInContainer ? "outside of the container, run: " : "there, run: ") + command)
    }
    guard let program, geteuid() == 0 else {
      return Finding(
        .warning, "queues", "cannot be looked at without root's rights and rabbitmqctl", remedy: "run: \(command)")
    }
    do {
      let result = try Subprocess(program, ["-q", "list_queues", "name", "messages"], directory: "/").run()
      guard result.status == 0 else {
        let said = SafeText.clean(result.output.split(separator: "\n").last ?? "", limit: .line)
        return Finding(.warning, "queues", "rabbitmqctl failed: \(said)", remedy: "run: \(command)")
      }
      return Self.finding(result.output)
    } catch {
      return Finding(.warning, "queues", "rabbitmqctl cannot be started", remedy: "run: \(command)")
    }
  }

  static func finding(_ output: String) -> Finding {
    var waiting: [(name: String, count: Int)] = []
    for line in output.split(separator: "\n") {
      let words = line.split { $0 == "\t" || $0 == " " }
      guard words.count == 2, let count = Int(words[1]), count > 0 else { continue }
      waiting.append((SafeText.clean(words[0], limit: .word), count))
    }
    guard !waiting.isEmpty else { return Finding(.ok, "queues", "are empty") }
    let list = waiting.map { "\($0.name): \($0.count)" }.joined(separator: ", ")
    return Finding(
      .warning, "queues", "events wait in them: \(list)",
      remedy: "let the workers finish: wait, or look at their logs, before the server is stopped")
  }
}
