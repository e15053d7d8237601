import Common
import Postgres

/// What is computed once all rows are in, and what the server notes of an import in the organization's audit log.
struct OrganizationCompletion {
  let organization: Int64
  let survey: ArchiveSurvey
  let model: DataModel
  let connection: Connection

  func run() throws {
    try firstMessages()
    try creationEvent()
    try plan()
    try AuditLog.record(
      .imported, organization: organization, details: try AuditLog.roleCount(organization, connection), connection)
  }

  private func firstMessages() throws {
    _ = try connection.query(
      """
      UPDATE zerver_stream s SET first_message_id = f.id
      FROM (SELECT r.type_id, min(m.id) AS id FROM zerver_message m JOIN zerver_recipient r ON r.id = m.recipient_id
        WHERE r.type = \(ExportScope.RecipientType.channel) AND m.realm_id = $1 GROUP BY r.type_id) f
      WHERE s.id = f.type_id AND s.realm_id = $1
      """, [String(organization)])
  }

  /// Every organization has a first entry in its log; archives of converters have none.
  private func creationEvent() throws {
    guard !survey.hasCreationEvent else { return }
    _ = try connection.query(
      """
      INSERT INTO zerver_realmauditlog (realm_id, event_type, event_time, backfilled, extra_data)
      SELECT id, \(AuditLog.Event.created.rawValue), date_created, true, '{}' FROM zerver_realm WHERE id = $1
      """, [String(organization)])
  }

  private func plan() throws {
    let plan = model.hasBilling ? PlanRules.limited : PlanRules.selfHosted
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

/// What a server's plans mean for an organization that comes to it.
struct PlanRules {
  let type: Int
  let invitations: Int?
  let visibleMessages: Int?
  let withoutSpectators: Bool

  static let selfHosted = PlanRules(type: 1, invitations: nil, visibleMessages: nil, withoutSpectators: false)
  /// The free plan of the cloud.
  static let limited = PlanRules(type: 2, invitations: 100, visibleMessages: 10_000, withoutSpectators: true)

  /// Ways to sign in that the cloud allows without a paid plan.
  static let authenticationWithoutPlan: Set<String> = [
    "Dev", "Email", "LDAP", "RemoteUser", "GitHub", "GitLab", "Google", "Apple", "OpenID Connect",
  ]
}
