import Common
import Glibc

/// What waits in the message queue: work that no backup holds.
enum RabbitQueues {
  /// Looks where RabbitMQ is on this machine; nil where it is not, or says nothing.
  static func waiting() -> [(name: String, messages: Int64)]? {
    guard geteuid() == 0, let program = Subprocess.find("rabbitmqctl"),
      let result = try? Subprocess(program, ["-q", "list_queues", "name", "messages"], directory: "/").run(),
      result.status == 0
    else { return nil }
    return parse(result.output)
  }

  static func parse(_ output: String) -> [(name: String, messages: Int64)] {
    output.split(separator: "\n").compactMap { line in
      let words = line.split(separator: "\t")
      guard words.count == 2, let messages = Int64(words[1].trimmed), messages > 0 else { return nil }
      return (SafeText.clean(words[0], limit: 80), messages)
    }
  }

  static func finding() -> Finding? {
    guard let queues = waiting() else { return nil }
    if queues.isEmpty { return Finding(.ok, "message queue", "nothing waits in RabbitMQ") }
    let list = queues.prefix(4).map { "\($0.name) (\(Amount.count($0.messages)))" }.joined(separator: ", ")
    let total = queues.reduce(Int64(0)) { $0 + $1.messages }
    return Finding(
      .warning, "message queue", "\(Amount.of(total, "task")) wait in RabbitMQ and are in no backup: \(list)",
      remedy: "wait until they are done; where they do not get fewer, look at the server's workers")
  }
}
