/// What an import needs to know about messages besides their ids before it writes the first of them.
///
/// Collected while the archive is read, so that no message file is read once more for it. Complete only if realm.json
/// was read before the message files.
struct MessageFacts {
  /// A sender and a recipient between whom there are messages.
  struct Direction: Hashable {
    let sender: Int64
    let recipient: Int64
  }

  /// The pairs that occur, except for messages to channels: those are the most, and no import converts them.
  private(set) var directions: Set<Direction> = []
  /// The times of all messages in the order of their ids, in seconds since 1970; empty unless they are wanted.
  private(set) var dates: [Int64] = []
  /// Whether ids are assigned in the order of the messages' times: `sort_by_date` of converters of other products, which
  /// do not write messages in the order in which they were sent.
  var keepsDates = false

  private var channels = IDSet()

  mutating func channel(recipient: Int64) { channels.insert(recipient) }

  /// - Parameter sent: the time of the message in microseconds since 1970; nil if it has none.
  mutating func message(sender: Int64?, recipient: Int64?, sent: Int64?) {
    if keepsDates { dates.append((sent ?? 0) / 1_000_000) }
    guard let sender, let recipient, !channels.contains(recipient) else { return }
    directions.insert(Direction(sender: sender, recipient: recipient))
  }
}
