import Archive
import Common
import Operations
import Postgres
import Server

/// The transaction of an import: ids, files, rows, and the commit that makes all of them visible at once.
struct ImportTransaction {
  let installation: Installation
  let options: ImportOperation.Options
  let model: DataModel
  let archive: OpenedArchive
  let survey: ArchiveIndex
  let connection: Connection
  /// Whether the session has the rights of the database administrator.
  let isAdministrator: Bool
  let progress: Progress
  /// Where the map of all ids is left; nil: nowhere.
  let recordFolder: String?

  func run() throws -> Summary {
    var files: StagedUploads?
    var committing = false
    do {
      try connection.execute("BEGIN")
      try turn.take(progress: progress)
      var facts = ImportContext(subdomain: options.subdomain)
      let ids = NewIDs(areForeseen: false, model: model, connection: connection)
      try IDAssignment(
        installation: installation, model: model, survey: survey, connection: connection, ids: ids
      ).assign(&facts)
      let organization = try newOrganization(facts)
      let forecast = try ImportForecast(survey, facts, model: model, brand: installation.brand, connection)
      forecast.warnings.forEach(progress.warn)
      forecast.notes.forEach(progress.note)

      let imported = try ImportedFiles(
        archive, organization: organization, users: facts.maps[TableName.userProfile] ?? IDMap(),
        names: try avatarNames(), survey: survey, keepsEmojiOriginals: try traits().keepsEmojiOriginals)
      let placed = try StagedUploads(installation, organization: organization)
      files = placed
      let pictures = try progress.phase(ImportOperation.Phase.files, total: imported.steps, unit: .files) { meter in
        try imported.place(archive, into: placed, meter: meter)
      }
      pictures.warnings.forEach(progress.warn)
      gatherFacts(&facts, imported, organization: organization)
      facts.isCopy = try isHereAlready()

      let bulk = try BulkLoad(
        connection, model: model, counts: survey.counts, maps: facts.maps, organization: organization,
        isAdministrator: isAdministrator, brand: installation.brand)
      var rows = RowImport(model: model, survey: survey, facts: facts, brand: installation.brand)
      try rows.run(connection, bulk: bulk, progress: progress) {
        let defaults = OrganizationDefaults(
          organization: organization, brand: installation.brand, survey: survey, facts: facts, model: model,
          connection: connection)
        try facts.conversations.write(connection)
        try defaults.complete()
      }

      var previews = ImagePreviews.Result()
      try progress.phase(ImportOperation.Phase.commit) { _ in
        try PictureRepairs(organization: organization, outcome: pictures, model: model, connection: connection).run()
          .forEach(progress.warn)
        previews = try ImagePreviews(
          organization: organization, archive: archive, members: imported.membersOfUploads, placed: placed,
          model: model,
          connection: connection
        ).create(progress.cancellation)
        if let warning = previews.warning { progress.warn(warning) }
        let completion = OrganizationCompletion(
          organization: organization, survey: survey, model: model, connection: connection)
        try completion.run().forEach(progress.warn)
        try connection.execute("SET CONSTRAINTS ALL IMMEDIATE")
        if let folder = recordFolder { try ImportRecord(folder: folder).write(facts.maps) }
        try placed.sync()
        try progress.cancellation.check()
        // From here on the import cannot be cancelled: the commit succeeds or fails.
        connection.cancellation = nil
        committing = true
        try connection.execute("COMMIT")
      }
      placed.keep()
      let step = PreviewQueue(installation: installation, progress: progress, folder: recordFolder)
        .add(previews.images)
      return summary(facts, placed, rows, nextSteps: step.map { [Summary.Step($0)] } ?? [])
    } catch {
      try rollBack(files, committing: committing, after: error)
      throw RefusedRow.explained(error)
    }
  }

  // MARK: Preparation

  private var turn: ImportLock {
    ImportLock(installation: installation, subdomain: options.subdomain, connection: connection)
  }

  private func newOrganization(_ facts: ImportContext) throws -> Int64 {
    guard let id = facts.maps[TableName.realm]?[survey.organization.id] else {
      throw PlainFailure(.damagedArchive, "realm.json", "holds no organization", remedy: "make the archive again")
    }
    return id
  }

  private func traits() throws -> ServerTraits {
    ServerTraits(model.catalog, migrations: try ServerVersion.read(installation, connection).migrations)
  }

  private func avatarNames() throws -> AvatarNames {
    let isVersioned = try traits().hasVersionedAvatars
    let versions = survey.users.map { ($0.id, $0.avatarVersion) }
    return AvatarNames(
      salt: try installation.avatarSalt(),
      versions: isVersioned ? Dictionary(versions, uniquingKeysWith: { first, _ in first }) : nil)
  }

  private func isHereAlready() throws -> Bool {
    guard model.catalog[TableName.realm]?.column("uuid") != nil, !survey.organization.uuid.isEmpty else { return false }
    return try connection.value(
      "SELECT 1 FROM zerver_realm WHERE uuid::text = $1", [survey.organization.uuid.lowercased()]) != nil
  }

  private func gatherFacts(_ facts: inout ImportContext, _ files: ImportedFiles, organization: Int64) {
    let users = facts.maps[TableName.userProfile] ?? IDMap()
    facts.activeUsers = Set(survey.users.filter(\.isActive).map(\.id))
    facts.systemBots = Set(survey.systemBots.map(\.id))
    facts.userFields = survey.userFields
    // A user is required; without an active owner, the active user with the highest role is chosen, then any user.
    let people = survey.users.filter { !$0.isBot }
    let active = people.filter(\.isActive)
    let owner = active.first { $0.role == Int64(UserRole.owner) }
    let first = owner ?? active.min { $0.role < $1.role } ?? people.first
    facts.firstOwner = first.flatMap { users[$0.id] }
    facts.uploadPaths = files.uploadPaths
    facts.rewriter = TextRewriter(
      references: References(
        users: users, channels: facts.maps[TableName.stream] ?? IDMap(),
        userGroups: facts.maps[TableName.userGroup] ?? IDMap(), messages: facts.maps[TableName.message] ?? IDMap(),
        organization: (survey.organization.id, organization), uploads: files.uploadFolders, hosts: hosts()))
  }

  /// The hosts of the organization: the previous one, if the archive names it, and the one on this server.
  private func hosts() -> Set<String> {
    func host(_ server: String?, _ subdomain: String) -> String? {
      server.map { subdomain.isEmpty ? $0.lowercased() : "\(subdomain).\($0)".lowercased() }
    }
    return Set(
      [
        host(archive.manifest?.source.hostname, survey.organization.subdomain),
        host(installation.host, options.subdomain),
      ].compactMap { $0 })
  }

  // MARK: Completion

  private func rollBack(_ files: StagedUploads?, committing: Bool, after error: any Error) throws {
    connection.cancellation = nil
    try? connection.execute("ROLLBACK")
    guard let files else { return }
    // If the connection broke during the commit, only the database knows the outcome.
    if committing {
      guard let arrived = try? turn.hasCome() else {
        files.leaveOpen()
        throw PlainFailure(
          .connection, "import",
          "the database went away during the commit (\(error)); the import is complete or has "
            + "left nothing",
          remedy: "check with: \(installation.command(["organization", "list"])); the next import deletes possible "
            + "leftovers")
      }
      if arrived {
        files.keep()
        throw PlainFailure(
          .connection, "import",
          "the organization is complete and visible, but the database went away before it "
            + "could say so")
      }
    }
    files.rollBack()
  }

  private func summary(
    _ facts: ImportContext, _ files: StagedUploads, _ rows: RowImport, nextSteps: [Summary.Step]
  ) -> Summary {
    func count(_ table: String) -> Int64 { Int64(rows.written[table] ?? 0) }
    let name = survey.organization.name
    let place = options.subdomain.isEmpty ? "the root domain" : options.subdomain
    let host = installation.host.map { options.subdomain.isEmpty ? $0 : "\(options.subdomain).\($0)" }
    let renumbered = facts.maps[TableName.userProfile]?.renumbers ?? false
    let record = recordFolder.map { [Summary.Fact("Map of ids", "\($0)/id-map.jsonl")] } ?? []
    return Summary(
      title: "\(name) is imported at \(place)",
      facts: [
        Summary.Fact("Address", host.map { "https://\($0)" } ?? place, id: .address),
        Summary.Fact("Messages", count: count(TableName.message), .messages, id: .messages),
        Summary.Fact(allUsers: count(TableName.userProfile), id: .users),
        Summary.Fact("Channels", count: count(TableName.stream), .channels, id: .channels),
        Summary.Fact(
          "Files",
          "\(Amount.count(files.files)), \(Amount.bytes(files.bytes)), with the smaller pictures made from them",
          id: .files,
          amounts: [.files: files.files, .bytes: files.bytes]),
        Summary.Fact("User ids", renumbered ? "renumbered" : "the same as before", id: .userIDs),
        Summary.Fact("State", survey.organization.isDeactivated ? "deactivated" : "active"),
      ] + record,
      nextSteps: (survey.organization.isDeactivated
        ? [
          Summary.Step("Reactivate the organization when you are ready", id: .reactivate)
            .with(.reactivate(root: installation.rootOption, subdomain: options.subdomain))
        ] : [])
        + [
          installation.restartStep("so that it discards cached data"),
          Summary.Step(
            "Tell your users to choose new passwords with “Forgot your password?”; those who sign in by other means "
              + "need not"
          ).with(.sendPasswordResets(root: installation.rootOption, subdomain: options.subdomain)),
          "Bots need their new API keys; phones must sign in again",
        ] + nextSteps + [
          Summary.Step("If it was a test import, delete it when you have looked at it", id: .deleteTestImport)
            .with(.deleteOrganization(root: installation.rootOption, subdomain: options.subdomain))
        ])
  }
}
