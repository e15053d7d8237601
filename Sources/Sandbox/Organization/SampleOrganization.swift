import Postgres

/// A realistic sample organization of any size. The same seed on the same kind of server creates the same organization,
/// except for values that depend on the server's secrets.
public struct SampleOrganization: Sendable {
  /// The story of the organization.
  public enum Kind: String, Sendable, CaseIterable {
    /// A boatyard with nineteen people who speak several languages, with bots and all kinds of channels.
    case harbour
    /// A book club of five people.
    case bookclub
  }

  public var kind: Kind
  /// The subdomain; empty for the organization at the root domain.
  public var subdomain: String
  /// The exact number of messages.
  public var messages: Int
  public var seed: UInt64
  /// The time of the sample: everything happened before, except scheduled messages.
  var until: SampleTime { SampleTime(year: 2026, month: 3, day: 20) + 18 * SampleTime.hour }

  public init(_ kind: Kind = .harbour, subdomain: String? = nil, messages: Int = 500, seed: UInt64 = 1) {
    self.kind = kind
    self.subdomain = subdomain ?? kind.rawValue
    self.messages = messages
    self.seed = seed
  }

  /// Adds the organization to a server in one transaction. Returns its id.
  ///
  /// - Parameter connection: the superuser's, with the server's tables in its search path.
  func install(on server: SandboxServer, _ connection: Connection) throws -> Int {
    let story = try StoryReader.read(kind.rawValue)
    let realmID = try connection.transaction {
      // As during the restore of a dump: rows come in any order, and triggers do not run.
      try connection.execute("SET LOCAL session_replication_role = replica")
      let loader = RowLoader(connection)
      let site = subdomain.isEmpty ? server.host : "\(subdomain).\(server.host)"
      let realm = try RealmRows(
        loader, brand: server.brand, subdomain: subdomain, name: story.name, created: until - 1300 * SampleTime.day,
        random: SeededRandom("rows of \(subdomain)", seed: seed))
      let cast = try Cast(story, realm: realm, site: site, until: until)
      let client = try addSystemRows(to: cast, server, connection)
      let plan = try MessagePlan(
        cast, maker: ConversationMaker(directory: cast.directory, alertWords: PersonalRows.alertWords(story)),
        count: messages, until: until, random: SeededRandom("messages of \(subdomain)", seed: seed))
      let files = UploadedFiles(realm: realm, folder: server.uploads)
      let rows = try MessageRows(cast, plan: plan, files: files, client: client, until: until)
      try rows.copy(into: connection)
      try cast.finishChannels(firstMessages: rows.firstMessages)
      try addForgottenFile(files, cast)
      try PersonalRows(cast, client: client, until: until).add()
      try RealmPictures(cast: cast, folder: "\(server.uploads)/avatars", salt: server.avatarSalt).write()
      try finish(realm, cast)
      try loader.copy()
      try loader.advanceSequences()
      // The trigger that queues new messages for the search index has not run.
      try connection.execute(
        "INSERT INTO fts_update_log (message_id) SELECT id FROM zerver_message WHERE realm_id = \(realm.id) ORDER BY id"
      )
      try Statistics(connection: connection, realm: realm.id, until: until).count()
      return realm.id
    }
    if messages > 20_000 { try connection.execute("VACUUM (ANALYZE) zerver_message, zerver_usermessage") }
    return realmID
  }

  /// Makes the server's own bots available as senders. Returns the id of the client `website`, which is added if it
  /// does not exist.
  private func addSystemRows(to cast: Cast, _ server: SandboxServer, _ connection: Connection) throws -> Int {
    let bots = try connection.query(
      "SELECT id, split_part(email, '@', 1), full_name, recipient_id FROM zerver_userprofile "
        + "WHERE email IN ($1, $2)",
      ["notification-bot@\(server.brand.botDomain)", "welcome-bot@\(server.brand.botDomain)"])
    for bot in bots {
      guard let id = bot.int(0), let key = bot[1], let name = bot[2], let recipient = bot.int(3) else { continue }
      cast.addSystemBot(key, id: id, name: name, recipient: recipient)
    }
    let website = try connection.query("SELECT id FROM zerver_client WHERE name = 'website'").first?.int(0)
    return try website ?? cast.realm.loader.add("zerver_client", ["name": "website"])
  }

  /// Adds an uploaded file that no message refers to.
  private func addForgottenFile(_ files: UploadedFiles, _ cast: Cast) throws {
    guard let owner = cast.story.people.last(where: { !$0.hasLeft }) else { return }
    _ = try files.upload(
      Conversation.Upload(kind: "text", name: "never sent.txt"), owner: cast.id(owner.key),
      at: until - 9 * SampleTime.day, isPublic: false)
  }

  private func finish(_ realm: RealmRows, _ cast: Cast) throws {
    let announcements = cast.directory.channels["announcements"] ?? cast.directory.channels["general"]
    realm.set([
      "description": Cell(cast.story.description), "icon_source": "U", "icon_version": 2, "logo_source": "U",
      "logo_version": 2, "org_type": 10, "new_stream_announcements_stream_id": Cell(announcements?.id),
      "signup_announcements_stream_id": Cell(cast.directory.channels["general"]?.id),
      "\(realm.brand.rawValue)_update_announcements_stream_id": Cell(announcements?.id),
      "\(realm.brand.rawValue)_update_announcements_level": 0, "enable_read_receipts": true,
      "message_content_edit_limit_seconds": 3600,
    ])
    try realm.finish()
  }
}

extension SandboxServer {
  /// Adds an organization to this server. Returns its id.
  @discardableResult
  public func add(_ organization: SampleOrganization) throws -> Int {
    let connection = try connectAsSuperuser()
    defer { connection.close() }
    return try organization.install(on: self, connection)
  }
}
