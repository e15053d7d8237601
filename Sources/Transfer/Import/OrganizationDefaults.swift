import Common
import Operations
import Postgres
import Server

/// Creates what archives of other products' converters lack, in the way in which the server creates it for a new
/// organization: system groups with their members, default settings of users, authentication methods, and the audit log
/// entries of users and subscriptions.
///
/// The pattern is the server's own internal organization, which has the groups and defaults of exactly this version.
struct OrganizationDefaults {
  let organization: Int64
  let brand: Brand
  let survey: ArchiveIndex
  let facts: ImportContext
  let model: DataModel
  let connection: Connection

  /// Returns what ``complete()`` will create, as sentences for the operator.
  ///
  /// - Throws: `.unsuitableArchive` if this server has no pattern for it.
  static func forecast(
    _ survey: ArchiveIndex, _ facts: ImportContext, model: DataModel, brand: Brand, _ connection: Connection
  ) throws -> [String] {
    var said: [String] = []
    if let pattern = try pattern(brand, connection) {
      said += try SystemGroups.forecast(
        survey, facts, areLeftOut: facts.leftOutTables.contains(TableName.userGroup), like: pattern, model: model,
        connection)
      for (table, what) in [
        (TableName.realmUserDefault, "default settings for users"),
        (TableName.realmAuthenticationMethod, "ways to sign in"),
      ]
      where lacks(table, survey, model) {
        said.append("The archive has no \(what): those of a new organization are used")
      }
    }
    if !survey.hasRows(TableName.realmAuditLog) {
      said.append("The archive has no audit log: it begins with the users and their subscriptions")
    }
    return said
  }

  private static func pattern(_ brand: Brand, _ connection: Connection) throws -> String? {
    try connection.value("SELECT id FROM zerver_realm WHERE string_id = $1", [brand.internalSubdomain])
  }

  private static func lacks(_ table: String, _ survey: ArchiveIndex, _ model: DataModel) -> Bool {
    !survey.hasRows(table) && model.catalog[table] != nil
  }

  /// Creates what is missing. Call this after users and channels are written and before references are checked.
  func complete() throws {
    try nameRecipients()
    if let pattern = try Self.pattern(brand, connection) {
      try SystemGroups(
        organization: organization, pattern: pattern, survey: survey,
        areLeftOut: facts.leftOutTables.contains(TableName.userGroup),
        model: model, connection: connection
      ).complete()
      try cloneDefaults(like: pattern)
    }
    if !survey.hasRows(TableName.realmAuditLog) {
      try addUserEvents()
      try addSubscriptionEvents()
    }
  }

  private func cloneDefaults(like pattern: String) throws {
    let rows = RowClone(organization: organization, model: model, connection: connection)
    if Self.lacks(TableName.realmUserDefault, survey, model) {
      try rows.clone(TableName.realmUserDefault, where: "t.realm_id = \(pattern)")
    }
    if Self.lacks(TableName.realmAuthenticationMethod, survey, model) {
      let allowed = facts.allowedAuthentication.map { names in
        " AND t.name IN (\(names.sorted().map(Identifier.literal).joined(separator: ", ")))"
      }
      try rows.clone(TableName.realmAuthenticationMethod, where: "t.realm_id = \(pattern)\(allowed ?? "")")
    }
  }

  /// Sets the recipients of channels, users and group messages, which archives may omit.
  private func nameRecipients() throws {
    let own = [
      (TableName.stream, RecipientType.channel, "t.realm_id = \(organization)"),
      (TableName.userProfile, RecipientType.personal, "t.realm_id = \(organization)"),
      (TableName.huddle, RecipientType.group, "true"),
    ]
    for (table, type, condition) in own where model.catalog[table]?.column("recipient_id") != nil {
      try connection.execute(
        """
        UPDATE \(table) t SET recipient_id = r.id FROM zerver_recipient r
        WHERE r.type = \(type) AND r.type_id = t.id AND t.recipient_id IS NULL AND \(condition)
        """)
    }
  }

  // MARK: Audit log

  /// The server computes the counts of active users, and its reports to the push service, from these entries.
  private func addUserEvents() throws {
    let details = try AuditLog.roleCount(organization, connection)
    let users = "zerver_userprofile u WHERE u.realm_id = \(organization) AND NOT u.is_mirror_dummy"
    try AuditLog.insert(
      .userCreated, organization: organization, details: details, time: "u.date_joined", isBackfilled: true,
      [("modified_user_id", "u.id")], from: "\(users) ORDER BY u.id", connection)
    try AuditLog.insert(
      .userDeactivated, organization: organization, details: details, time: "greatest(now(), u.date_joined)",
      isBackfilled: true, [("modified_user_id", "u.id")], from: "\(users) AND NOT u.is_active ORDER BY u.id", connection
    )
  }

  private func addSubscriptionEvents() throws {
    try AuditLog.insert(
      .subscriptionCreated, organization: organization,
      [
        ("acting_user_id", "s.user_profile_id"), ("modified_user_id", "s.user_profile_id"),
        ("modified_stream_id", "r.type_id"),
        ("event_last_message_id", "coalesce((SELECT max(id) FROM zerver_message), -1)"),
      ],
      from: """
        zerver_subscription s JOIN zerver_recipient r ON r.id = s.recipient_id JOIN zerver_stream c ON c.id = r.type_id
        WHERE r.type = \(RecipientType.channel) AND c.realm_id = \(organization) ORDER BY s.id
        """, connection)
  }
}

extension ArchiveIndex {
  /// Returns whether the archive has rows of a table: an empty list counts as none.
  func hasRows(_ table: String) -> Bool { (counts[table] ?? 0) > 0 }
}
