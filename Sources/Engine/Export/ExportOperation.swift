import Archive
import Common
import Glibc
import Postgres

/// Exports one organization into an archive that the server's own importer and this program's read.
///
/// All rows are read from one snapshot of the database, the list of files too. The archive gets its name when it is
/// complete and has been read back; until then nothing of that name exists.
public struct ExportOperation: Operation {
  public struct Options: Sendable, Codable, Equatable {
    /// The organization's subdomain; empty for the root domain.
    public var subdomain: String
    /// Where the archive goes; nil for a new name in /tmp.
    public var output: String?
    /// Ends all sessions first, so that nobody writes any more; the archive itself says that it is active.
    public var deactivates = false
    public var publicOnly = false
    /// Sessions that read at the same time; nil: one for each processor, four at most.
    public var parallel: Int?
    /// Compression, 1 (fast) to 9 (small).
    public var level = 1
    /// Stops at a file that cannot be read instead of skipping it.
    public var strict = false

    public init(subdomain: String, output: String? = nil) {
      self.subdomain = subdomain
      self.output = output
    }
  }

  public let installation: Installation
  public let options: Options

  public init(_ installation: Installation, _ options: Options) {
    self.installation = installation
    var options = options
    options.output = options.output ?? Self.defaultOutput(installation.brand)
    self.options = options
  }

  public var name: String { "export" }

  /// Where the archive will be.
  public var output: String { options.output ?? Self.defaultOutput(installation.brand) }

  private static func defaultOutput(_ brand: Brand) -> String {
    "/tmp/\(brand.rawValue)-export-\(RandomText.alphanumeric(8)).tar.gz"
  }

  private var workers: Int { max(1, min(options.parallel ?? min(WorkerThread.processors, 4), 32)) }

  // MARK: Before

  public func check() throws -> [Finding] {
    let connection = try installation.connect()
    defer { connection.close() }
    let organization = try Organization.find(options.subdomain, connection, brand: installation.brand)
    let model = DataModel(try Catalog.read(connection, schema: installation.brand.schema))
    return ExportChecks(installation: installation, options: options, output: output)
      .findings(organization, model, connection)
  }

  public func plan() throws -> Plan {
    let connection = try installation.connect()
    defer { connection.close() }
    let organization = try Organization.find(options.subdomain, connection, brand: installation.brand)
    var phases = [
      Plan.Phase("read", "Find out what belongs to the organization"),
      Plan.Phase("messages", "Export messages", amount: "\(organization.messages) messages"),
      Plan.Phase("tables", "Export people, channels and settings"),
      Plan.Phase("files", "Export uploaded files"),
      Plan.Phase("verify", "Read the archive back"),
    ]
    if options.deactivates { phases.insert(Plan.Phase("deactivate", "Deactivate the organization"), at: 0) }
    return Plan(
      title: "Export \(organization.label) into \(output)", phases: phases,
      leavesAlone: options.deactivates
        ? ["All data of the organization; it can be reactivated at any time"]
        : ["Everything: an export only reads"])
  }

  // MARK: The story

  public func run(progress: Progress) throws -> Summary {
    let cancellation = progress.cancellation
    let session = try installation.connect(cancellation: cancellation)
    defer { session.close() }
    let organization = try Organization.find(options.subdomain, session, brand: installation.brand)
    let model = DataModel(try Catalog.read(session, schema: installation.brand.schema))
    let findings = ExportChecks(installation: installation, options: options, output: output)
      .findings(organization, model, session)
    for finding in findings where finding.severity == .warning {
      progress.warn("\(finding.subject): \(finding.reason)")
    }
    guard !findings.contains(where: { $0.severity == .blocker }) else { throw Blocked(findings) }

    if options.deactivates, !organization.isDeactivated {
      try progress.phase("deactivate", "Deactivate the organization") { _ in
        try OrganizationState.deactivate(organization, session)
      }
    }

    let snapshot = try session.exportSnapshot()
    let scope = try progress.phase("read", "Find out what belongs to the organization") { _ in
      try ExportScope(
        session, organization: organization, brand: installation.brand,
        reach: options.publicOnly ? .publicChannels : .everything)
    }
    let archive = try ArchiveWriter(path: output, level: options.level)
    defer { archive.abandon() }

    var tables: [String: Int64] = [:]
    let counts = try progress.phase(
      "messages", "Export messages", total: Int64(scope.messages.count), unit: .messages
    ) { meter in
      try MessageShards(model: model, scope: scope).write(to: archive, workers: workers, meter: meter) {
        let connection = try installation.connect(cancellation: cancellation)
        try connection.adopt(snapshot)
        return connection
      }
    }
    tables["zerver_message"] = counts.messages
    tables["zerver_usermessage"] = counts.userMessages

    try progress.phase("tables", "Export people, channels and settings", unit: .rows) { meter in
      let documents = TableDocuments(
        model: model, scope: scope, brand: installation.brand, asActive: options.deactivates)
      for document in TableRule.Document.allCases where document != .messages {
        tables.merge(try documents.write(document, to: archive, session, meter: meter)) { _, new in new }
      }
    }

    let files = ExportedFiles(installation: installation, scope: scope, strict: options.strict)
    let items = try files.list(session)
    let report = try progress.phase(
      "files", "Export uploaded files", total: Int64(items.count), unit: .files
    ) { meter in
      try files.write(items, to: archive, progress: progress, meter: meter)
    }

    let version = try ServerVersion.read(installation, session)
    try archive.add(MigrationStatus.fileName, MigrationStatus.encode(version, brand: installation.brand))
    try session.execute("COMMIT")

    let finished = try progress.phase("verify", "Read the archive back", unit: .bytes) {
      meter in
      var seen: Int64 = 0
      return try archive.finish(
        manifest: manifest(scope, version, tables: tables, skipped: report.skipped, session),
        cancellation: cancellation
      ) { done, total in
        meter.setTotal(total)
        try meter.advance(by: done - seen)
        seen = done
      }
    }
    recordExport(of: organization, session, progress: progress)
    let summary = summarize(organization, tables: tables, report: report, finished: finished, progress: progress)
    progress.finished(summary)
    return summary
  }

  private func manifest(
    _ scope: ExportScope, _ version: ServerVersion, tables: [String: Int64], skipped: [Manifest.Skipped],
    _ connection: Connection
  ) -> Manifest {
    Manifest(
      program: Program.nameAndVersion, kind: .organizationExport,
      source: Manifest.Source(
        serverVersion: version.name, featureLevel: version.featureLevel, brand: installation.brand.rawValue,
        hostname: installation.host, postgresVersion: String(connection.serverVersion / 10_000)),
      organization: Manifest.Organization(subdomain: scope.organization.subdomain, name: scope.organization.name),
      tables: tables,
      options: [
        "reach": options.publicOnly ? "public" : "everything", "deactivated": options.deactivates ? "yes" : "no",
      ],
      skipped: skipped, migrations: MigrationStatus.fileName)
  }

  /// The server's own exporter leaves a line in the organization's audit log; so do we, where we can write.
  private func recordExport(of organization: Organization, _ connection: Connection, progress: Progress) {
    do {
      guard try connection.value("SELECT pg_is_in_recovery()") == "f" else {
        return progress.note("The audit log has no line of this export: the database is a read-only standby.")
      }
      try AuditLog.record(.exported, organization: organization.id, connection)
    } catch {
      progress.warn("The audit log has no line of this export: \(error)")
    }
  }

  private func summarize(
    _ organization: Organization, tables: [String: Int64], report: ExportedFiles.Report,
    finished: ArchiveWriter.Finished, progress: Progress
  ) -> Summary {
    func count(_ table: String) -> String { Amount.count(tables[table] ?? 0) }
    return Summary(
      title: "\(organization.label) is exported",
      facts: [
        Summary.Fact("Archive", finished.path),
        Summary.Fact("Size", Amount.bytes(finished.size)),
        Summary.Fact("Messages", count("zerver_message")),
        Summary.Fact("Users", count("zerver_userprofile")),
        Summary.Fact("Channels", count("zerver_stream")),
        Summary.Fact("Files", "\(Amount.count(report.files)), \(Amount.bytes(report.bytes))"),
        Summary.Fact("Skipped files", Amount.count(Int64(report.skipped.count))),
        Summary.Fact("Verified", "every byte was read back and its digest compared"),
      ],
      warnings: progress.warnings,
      nextSteps: [
        "Copy the archive to the other server; it holds private messages: keep it where only you can read it",
        "Import it there: aloha-wizard import SUBDOMAIN \(finished.path)",
      ])
  }
}
