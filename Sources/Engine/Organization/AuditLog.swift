import Common
import Postgres

/// The organization's audit log, written as the server writes it.
enum AuditLog {
  /// Event types of the server.
  enum Event: Int {
    case deactivated = 201
    case reactivated = 202
    case scrubbed = 203
    case planChanged = 204
    case exported = 206
    case propertyChanged = 207
    case subdomainChanged = 214
    case created = 215
    case imported = 229
    case subscriptionCreated = 301
    case groupMemberAdded = 703
  }

  /// - Parameter details: a JSON object.
  static func record(
    _ event: Event, organization: Int64, details: String = "{}", _ connection: Connection
  ) throws {
    _ = try connection.query(
      """
      INSERT INTO zerver_realmauditlog (realm_id, event_type, event_time, backfilled, extra_data)
      VALUES ($1, $2, now(), false, $3::jsonb)
      """, [String(organization), String(event.rawValue), details])
  }

  /// How many users of each role there are, people and bots apart, as several events note it.
  static func roleCount(_ organization: Int64, _ connection: Connection) throws -> String {
    let rows = try connection.query(
      """
      SELECT role, count(*) FILTER (WHERE NOT is_bot), count(*) FILTER (WHERE is_bot) FROM zerver_userprofile
      WHERE realm_id = $1 AND is_active GROUP BY role
      """, [String(organization)])
    var people: [Int: Int] = [:]
    for row in rows { people[row.int(0) ?? 0] = row.int(1) ?? 0 }
    let bots = rows.reduce(0) { $0 + ($1.int(2) ?? 0) }
    let roles = [100, 200, 300, 400, 600].map { "\"\($0)\": \(people[$0] ?? 0)" }.joined(separator: ", ")
    return "{\"10\": {\"11\": {\(roles)}, \"12\": \(bots)}}"
  }
}
