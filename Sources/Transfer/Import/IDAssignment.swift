import Common
import Postgres
import Server

/// Assigns each row of an archive its id on this server, before the first row is written.
struct IDAssignment {
  let installation: Installation
  let model: DataModel
  let survey: ArchiveIndex
  let connection: Connection
  let ids: NewIDs

  /// Takes ids from the server's sequences, table by table, in the order of the archive's ids, and settles the
  /// conversations.
  ///
  /// - Throws: `.blocked` if this server has no system bot that can represent those of the archive; `.damagedArchive`
  ///   if a table has two rows with the same id.
  func assign(_ facts: inout ImportContext) throws {
    facts.leftOutTables = namelessGroups
    facts.allowedAuthentication = model.hasBilling ? PlanRules.authenticationWithoutPlan : nil
    for table in model.tables {
      guard table.notImported == nil, !facts.leftOutTables.contains(table.name), table.sequence != nil,
        var old = survey.ids[table.name], !old.isEmpty
      else { continue }
      if table.name == TableName.realmAuthenticationMethod, let allowed = facts.allowedAuthentication {
        // Rows that are not imported take no ids.
        old = survey.authenticationMethods.filter { allowed.contains($0.name) }.map(\.id)
      }
      if table.rows == .everything { continue }
      guard Set(old).count == old.count else {
        throw PlainFailure(
          .damagedArchive, table.name, "has two rows of the same id", remedy: "make the archive again")
      }
      facts.maps[table.name] = IDMap(old: old, new: try ids.take(old.count, of: table.name))
    }
    facts.maps[TableName.client] = try clients()
    let bots = try addSystemBots(&facts)
    facts.conversations = try Conversations(
      survey, maps: facts.maps, bots: bots, model: model, ids: ids, connection)
    facts.maps[TableName.namedUserGroup] = try namedGroups(facts)
  }

  /// The group tables to omit: if no group has a name, groups cannot be told apart, not even the server's system
  /// groups.
  private var namelessGroups: Set<String> {
    guard model[TableName.namedUserGroup] != nil, survey.hasRows(TableName.userGroup),
      !survey.hasRows(TableName.namedUserGroup)
    else { return [] }
    return [
      TableName.userGroup, TableName.namedUserGroup, TableName.userGroupMembership, TableName.groupGroupMembership,
    ]
  }

  /// A named group shares the id of its group and has none of its own. Not every group has a name.
  private func namedGroups(_ facts: ImportContext) throws -> IDMap {
    let groups = facts.maps[TableName.userGroup] ?? IDMap()
    var named: [Int64] = []
    try survey.realm.rows(of: TableName.namedUserGroup, keys: ["usergroup_ptr", "usergroup_ptr_id", "id"]) { row in
      guard let id = row[0].int ?? row[1].int ?? row[2].int, groups[id] != nil else { return }
      named.append(id)
    }
    return IDMap(old: named, new: named.compactMap { groups[$0] })
  }

  /// Maps clients by name: all organizations share them.
  private func clients() throws -> IDMap {
    var known: [String: Int64] = [:]
    for row in try connection.query("SELECT name, id FROM zerver_client ORDER BY id DESC") {
      known[row[0] ?? ""] = row.int(1).map(Int64.init)
    }
    var new: [Int64] = []
    for client in survey.clients {
      if let id = known[client.name] {
        new.append(id)
        continue
      }
      let made =
        ids.areForeseen
        ? try ids.take(1, of: TableName.client).first
        : try connection.value("INSERT INTO zerver_client (name) VALUES ($1) RETURNING id", [client.name])
          .flatMap { Int64($0) }
      let id = made ?? 0
      known[client.name] = id
      new.append(id)
    }
    return IDMap(old: survey.clients.map(\.id), new: new)
  }

  /// Maps the system bots of the archive to those of this server. The server's notification bot represents any bot that
  /// this server does not have.
  ///
  /// - Returns: the personal recipients of the bots by their ids on this server, if it uses personal recipients.
  private func addSystemBots(_ facts: inout ImportContext) throws -> [Int64: Int64] {
    let here = try SystemBots(installation: installation, connection: connection).found()
    var users = (facts.maps[TableName.userProfile] ?? IDMap()).pairs
    var recipients = (facts.maps[TableName.recipient] ?? IDMap()).pairs
    var knownUsers = Set(users.map(\.old))
    var knownRecipients = Set(recipients.map(\.old))
    var personal: [Int64: Int64] = [:]
    for bot in survey.systemBots {
      let name = SafeText.clean(bot.localPart, limit: .word)
      guard let own = here[bot.localPart] ?? here[SystemBots.substitute] else {
        // On an unused server the system bots are created before the import; the checks report it.
        if ids.areForeseen { continue }
        throw PlainFailure(
          .blocked, "system bot \(name)", "is not on this server",
          remedy: "run manage.py create_realm_internal_bots on this server")
      }
      if here[bot.localPart] == nil { facts.substitutedBots.append(bot.localPart) }
      if knownUsers.insert(bot.id).inserted { users.append((bot.id, own.id)) }
      guard let recipient = own.recipient else { continue }
      personal[own.id] = recipient
      if let old = bot.recipient, knownRecipients.insert(old).inserted { recipients.append((old, recipient)) }
    }
    facts.maps[TableName.userProfile] = IDMap(old: users.map(\.old), new: users.map(\.new))
    facts.maps[TableName.recipient] = IDMap(old: recipients.map(\.old), new: recipients.map(\.new))
    return personal
  }
}
