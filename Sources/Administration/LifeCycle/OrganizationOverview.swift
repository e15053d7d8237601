import Common
import Operations
import Postgres
import Server

/// An organization with the facts for a deletion: its size and its last activity.
public struct OrganizationOverview: Sendable, Codable, Equatable {
  public var organization: Organization
  /// Bytes of uploaded files, by their rows.
  public var uploadBytes: Int64
  /// For example "2026-11-22T20:15:00Z"; nil without any activity.
  public var lastActivity: String?
  /// The time of its import into this server; nil if it was created here.
  public var imported: String? = nil

  /// Returns the overviews of all organizations of a server, by id.
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
