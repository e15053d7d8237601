import Common
import Operations
import Postgres
import Server

/// How an organization came to this server, and its activity since: the facts that distinguish a test import from an
/// organization in use.
public struct OrganizationHistory: Sendable, Codable, Equatable {
  /// When it was imported, by the audit log; nil if it was created on this server.
  public var imported: String?
  /// When the organization was first created, on any server.
  public var created: String?
  /// The messages since the import; for an organization created here, all messages of users.
  public var messagesSince: Int
  public var lastMessage: String?
  /// The unexpired sessions of its users.
  public var activeSessions: Int
  /// The users seen within two weeks, and not before the import.
  public var recentlyActive: Int
  /// Whether the server has no other organization besides its own.
  public var isOnlyOne: Bool

  /// Signs that the organization is in use; empty for a test.
  public var signsOfLife: [String] {
    var signs: [String] = []
    if imported == nil, messagesSince > 0 { signs.append("it was not imported but grew on this server") }
    if imported != nil, messagesSince > 0 {
      signs.append("\(Amount.of(Int64(messagesSince), "message")) written since it was imported")
    }
    if activeSessions > 0 { signs.append("\(Amount.of(Int64(activeSessions), "session")) of signed-in people") }
    if recentlyActive > 0 {
      signs.append("\(Amount.of(Int64(recentlyActive), "person was", "people were")) here in the last two weeks")
    }
    return signs
  }
}

extension OrganizationHistory {
  /// Reads the history from the database.
  ///
  /// - Throws: ``DatabaseFailure`` if a query fails.
  public init(_ organization: Organization, _ connection: Connection, brand: Brand) throws {
    let id = String(organization.id)
    // Exports contain the old server's log: the last import is the one into this server.
    imported = try connection.value(
      "SELECT max(event_time) FROM zerver_realmauditlog WHERE realm_id = $1 AND event_type = $2",
      [id, String(AuditLog.Event.imported.rawValue)])
    created = try connection.value("SELECT date_created FROM zerver_realm WHERE id = $1", [id])
    let messages = try connection.query(
      """
      SELECT count(*), max(m.date_sent) FROM zerver_message m JOIN zerver_userprofile u ON u.id = m.sender_id
      WHERE m.realm_id = $1 AND NOT u.is_bot AND m.date_sent > coalesce($2::timestamptz, '-infinity')
      """, [id, imported]
    ).first
    messagesSince = messages?.int(0) ?? 0
    lastMessage = try connection.value("SELECT max(date_sent) FROM zerver_message WHERE realm_id = $1", [id])
    let users = Set(
      try connection.query("SELECT id FROM zerver_userprofile WHERE realm_id = $1", [id])
        .compactMap { $0[0].flatMap { Int64($0) } })
    activeSessions = try Sessions.keys(of: users, onlyActive: true, connection).count
    recentlyActive =
      try connection.value(
        """
        SELECT count(DISTINCT a.user_profile_id) FROM zerver_useractivity a
        JOIN zerver_userprofile u ON u.id = a.user_profile_id
        WHERE u.realm_id = $1 AND NOT u.is_bot AND a.last_visit > now() - interval '14 days'
          AND a.last_visit > coalesce($2::timestamptz, '-infinity')
        """, [id, imported]
      ).flatMap { Int($0) } ?? 0
    isOnlyOne =
      try connection.value(
        "SELECT 1 FROM zerver_realm WHERE id <> $1 AND string_id <> $2 LIMIT 1", [id, brand.internalSubdomain]) == nil
  }
}
