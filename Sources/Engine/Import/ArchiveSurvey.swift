import Archive
import Common

/// What must be known of an archive before its first row can be written: all ids, and the few facts that other rows
/// are computed from. One pass over every document; eight bytes a message stay in memory.
struct ArchiveSurvey {
  struct User {
    let id: Int64
    let isActive: Bool
    let isBot: Bool
    let role: Int64
    /// Part of the names of avatar files on later versions of the server.
    let avatarVersion: Int64
  }

  struct SystemBot {
    let id: Int64
    let localPart: String
    let recipient: Int64?
  }

  /// The organization's row.
  private(set) var organization = (id: Int64(0), subdomain: "", name: "", isDeactivated: false, uuid: "")
  private(set) var users: [User] = []
  private(set) var systemBots: [SystemBot] = []
  private(set) var clients: [(id: Int64, name: String)] = []
  /// Ids of each table that has some, in the order in which their new ones are given.
  private(set) var ids: [String: [Int64]] = [:]
  /// Recipients of group messages with the group's id, and their members.
  private(set) var groupOfRecipient: [Int64: Int64] = [:]
  private(set) var membersOfRecipient: [Int64: [Int64]] = [:]
  /// Custom profile fields that hold users.
  private(set) var userFields: Set<Int64> = []
  private(set) var authenticationMethods: [(id: Int64, name: String)] = []
  private(set) var uploadPaths: [String] = []
  private(set) var messageFiles: [String] = []
  private(set) var userMessages: Int64 = 0
  /// Rows of each table.
  private(set) var counts: [String: Int64] = [:]
  /// Tables of the archive that the model does not have.
  private(set) var unknownTables: [String] = []
  private(set) var hasAuditLog = false
  private(set) var hasUserGroups = false
  private(set) var hasCreationEvent = false

  let realm: TableDocument
  let attachments: TableDocument?
  let analytics: TableDocument?

  /// The kind of a custom profile field that holds users.
  private static let userFieldType: Int64 = 6

  init(_ archive: OpenedArchive, _ model: DataModel, meter: Meter) throws {
    realm = try TableDocument(archive, TableRule.Document.realm.rawValue)
    func optional(_ document: TableRule.Document) throws -> TableDocument? {
      archive.contains(document.rawValue) ? try TableDocument(archive, document.rawValue) : nil
    }
    attachments = try optional(.attachments)
    analytics = try optional(.analytics)
    try readOrganization()
    try readPeople()
    try readRecipients()
    try readDetails()
    try readIDs(model)
    try readMessages(archive, meter: meter)
  }

  // MARK: realm.json

  private mutating func readOrganization() throws {
    var found = 0
    var row = organization
    try realm.rows(of: "zerver_realm", keys: ["id", "string_id", "name", "deactivated", "uuid"]) { reader in
      found += 1
      row = (
        reader[0].int ?? 0, reader[1].text ?? "", SafeText.clean(reader[2].text ?? "", limit: 100), reader[3].isTrue,
        reader[4].text ?? ""
      )
    }
    guard found == 1 else {
      throw PlainFailure(
        .unsuitableArchive, realm.name, "holds \(found) organizations, not one",
        remedy: "import an export of one organization")
    }
    organization = row
  }

  private mutating func readPeople() throws {
    var found: [User] = []
    for table in ["zerver_userprofile", "zerver_userprofile_mirrordummy"] {
      try realm.rows(of: table, keys: ["id", "is_active", "is_bot", "role", "avatar_version"]) { reader in
        guard let id = reader[0].int else { return }
        found.append(
          User(
            id: id, isActive: reader[1].isTrue, isBot: reader[2].isTrue, role: reader[3].int ?? 400,
            avatarVersion: reader[4].int ?? 1))
      }
    }
    users = found.sorted { $0.id < $1.id }
    var bots: [SystemBot] = []
    try realm.rows(of: "zerver_userprofile_crossrealm", keys: ["id", "email", "recipient_id"]) { reader in
      guard let id = reader[0].int, let address = reader[1].text else { return }
      bots.append(SystemBot(id: id, localPart: String(address.prefix { $0 != "@" }), recipient: reader[2].int))
    }
    systemBots = bots
    var clients: [(Int64, String)] = []
    try realm.rows(of: "zerver_client", keys: ["id", "name"]) { reader in
      if let id = reader[0].int, let name = reader[1].text { clients.append((id, name)) }
    }
    self.clients = clients
  }

  private mutating func readRecipients() throws {
    var groups: [Int64: Int64] = [:]
    try realm.rows(of: "zerver_recipient", keys: ["id", "type", "type_id"]) { reader in
      if reader[1].int == Int64(ExportScope.RecipientType.group), let id = reader[0].int { groups[id] = reader[2].int }
    }
    var members: [Int64: [Int64]] = [:]
    try realm.rows(of: "zerver_subscription", keys: ["recipient", "user_profile"]) { reader in
      if let recipient = reader[0].int, groups[recipient] != nil, let user = reader[1].int {
        members[recipient, default: []].append(user)
      }
    }
    groupOfRecipient = groups
    membersOfRecipient = members
  }

  private mutating func readDetails() throws {
    var fields: Set<Int64> = []
    try realm.rows(of: "zerver_customprofilefield", keys: ["id", "field_type"]) { reader in
      if reader[1].int == Self.userFieldType, let id = reader[0].int { fields.insert(id) }
    }
    userFields = fields
    var methods: [(Int64, String)] = []
    try realm.rows(of: "zerver_realmauthenticationmethod", keys: ["id", "name"]) { reader in
      if let id = reader[0].int { methods.append((id, reader[1].text ?? "")) }
    }
    authenticationMethods = methods
    var paths: [String] = []
    try attachments?.rows(of: "zerver_attachment", keys: ["path_id"]) { reader in
      if let path = reader[0].text { paths.append(path) }
    }
    uploadPaths = paths
    var created = false
    try realm.rows(of: "zerver_realmauditlog", keys: ["event_type"]) { reader in
      created = created || reader[0].int == Int64(AuditLog.Event.created.rawValue)
    }
    hasCreationEvent = created
    hasAuditLog = realm.contains("zerver_realmauditlog")
    hasUserGroups = realm.contains("zerver_usergroup")
  }

  private mutating func readIDs(_ model: DataModel) throws {
    for document in [realm, attachments, analytics].compactMap({ $0 }) {
      for table in document.tables {
        if table.hasPrefix("zerver_userprofile_") { continue }
        guard let known = model[table] else {
          unknownTables.append(table)
          continue
        }
        var found: [Int64] = []
        var rows: Int64 = 0
        try document.rows(of: table, keys: ["id"]) { reader in
          rows += 1
          if let id = reader[0].int { found.append(id) }
        }
        counts[table] = rows
        if known.sequence != nil { ids[table] = found }
      }
    }
    ids["zerver_userprofile"] = users.map(\.id)
    counts["zerver_userprofile"] = Int64(users.count)
  }

  // MARK: Messages

  private mutating func readMessages(_ archive: OpenedArchive, meter: Meter) throws {
    var number = 1
    while archive.contains(MessageShards.name(number)) {
      messageFiles.append(MessageShards.name(number))
      number += 1
    }
    // Converters of other products do not write messages in the order in which they were sent.
    let byDate = realm.flags["sort_by_date"] == "true"
    var found: [Int64] = []
    var dated: [(date: Int64, id: Int64)] = []
    for name in messageFiles {
      let document = try TableDocument(archive, name)
      try document.rows(of: "zerver_message", keys: ["id", "date_sent"]) { reader in
        guard let id = reader[0].int else { return }
        if byDate { dated.append(((reader[1].microseconds ?? 0) / 1_000_000, id)) } else { found.append(id) }
      }
      var rows: Int64 = 0
      try document.rows(of: "zerver_usermessage", keys: []) { _ in rows += 1 }
      userMessages += rows
      try meter.advance()
    }
    if byDate { found = dated.sorted { ($0.date, $0.id) < ($1.date, $1.id) }.map(\.id) }
    ids["zerver_message"] = found
    counts["zerver_message"] = Int64(found.count)
    counts["zerver_usermessage"] = userMessages
  }
}
