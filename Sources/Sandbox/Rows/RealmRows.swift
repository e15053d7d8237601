import Operations

/// The rows of every new organization: its own row, its preferences, its authentication methods, the system groups; and
/// the rows of each new user.
final class RealmRows {
  /// The system groups. From `owners` on, each is a subgroup of the next one.
  enum SystemGroup: String, CaseIterable {
    case nobody, owners, administrators, moderators, fullmembers, members, everyone, internet

    var description: String {
      switch self {
      case .nobody: "Nobody"
      case .owners: "Owners of this organization"
      case .administrators: "Administrators of this organization, including owners"
      case .moderators: "Moderators of this organization, including administrators"
      case .fullmembers: "Members of this organization, not including new accounts and guests"
      case .members: "Members of this organization, not including guests"
      case .everyone: "Everyone in this organization, including guests"
      case .internet: "Everyone on the Internet"
      }
    }
  }

  let brand: Brand
  let loader: RowLoader
  let id: Int
  var random: SeededRandom
  private(set) var groups: [SystemGroup: Int] = [:]
  private let created: SampleTime
  /// The organization's row. Added at the end, because it refers to channels that are added later.
  private var realm: Fields

  init(
    _ loader: RowLoader, brand: Brand, subdomain: String, name: String, created: SampleTime, random: SeededRandom
  ) throws {
    self.brand = brand
    self.loader = loader
    self.random = random
    self.created = created
    id = try loader.id("zerver_realm")
    realm = RealmDefaults.realm(brand)
    realm["string_id"] = Cell(subdomain)
    realm["name"] = Cell(name)
    realm["date_created"] = Cell(created)
    realm["uuid"] = Cell(self.random.uuid())
    realm["uuid_owner_secret"] = Cell("\(brand.rawValue)realm_\(self.random.token(32, from: .alphanumeric))")
    try addGroups()
    realm["create_multiuse_invite_group_id"] = Cell(groups[.administrators])
    realm["can_access_all_users_group_id"] = Cell(groups[.everyone])
    var defaults = RealmDefaults.preferences(brand)
    defaults["realm_id"] = Cell(id)
    try loader.add("zerver_realmuserdefault", defaults)
    let methods = [
      "Dev", "Email", "LDAP", "RemoteUser", "GitHub", "AzureAD", "GitLab", "Google", "Apple", "SAML", "OpenID Connect",
    ]
    for method in methods {
      try loader.add("zerver_realmauthenticationmethod", ["name": Cell(method), "realm_id": Cell(id)])
    }
  }

  /// Changes columns of the organization's own row.
  func set(_ fields: Fields) { realm.merge(fields) { _, new in new } }

  /// Adds the organization's own row. Later calls of ``set(_:)`` have no effect.
  func finish() throws { try loader.add("zerver_realm", id: id, realm) }

  /// Adds an entry to the audit log.
  ///
  /// - Parameters:
  ///   - event: the number of the event type in `zerver_realmauditlog`.
  ///   - details: JSON.
  func log(
    _ event: Int, at time: SampleTime, actor: Int? = nil, user: Int? = nil, channel: Int? = nil, group: Int? = nil,
    lastMessage: Int? = nil, details: String = "{}"
  ) throws {
    try loader.add(
      "zerver_realmauditlog",
      [
        "realm_id": Cell(id), "event_type": Cell(event), "event_time": Cell(time), "acting_user_id": Cell(actor),
        "modified_user_id": Cell(user), "modified_stream_id": Cell(channel), "modified_user_group_id": Cell(group),
        "event_last_message_id": Cell(lastMessage), "extra_data": Cell(details), "backfilled": false,
      ])
  }

  /// Adds a named group and returns its id.
  func addGroup(_ name: String, description: String, isSystem: Bool = false) throws -> Int {
    let group = try loader.add("zerver_usergroup", ["realm_id": Cell(id)])
    try loader.addWithoutID(
      "zerver_namedusergroup",
      [
        "usergroup_ptr_id": Cell(group), "name": Cell(name), "description": Cell(description),
        "is_system_group": Cell(isSystem), "realm_id": Cell(id),
        "can_mention_group_id": Cell(isSystem ? groups[.nobody] ?? group : groups[.everyone]),
      ])
    try log(701, at: created, group: group)
    return group
  }

  func addMember(_ user: Int, to group: Int, at time: SampleTime) throws {
    try loader.add("zerver_usergroupmembership", ["user_group_id": Cell(group), "user_profile_id": Cell(user)])
    try log(703, at: time, user: user, group: group)
  }

  /// Adds a row of `zerver_recipient` and returns its id.
  func addRecipient(type: Int, of id: Int) throws -> Int {
    try loader.add("zerver_recipient", ["type": Cell(type), "type_id": Cell(id)])
  }

  func subscribe(_ user: Int, to recipient: Int, _ changes: Fields = [:]) throws {
    let fields: Fields = [
      "active": true, "color": "#c2c2c2", "desktop_notifications": nil, "audible_notifications": nil,
      "recipient_id": Cell(recipient), "user_profile_id": Cell(user), "pin_to_top": false,
      "push_notifications": nil, "email_notifications": nil, "is_muted": false, "wildcard_mentions_notify": nil,
      "is_user_active": true,
    ]
    try loader.add("zerver_subscription", fields.merging(changes) { _, new in new })
  }

  /// Adds a user with a reserved id, and the rows of every user: recipient, subscription, memberships in system groups,
  /// audit log. Returns the id of the recipient for direct messages to the user.
  ///
  /// - Parameter changes: columns that differ from the defaults.
  func addUser(
    id user: Int, name: String, email: String, deliveryEmail: String, role: Int, joined: SampleTime,
    _ changes: Fields = [:]
  ) throws -> Int {
    let recipient = try addRecipient(type: 1, of: user)
    var fields = RealmDefaults.user(brand)
    fields["realm_id"] = Cell(id)
    fields["full_name"] = Cell(name)
    fields["email"] = Cell(email)
    fields["delivery_email"] = Cell(deliveryEmail)
    fields["role"] = Cell(role)
    fields["recipient_id"] = Cell(recipient)
    fields["date_joined"] = Cell(joined)
    fields["last_login"] = Cell(joined)
    fields["password"] = Cell("!\(random.token(40, from: .alphanumeric))")
    fields["api_key"] = Cell(random.token(32, from: .alphanumeric))
    fields["uuid"] = Cell(random.uuid())
    fields.merge(changes) { _, new in new }
    try loader.add("zerver_userprofile", id: user, fields)
    try subscribe(user, to: recipient, ["is_user_active": fields["is_active"] ?? true])
    try log(101, at: joined, user: user)
    for group in Self.groups(of: role) {
      if let group = groups[group] { try addMember(user, to: group, at: joined) }
    }
    return recipient
  }

  private static func groups(of role: Int) -> [SystemGroup] {
    switch role {
    case 100: [.owners]
    case 200: [.administrators]
    case 300: [.moderators]
    case 600: [.everyone]
    default: [.members, .fullmembers]
    }
  }

  private func addGroups() throws {
    try log(215, at: created)
    for group in SystemGroup.allCases {
      groups[group] = try addGroup("role:\(group.rawValue)", description: group.description, isSystem: true)
    }
    let chain = SystemGroup.allCases.dropFirst().compactMap { groups[$0] }
    for (part, whole) in zip(chain, chain.dropFirst()) {
      try loader.add("zerver_groupgroupmembership", ["subgroup_id": Cell(part), "supergroup_id": Cell(whole)])
      try log(705, at: created, group: whole, details: #"{"subgroup_ids": [\#(part)]}"#)
      try log(707, at: created, group: part, details: #"{"supergroup_ids": [\#(whole)]}"#)
    }
  }
}
