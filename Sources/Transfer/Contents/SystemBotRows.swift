import JSON
import Server

/// The rows for the server's own bots, whose messages are part of an organization.
struct SystemBotRows {
  private var reader = RowReader(keys: ["id", "email", "recipient_id"])
  private var names: Set<String> = []
  private var ids: Set<Int64> = []
  private var recipients: Set<Int64> = []
  private var number: Int64 = 0

  mutating func read(
    _ row: UnsafeRawBufferPointer, document: String, spaces: IDSpaces, _ findings: inout ContentFindings
  ) throws {
    number += 1
    var scanner = JSONScanner(row, name: document)
    try reader.read(&scanner)
    let place = RowPlace(document: document, number: number, id: reader[0].int)
    func problem(_ text: String) { findings.problem(TableName.crossRealmBots, "\(place.text): \(text)") }
    guard let id = reader[0].int else { return problem("id is no id") }
    guard let address = reader[1].text else { return problem("email is missing") }
    if !ids.insert(id).inserted { problem("id is there twice") }
    if !names.insert(String(address.prefix { $0 != "@" })).inserted {
      problem("email names a bot that is there already")
    }
    spaces[TableName.userProfile].insertShared(id)
    switch reader[2].kind {
    case .missing, .null: break
    default:
      guard let recipient = reader[2].int else { return problem("recipient_id is no id") }
      if !recipients.insert(recipient).inserted { problem("recipient_id is there twice") }
      spaces[TableName.recipient].insertShared(recipient)
    }
  }

  /// Checks that no row of the organization has the id of a bot.
  func finish(_ spaces: IDSpaces, _ findings: inout ContentFindings) {
    for id in ids.sorted() where spaces[TableName.userProfile].ids.contains(id) {
      findings.problem(TableName.crossRealmBots, "row \(id): a user of the organization has the same id")
    }
  }
}
