import Common
import Postgres

/// What archives of other products' converters do not have, made as the server makes it for a new organization: system
/// groups with their members, default settings of users, the log of subscriptions.
///
/// The server's own internal organization is the pattern: it has the very groups and defaults of this version.
struct OrganizationDefaults {
  let organization: Int64
  let brand: Brand
  let survey: ArchiveSurvey
  let facts: ImportFacts
  let model: DataModel
  let connection: Connection

  private static let groupTable = "zerver_usergroup"

  /// To be called when users and channels are in, and before references are checked.
  ///
  /// - Returns: what was made, in words.
  func complete() throws -> [String] {
    var made: [String] = []
    try nameRecipients()
    guard
      let pattern = try connection.value(
        "SELECT id FROM zerver_realm WHERE string_id = $1", [brand.internalSubdomain])
    else { return [] }
    if !survey.hasUserGroups {
      try addSystemGroups(like: pattern)
      made.append("The archive has no user groups: the system groups were made, with members by their roles")
    }
    if !survey.realm.contains("zerver_realmuserdefault"), model.catalog["zerver_realmuserdefault"] != nil {
      try clone("zerver_realmuserdefault", where: "t.realm_id = \(pattern)", maps: [:])
      made.append("The archive has no default settings for users: those of a new organization are used")
    }
    if !survey.hasAuditLog {
      try addSubscriptionEvents()
      made.append("The archive has no audit log: it begins with the subscriptions")
    }
    return made
  }

  /// Channels, users and group messages know their recipients; archives need not say so.
  private func nameRecipients() throws {
    let own = [
      ("zerver_stream", ExportScope.RecipientType.channel, "t.realm_id = \(organization)"),
      ("zerver_userprofile", ExportScope.RecipientType.personal, "t.realm_id = \(organization)"),
      ("zerver_huddle", ExportScope.RecipientType.group, "true"),
    ]
    for (table, type, condition) in own where model.catalog[table]?.column("recipient_id") != nil {
      try connection.execute(
        """
        UPDATE \(table) t SET recipient_id = r.id FROM zerver_recipient r
        WHERE r.type = \(type) AND r.type_id = t.id AND t.recipient_id IS NULL AND \(condition)
        """)
    }
  }

  // MARK: System groups

  private func addSystemGroups(like pattern: String) throws {
    let old = try connection.identifiers(
      """
      SELECT g.id FROM zerver_usergroup g LEFT JOIN zerver_namedusergroup n ON n.usergroup_ptr_id = g.id
      WHERE g.realm_id = \(pattern) AND (n.usergroup_ptr_id IS NULL OR n.is_system_group) ORDER BY g.id
      """)
    guard let sequence = model.catalog[Self.groupTable]?.column("id")?.sequence, !old.isEmpty else {
      throw PlainFailure(
        .unsuitableArchive, "archive", "has no user groups, and this server has no pattern for them",
        remedy: "import it with the server's own command")
    }
    let new = try connection.identifiers(
      "SELECT nextval(\(Identifier.literal(sequence))) FROM generate_series(1, \(old.count))")
    let groups = IDMap(old: old, new: new)
    let maps = [Self.groupTable: groups, "zerver_namedusergroup": groups]
    let list = SQL.literal(old)
    try clone(Self.groupTable, where: "t.id = ANY(\(list))", maps: maps)
    try clone("zerver_namedusergroup", where: "t.usergroup_ptr_id = ANY(\(list))", maps: maps)
    try clone(
      "zerver_groupgroupmembership", where: "t.supergroup_id = ANY(\(list)) AND t.subgroup_id = ANY(\(list))",
      maps: maps)
    try settleSettings(like: pattern, groups)
    try addMembers()
    try copyGroupEvents(like: pattern, groups)
  }

  /// Settings that name a group: the organization's like the pattern's, the channels' by what the setting is for.
  private func settleSettings(like pattern: String, _ groups: IDMap) throws {
    let realmSettings = groupColumns("zerver_realm").map { column in
      "\(Identifier.quote(column)) = \(Self.mapped("p.\(Identifier.quote(column))", groups))"
    }
    if !realmSettings.isEmpty {
      try connection.execute(
        """
        UPDATE zerver_realm r SET \(realmSettings.joined(separator: ", "))
        FROM zerver_realm p WHERE r.id = \(organization) AND p.id = \(pattern)
        """)
    }
    for column in groupColumns("zerver_stream") {
      let role =
        switch column {
        case "can_remove_subscribers_group_id": "role:administrators"
        case "can_send_message_group_id", "can_create_topic_group_id", "can_resolve_topics_group_id": "role:everyone"
        default: "role:nobody"
        }
      try connection.execute(
        """
        UPDATE zerver_stream SET \(Identifier.quote(column)) = (\(Self.group(role, organization)))
        WHERE realm_id = \(organization) AND coalesce(\(Identifier.quote(column)), 0) = 0
        """)
    }
  }

  private func groupColumns(_ table: String) -> [String] {
    (model.catalog[table]?.foreignKeys ?? [])
      .filter { $0.table == Self.groupTable || $0.table == "zerver_namedusergroup" }.map(\.column)
  }

  /// A user belongs to the group of the own role; a member who is no newcomer to the full members too.
  private func addMembers() throws {
    let roles = [
      (100, "role:owners"), (200, "role:administrators"), (300, "role:moderators"), (400, "role:members"),
      (600, "role:everyone"),
    ]
    for (role, name) in roles { try addMembers(role: role, to: name, unless: "false") }
    try addMembers(
      role: 400, to: "role:fullmembers",
      unless: "u.date_joined > now() - r.waiting_period_threshold * interval '1 day'")
  }

  private func addMembers(role: Int, to group: String, unless condition: String) throws {
    try connection.execute(
      """
      WITH added AS (
        INSERT INTO zerver_usergroupmembership (user_group_id, user_profile_id)
        SELECT (\(Self.group(group, organization))), u.id FROM zerver_userprofile u
        JOIN zerver_realm r ON r.id = u.realm_id
        WHERE u.realm_id = \(organization) AND u.role = \(role) AND NOT (\(condition)) ORDER BY u.id
        RETURNING user_group_id, user_profile_id)
      INSERT INTO zerver_realmauditlog (realm_id, event_type, event_time, backfilled, extra_data, modified_user_id,
        modified_user_group_id)
      SELECT \(organization), \(AuditLog.Event.groupMemberAdded.rawValue), now(), false, '{}', user_profile_id,
        user_group_id FROM added
      """)
  }

  private static func group(_ name: String, _ organization: Int64) -> String {
    "SELECT usergroup_ptr_id FROM zerver_namedusergroup WHERE realm_id = \(organization) "
      + "AND name = \(Identifier.literal(name))"
  }

  /// The log of the groups' making, with the ids in its details followed.
  private func copyGroupEvents(like pattern: String, _ groups: IDMap) throws {
    let rows = try connection.query(
      """
      SELECT event_type, extra_data::text, modified_user_group_id FROM zerver_realmauditlog
      WHERE realm_id = $1 AND modified_user_group_id IS NOT NULL AND modified_user_id IS NULL ORDER BY id
      """, [pattern])
    for row in rows {
      guard let group = row.int(2).flatMap({ groups[Int64($0)] }) else { continue }
      _ = try connection.query(
        """
        INSERT INTO zerver_realmauditlog (realm_id, event_type, event_time, backfilled, extra_data,
          modified_user_group_id) VALUES ($1, $2, now(), false, $3::jsonb, $4)
        """, [String(organization), row[0], Self.followed(row[1] ?? "{}", groups), String(group)])
    }
  }

  /// `{"subgroup_ids": [58]}` with new ids; other details are as they are.
  private static func followed(_ details: String, _ groups: IDMap) -> String {
    guard details.contains("group_ids\"") else { return details }
    let ids = details.split { !$0.isNumber }.compactMap { Int64($0) }
    let key = details.contains("subgroup_ids") ? "subgroup_ids" : "supergroup_ids"
    return "{\"\(key)\": [\(ids.compactMap { groups[$0].map(String.init) }.joined(separator: ", "))]}"
  }

  // MARK: Cloning

  /// Copies rows of the pattern into the organization: its id, ids of their own, references through `maps`.
  private func clone(_ table: String, where condition: String, maps: [String: IDMap]) throws {
    guard let found = model.catalog[table] else { return }
    let columns = found.columns.filter { column in
      // An id that a sequence gives is left to it, unless others refer to it.
      !column.isGenerated && !(column.name == "id" && maps[table] == nil)
    }
    let expressions = columns.map { column -> String in
      let name = "t.\(Identifier.quote(column.name))"
      if column.name == "id", let map = maps[table] { return Self.mapped(name, map) }
      guard let key = found.foreignKey(column.name) else { return name }
      if key.table == "zerver_realm" { return String(organization) }
      return maps[key.table].map { Self.mapped(name, $0) } ?? name
    }
    try connection.execute(
      """
      INSERT INTO \(Identifier.quote(table)) (\(Identifier.list(columns.map(\.name))))
      SELECT \(expressions.joined(separator: ", ")) FROM \(Identifier.quote(table)) t WHERE \(condition)
      """)
  }

  private static func mapped(_ expression: String, _ map: IDMap) -> String {
    let values = map.pairs.map { "(\($0.old), \($0.new))" }.joined(separator: ", ")
    return "(SELECT m.new FROM (VALUES \(values)) m(old, new) WHERE m.old = \(expression))"
  }

  // MARK: Subscriptions

  private func addSubscriptionEvents() throws {
    try connection.execute(
      """
      INSERT INTO zerver_realmauditlog (realm_id, event_type, event_time, backfilled, extra_data, acting_user_id,
        modified_user_id, modified_stream_id, event_last_message_id)
      SELECT \(organization), \(AuditLog.Event.subscriptionCreated.rawValue), now(), false, '{}', s.user_profile_id,
        s.user_profile_id, r.type_id, coalesce((SELECT max(id) FROM zerver_message), -1)
      FROM zerver_subscription s JOIN zerver_recipient r ON r.id = s.recipient_id
      JOIN zerver_stream c ON c.id = r.type_id
      WHERE r.type = \(ExportScope.RecipientType.channel) AND c.realm_id = \(organization) ORDER BY s.id
      """)
  }
}
