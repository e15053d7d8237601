import Postgres
import Server

/// Selects the messages that belong to an export by the rules of the server's own exporter.
struct MessageScope {
  let organization: Int64
  let users: [Int64]
  let systemBots: [ExportScope.SystemBot]
  /// The recipients whose rows are exported.
  let recipients: [Int64]

  /// Returns the condition on a table named `m`: all messages that a user of the organization, or a system bot, sent to
  /// an exported recipient or to a system bot.
  func condition(_ reach: ExportScope.Reach, _ connection: Connection) throws -> String {
    let senders = users + systemBots.map(\.id)
    let bots = systemBots.compactMap(\.recipient)
    switch reach {
    case .everything:
      return "(\(sent(by: senders, to: recipients + bots)))"
    case .publicChannels:
      return "(\(sent(by: senders, to: try publicChannels(connection))))"
    case .consent(let consenting):
      return try condition(consenting: consenting, senders: senders, bots: bots, connection)
    }
  }

  private func condition(
    consenting: [Int64], senders: [Int64], bots: [Int64], _ connection: Connection
  ) throws -> String {
    // Messages from before a user joined these channels are not readable for that user.
    let protected = Set(
      try connection.identifiers(
        """
        SELECT r.id FROM zerver_recipient r JOIN zerver_stream s ON s.id = r.type_id
        WHERE r.type = \(RecipientType.channel) AND s.realm_id = \(organization) AND NOT s.history_public_to_subscribers
        """))
    let subscribed = Set(
      try connection.identifiers(
        "SELECT DISTINCT recipient_id FROM zerver_subscription WHERE user_profile_id = ANY(\(SQL.literal(consenting)))")
    )
    let publicly = Set(try publicChannels(connection))
    let open = Set(recipients).intersection(publicly.union(subscribed.subtracting(protected)))
    let guarded = subscribed.intersection(protected).subtracting(open)
    let others = Set(users).subtracting(consenting)
    let personalOfOthers = try connection.identifiers(
      """
      SELECT id FROM zerver_recipient
      WHERE type = \(RecipientType.personal) AND type_id = ANY(\(SQL.literal(others.sorted())))
      """)
    return """
      ((\(sent(by: senders, to: open.sorted()))) OR (\(sent(by: senders, to: guarded.sorted())) AND EXISTS (
        SELECT 1 FROM zerver_usermessage um
        WHERE um.message_id = m.id AND um.user_profile_id = ANY(\(SQL.literal(consenting)))))
      OR (\(sent(by: consenting, to: personalOfOthers + bots))))
      """
  }

  private func sent(by users: [Int64], to recipients: [Int64]) -> String {
    "m.realm_id = \(organization) AND m.sender_id = ANY(\(SQL.literal(users))) "
      + "AND m.recipient_id = ANY(\(SQL.literal(recipients)))"
  }

  private func publicChannels(_ connection: Connection) throws -> [Int64] {
    try connection.identifiers(
      """
      SELECT r.id FROM zerver_recipient r JOIN zerver_stream s ON s.id = r.type_id
      WHERE r.type = \(RecipientType.channel) AND s.realm_id = \(organization) AND NOT s.invite_only
      """)
  }
}
