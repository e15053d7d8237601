import Administration
import Archive
import Common
import Glibc
import Operations
import Postgres
import Server

/// An export bound to the installation that it reads; see ``ExportOperation``.
package struct ExportRun {
  typealias Phase = ExportOperation.Phase

  let installation: Installation
  let options: ExportOperation.Options
  /// Where the archive will be; nil if it is streamed.
  let output: String?
  /// The server is stopped and its database is not to be changed: a restore is about to replace it.
  package var isServerStopped = false

  package init(_ installation: Installation, _ options: ExportOperation.Options) {
    self.installation = installation
    self.options = options
    output = options.stream == nil ? options.output ?? ExportOperation.newOutput(installation.brand) : nil
  }

  private var workers: Int { max(1, min(options.parallel ?? min(WorkerThread.processors, 4), 32)) }

  // MARK: Before

  func check() throws -> [Finding] {
    let connection = try installation.connect()
    defer { connection.close() }
    let organization = try Organization.find(options.subdomain, connection, brand: installation.brand)
    let source = try ExportSource(installation, connection)
    let findings = try ExportChecks(installation: installation, options: options, output: output)
      .findings(organization, source, connection)
    // If the export cannot begin, findings about single rows do not matter.
    guard !findings.contains(where: { $0.severity == .blocker }) else { return findings }
    return try findings + outlook(organization, source, connection)
  }

  /// Returns findings about the rows that the archive omits, counted in one snapshot of the database.
  private func outlook(
    _ organization: Organization, _ source: ExportSource, _ connection: Connection
  ) throws -> [Finding] {
    guard !organization.messagesAreEstimated else {
      return [Finding(.ok, "rows", "rows that are left out are counted during the export: the organization is large")]
    }
    return try connection.transaction("ISOLATION LEVEL REPEATABLE READ, READ ONLY") {
      let scope = try ExportScope(
        connection, organization: organization, brand: installation.brand,
        reach: try reach(of: organization, source.traits, connection), model: source.model, traits: source.traits)
      return try Completeness(model: source.model, scope: scope).account(connection, written: nil).findings
        + sameMembers(scope, connection)
    }
  }

  private func sameMembers(_ scope: ExportScope, _ connection: Connection) throws -> [Finding] {
    let groups = try scope.groupsWithSameMembers(connection)
    guard groups > 0 else { return [] }
    return [
      Finding(
        .warning, "groups",
        "\(Amount.of(groups, "group conversation")) \(groups == 1 ? "has" : "have") the same members as another one, "
          + "after people left: the server's own importer may refuse the archive",
        remedy: "import it with this program, which keeps each of them")
    ]
  }

  func plan() throws -> Plan {
    let connection = try installation.connect()
    defer { connection.close() }
    let organization = try Organization.find(options.subdomain, connection, brand: installation.brand)
    let skipped: [Phase] = [options.deactivates ? nil : .deactivate, output == nil ? .verify : .deliver].compactMap(
      \.self)
    let phases = Phase.allCases.filter { !skipped.contains($0) }.map { phase in
      Plan.Phase(
        phase, amount: phase == .messages ? organization.messageAmount : nil,
        amounts: phase == .messages ? [.messages: Int64(organization.messages)] : [:])
    }
    return Plan(
      title: "Export \(organization.label) into \(output ?? "a stream")", phases: phases,
      leavesAlone: options.deactivates
        ? ["All data of the organization. All users are signed out, and sign-in is disabled until it is reactivated"]
        : ["Everything: an export only reads"])
  }

  // MARK: The story

  package func run(_ progress: Progress) throws -> ExportOperation.Measurements {
    let cancellation = progress.cancellation
    let session = try installation.connect(cancellation: cancellation)
    defer { session.close() }
    let organization = try Organization.find(options.subdomain, session, brand: installation.brand)
    let findings = try ExportChecks(
      installation: installation, options: options, output: output, isServerStopped: isServerStopped
    ).findings(organization, ExportSource(installation, session), session)
    try progress.pass(findings)

    let deactivates = options.deactivates && !organization.isDeactivated
    if deactivates {
      try progress.phase(Phase.deactivate) { _ in
        try OrganizationState.deactivate(organization, because: .migration, session)
        // The server asks its cache whether an organization is active: until it is empty people go on writing.
        ServerCache.flushOrWarn(installation, progress: progress)
      }
    }
    do {
      return try export(organization, session, progress: progress)
    } catch {
      if deactivates { undoDeactivation(organization, progress) }
      throw error
    }
  }

  private func export(
    _ organization: Organization, _ session: Connection, progress: Progress
  ) throws -> ExportOperation.Measurements {
    let began = Timestamp.now()
    let cancellation = progress.cancellation
    let snapshot = try session.exportSnapshot()
    let source = try ExportSource(installation, session)
    let reach = try reach(of: organization, source.traits, session)
    let scope = try progress.phase(Phase.read, total: Int64(organization.messages), unit: .messages) { meter in
      let scope = try ExportScope(
        session, organization: organization, brand: installation.brand, reach: reach, model: source.model,
        traits: source.traits, meter: meter)
      meter.setTotal(Int64(scope.messages.count))
      for finding in try sameMembers(scope, session) { progress.warn("\(finding.subject): \(finding.reason)") }
      return scope
    }
    let archive = try writer(progress)
    defer { archive.abandon() }

    var tables: [String: Int64] = [:]
    var statistics = StatisticsDocument()
    let counts = try progress.phase(Phase.messages, total: Int64(scope.messages.count), unit: .messages) { meter in
      try MessageShards(model: source.model, scope: scope).write(to: archive, workers: workers, meter: meter) {
        let connection = try installation.connect(cancellation: cancellation)
        try connection.adopt(snapshot)
        return connection
      }
    }
    tables[TableName.message] = counts.messages
    tables[TableName.userMessage] = counts.userMessages
    for (index, file) in counts.files.enumerated() {
      statistics.add(
        MessageShards.name(index + 1),
        [TableName.message: file.messages, TableName.userMessage: file.userMessages])
    }
    var changed = counts.changed

    let documents = TableDocuments(
      model: source.model, scope: scope, brand: installation.brand, asActive: options.deactivates,
      host: installation.host ?? "example.com")
    let account = try progress.phase(Phase.tables, unit: .rows) { meter in
      meter.setTotal(try documents.count(session))
      for document in TableRule.Document.allCases where document != .messages {
        let written = try documents.write(document, to: archive, session, meter: meter)
        tables.merge(written.rows) { _, new in new }
        statistics.add(document.rawValue, written.rows)
        changed += written.changed
      }
      return try Completeness(model: source.model, scope: scope).account(session, written: tables)
    }
    account.warn(progress)
    changed = changed.summed()
    for change in changed { progress.warn("Changed: \(change.text)") }

    let files = ExportedFiles(installation: installation, scope: scope, strict: options.strict)
    let items = try files.list(session)
    let report = try progress.phase(Phase.files, total: Int64(items.count), unit: .files) { meter in
      try files.write(items, to: archive, progress: progress, meter: meter)
    }
    statistics.records = report.records

    if source.traits.listsExports { try archive.add(StatisticsDocument.fileName, statistics.encoded()) }
    if case .consent(let users) = reach, source.traits.hasConsentSetting {
      try archive.add(
        Consent.fileName, Array("[\(Set(users).sorted().map(String.init).joined(separator: ","))]\n".utf8))
    }
    try archive.add(
      MigrationStatus.fileName, MigrationStatus.encode(source.version, brand: installation.brand))
    try session.execute("COMMIT")

    let manifest = manifest(scope, source.version, session) {
      $0.tables = tables
      $0.skipped = report.skipped
      $0.leftOut = account.leftOut
      $0.changed = changed
    }
    let finished = try progress.phase(output == nil ? Phase.deliver : .verify, unit: .bytes) { meter in
      try archive.finish(manifest: manifest, cancellation: cancellation, progress: meter.follow())
    }
    if let output { progress.made(output) }
    var sessions = 0
    if options.deactivates { sessions = endActivity(organization, session, progress) }
    if !isServerStopped {
      ExportRecord(
        organization: organization, reach: reach, archive: finished, statistics: statistics.encoded(), began: began
      ).write(session, source.model.catalog, progress)
    }
    let summary = try summarize(
      organization, source.version, tables: tables, report: report,
      notes: manifest.notes, finished: finished, endedSessions: sessions)
    return ExportOperation.Measurements(
      summary: summary, rows: tables.values.reduce(0, +), memberBytes: finished.memberBytes,
      archiveBytes: finished.size, compressionSeconds: finished.compressionSeconds)
  }

  private func writer(_ progress: Progress) throws -> ArchiveWriter {
    if let output { return try ArchiveWriter(path: output, level: options.level) }
    let name = "\(installation.brand.rawValue)-export-\(RandomText.alphanumeric(8))"
    return try ArchiveWriter(
      sink: ExportSink.make(options, progress), rootFolder: name, workFolder: "/var/tmp",
      level: options.level)
  }

  /// Whose messages are exported; who agreed is read from the export's own snapshot.
  private func reach(
    of organization: Organization, _ traits: ServerTraits, _ connection: Connection
  ) throws -> ExportScope.Reach {
    if let consent = options.consent {
      return .consent(users: try consent.users(of: organization, traits, connection))
    }
    return options.publicOnly ? .publicChannels : .everything
  }

  // MARK: Deactivating

  /// Ends the sessions of the deactivated organization after the archive is complete. A failure is a warning: the archive is
  /// kept.
  private func endActivity(_ organization: Organization, _ connection: Connection, _ progress: Progress) -> Int {
    do {
      let ended = try OrganizationState.endActivity(organization, connection)
      // It holds copies of the sessions.
      ServerCache.flushOrWarn(installation, progress: progress)
      return ended
    } catch {
      progress.warn("Open sessions of \(organization.label) could not be ended: \(error)")
      return 0
    }
  }

  /// On a session of its own: the export's may be what failed.
  private func undoDeactivation(_ organization: Organization, _ progress: Progress) {
    do {
      let connection = try installation.connect()
      defer { connection.close() }
      try OrganizationState.reactivate(organization, connection)
      // A request to stop the export must not stop the roll back.
      ServerCache.flushOrWarn(installation, progress: progress.unstoppable)
    } catch {
      progress.warn("\(organization.label) is still deactivated: \(error). Reactivate it when you are ready.")
    }
  }

  // MARK: Summary

  private func manifest(
    _ scope: ExportScope, _ version: ServerVersion, _ connection: Connection, _ fill: (inout Manifest) -> Void
  ) -> Manifest {
    var manifest = Manifest(
      program: Program.nameAndVersion, kind: .organizationExport,
      source: Manifest.Source(
        serverVersion: version.name, featureLevel: version.featureLevel, brand: installation.brand.rawValue,
        hostname: installation.host, postgresVersion: String(connection.serverVersion / 10_000)),
      organization: Manifest.Organization(subdomain: scope.organization.subdomain, name: scope.organization.name),
      options: [
        "reach": options.publicOnly ? "public" : options.consent != nil ? "consent" : "everything",
        "deactivated": options.deactivates ? "yes" : "no",
      ],
      migrations: MigrationStatus.fileName)
    fill(&manifest)
    return manifest
  }

  private func summarize(
    _ organization: Organization, _ version: ServerVersion, tables: [String: Int64], report: ExportedFiles.Report,
    notes: [Summary.Fact], finished: ArchiveWriter.Finished, endedSessions: Int
  ) throws -> Summary {
    func count(_ table: String) -> Int64 { tables[table] ?? 0 }
    return Summary(
      title: "\(organization.label) is exported",
      facts: [
        output.map { Summary.Fact("Archive", $0) },
        Summary.Fact("Size", bytes: finished.size, id: .size),
        Summary.Fact("Messages", count: count(TableName.message), .messages, id: .messages),
        Summary.Fact(allUsers: count(TableName.userProfile), id: .users),
        Summary.Fact("Channels", count: count(TableName.stream), .channels),
        Summary.Fact(
          "Files", "\(Amount.count(report.files)), \(Amount.bytes(report.bytes))",
          amounts: [.files: report.files, .bytes: report.bytes]),
        Summary.Fact("Skipped files", count: Int64(report.skipped.count), .files),
        output.map { _ in Summary.Fact("Verified", "every byte was read back and compared with its checksum") },
      ].compactMap(\.self)
        + notes
        + (options.deactivates
          ? [
            Summary.Fact("State", "deactivated: sign-in is disabled until it is reactivated"),
            Summary.Fact("Ended sessions", count: Int64(endedSessions), .sessions),
          ] : []),
      nextSteps: (options.deactivates ? [installation.restartStep("so that no session lives on in its memory")] : [])
        + (try output.map { try whereItGoes(organization, version, $0) } ?? []) + (options.deactivates ? openAgain : [])
    )
  }

  /// Should the move be called off.
  private var openAgain: [Summary.Step] {
    let reactivate = ReactivateOperation(
      ServerReference(root: installation.root), subdomain: options.subdomain)
    return [
      Summary.Step(
        "If the move is cancelled, reactivate it here:", commands: reactivate.commands.map(\.text)
      ).with(.reactivate(root: installation.rootOption, subdomain: options.subdomain))
    ]
  }

  private func whereItGoes(
    _ organization: Organization, _ version: ServerVersion, _ path: String
  ) throws -> [Summary.Step] {
    if let handOver = options.handOver {
      return handOver.nextSteps(
        archive: path, digest: try Digest.hexadecimal(ofFile: path), organization: organization, version: version)
    }
    let content = options.publicOnly ? "the names and addresses of all users" : "private messages"
    return [
      Summary.Step("Verify that every reference in the archive leads to a row or a file").with(.verify(archive: path)),
      .init("Copy the archive to the other server; it holds \(content): keep it where only you can read it"),
      .init("Import it there: \(Program.command(["import", "SUBDOMAIN", path]))"),
    ]
  }
}
