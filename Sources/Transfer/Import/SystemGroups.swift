import Common
import Postgres
import Server

/// The system groups that the server itself maintains: `role:members`, `role:administrators` and so on.
///
/// The pattern is the server's own internal organization, which has the groups of exactly this version. An archive of
/// another product has none of them; an incomplete one lacks some, or has settings that name missing groups.
struct SystemGroups {
  let organization: Int64
  /// The id of the internal organization.
  let pattern: String
  let survey: ArchiveIndex
  /// Whether the groups of the archive are unusable and not imported.
  let areLeftOut: Bool
  let model: DataModel
  let connection: Connection

  /// Returns what ``complete()`` will create, as sentences for the operator.
  ///
  /// - Parameter areLeftOut: whether the groups of the archive are unusable.
  /// - Throws: `.unsuitableArchive` if groups are missing and the pattern has none either.
  static func forecast(
    _ survey: ArchiveIndex, _ facts: ImportContext, areLeftOut: Bool, like pattern: String, model: DataModel,
    _ connection: Connection
  ) throws -> [String] {
    guard model.catalog[TableName.namedUserGroup] != nil else { return [] }
    let isBare = areLeftOut || !survey.hasRows(TableName.userGroup)
    let names = try connection.query(
      "SELECT name FROM zerver_namedusergroup WHERE realm_id = $1 AND is_system_group ORDER BY usergroup_ptr_id",
      [pattern]
    ).compactMap { $0[0] }
    if isBare, names.isEmpty || model[TableName.userGroup]?.sequence == nil {
      throw PlainFailure(
        .unsuitableArchive, "archive", "has no user groups, and this server has no pattern for them",
        remedy: "import it with the server's own command")
    }
    if areLeftOut {
      return [
        "The archive has user groups, but not their names: \(Amount.of(survey.counts[TableName.userGroup] ?? 0, "group")) "
          + "left out; the system groups are made, with members by their roles"
      ]
    }
    if isBare { return ["The archive has no user groups: the system groups are made, with members by their roles"] }
    var there: Set<String> = []
    var unmarked: [String] = []
    let groups = facts.maps[TableName.userGroup] ?? IDMap()
    let keys = ["usergroup_ptr", "usergroup_ptr_id", "id", "is_system_group", "name"]
    try survey.realm.rows(of: TableName.namedUserGroup, keys: keys) { row in
      guard let id = row[0].int ?? row[1].int ?? row[2].int, groups[id] != nil, let name = row[4].text else { return }
      there.insert(name)
      if !row[3].isTrue, names.contains(name) { unmarked.append(name) }
    }
    var said: [String] = []
    if !unmarked.isEmpty {
      said.append("Groups with names of the server's own are used as such: \(unmarked.joined(separator: ", "))")
    }
    let missing = names.filter { !there.contains($0) }
    guard !missing.isEmpty else { return said }
    return said + [
      "The archive lacks system groups: \(missing.joined(separator: ", ")) are made, with members by their roles"
    ]
  }

  /// Creates the missing groups with their members, and sets the settings that name no group.
  func complete() throws {
    guard model.catalog[TableName.namedUserGroup] != nil else { return }
    try markOwn()
    try addMissing(isBare: areLeftOut || !survey.hasRows(TableName.userGroup))
    try settleSettings()
  }

  /// Marks groups as system groups by name: those names are reserved, whatever the archive says of the group.
  private func markOwn() throws {
    _ = try connection.query(
      """
      UPDATE zerver_namedusergroup SET is_system_group = true WHERE realm_id = $1 AND NOT is_system_group
        AND name IN (SELECT name FROM zerver_namedusergroup WHERE realm_id = $2 AND is_system_group)
      """, [String(organization), pattern])
  }

  private func addMissing(isBare: Bool) throws {
    let rows = try connection.query(
      """
      SELECT g.id, n.name, o.usergroup_ptr_id FROM zerver_usergroup g
      LEFT JOIN zerver_namedusergroup n ON n.usergroup_ptr_id = g.id
      LEFT JOIN zerver_namedusergroup o ON o.realm_id = $2 AND o.is_system_group AND o.name = n.name
      WHERE g.realm_id = $1 AND (n.is_system_group OR n.usergroup_ptr_id IS NULL AND $3) ORDER BY g.id
      """, [pattern, String(organization), String(isBare)])
    let missing = rows.filter { $0[2] == nil }
    let old = missing.compactMap { $0.int(0).map(Int64.init) }
    guard !old.isEmpty else { return }
    let new = try NewIDs(areForeseen: false, model: model, connection: connection).take(
      old.count, of: TableName.userGroup)
    let there = rows.compactMap { row in
      row.int(0).flatMap { id in row.int(2).map { (old: Int64(id), new: Int64($0)) } }
    }
    let groups = IDMap(old: old + there.map(\.old), new: new + there.map(\.new))
    let maps = [TableName.userGroup: groups, TableName.namedUserGroup: groups]
    let copies = RowClone(organization: organization, model: model, connection: connection)
    let list = SQL.literal(old)
    let all = SQL.literal(groups.pairs.map(\.old))
    try copies.clone(TableName.userGroup, where: "t.id = ANY(\(list))", maps: maps)
    try copies.clone(TableName.namedUserGroup, where: "t.usergroup_ptr_id = ANY(\(list))", maps: maps)
    try copies.clone(
      TableName.groupGroupMembership,
      where: "t.supergroup_id = ANY(\(all)) AND t.subgroup_id = ANY(\(all)) "
        + "AND (t.supergroup_id = ANY(\(list)) OR t.subgroup_id = ANY(\(list)))",
      maps: maps)
    let names = missing.compactMap { $0[1] }
    if isBare { try settleOrganization(groups) }
    try addMembers(to: Set(names))
    try copyGroupEvents(like: pattern, IDMap(old: old, new: new))
  }

  // MARK: Settings

  /// Sets all settings of the organization that name a group to those of the pattern.
  private func settleOrganization(_ groups: IDMap) throws {
    let settings = groupColumns(TableName.realm).map { column in
      "\(Identifier.quote(column)) = \(RowClone.mapped("p.\(Identifier.quote(column))", groups))"
    }
    guard !settings.isEmpty else { return }
    try connection.execute(
      """
      UPDATE zerver_realm r SET \(settings.joined(separator: ", "))
      FROM zerver_realm p WHERE r.id = \(organization) AND p.id = \(pattern)
      """)
    try settleReadOnlyChannels()
  }

  /// Sets required group settings that name no group: the organization's from the pattern, the others by the purpose of
  /// the setting.
  private func settleSettings() throws {
    for column in requiredGroupColumns(TableName.realm) {
      let name = Identifier.quote(column)
      try connection.execute(
        """
        UPDATE zerver_realm r SET \(name) = o.usergroup_ptr_id
        FROM zerver_realm p JOIN zerver_namedusergroup n ON n.usergroup_ptr_id = p.\(name)
        JOIN zerver_namedusergroup o ON o.name = n.name AND o.is_system_group
        WHERE r.id = \(organization) AND p.id = \(pattern) AND o.realm_id = r.id AND r.\(name) = 0
        """)
    }
    for table in [TableName.stream, TableName.namedUserGroup] {
      for column in requiredGroupColumns(table) where column != "usergroup_ptr_id" {
        try connection.execute(
          """
          UPDATE \(table) SET \(Identifier.quote(column)) = (\(Self.group(Self.role(for: column), organization)))
          WHERE realm_id = \(organization) AND \(Identifier.quote(column)) = 0
          """)
      }
    }
    try giveUnsetChannelGroups()
  }

  /// Sets the optional group settings of channels too, which archives of converters omit.
  private func giveUnsetChannelGroups() throws {
    guard areLeftOut || !survey.hasRows(TableName.userGroup) else { return }
    for column in groupColumns(TableName.stream) {
      try connection.execute(
        """
        UPDATE zerver_stream SET \(Identifier.quote(column)) = (\(Self.group(Self.role(for: column), organization)))
        WHERE realm_id = \(organization) AND \(Identifier.quote(column)) IS NULL
        """)
    }
  }

  /// Returns the default group for a setting of a channel or a group.
  private static func role(for column: String) -> String {
    switch column {
    case "can_remove_subscribers_group_id": "role:administrators"
    case "can_send_message_group_id", "can_create_topic_group_id", "can_resolve_topics_group_id",
      "can_mention_group_id", "can_leave_group_id":
      "role:everyone"
    default: "role:nobody"
    }
  }

  /// Applies `stream_post_policy`: converters describe who may write to a channel in the form of older servers.
  private func settleReadOnlyChannels() throws {
    let column = "can_send_message_group_id"
    guard let channels = model.catalog[TableName.stream], channels.column(column) != nil,
      channels.column("stream_post_policy") == nil
    else { return }
    let roles: [Int64: String] = [2: "role:administrators", 3: "role:fullmembers", 4: "role:moderators"]
    var names: [String: [String]] = [:]
    try survey.realm.rows(of: TableName.stream, keys: ["stream_post_policy", "name"]) { row in
      guard let role = row[0].int.flatMap({ roles[$0] }), let name = row[1].text else { return }
      names[role, default: []].append(name)
    }
    for (role, channels) in names.sorted(by: { $0.key < $1.key }) {
      for name in channels {
        _ = try connection.query(
          """
          UPDATE zerver_stream SET \(column) = (\(Self.group(role, organization))) WHERE realm_id = $1 AND name = $2
          """, [String(organization), name])
      }
    }
  }

  private func requiredGroupColumns(_ table: String) -> [String] {
    groupColumns(table).filter { model.catalog[table]?.column($0)?.isRequired ?? false }
  }

  private func groupColumns(_ table: String) -> [String] {
    (model.catalog[table]?.foreignKeys ?? [])
      .filter { DataModel.groupTables.contains($0.table) }.map(\.column)
  }

  // MARK: Members

  /// Adds each user to the group of the user's role, and members past the waiting period to the full members.
  private func addMembers(to names: Set<String>) throws {
    let roles = [
      (UserRole.owner, "role:owners"), (UserRole.administrator, "role:administrators"),
      (UserRole.moderator, "role:moderators"), (UserRole.member, "role:members"), (UserRole.guest, "role:everyone"),
    ]
    for (role, name) in roles where names.contains(name) { try addMembers(role: role, to: name, unless: "false") }
    guard names.contains("role:fullmembers") else { return }
    try addMembers(
      role: UserRole.member, to: "role:fullmembers",
      unless: "u.date_joined > now() - r.waiting_period_threshold * interval '1 day'")
  }

  private func addMembers(role: Int, to group: String, unless condition: String) throws {
    let users = """
      zerver_userprofile u JOIN zerver_realm r ON r.id = u.realm_id
      WHERE u.realm_id = \(organization) AND u.role = \(role) AND NOT (\(condition)) ORDER BY u.id
      """
    let more = try RequiredColumns(
      of: TableName.userGroupMembership, beyond: ["user_group_id", "user_profile_id"], connection)
    try connection.execute(
      """
      INSERT INTO zerver_usergroupmembership (user_group_id, user_profile_id\(more.names))
      SELECT (\(Self.group(group, organization))), u.id\(more.values) FROM \(users)
      """)
    try AuditLog.insert(
      .groupMemberAdded, organization: organization,
      [("modified_user_id", "u.id"), ("modified_user_group_id", "(\(Self.group(group, organization)))")],
      from: users, connection)
  }

  private static func group(_ name: String, _ organization: Int64) -> String {
    "SELECT usergroup_ptr_id FROM zerver_namedusergroup WHERE realm_id = \(organization) "
      + "AND name = \(Identifier.literal(name))"
  }

  /// Copies the audit log entries of the groups' creation, with the ids in their details replaced.
  private func copyGroupEvents(like pattern: String, _ groups: IDMap) throws {
    let rows = try connection.query(
      """
      SELECT event_type, extra_data::text, modified_user_group_id FROM zerver_realmauditlog
      WHERE realm_id = $1 AND modified_user_group_id IS NOT NULL AND modified_user_id IS NULL ORDER BY id
      """, [pattern])
    for row in rows {
      guard let group = row.int(2).flatMap({ groups[Int64($0)] }) else { continue }
      guard let type = row.int(0) else { continue }
      try AuditLog.insert(
        type: type, organization: organization, details: Self.followed(row[1] ?? "{}", groups),
        [("modified_user_group_id", String(group))], from: "(SELECT 1) one", connection)
    }
  }

  /// Returns details such as `{"subgroup_ids": [58]}` with new ids; other details unchanged.
  private static func followed(_ details: String, _ groups: IDMap) -> String {
    guard details.contains("group_ids\"") else { return details }
    let ids = details.split { !$0.isNumber }.compactMap { Int64($0) }
    let key = details.contains("subgroup_ids") ? "subgroup_ids" : "supergroup_ids"
    return "{\"\(key)\": [\(ids.compactMap { groups[$0].map(String.init) }.joined(separator: ", "))]}"
  }
}
