import Common
import Postgres

/// An organization with what decides whether it can go: how much it holds, and when people were last there.
public struct OrganizationOverview: Sendable, Codable, Equatable {
  public var organization: Organization
  /// Bytes of uploaded files, as their rows have it.
  public var uploadBytes: Int64
  /// "2026-11-22T20:15:00Z"; nil where nobody ever was.
  public var lastActivity: String?
  /// When it was imported into this server; nil where it was made here.
  public var imported: String? = nil

  /// Of all organizations of a server, in the order of their ids.
  public static func list(_ connection: Connection, brand: Brand) throws -> [OrganizationOverview] {
    let details = try connection.query(
      """
      SELECT r.id, (SELECT coalesce(sum(size), 0) FROM zerver_attachment a WHERE a.realm_id = r.id),
        to_char(greatest(
          (SELECT max(a.last_visit) FROM zerver_useractivity a JOIN zerver_userprofile u ON u.id = a.user_profile_id
            WHERE u.realm_id = r.id AND NOT u.is_bot),
          (SELECT max(m.date_sent) FROM zerver_message m WHERE m.realm_id = r.id))
          AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
        (SELECT max(l.event_time) FROM zerver_realmauditlog l WHERE l.realm_id = r.id AND l.event_type = $1)
      FROM zerver_realm r
      """, [String(AuditLog.Event.imported.rawValue)])
    let byID = Dictionary(uniqueKeysWithValues: details.map { (Int64($0[0] ?? "") ?? 0, $0) })
    return try Organization.list(connection, brand: brand).map { organization in
      let row = byID[organization.id]
      return OrganizationOverview(
        organization: organization, uploadBytes: row?[1].flatMap { Int64($0) } ?? 0, lastActivity: row?[2],
        imported: row?[3])
    }
  }
}
