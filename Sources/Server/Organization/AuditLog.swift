import Common
import Postgres

/// The organization's audit log (`zerver_realmauditlog`), written as the server writes it.
package enum AuditLog {
  /// The event types of the server.
  package enum Event: Int {
    case userCreated = 101
    case userDeactivated = 103
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

  /// Writes one event of an organization with the current time.
  ///
  /// - Parameter details: a JSON object.
  package static func record(
    _ event: Event, organization: Int64, details: String = "{}", _ connection: Connection
  ) throws {
    try insert(event, organization: organization, details: details, from: "(SELECT 1) one", connection)
  }

  /// Writes one event for each row of `source`, with all columns that this version of the server requires.
  ///
  /// - Parameters:
  ///   - details: a JSON object, the same for all events.
  ///   - time: an SQL expression for the time of the event.
  ///   - isBackfilled: whether the event is recorded afterwards, for something that happened elsewhere.
  ///   - columns: more columns of the log with SQL expressions for their values.
  ///   - source: the text after `FROM`; a constant of this program with numbers in it.
  package static func insert(
    _ event: Event, organization: Int64, details: String = "{}", time: String = "now()", isBackfilled: Bool = false,
    _ columns: [(name: String, value: String)] = [], from source: String, _ connection: Connection
  ) throws {
    try insert(
      type: event.rawValue, organization: organization, details: details, time: time, isBackfilled: isBackfilled,
      columns, from: source, connection)
  }

  /// Writes events in the same way, with an event type by its number.
  package static func insert(
    type: Int, organization: Int64, details: String = "{}", time: String = "now()", isBackfilled: Bool = false,
    _ columns: [(name: String, value: String)] = [], from source: String, _ connection: Connection
  ) throws {
    let known = ["realm_id", "event_type", "event_time", "backfilled", "extra_data"] + columns.map(\.name)
    let values = columns.map { ", \($0.value)" }.joined()
    let more = try RequiredColumns(of: TableName.realmAuditLog, beyond: known, connection)
    _ = try connection.query(
      """
      INSERT INTO zerver_realmauditlog (\(known.joined(separator: ", "))\(more.names))
      SELECT $1::int8, \(type), \(time), \(isBackfilled), $2::text::jsonb\(values)\(more.values)
      FROM \(source)
      """, [String(organization), details])
  }

  /// Returns the number of active users of each role, and of bots, in the form that several events record.
  package static func roleCount(_ organization: Int64, _ connection: Connection) throws -> String {
    let rows = try connection.query(
      """
      SELECT role, count(*) FILTER (WHERE NOT is_bot), count(*) FILTER (WHERE is_bot) FROM zerver_userprofile
      WHERE realm_id = $1 AND is_active GROUP BY role
      """, [String(organization)])
    var people: [Int: Int] = [:]
    for row in rows { people[row.int(0) ?? 0] = row.int(1) ?? 0 }
    let bots = rows.reduce(0) { $0 + ($1.int(2) ?? 0) }
    let roles = UserRole.all.map { "\"\($0)\": \(people[$0] ?? 0)" }.joined(separator: ", ")
    return "{\"10\": {\"11\": {\(roles)}, \"12\": \(bots)}}"
  }
}
