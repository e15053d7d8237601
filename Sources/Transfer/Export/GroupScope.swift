import Postgres
import Server

/// Selects the group conversations that belong to an export.
///
/// All members of a group must exist on the importing server: they are users of the organization, or system bots, which
/// every server has.
struct GroupScope {
  let organization: Int64
  let users: [Int64]
  let systemBots: [Int64]
  let hasPersonalRecipients: Bool

  private static let group = RecipientType.group

  /// Returns the recipients of these groups.
  ///
  /// - Parameters:
  ///   - membersWanted: at least one of these must be a member of the group; nil for all groups.
  ///   - memberless: whether to include groups without remaining users, if all their messages belong to the
  ///     organization.
  func recipients(_ connection: Connection, membersWanted: [Int64]?, memberless: Bool) throws -> [Int64] {
    let wanted = membersWanted.map { Array(Set(users).intersection($0)).sorted() } ?? users
    var found = try connection.identifiers(
      """
      SELECT s.recipient_id FROM zerver_subscription s JOIN zerver_recipient r ON r.id = s.recipient_id
        JOIN zerver_huddle h ON h.id = r.type_id
      WHERE r.type = \(Self.group) AND s.user_profile_id = ANY(\(SQL.literal(wanted)))
        AND NOT EXISTS (\(strangers("s.recipient_id")))
        AND NOT \(Self.isHeldBack(systemBots, "s.recipient_id", hasPersonalRecipients: hasPersonalRecipients))
      GROUP BY s.recipient_id
      """)
    guard memberless, membersWanted == nil else { return found }
    found += try connection.identifiers(
      """
      SELECT r.id FROM zerver_recipient r JOIN zerver_huddle h ON h.id = r.type_id
      WHERE r.type = \(Self.group)
        AND NOT EXISTS (SELECT 1 FROM zerver_subscription s
          WHERE s.recipient_id = r.id AND NOT s.user_profile_id = ANY(\(SQL.literal(systemBots))))
        AND EXISTS (SELECT 1 FROM zerver_message m WHERE m.recipient_id = r.id AND m.realm_id = \(organization))
        AND NOT EXISTS (SELECT 1 FROM zerver_message m WHERE m.recipient_id = r.id AND m.realm_id <> \(organization))
      """)
    return found
  }

  /// The members who would not exist on the importing server.
  private func strangers(_ recipient: String) -> String {
    """
    SELECT 1 FROM zerver_subscription o JOIN zerver_userprofile u ON u.id = o.user_profile_id
    WHERE o.recipient_id = \(recipient) AND u.realm_id <> \(organization)
      AND NOT u.id = ANY(\(SQL.literal(systemBots)))
    """
  }

  /// Returns the condition under which a group of several users with a system bot is not exported.
  ///
  /// The official exporter omits such groups on servers that have personal recipients. Later servers represent
  /// one-to-one conversations with system bots as groups of two: those are always exported.
  static func isHeldBack(_ systemBots: [Int64], _ recipient: String, hasPersonalRecipients: Bool) -> String {
    guard hasPersonalRecipients, !systemBots.isEmpty else { return "(false)" }
    let bots = SQL.literal(systemBots)
    return """
      (EXISTS (SELECT 1 FROM zerver_subscription b
          WHERE b.recipient_id = \(recipient) AND b.user_profile_id = ANY(\(bots)))
        AND (SELECT count(*) FROM zerver_subscription p
          WHERE p.recipient_id = \(recipient) AND NOT p.user_profile_id = ANY(\(bots))) > 1)
      """
  }
}

extension ExportScope {
  /// Returns the number of exported groups that have the same members as another one, because members have left or were
  /// deleted.
  ///
  /// The server's own importer identifies groups by their members and stops at the second one.
  func groupsWithSameMembers(_ connection: Connection) throws -> Int64 {
    guard groupRecipients.count > 1 else { return 0 }
    let groups = SQL.literal(groupRecipients)
    let count = try connection.value(
      """
      SELECT coalesce(sum(n - 1), 0) FROM (SELECT count(*) AS n FROM (
          SELECT g.id, array_agg(DISTINCT s.user_profile_id) AS members
          FROM unnest(\(groups)) AS g (id) LEFT JOIN zerver_subscription s ON s.recipient_id = g.id GROUP BY g.id) a
        GROUP BY members) b
      """)
    return count.flatMap { Int64($0) } ?? 0
  }
}
