import Postgres

/// An organization that looks lived in, of any size. The same seed on the same kind of server gives the same one, but for
/// what a server computes with its own secrets.
public struct SampleOrganization: Sendable {
  /// Who it is about.
  public enum Tale: String, Sendable, CaseIterable {
    /// A boatyard with nineteen people of several languages, bots, and channels of all kinds.
    case harbour
    /// A book club of five.
    case bookclub
  }

  public var tale: Tale
  /// '' for the organization at the root domain.
  public var subdomain: String
  /// How many messages it has, exactly.
  public var messages: Int
  public var seed: UInt64
  /// Its last day; everything happened before.
  var until: SampleTime { SampleTime(year: 2026, month: 3, day: 20) + 18 * SampleTime.hour }

  public init(_ tale: Tale = .harbour, subdomain: String? = nil, messages: Int = 500, seed: UInt64 = 1) {
    self.tale = tale
    self.subdomain = subdomain ?? tale.rawValue
    self.messages = messages
    self.seed = seed
  }

  /// Adds it to a server, in one transaction. The id of the organization.
  ///
  /// - Parameter connection: the superuser's, with the server's tables on its search path.
  func install(on server: SandboxServer, _ connection: Connection) throws -> Int {
    let story = try StoryReader.read(tale.rawValue)
    let realmID = try connection.transaction {
      // As while a dump is restored: rows come in any order, and no trigger runs.
      try connection.execute("SET LOCAL session_replication_role = replica")
      let loader = RowLoader(connection)
      let site = subdomain.isEmpty ? server.host : "\(subdomain).\(server.host)"
      let realm = try RealmRows(
        loader, brand: server.brand, subdomain: subdomain, name: story.name, created: until - 1300 * SampleTime.day,
        random: SeededRandom("rows of \(subdomain)", seed: seed))
      let cast = try Cast(story, realm: realm, site: site, until: until)
      let client = try addSystemRows(to: cast, server, connection)
      let plan = try MessagePlan(
        cast, maker: ConversationMaker(directory: cast.directory, alertWords: Belongings.alertWords(story)),
        count: messages, until: until, random: SeededRandom("messages of \(subdomain)", seed: seed))
      let files = UploadedFiles(realm: realm, folder: server.uploads)
      let rows = try MessageRows(cast, plan: plan, files: files, client: client, until: until)
      try rows.copy(into: connection)
      try cast.finishChannels(firstMessages: rows.firstMessages)
      try addForgottenFile(files, cast)
      try Belongings(cast, client: client, until: until).add()
      try RealmPictures(cast: cast, folder: "\(server.uploads)/avatars", salt: server.avatarSalt).write()
      try finish(realm, cast)
      try loader.copy()
      try loader.advanceSequences()
      // The trigger that notes new messages for the search did not run.
      try connection.execute(
        "INSERT INTO fts_update_log (message_id) SELECT id FROM zerver_message WHERE realm_id = \(realm.id) ORDER BY id"
      )
      try Statistics(connection: connection, realm: realm.id, until: until).count()
      return realm.id
    }
    if messages > 20_000 { try connection.execute("VACUUM (ANALYZE) zerver_message, zerver_usermessage") }
    return realmID
  }

  /// The server's own bots write here, too; and what writes has a name as a client. The id of the client.
  private func addSystemRows(to cast: Cast, _ server: SandboxServer, _ connection: Connection) throws -> Int {
    let bots = try connection.query(
      "SELECT id, split_part(email, '@', 1), full_name, recipient_id FROM zerver_userprofile "
        + "WHERE email IN ($1, $2)",
      ["notification-bot@\(server.brand.botDomain)", "welcome-bot@\(server.brand.botDomain)"])
    for bot in bots {
      guard let id = bot.int(0), let key = bot[1], let name = bot[2], let recipient = bot.int(3) else { continue }
      cast.addGuestStar(key, id: id, name: name, recipient: recipient)
    }
    let website = try connection.query("SELECT id FROM zerver_client WHERE name = 'website'").first?.int(0)
    return try website ?? cast.realm.loader.add("zerver_client", ["name": "website"])
  }

  /// Somebody uploaded a file and never sent it.
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
  /// Adds an organization to this server. Its id.
  @discardableResult
  public func add(_ organization: SampleOrganization) throws -> Int {
    let connection = try connectAsSuperuser()
    defer { connection.close() }
    return try organization.install(on: self, connection)
  }
}
