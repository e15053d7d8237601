import Common
import Postgres

/// Which rows of the server belong to an export: the answers that the conditions of all tables are made of.
///
/// Read once from the snapshot. Everything that may be large stays in the database as a condition; what is held here
/// grows with users and channels, plus eight bytes a message.
struct ExportScope: Sendable {
  /// Whose messages are exported.
  enum Reach: Sendable, Equatable {
    case everything
    /// Public channels only.
    case publicChannels
    /// Public channels, and what at least one consenting user can read.
    case consent(users: [Int64])
  }

  struct SystemBot: Sendable {
    let id: Int64
    let recipient: Int64
    /// The part of its address before the @.
    let localPart: String
    let usesGravatar: Bool
  }

  let organization: Organization
  let reach: Reach
  /// All users of the organization but system bots that early versions put there.
  let users: [Int64]
  /// Those of them that are people or bots, not mere names on old messages.
  let realUsers: [Int64]
  let systemBots: [SystemBot]
  /// Recipients whose rows are exported.
  let recipients: [Int64]
  let groupRecipients: [Int64]
  /// Exported messages in ascending order.
  let messages: [Int64]
  /// The condition that selects them, on a table named `m`.
  let messageCondition: String

  /// Recipient types of the server.
  enum RecipientType { static let personal = 1, channel = 2, group = 3 }

  static let systemBotNames = ["notification-bot", "emailgateway", "welcome-bot"]
}

extension ExportScope {
  init(_ connection: Connection, organization: Organization, brand: Brand, reach: Reach) throws {
    let realm = organization.id
    self.organization = organization
    self.reach = reach

    systemBots = try Self.systemBots(connection, brand: brand)
    let bots = systemBots.map(\.id)
    let people = try connection.query(
      "SELECT id, is_mirror_dummy FROM zerver_userprofile WHERE realm_id = $1 AND NOT id = ANY($2::int[]) ORDER BY id",
      [String(realm), SQL.array(bots)])
    users = people.compactMap { $0[0].flatMap { Int64($0) } }
    realUsers = people.filter { !$0.bool(1) }.compactMap { $0[0].flatMap { Int64($0) } }

    let personal = try connection.identifiers(
      "SELECT id FROM zerver_recipient WHERE type = \(RecipientType.personal) AND type_id = ANY(\(SQL.literal(users)))")
    let channels = try connection.identifiers(
      """
      SELECT r.id FROM zerver_recipient r JOIN zerver_stream s ON s.id = r.type_id
      WHERE r.type = \(RecipientType.channel) AND s.realm_id = \(realm)
      """)
    // A group with a member of another organization stays behind: that member would not exist on the other side.
    groupRecipients = try connection.identifiers(
      """
      SELECT s.recipient_id FROM zerver_subscription s JOIN zerver_recipient r ON r.id = s.recipient_id
      WHERE r.type = \(RecipientType.group) AND s.user_profile_id = ANY(\(SQL.literal(users)))
        AND NOT EXISTS (SELECT 1 FROM zerver_subscription o JOIN zerver_userprofile u ON u.id = o.user_profile_id
          WHERE o.recipient_id = s.recipient_id AND u.realm_id <> \(realm))
      GROUP BY s.recipient_id
      """)
    recipients = (personal + channels + groupRecipients).sorted()

    messageCondition = try Self.messageCondition(
      connection, realm: realm, reach: reach, users: users, realUsers: realUsers, bots: systemBots,
      recipients: recipients)
    messages = try connection.identifiers("SELECT m.id FROM zerver_message m WHERE \(messageCondition) ORDER BY m.id")
  }

  private static func systemBots(_ connection: Connection, brand: Brand) throws -> [SystemBot] {
    try connection.query(
      """
      SELECT u.id, r.id, split_part(u.email, '@', 1), u.avatar_source = 'G'
      FROM zerver_userprofile u JOIN zerver_realm o ON o.id = u.realm_id
      JOIN zerver_recipient r ON r.type = \(RecipientType.personal) AND r.type_id = u.id
      WHERE o.string_id = $1 AND u.is_bot AND split_part(u.email, '@', 1) = ANY($2::text[]) ORDER BY u.id
      """, [brand.internalSubdomain, "{\(systemBotNames.joined(separator: ","))}"]
    ).compactMap { row in
      guard let id = row.int(0), let recipient = row.int(1), let name = row[2] else { return nil }
      return SystemBot(id: Int64(id), recipient: Int64(recipient), localPart: name, usesGravatar: row.bool(3))
    }
  }

  /// As the server's own exporter decides it: what anyone of the organization (or a system bot) sent to a recipient that
  /// is exported, and what its users sent to a system bot.
  private static func messageCondition(
    _ connection: Connection, realm: Int64, reach: Reach, users: [Int64], realUsers: [Int64], bots: [SystemBot],
    recipients: [Int64]
  ) throws -> String {
    let senders = SQL.literal(users + bots.map(\.id))
    func received(by recipients: [Int64]) -> String {
      "m.realm_id = \(realm) AND m.sender_id = ANY(\(senders)) AND m.recipient_id = ANY(\(SQL.literal(recipients)))"
    }
    func sent(by users: [Int64], to recipients: [Int64]) -> String {
      "m.realm_id = \(realm) AND m.sender_id = ANY(\(SQL.literal(users))) "
        + "AND m.recipient_id = ANY(\(SQL.literal(recipients)))"
    }
    let publicRecipients = try connection.identifiers(
      """
      SELECT r.id FROM zerver_recipient r JOIN zerver_stream s ON s.id = r.type_id
      WHERE r.type = \(RecipientType.channel) AND s.realm_id = \(realm) AND NOT s.invite_only
      """)
    switch reach {
    case .everything:
      return "(\(received(by: recipients))) OR (\(sent(by: realUsers, to: bots.map(\.recipient))))"
    case .publicChannels:
      return received(by: publicRecipients)
    case .consent(let consenting):
      let protected = Set(
        try connection.identifiers(
          """
          SELECT r.id FROM zerver_recipient r JOIN zerver_stream s ON s.id = r.type_id
          WHERE r.type = \(RecipientType.channel) AND s.realm_id = \(realm) AND NOT s.history_public_to_subscribers
          """))
      let subscribed = Set(
        try connection.identifiers(
          "SELECT DISTINCT recipient_id FROM zerver_subscription WHERE user_profile_id = ANY(\(SQL.literal(consenting)))"
        ))
      let exported = Set(recipients)
      let open = exported.intersection(Set(publicRecipients).union(subscribed.subtracting(protected)))
      let guarded = subscribed.intersection(protected)
      let others = Set(users).subtracting(consenting)
      let personalOfOthers = try connection.identifiers(
        """
        SELECT id FROM zerver_recipient
        WHERE type = \(RecipientType.personal) AND type_id = ANY(\(SQL.literal(others.sorted())))
        """)
      return """
        (\(received(by: open.sorted()))) OR (\(received(by: guarded.subtracting(open).sorted())) AND EXISTS (
          SELECT 1 FROM zerver_usermessage um
          WHERE um.message_id = m.id AND um.user_profile_id = ANY(\(SQL.literal(consenting)))))
        OR (\(sent(by: consenting, to: personalOfOthers + bots.map(\.recipient))))
        """
    }
  }
}

extension ExportScope {
  /// Users whose own rows about messages are exported.
  var readers: [Int64] {
    guard case .consent(let consenting) = reach else { return realUsers }
    return Set(realUsers).intersection(consenting).sorted()
  }

  /// The condition that selects a table's rows, on a table named `t`.
  func condition(for rows: TableRule.Rows) -> String {
    let realm = organization.id
    let exportedMessages = "SELECT m.id FROM zerver_message m WHERE \(messageCondition)"
    switch rows {
    case .organization: return "t.id = \(realm)"
    case .organizationColumn(let column): return "t.\(Identifier.quote(column)) = \(realm)"
    case .userColumn(let column): return "t.\(Identifier.quote(column)) = ANY(\(SQL.literal(realUsers)))"
    case .parentColumn(let column, let table): return "t.\(Identifier.quote(column)) IN (\(parents(in: table)))"
    case .everything: return "true"
    case .users: return "t.id = ANY(\(SQL.literal(users)))"
    case .recipients: return "t.id = ANY(\(SQL.literal(recipients)))"
    case .subscriptions:
      return "t.recipient_id = ANY(\(SQL.literal(recipients)))"
    case .groupMessages:
      return """
        t.id IN (SELECT type_id FROM zerver_recipient WHERE type = \(RecipientType.group)
          AND id = ANY(\(SQL.literal(groupRecipients))))
        """
    case .messages: return "t.id IN (\(exportedMessages))"
    case .userMessages:
      return "t.user_profile_id = ANY(\(SQL.literal(readers))) AND t.message_id IN (\(exportedMessages))"
    case .reactions: return "t.message_id IN (\(exportedMessages))"
    case .attachments:
      return """
        t.realm_id = \(realm) AND (t.id IN (
          SELECT a.attachment_id FROM zerver_attachment_messages a WHERE a.message_id IN (\(exportedMessages)))
        OR t.id IN (SELECT a.attachment_id FROM zerver_attachment_scheduled_messages a
          WHERE a.scheduledmessage_id IN (SELECT s.id FROM zerver_scheduledmessage s WHERE \(scheduled("s")))))
        """
    case .scheduledMessages: return scheduled("t")
    case .auditLog: return "t.realm_id = \(realm)"
    }
  }

  /// Scheduled messages are their sender's own.
  private func scheduled(_ alias: String) -> String {
    switch reach {
    case .everything: "\(alias).realm_id = \(organization.id)"
    case .publicChannels: "false"
    case .consent(let users):
      "\(alias).realm_id = \(organization.id) AND \(alias).sender_id = ANY(\(SQL.literal(users)))"
    }
  }

  private func parents(in table: String) -> String {
    switch table {
    case "zerver_usergroup", "zerver_stream": "SELECT id FROM \(table) WHERE realm_id = \(organization.id)"
    case "zerver_message": "SELECT m.id FROM zerver_message m WHERE \(messageCondition)"
    case "zerver_recipient": "SELECT unnest(\(SQL.literal(recipients)))"
    default: "SELECT NULL::int"
    }
  }
}

/// Small pieces of SQL.
enum SQL {
  /// For a parameter.
  static func array(_ ids: some Sequence<Int64>) -> String { "{\(ids.map(String.init).joined(separator: ","))}" }

  /// For the statement itself: COPY takes no parameters.
  static func literal(_ ids: some Sequence<Int64>) -> String { "'\(array(ids))'::int8[]" }
}

extension Connection {
  /// All values of a column of ids, through binary COPY: a million takes 8 MB and no time.
  func identifiers(_ query: String) throws -> [Int64] {
    var reader = BinaryRowReader()
    var ids: [Int64] = []
    try copyOut("COPY (\(query)) TO STDOUT (FORMAT binary)") { message in
      if try reader.read(message), let id = reader.fields[0] { ids.append(id.postgresInteger) }
    }
    return ids
  }
}
