import Common
import Postgres
import Server

/// The one-to-one and group conversations of an archive, converted to the form that this server uses.
///
/// - Servers up to 11 represent a one-to-one conversation by a personal recipient of each user; later ones represent it
///   as a group of two, and messages to oneself as a group of one. An archive of the other form is converted.
/// - A server identifies a group by its set of members (`zerver_huddle.huddle_hash` is unique). Groups whose members
///   are the same, because other members were deleted, are merged into one conversation. Groups without members stay
///   separate.
/// - A user without a personal recipient gets one if the server uses them.
///
/// User ids are old ids of the archive unless they are called new.
struct Conversations {
  /// Old ids of rows that are not written, by table: their replacement already exists or is written by ``write(_:)``.
  private(set) var leftOut: [String: Set<Int64>] = [:]
  /// The merged and converted conversations, as sentences for the operator.
  private(set) var notes: [String] = []

  private typealias Direction = MessageFacts.Direction

  private struct Group {
    var hash: String
    var size: Int64?
  }

  /// A recipient that the archive does not have.
  private struct NewRecipient {
    let id: Int64
    let type: Int
    /// The new id of the user or the group, and the new ids of the members.
    let target: Int64
    let members: [Int64]
    let hash: String
  }

  private var groups: [Int64: Group] = [:]
  /// The new recipients that replace omitted old ones.
  private var replaced: [Int64: Int64] = [:]
  /// The same for replacements that depend on the sender.
  private var directed: [Direction: Int64] = [:]
  private var made: [NewRecipient] = []

  init() {}

  /// Returns the new recipient of a message whose old recipient is omitted; nil if the archive's own row is kept.
  func recipient(_ old: Int64, sender: Int64?) -> Int64? {
    if replaced.isEmpty, directed.isEmpty { return nil }
    if let sender, let new = directed[Direction(sender: sender, recipient: old)] { return new }
    return replaced[old]
  }

  /// Returns the `huddle_hash` of a group by its old id.
  func hash(of group: Int64) -> String { groups[group]?.hash ?? Self.uniqueHash(group) }

  /// Returns the number of members of a group; nil if it has none, in which case the archive's number is used.
  func size(of group: Int64) -> Int64? { groups[group]?.size }

  // MARK: Analysis

  /// Analyses the conversations and takes ids for the rows that ``write(_:)`` will create.
  ///
  /// - Parameters:
  ///   - maps: the new ids of users (including system bots), groups and recipients.
  ///   - bots: the new recipients of the system bots by the bots' new ids, if this server has such recipients.
  init(
    _ survey: ArchiveIndex, maps: [String: IDMap], bots: [Int64: Int64], model: DataModel,
    ids: NewIDs, _ connection: Connection
  ) throws {
    let reading = try Reading(survey, users: maps[TableName.userProfile] ?? IDMap())
    let recipients = maps[TableName.recipient] ?? IDMap()
    try settleGroups(reading, recipients: recipients, connection)
    let keepsPersonal =
      try model.catalog[TableName.userProfile]?.column("recipient_id") != nil
      || connection.value("SELECT 1 FROM zerver_recipient WHERE type = \(RecipientType.personal) LIMIT 1")
        != nil
    if keepsPersonal {
      try addPersonal(survey, reading, bots: bots, ids)
    } else {
      try removePersonal(survey, reading, recipients: recipients, ids)
    }
  }

  /// The conversations as the archive describes them.
  private struct Reading {
    let users: IDMap
    let botIDs: Set<Int64>
    /// The owners of personal recipients.
    var owners: [Int64: Int64] = [:]
    /// The personal recipients of this server's own bots; the archive may lack rows for them.
    var botRecipients: [Int64: Int64] = [:]
    /// The groups in the order of the archive, each with its recipient and the new ids of its members, ascending.
    var groups: [(id: Int64, recipient: Int64, members: [Int64])] = []
    var sizes: [Int64: Int64] = [:]

    init(_ survey: ArchiveIndex, users: IDMap) throws {
      self.users = users
      botIDs = Set(survey.systemBots.map(\.id))
      for bot in survey.systemBots { if let recipient = bot.recipient { botRecipients[recipient] = bot.id } }
      var owners: [Int64: Int64] = [:]
      try survey.realm.rows(of: TableName.recipient, keys: ["id", "type", "type_id"]) { row in
        guard row[1].int == Int64(RecipientType.personal), let id = row[0].int else { return }
        owners[id] = row[2].int
      }
      self.owners = owners
      var sizes: [Int64: Int64] = [:]
      try survey.realm.rows(of: TableName.huddle, keys: ["id", "group_size"]) { row in
        if let id = row[0].int { sizes[id] = row[1].int }
      }
      self.sizes = sizes
      groups = survey.groupOfRecipient.sorted { $0.key < $1.key }.map { recipient, group in
        let members = Set((survey.membersOfRecipient[recipient] ?? []).compactMap { users[$0] })
        return (group, recipient, members.sorted())
      }
    }
  }

  private static func memberHash(_ members: [Int64]) -> String {
    Digest.hexadecimal(Array(members.map(String.init).joined(separator: ",").utf8), .sha1)
  }

  /// Returns a random hash for a group that is not identified by its members.
  private static func uniqueHash(_ group: Int64) -> String { RandomText.hexadecimal(40) }

  // MARK: Groups

  private mutating func settleGroups(_ reading: Reading, recipients: IDMap, _ connection: Connection) throws {
    // Other organizations may also have groups without members, or groups of the server's own bots only.
    let bots = Set(reading.botIDs.compactMap { reading.users[$0] })
    let shared = Set(reading.groups.filter { bots.isSuperset(of: $0.members) }.map { Self.memberHash($0.members) })
    var taken: Set<String> = []
    if !shared.isEmpty {
      taken = Set(
        try connection.query(
          "SELECT huddle_hash FROM zerver_huddle WHERE huddle_hash = ANY($1::text[])",
          ["{\(shared.sorted().joined(separator: ","))}"]
        ).compactMap { $0[0] })
    }
    var first: [[Int64]: Int64] = [:]
    var merged = 0
    var empty = 0
    for group in reading.groups {
      if group.members.isEmpty { empty += 1 }
      if !group.members.isEmpty, let other = first[group.members], let new = recipients[other] {
        leftOut[TableName.huddle, default: []].insert(group.id)
        leftOut[TableName.recipient, default: []].insert(group.recipient)
        replaced[group.recipient] = new
        merged += 1
        continue
      }
      if !group.members.isEmpty { first[group.members] = group.recipient }
      var hash = Self.memberHash(group.members)
      if !taken.insert(hash).inserted { hash = Self.uniqueHash(group.id) }
      groups[group.id] = Group(hash: hash, size: group.members.isEmpty ? nil : Int64(group.members.count))
    }
    if merged > 0 {
      notes.append(
        "\(Amount.of(Int64(merged), "group conversation")) had the same members as another one: their messages are in "
          + "that one now")
    }
    if empty > 0 {
      notes.append("\(Amount.of(Int64(empty), "group conversation")) without members: imported with their messages")
    }
  }

  // MARK: Conversion to a server without personal recipients

  private mutating func removePersonal(
    _ survey: ArchiveIndex, _ reading: Reading, recipients: IDMap, _ ids: NewIDs
  ) throws {
    let owners = reading.owners.merging(reading.botRecipients) { own, _ in own }
    guard !owners.isEmpty else { return }
    leftOut[TableName.recipient, default: []].formUnion(reading.owners.keys)
    // A group of two may already exist.
    var known: [[Int64]: Int64] = [:]
    for group in reading.groups where !group.members.isEmpty && known[group.members] == nil {
      known[group.members] = recipients[group.recipient]
    }
    let directions = try Self.directions(survey) { owners[$0] != nil }
    var wanted: [(direction: Direction, members: [Int64])] = []
    for direction in directions {
      guard let owner = owners[direction.recipient], let new = reading.users[owner],
        let sender = reading.users[direction.sender]
      else { continue }
      wanted.append((direction, Set([sender, new]).sorted()))
    }
    let missing = Set(wanted.map(\.members)).filter { known[$0] == nil }.sorted { $0.lexicographicallyPrecedes($1) }
    let newGroups = try ids.take(missing.count, of: TableName.huddle)
    let newRecipients = try ids.take(missing.count, of: TableName.recipient)
    for ((members, group), recipient) in zip(zip(missing, newGroups), newRecipients) {
      known[members] = recipient
      made.append(
        NewRecipient(
          id: recipient, type: RecipientType.group, target: group, members: members,
          hash: Self.memberHash(members)))
    }
    for (direction, members) in wanted { directed[direction] = known[members] }
    notes.append(
      "This server keeps one-to-one conversations as groups of two: "
        + "\(Amount.of(Int64(Set(wanted.map(\.members)).count), "conversation")) converted")
  }

  /// Returns the pairs of sender and recipient that occur, for the recipients that the filter accepts.
  private static func directions(_ survey: ArchiveIndex, _ suits: (Int64) -> Bool) throws -> [Direction] {
    var found = survey.directions.filter { suits($0.recipient) }
    try survey.realm.rows(of: TableName.scheduledMessage, keys: ["sender", "recipient"]) { row in
      guard let sender = row[0].int, let recipient = row[1].int, suits(recipient) else { return }
      found.insert(Direction(sender: sender, recipient: recipient))
    }
    return found.sorted { ($0.recipient, $0.sender) < ($1.recipient, $1.sender) }
  }

  // MARK: Conversion to a server with personal recipients

  private mutating func addPersonal(
    _ survey: ArchiveIndex, _ reading: Reading, bots: [Int64: Int64], _ ids: NewIDs
  ) throws {
    // The rows of the bots' own recipients already exist on this server.
    for (recipient, owner) in reading.owners where reading.botIDs.contains(owner) {
      guard let bot = reading.users[owner], let own = bots[bot] else { continue }
      leftOut[TableName.recipient, default: []].insert(recipient)
      replaced[recipient] = own
    }
    let owned = Set(reading.owners.values)
    let without = survey.users.map(\.id).filter { !owned.contains($0) }.compactMap { reading.users[$0] }
    guard !without.isEmpty else { return }
    var personal = bots
    for (user, recipient) in zip(without, try ids.take(without.count, of: TableName.recipient)) {
      personal[user] = recipient
      made.append(
        NewRecipient(
          id: recipient, type: RecipientType.personal, target: user, members: [user], hash: ""))
    }
    notes.append(
      "\(Amount.of(Int64(without.count), "user")) without a personal recipient: added, as this server needs it")
    guard reading.owners.isEmpty else { return }
    try splitPairs(survey, reading, personal: personal)
  }

  /// Converts groups of one or two of an archive that has no other form of one-to-one conversations.
  private mutating func splitPairs(
    _ survey: ArchiveIndex, _ reading: Reading, personal: [Int64: Int64]
  ) throws {
    var pairs: [Int64: (group: Int64, members: [Int64])] = [:]
    for group in reading.groups where (1...2).contains(reading.sizes[group.id] ?? Int64(group.members.count)) {
      if !group.members.isEmpty { pairs[group.recipient] = (group.id, group.members) }
    }
    guard !pairs.isEmpty else { return }
    var kept: Set<Int64> = []
    for direction in try Self.directions(survey, { pairs[$0] != nil }) {
      guard let members = pairs[direction.recipient]?.members, let sender = reading.users[direction.sender] else {
        continue
      }
      let others = members.filter { $0 != sender }
      guard others.count <= 1, let recipient = personal[others.first ?? sender] else {
        kept.insert(direction.recipient)
        continue
      }
      directed[direction] = recipient
    }
    for (recipient, pair) in pairs where !kept.contains(recipient) {
      leftOut[TableName.huddle, default: []].insert(pair.group)
      leftOut[TableName.recipient, default: []].insert(recipient)
    }
    notes.append(
      "This server keeps one-to-one conversations apart from groups: "
        + "\(Amount.of(Int64(pairs.count - kept.count), "group")) of two converted")
  }

  // MARK: Writing

  /// Writes the rows that the archive does not have. Call this after the users have been written.
  func write(_ connection: Connection) throws {
    guard !made.isEmpty else { return }
    try connection.execute(
      """
      INSERT INTO zerver_recipient (id, type, type_id)
      SELECT * FROM unnest(\(SQL.literal(made.map(\.id))), \(SQL.literal(made.map { Int64($0.type) })),
        \(SQL.literal(made.map(\.target))))
      """)
    let groups = made.filter { $0.type == RecipientType.group }
    if !groups.isEmpty {
      let known = ["id", "huddle_hash", "recipient_id", "group_size"]
      let more = try RequiredColumns(of: TableName.huddle, beyond: known, connection)
      let hasSize =
        try connection.value(
          """
          SELECT 1 FROM pg_attribute WHERE attrelid = 'zerver_huddle'::regclass AND attname = 'group_size'
            AND NOT attisdropped
          """) != nil
      _ = try connection.query(
        """
        INSERT INTO zerver_huddle (id, huddle_hash, recipient_id\(hasSize ? ", group_size" : "")\(more.names))
        SELECT g.id, g.hash, g.recipient\(hasSize ? ", g.size" : "")\(more.values)
        FROM unnest($1::bigint[], $2::text[], $3::bigint[], $4::int[]) g(id, hash, recipient, size)
        """,
        [
          SQL.array(groups.map(\.target)), "{\(groups.map(\.hash).joined(separator: ","))}",
          SQL.array(groups.map(\.id)), SQL.array(groups.map { Int64($0.members.count) }),
        ])
    }
    let pairs = made.flatMap { row in row.members.map { (row.id, $0) } }
    let known = ["active", "color", "is_muted", "is_user_active", "pin_to_top", "recipient_id", "user_profile_id"]
    let more = try RequiredColumns(of: TableName.subscription, beyond: known, connection)
    _ = try connection.query(
      """
      INSERT INTO zerver_subscription (\(known.joined(separator: ", "))\(more.names))
      SELECT true, '#c2c2c2', false, u.is_active, false, p.recipient, u.id\(more.values)
      FROM unnest($1::bigint[], $2::bigint[]) WITH ORDINALITY p(recipient, member, place)
      JOIN zerver_userprofile u ON u.id = p.member ORDER BY p.place
      """, [SQL.array(pairs.map(\.0)), SQL.array(pairs.map(\.1))])
  }
}
