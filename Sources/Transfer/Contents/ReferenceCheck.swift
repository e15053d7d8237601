import Server

/// The ids that rows of other tables may refer to.
final class IDSpace {
  private(set) var ids = IDSet()
  /// Ids that are valid on every server: those of its own bots, and of their conversations.
  private var shared = IDSet()

  var isEmpty: Bool { ids.count == 0 }

  func contains(_ id: Int64) -> Bool { ids.contains(id) || shared.contains(id) }

  /// Inserts an id; returns false if it was already in the set.
  func insert(_ id: Int64) -> Bool { ids.insert(id) }

  func insertShared(_ id: Int64) { shared.insert(id) }
}

/// The references of one column, checked once all ids are known: rows may precede their targets.
struct ReferenceCheck {
  /// The treatment of a row whose reference has no target.
  enum Consequence {
    /// The archive is refused.
    case refused
    /// The row is imported without the reference.
    case cleared
    /// The row is omitted.
    case leftOut
    /// The setting gets the server's default.
    case reset
  }

  let column: String
  let space: IDSpace
  /// The noun for the target.
  let noun: String
  let consequence: Consequence
  /// The references to ids that were not known yet, with the first row of each.
  private var open: [Int64: (count: Int, place: RowPlace)] = [:]

  init(column: String, space: IDSpace, noun: String, consequence: Consequence) {
    self.column = column
    self.space = space
    self.noun = noun
    self.consequence = consequence
  }

  mutating func refer(to id: Int64, from place: @autoclosure () -> RowPlace) {
    if space.contains(id) { return }
    if open[id] == nil { open[id] = (1, place()) } else { open[id]?.count += 1 }
  }

  /// Returns the references whose target is not in the archive, in the order of the ids.
  func missing() -> [(id: Int64, count: Int, place: RowPlace)] {
    open.filter { !space.contains($0.key) }.map { ($0.key, $0.value.count, $0.value.place) }
      .sorted { $0.id < $1.id }
  }
}

/// The location of a row, for an operator who has to find it.
struct RowPlace {
  let document: String
  /// The number of the row within its table in the document, from 1.
  let number: Int64
  let id: Int64?

  var text: String { (id.map { "row \($0)" } ?? "row number \(number)") + " in \(document)" }
}

/// The nouns for single rows of the server's tables.
enum TableNoun {
  /// Returns whether other tables refer to the rows of the table.
  static func hasOne(_ table: String) -> Bool { nouns[table] != nil }

  static func one(_ table: String) -> String { nouns[table] ?? "row of \(table)" }

  private static let nouns = [
    TableName.realm: "organization", TableName.userProfile: "user", TableName.recipient: "recipient",
    TableName.stream: "channel", TableName.client: "client", TableName.userGroup: "user group",
    TableName.namedUserGroup: "user group", TableName.message: "message",
    TableName.scheduledMessage: "scheduled message",
    TableName.customProfileField: "profile field", TableName.channelFolder: "channel folder",
    TableName.huddle: "group message", TableName.realmEmoji: "custom emoji", TableName.attachment: "attachment",
  ]
}
