import Archive
import Common
import JSON
import Operations
import Server

/// The facts about an archive that an import needs before it writes the first row: whether its content can be imported,
/// all ids, and the few facts that other rows are computed from. Keeps eight bytes per row in memory.
struct ArchiveIndex {
  /// The repairs and omissions of the import, and the problems that make the archive unusable; see ``ArchiveContents``.
  let findings: ContentFindings
  private let archive: OpenedArchive
  private let contents: ArchiveContents
  private let messageFiles: [String]

  struct User {
    let id: Int64
    let isActive: Bool
    let isBot: Bool
    let role: Int64
    /// Part of the names of avatar files in later versions of the server.
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
  /// The ids of each table that has any, in the order in which their new ids are assigned.
  private(set) var ids: [String: [Int64]] = [:]
  /// The group ids and the members of the recipients of group messages, by recipient id.
  private(set) var groupOfRecipient: [Int64: Int64] = [:]
  private(set) var membersOfRecipient: [Int64: [Int64]] = [:]
  /// Custom profile fields that hold users.
  private(set) var userFields: Set<Int64> = []
  private(set) var authenticationMethods: [(id: Int64, name: String)] = []
  private(set) var uploadPaths: [String] = []
  private(set) var userMessages: Int64 = 0
  /// The number of rows of each table.
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

  /// Reads the whole archive.
  ///
  /// - Parameter version: how the server's version differs from that of the archive; nil if it does not, or is unknown.
  /// - Throws: ``Blocked`` if the content cannot be imported and the versions differ, `.damagedArchive` if it cannot be
  ///   imported for another reason, `.unsuitableArchive` if the archive is not of exactly one organization.
  init(_ archive: OpenedArchive, _ model: DataModel, version: Finding? = nil, meter: Meter) throws {
    self.archive = archive
    messageFiles = archive.members.compactMap { member in DocumentList.shard(member.name).map { ($0, member.name) } }
      .sorted { $0.0 < $1.0 }.map(\.1)
    contents = ArchiveContents(model, keepsIDs: true)
    let realmName = TableRule.Document.realm.rawValue
    meter.setTotal(Int64(messageFiles.count))
    // First, because it says which messages are to channels, and whether messages are in order.
    try Self.read(realmName, archive, contents)
    for name in messageFiles {
      try Self.read(name, archive, contents)
      try meter.advance()
    }
    let read = Set(messageFiles + [realmName])
    for member in archive.members where !read.contains(member.name) {
      try Self.read(member.name, archive, contents)
      try meter.advance(by: 0)
    }
    findings = contents.finish(archive.manifest)
    try findings.refuse(archive.path, version: version) {
      let known = ArchiveContents()
      for member in archive.members { try Self.read(member.name, archive, known) }
      return known.finish(archive.manifest)
    }
    realm = try TableDocument(archive, realmName, contents)
    attachments = try TableDocument.optional(archive, .attachments, contents)
    analytics = try TableDocument.optional(archive, .analytics, contents)
    unknownTables = contents.unknownTables
    try readOrganization()
    try readPeople()
    try readRecipients()
    try readDetails()
    readIDs(model)
    sortMessages()
  }

  /// Feeds one member of the archive to the reader.
  private static func read(_ name: String, _ archive: OpenedArchive, _ contents: ArchiveContents) throws {
    guard let entry = archive.entry(name), try contents.begin(MemberHeader(entry)) else { return }
    try archive.open(name).withMappedBytes { try contents.take($0) }
    try contents.end()
  }

  /// Returns the keys present in the rows of a table; empty if the table has no rows.
  func keys(of table: String) -> Set<String> { contents.keys(of: table) }

  // MARK: realm.json

  private mutating func readOrganization() throws {
    var found = 0
    var row = organization
    try realm.rows(of: TableName.realm, keys: ["id", "string_id", "name", "deactivated", "uuid"]) { reader in
      found += 1
      row = (
        reader[0].int ?? 0, reader[1].text ?? "", SafeText.clean(reader[2].text ?? "", limit: .name), reader[3].isTrue,
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
    for table in [TableName.userProfile, TableName.mirrorDummies] {
      try realm.rows(of: table, keys: ["id", "is_active", "is_bot", "role", "avatar_version"]) { reader in
        guard let id = reader[0].int else { return }
        found.append(
          User(
            id: id, isActive: reader[1].isTrue, isBot: reader[2].isTrue, role: reader[3].int ?? Int64(UserRole.member),
            avatarVersion: reader[4].int ?? 1))
      }
    }
    users = found.sorted { $0.id < $1.id }
    var bots: [SystemBot] = []
    try realm.rows(of: TableName.crossRealmBots, keys: ["id", "email", "recipient_id"]) { reader in
      guard let id = reader[0].int, let address = reader[1].text else { return }
      bots.append(SystemBot(id: id, localPart: String(address.prefix { $0 != "@" }), recipient: reader[2].int))
    }
    systemBots = bots
    var clients: [(Int64, String)] = []
    try realm.rows(of: TableName.client, keys: ["id", "name"]) { reader in
      // A client without a name still counts: rows refer to it.
      if let id = reader[0].int { clients.append((id, reader[1].text ?? "")) }
    }
    self.clients = clients
  }

  private mutating func readRecipients() throws {
    var groups: [Int64: Int64] = [:]
    try realm.rows(of: TableName.recipient, keys: ["id", "type", "type_id"]) { reader in
      if reader[1].int == Int64(RecipientType.group), let id = reader[0].int { groups[id] = reader[2].int }
    }
    var members: [Int64: [Int64]] = [:]
    try realm.rows(of: TableName.subscription, keys: ["recipient", "user_profile"]) { reader in
      if let recipient = reader[0].int, groups[recipient] != nil, let user = reader[1].int {
        members[recipient, default: []].append(user)
      }
    }
    groupOfRecipient = groups
    membersOfRecipient = members
  }

  private mutating func readDetails() throws {
    var fields: Set<Int64> = []
    try realm.rows(of: TableName.customProfileField, keys: ["id", "field_type"]) { reader in
      if reader[1].int == Self.userFieldType, let id = reader[0].int { fields.insert(id) }
    }
    userFields = fields
    var methods: [(Int64, String)] = []
    try realm.rows(of: TableName.realmAuthenticationMethod, keys: ["id", "name"]) { reader in
      if let id = reader[0].int { methods.append((id, reader[1].text ?? "")) }
    }
    authenticationMethods = methods
    var paths: [String] = []
    try attachments?.rows(of: TableName.attachment, keys: ["path_id"]) { reader in
      if let path = reader[0].text { paths.append(path) }
    }
    uploadPaths = paths
    var created = false
    try realm.rows(of: TableName.realmAuditLog, keys: ["event_type"]) { reader in
      created = created || reader[0].int == Int64(AuditLog.Event.created.rawValue)
    }
    hasCreationEvent = created
    hasAuditLog = realm.contains(TableName.realmAuditLog)
    hasUserGroups = realm.contains(TableName.userGroup)
  }

  private mutating func readIDs(_ model: DataModel) {
    for table in model.tables {
      // Both kinds of users belong to one table.
      let rows = contents.rows[table.name].map { rows in
        table.rows == .users ? rows + (contents.rows[table.name + "_mirrordummy"] ?? 0) : rows
      }
      if let rows { counts[table.name] = rows }
      if table.sequence != nil, rows != nil { ids[table.name] = contents.ids(of: table.name) }
    }
    ids[TableName.userProfile] = users.map(\.id)
    userMessages = counts[TableName.userMessage] ?? 0
  }

  // MARK: Messages

  /// Reads the rows of a table of the message files, in the order of the files' numbers.
  func messageRows(of table: String, keys: [String], _ body: (RowReader) throws -> Void) throws {
    for name in messageFiles { try TableDocument(archive, name, contents).rows(of: table, keys: keys, body) }
  }

  /// The pairs of sender and recipient between whom there are messages, except for messages to channels.
  var directions: Set<MessageFacts.Direction> { contents.messages.directions }

  /// Sorts the message ids by date if the archive asks for it.
  private mutating func sortMessages() {
    let dates = contents.messages.dates
    guard contents.messages.keepsDates, let old = ids[TableName.message], old.count == dates.count else { return }
    ids[TableName.message] = zip(dates, old).sorted { $0 < $1 }.map(\.1)
  }
}

extension MemberHeader {
  fileprivate init(_ entry: OpenedArchive.Entry) {
    self.init(name: entry.name, size: entry.size, modified: entry.modified)
  }
}
