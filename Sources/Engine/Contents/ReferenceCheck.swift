/// The ids that rows of other tables may refer to.
final class IDSpace {
  private(set) var ids = IDSet()
  /// Ids that mean something on every server: those of its own bots, and of their conversations.
  private var shared = IDSet()

  var isEmpty: Bool { ids.count == 0 }

  func contains(_ id: Int64) -> Bool { ids.contains(id) || shared.contains(id) }

  /// False where it was there already.
  func insert(_ id: Int64) -> Bool { ids.insert(id) }

  func insertShared(_ id: Int64) { shared.insert(id) }
}

/// The references of one column, checked once all ids are known: rows may come before those that they refer to.
struct ReferenceCheck {
  /// The treatment of a row whose reference has no other end.
  enum Consequence {
    /// The archive is refused.
    case refused
    /// The row stays, without the reference.
    case cleared
    /// The row is left out.
    case leftOut
    /// The setting gets the server's default.
    case reset
  }

  let column: String
  let space: IDSpace
  /// What the other end is called.
  let noun: String
  let consequence: Consequence
  /// References to ids that were not known yet, with the first row that has each.
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

  /// Those whose other end the archive does not have, in the order of their ids.
  func missing() -> [(id: Int64, count: Int, place: RowPlace)] {
    open.filter { !space.contains($0.key) }.map { ($0.key, $0.value.count, $0.value.place) }
      .sorted { $0.id < $1.id }
  }
}

/// Where a row stands, for a person who has to find it.
struct RowPlace {
  let document: String
  /// From 1 on, within the table in that document.
  let number: Int64
  let id: Int64?

  var text: String { (id.map { "row \($0)" } ?? "row number \(number)") + " in \(document)" }
}

/// What the server's tables are called when one row of them is meant.
enum TableNoun {
  /// Whether other tables refer to its rows.
  static func hasOne(_ table: String) -> Bool { nouns[table] != nil }

  static func one(_ table: String) -> String { nouns[table] ?? "row of \(table)" }

  private static let nouns = [
    "zerver_realm": "organization", "zerver_userprofile": "user", "zerver_recipient": "recipient",
    "zerver_stream": "channel", "zerver_client": "client", "zerver_usergroup": "user group",
    "zerver_namedusergroup": "user group", "zerver_message": "message", "zerver_scheduledmessage": "scheduled message",
    "zerver_customprofilefield": "profile field", "zerver_channelfolder": "channel folder",
    "zerver_huddle": "group message", "zerver_realmemoji": "custom emoji", "zerver_attachment": "attachment",
  ]
}
