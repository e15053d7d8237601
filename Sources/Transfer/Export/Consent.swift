import Common
import Postgres
import Server

/// How users have agreed that their private data is exported.
public enum Consent: Sendable, Codable, Equatable {
  /// By each user's own setting, in later versions of the server.
  case bySetting
  /// By a reaction with the outbox emoji to this message.
  case byReactions(message: Int64)

  /// The member of an archive that lists the ids of the users who agreed, as a JSON list.
  static let fileName = "consented_user_ids.json"
  private static let outbox = "1f4e4"

  /// Returns the users of the organization who agreed.
  ///
  /// - Throws: `.usage` if this server records consent in the other way, or if the message is not suitable.
  func users(of organization: Organization, _ traits: ServerTraits, _ connection: Connection) throws -> [Int64] {
    switch self {
    case .bySetting:
      guard traits.hasConsentSetting else {
        throw PlainFailure(
          .usage, "consent", "users of this version of the server have no setting for it",
          remedy: "ask them in a message to react with the outbox emoji, and name it: --consent-message ID")
      }
      return try Self.bySetting(organization, connection)
    case .byReactions(let message):
      guard !traits.hasConsentSetting else {
        throw PlainFailure(
          .usage, "consent", "users of this version of the server decide by a setting of their own",
          remedy: "leave --consent-message out")
      }
      return try Self.byReactions(message, organization, connection)
    }
  }

  /// Returns the users who allow it, their bots, bots with that setting, and mirror dummies: what is known of those is
  /// public.
  private static func bySetting(_ organization: Organization, _ connection: Connection) throws -> [Int64] {
    try connection.identifiers(
      """
      SELECT u.id FROM zerver_userprofile u WHERE u.realm_id = \(organization.id) AND (
        u.allow_private_data_export OR u.is_mirror_dummy
        OR u.is_bot AND EXISTS (SELECT 1 FROM zerver_userprofile o WHERE o.id = u.bot_owner_id
          AND o.realm_id = u.realm_id AND o.allow_private_data_export AND NOT o.is_bot))
      ORDER BY u.id
      """)
  }

  private static func byReactions(
    _ message: Int64, _ organization: Organization, _ connection: Connection
  ) throws -> [Int64] {
    func refuse(_ reason: String, _ remedy: String) -> PlainFailure {
      PlainFailure(.usage, "message \(message)", reason, remedy: remedy)
    }
    let found = try connection.query(
      "SELECT realm_id, last_edit_time IS NOT NULL FROM zerver_message WHERE id = $1", [String(message)])
    guard let row = found.first, row.int(0).map(Int64.init) == organization.id else {
      throw refuse("\(organization.label) has no such message", "look its number up in the link to it")
    }
    guard !row.bool(1) else {
      throw refuse("it was edited: it is unknown what users agreed to", "ask again in another message")
    }
    let reactions = """
      FROM zerver_reaction r JOIN zerver_userprofile u ON u.id = r.user_profile_id
      WHERE r.message_id = \(message) AND r.reaction_type = 'unicode_emoji' AND r.emoji_code = '\(outbox)'
      """
    guard
      try connection.value("SELECT 1 \(reactions) AND u.realm_id <> \(organization.id) LIMIT 1") == nil
    else {
      throw refuse("users of another organization reacted to it", "ask in a message that only this one can see")
    }
    return try connection.identifiers("SELECT u.id \(reactions) ORDER BY u.id")
  }
}
