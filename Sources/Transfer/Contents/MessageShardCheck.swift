import Server

/// Compares the user-message rows of one message file with the messages in it.
///
/// The server writes a message and all its user-message rows into one file. This makes it possible to check, without
/// storing all of them, that no user has a message twice.
struct MessageShardCheck {
  private var messages = IDSet()
  /// The rows whose message has not been read yet, with the first row of each message.
  private var open: [Int64: (count: Int, place: RowPlace)] = [:]

  mutating func message(_ id: Int64) { messages.insert(id) }

  mutating func userMessage(of message: Int64, _ place: @autoclosure () -> RowPlace) {
    if messages.contains(message) { return }
    if open[message] == nil { open[message] = (1, place()) } else { open[message]?.count += 1 }
  }

  func finish(_ findings: inout ContentFindings) {
    for (message, row) in open.sorted(by: { $0.key < $1.key }) where !messages.contains(message) {
      findings.problem(
        TableName.userMessage,
        "\(row.place.text): message_id refers to \(message): the file has no message \(message)"
          + (row.count > 1 ? " (\(row.count) rows)" : ""))
    }
  }
}
