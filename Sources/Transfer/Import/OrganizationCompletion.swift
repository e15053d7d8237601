import Common
import Operations
import Postgres
import Server

/// Computes the values that depend on all rows of the import, and writes the server's entries in the organization's
/// audit log.
struct OrganizationCompletion {
  let organization: Int64
  let survey: ArchiveIndex
  let model: DataModel
  let connection: Connection

  /// - Returns: sentences for the operator.
  func run() throws -> [String] {
    try firstMessages()
    try subscriberCounts()
    try presenceSequence()
    try creationEvent()
    try plan()
    try Appointments(model: model).clear(organization: organization, connection)
    try ServerRights(model: model).clear(organization: organization, connection)
    try channelActivity()
    try AuditLog.record(.imported, organization: organization, details: try importDetails(), connection)
    return isFromOtherProduct ? try announcementChannels() : []
  }

  // MARK: Counts

  private func firstMessages() throws {
    _ = try connection.query(
      """
      UPDATE zerver_stream s SET first_message_id = f.id
      FROM (SELECT r.type_id, min(m.id) AS id FROM zerver_message m JOIN zerver_recipient r ON r.id = m.recipient_id
        WHERE r.type = \(RecipientType.channel) AND m.realm_id = $1 GROUP BY r.type_id) f
      WHERE s.id = f.type_id AND s.realm_id = $1
      """, [String(organization)])
  }

  /// Recounts the active subscribers of each channel, which the server stores; older archives lack the number.
  private func subscriberCounts() throws {
    guard model.catalog[TableName.stream]?.column("subscriber_count") != nil else { return }
    _ = try connection.query(
      """
      UPDATE zerver_stream s SET subscriber_count = c.number
      FROM (SELECT o.id, (SELECT count(*) FROM zerver_subscription b JOIN zerver_recipient r ON r.id = b.recipient_id
          JOIN zerver_userprofile u ON u.id = b.user_profile_id
          WHERE r.type = \(RecipientType.channel) AND r.type_id = o.id AND b.active AND u.is_active) AS number
        FROM zerver_stream o WHERE o.realm_id = $1) c
      WHERE s.id = c.id AND s.subscriber_count <> c.number
      """, [String(organization)])
  }

  /// Creates the organization's presence sequence: it counts changes of presence and is never behind that of a row.
  private func presenceSequence() throws {
    guard model.catalog[TableName.presenceSequence] != nil else { return }
    let more = try RequiredColumns(
      of: TableName.presenceSequence, beyond: ["realm_id", "last_update_id"], connection)
    _ = try connection.query(
      """
      INSERT INTO zerver_presencesequence (realm_id, last_update_id\(more.names)) SELECT $1::int8, 0\(more.values)
      WHERE NOT EXISTS (SELECT 1 FROM zerver_presencesequence WHERE realm_id = $1::int8)
      """, [String(organization)])
    guard model.catalog[TableName.userPresence]?.column("last_update_id") != nil else { return }
    _ = try connection.query(
      """
      UPDATE zerver_presencesequence SET last_update_id = p.last
      FROM (SELECT max(last_update_id) AS last FROM zerver_userpresence WHERE realm_id = $1) p
      WHERE realm_id = $1 AND last_update_id < p.last
      """, [String(organization)])
  }

  /// The number of days after which the server marks a channel without messages as inactive.
  private static let activityDays = 180

  private func channelActivity() throws {
    guard model.catalog[TableName.stream]?.column("is_recently_active") != nil, !survey.organization.isDeactivated
    else {
      return
    }
    _ = try connection.query(
      """
      UPDATE zerver_stream s SET is_recently_active = false
      WHERE s.realm_id = $1 AND s.is_recently_active AND NOT EXISTS (
        SELECT 1 FROM zerver_message m JOIN zerver_recipient r ON r.id = m.recipient_id
        WHERE m.realm_id = $1 AND r.type = \(RecipientType.channel) AND r.type_id = s.id
          AND m.date_sent >= now() - \(Self.activityDays) * interval '1 day')
      """, [String(organization)])
  }

  // MARK: Audit log

  /// Adds the creation entry that each organization's log begins with; archives of converters have none.
  private func creationEvent() throws {
    guard !survey.hasCreationEvent else { return }
    try AuditLog.insert(
      .created, organization: organization, time: "r.date_created", isBackfilled: true,
      from: "zerver_realm r WHERE r.id = \(organization)", connection)
  }

  /// The name of the other product that the archive comes from, if any; later servers record it.
  private var importSource: String? {
    guard let source = survey.realm.flags["import_source"], (1...100).contains(source.utf8.count),
      Brand(rawValue: source) == nil,
      source.allSatisfy({ $0.isASCII && ($0.isLetter || $0.isNumber || " ._-".contains($0)) })
    else { return nil }
    return source
  }

  private func importDetails() throws -> String {
    let roles = try AuditLog.roleCount(organization, connection)
    return importSource.map { "\(roles.dropLast()), \"import_source\": \"\($0)\"}" } ?? roles
  }

  /// Whether the archive was made by a converter, not by a server of this family.
  private var isFromOtherProduct: Bool {
    guard let importSource else { return !survey.hasRows(TableName.realmAuditLog) }
    return !Brand.allCases.contains { importSource == $0.rawValue }
  }

  /// Sets the channel with the most subscribers as the channel for announcements of new channels and of server news, if
  /// the archive of another product sets none.
  private func announcementChannels() throws -> [String] {
    let settings = [
      "new_stream_announcements_stream", "zulip_update_announcements_stream", "aloha_update_announcements_stream",
    ]
    .filter { model.catalog[TableName.realm]?.column("\($0)_id") != nil }
    guard
      let channel = try connection.query(
        """
        SELECT s.id, s.name FROM zerver_stream s LEFT JOIN zerver_subscription b
          ON b.recipient_id = s.recipient_id AND b.active
        WHERE s.realm_id = $1 AND NOT s.deactivated GROUP BY s.id ORDER BY count(b.id) DESC, s.id LIMIT 1
        """, [String(organization)]
      ).first, let id = channel.int(0)
    else { return [] }
    var chosen: [String] = []
    for setting in settings {
      let changed = try connection.change(
        "UPDATE zerver_realm SET \(setting)_id = $2 WHERE id = $1 AND \(setting)_id IS NULL",
        [String(organization), String(id)])
      guard changed > 0 else { continue }
      try AuditLog.record(
        .propertyChanged, organization: organization,
        details: "{\"1\": null, \"2\": \(id), \"property\": \"\(setting)\"}", connection)
      chosen.append(setting)
    }
    guard !chosen.isEmpty else { return [] }
    let name = SafeText.clean(channel[1] ?? "", limit: .word)
    return ["The archive chooses no channel for announcements: #\(name), with the most subscribers, is used"]
  }

  private func plan() throws {
    let plan = PlanRules(of: model)
    let old = try connection.query(
      "SELECT plan_type, enable_spectator_access FROM zerver_realm WHERE id = $1", [String(organization)]
    ).first
    if plan.withoutSpectators, old?.bool(1) ?? false {
      _ = try connection.query(
        "UPDATE zerver_realm SET enable_spectator_access = false WHERE id = $1", [String(organization)])
      try AuditLog.record(
        .propertyChanged, organization: organization,
        details: "{\"1\": true, \"2\": false, \"property\": \"enable_spectator_access\"}", connection)
    }
    _ = try connection.query(
      """
      UPDATE zerver_realm SET plan_type = $2, max_invites = $3::int, message_visibility_limit = $4::int,
        first_visible_message_id = coalesce((SELECT id FROM zerver_message WHERE realm_id = $1 AND $4::int IS NOT NULL
          ORDER BY id DESC OFFSET coalesce($4::int, 1) - 1 LIMIT 1), 0)
      WHERE id = $1
      """,
      [
        String(organization), String(plan.type), plan.invitations.map(String.init),
        plan.visibleMessages.map(String.init),
      ])
    try AuditLog.record(
      .planChanged, organization: organization,
      details: "{\"old_value\": \(old?.int(0) ?? 1), \"new_value\": \(plan.type)}", connection)
  }
}
