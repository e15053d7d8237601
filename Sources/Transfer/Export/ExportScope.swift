import Common
import Operations
import Postgres
import Server

/// The rows of the server that belong to an export: the facts that the conditions of all tables are built from.
///
/// Read once from the snapshot. Everything that may be large stays in the database as a condition; this value grows
/// with users and channels, plus eight bytes per message.
struct ExportScope: Sendable {
  /// The messages that are exported.
  enum Reach: Sendable, Equatable {
    case everything
    /// Public channels, and everything that at least one consenting user can read.
    case publicChannels
    /// Public channels, and what at least one consenting user can read.
    case consent(users: [Int64])
  }

  struct SystemBot: Sendable {
    let id: Int64
    /// Nil if the server has no personal recipient for the bot, as from version 12 on.
    let recipient: Int64?
    /// The local part of its address.
    let localPart: String
    let usesGravatar: Bool
  }

  let organization: Organization
  let reach: Reach
  let traits: ServerTraits
  let model: DataModel
  /// All users of the organization except system bots that early versions created in it.
  let users: [Int64]
  /// Those of them that are users or bots, without mirror dummies.
  let realUsers: [Int64]
  let systemBots: [SystemBot]
  /// Whether one-to-one conversations use personal recipients; from version 12 on they are groups of two.
  let hasPersonalRecipients: Bool
  /// The recipients whose rows are exported.
  let recipients: [Int64]
  let groupRecipients: [Int64]
  /// The exported messages in ascending order.
  let messages: [Int64]
  /// The condition that selects the messages, on a table named `m`.
  let messageCondition: String

  static let systemBotNames = ["notification-bot", "emailgateway", "welcome-bot"]
}

extension ExportScope {
  /// - Parameter meter: advanced while messages are found.
  init(
    _ connection: Connection, organization: Organization, brand: Brand, reach: Reach, model: DataModel,
    traits: ServerTraits, meter: Meter? = nil
  ) throws {
    let realm = organization.id
    self.organization = organization
    self.reach = reach
    self.traits = traits
    self.model = model

    systemBots = try Self.systemBots(connection, brand: brand)
    let bots = systemBots.map(\.id)
    let people = try connection.query(
      "SELECT id, is_mirror_dummy FROM zerver_userprofile WHERE realm_id = $1 AND NOT id = ANY($2::int[]) ORDER BY id",
      [String(realm), SQL.array(bots)])
    users = people.compactMap { $0[0].flatMap { Int64($0) } }
    realUsers = people.filter { !$0.bool(1) }.compactMap { $0[0].flatMap { Int64($0) } }

    let personal = try connection.identifiers(
      "SELECT id FROM zerver_recipient WHERE type = \(RecipientType.personal) AND type_id = ANY(\(SQL.literal(users)))")
    hasPersonalRecipients = !personal.isEmpty || systemBots.contains { $0.recipient != nil }
    let channels = try connection.identifiers(
      """
      SELECT r.id FROM zerver_recipient r JOIN zerver_stream s ON s.id = r.type_id
      WHERE r.type = \(RecipientType.channel) AND s.realm_id = \(realm)
      """)
    groupRecipients = try GroupScope(
      organization: realm, users: users, systemBots: bots, hasPersonalRecipients: hasPersonalRecipients
    ).recipients(
      connection,
      // Where the server protects private data, even the existence of such groups is not exported.
      membersWanted: traits.guardsPrivateRows ? Self.consenting(reach) : nil, memberless: reach == .everything)
    recipients = (personal + channels + groupRecipients).sorted()

    messageCondition = try MessageScope(
      organization: realm, users: users, systemBots: systemBots, recipients: recipients
    ).condition(reach, connection)
    messages = try connection.identifiers(
      "SELECT m.id FROM zerver_message m WHERE \(messageCondition) ORDER BY m.id", expected: organization.messages,
      meter: meter)
  }

  /// The users whose private data may be exported; nil if that of all may.
  var consenting: [Int64]? { Self.consenting(reach) }

  private static func consenting(_ reach: Reach) -> [Int64]? {
    switch reach {
    case .everything: nil
    case .publicChannels: []
    case .consent(let users): users
    }
  }

  private static func systemBots(_ connection: Connection, brand: Brand) throws -> [SystemBot] {
    try connection.query(
      """
      SELECT u.id, r.id, split_part(u.email, '@', 1), u.avatar_source = 'G'
      FROM zerver_userprofile u JOIN zerver_realm o ON o.id = u.realm_id
      LEFT JOIN zerver_recipient r ON r.type = \(RecipientType.personal) AND r.type_id = u.id
      WHERE o.string_id = $1 AND u.is_bot AND split_part(u.email, '@', 1) = ANY($2::text[]) ORDER BY u.id
      """, [brand.internalSubdomain, "{\(systemBotNames.joined(separator: ","))}"]
    ).compactMap { row in
      guard let id = row.int(0), let name = row[2] else { return nil }
      return SystemBot(
        id: Int64(id), recipient: row.int(1).map(Int64.init), localPart: name, usesGravatar: row.bool(3))
    }
  }
}

/// SQL fragments.
enum SQL {
  /// Returns an array literal for a parameter.
  static func array(_ ids: some Sequence<Int64>) -> String { "{\(ids.map(String.init).joined(separator: ","))}" }

  /// Returns an array literal for the statement itself: COPY takes no parameters.
  static func literal(_ ids: some Sequence<Int64>) -> String { "'\(array(ids))'::int8[]" }
}

extension Connection {
  /// Returns all values of a column of ids, through binary COPY. Fast; one million ids take 8 MB.
  ///
  /// - Parameter expected: the approximate number of ids, for which memory is reserved.
  func identifiers(_ query: String, expected: Int = 0, meter: Meter? = nil) throws -> [Int64] {
    var reader = BinaryRowReader()
    var ids: [Int64] = []
    ids.reserveCapacity(expected)
    try copyOut("COPY (\(query)) TO STDOUT (FORMAT binary)") { message in
      guard try reader.read(message), let id = reader.fields.first ?? nil else { return }
      ids.append(id.postgresInteger)
      if ids.count & 0xFFFF == 0 { try meter?.advance(by: 0x10000) }
    }
    return ids
  }
}
