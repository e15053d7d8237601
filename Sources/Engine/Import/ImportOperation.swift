import Archive
import Common
import Postgres

/// Imports an exported organization into this server as a new one, with new ids.
///
/// All rows are written in one transaction. The files are in place before it is committed and are taken back if it is
/// not: the organization is there as a whole, or not at all.
public struct ImportOperation: Operation {
  public struct Options: Sendable, Codable, Equatable {
    /// The new organization's subdomain; empty for the root domain.
    public var subdomain: String
    /// A .tar.gz, or the folder that it was unpacked into.
    public var archive: String
    public var allowsReservedSubdomain = false
    /// Imports although the versions of both servers differ.
    public var ignoresVersions = false
    /// Stops the server for the time of the import, for a machine with little memory, and starts it again.
    public var stopsServer = false
    /// Where the map of all ids and the report are left; nil: nowhere.
    public var reportFolder: String?

    public init(subdomain: String, archive: String) {
      self.subdomain = subdomain
      self.archive = archive
    }
  }

  public let installation: Installation
  public let options: Options

  public init(_ installation: Installation, _ options: Options) {
    self.installation = installation
    self.options = options
  }

  public var name: String { "import" }

  /// Whether servers keep a subdomain for themselves: it can be imported into only when that is wished.
  public static func isReserved(_ subdomain: String, brand: Brand) -> Bool {
    SubdomainRules.isReserved(subdomain, brand: brand)
  }

  // MARK: Before

  public func check() throws -> [Finding] {
    // An archive that would be refused, or is of another kind, is told before it is unpacked.
    let inspection = try Inspection.of(options.archive)
    if let refused = inspection.refused { throw refused }
    if let other = inspection.kind.failure(expecting: .export, path: options.archive) { throw other }
    let connection = try installation.connect()
    defer { connection.close() }
    try connection.execute("SET default_transaction_read_only = on")
    let model = DataModel(try Catalog.read(connection, schema: installation.brand.schema))
    let findings = try ImportChecks(
      installation: installation, options: options, connection: connection, model: model
    ).findings(
      kind: inspection.kind, manifest: inspection.manifest, memberBytes: inspection.memberBytes,
      migrations: inspection.texts[MigrationStatus.fileName])
    ScratchFolder.removeLeftOvers()
    let scratch = try ScratchFolder(in: "/var/tmp")
    defer { scratch.remove() }
    let archive = try OpenedArchive.open(options.archive, workFolder: scratch.path, expecting: .export)
    defer { archive.close() }
    let survey = try Progress.silent.phase("survey", "Read what is in it") {
      try ArchiveSurvey(archive, model, meter: $0)
    }
    return try findings
      + ImportPreview(
        installation: installation, options: options, archive: archive, model: model, survey: survey,
        connection: connection
      ).findings()
  }

  public func plan() throws -> Plan {
    let place = options.subdomain.isEmpty ? "at the root domain" : "as '\(SafeText.clean(options.subdomain))'"
    let stop = options.stopsServer ? [Plan.Phase("stop", "Stop the server")] : []
    let start = options.stopsServer ? [Plan.Phase("start", "Start the server again")] : []
    return Plan(
      title: "Import \(SafeText.clean(options.archive)) into \(installation.label) \(place)",
      phases: [
        Plan.Phase("unpack", "Check the archive"), Plan.Phase("survey", "Read what is in it"),
      ] + stop + [
        Plan.Phase("files", "Put files in place"),
        Plan.Phase("tables", "Import people, channels and settings"),
        Plan.Phase("messages", "Import messages"),
        Plan.Phase("indexes", "Build indexes and check references"),
        Plan.Phase("links", "Connect attachments and counts"),
        Plan.Phase("commit", "Check all references and make the organization visible"),
      ] + start,
      leavesAlone: ["All other organizations of this server", "The archive"],
      pointOfNoReturn: "until the last phase ends nothing is visible, and everything can be taken back")
  }

  // MARK: The story

  public func run(progress: Progress) throws -> Summary {
    let cancellation = progress.cancellation
    let connection = try installation.connect(cancellation: cancellation)
    defer { connection.close() }
    // An import that was killed may have left files behind: they go before the next one begins.
    try ImportTurn.settle(installation, connection, progress: progress)
    ScratchFolder.removeLeftOvers()
    let workFolder = try WorkFolder.make(installation)
    defer { try? workFolder.remove() }

    let archive = try progress.phase("unpack", "Check the archive", unit: .bytes) { meter in
      try OpenedArchive.open(
        options.archive, workFolder: workFolder.path, expecting: .export, cancellation: cancellation,
        progress: meter.follow())
    }
    defer { archive.close() }

    let model = DataModel(try Catalog.read(connection, schema: installation.brand.schema))
    let survey = try progress.phase("survey", "Read what is in it") { meter in
      try ArchiveSurvey(archive, model, meter: meter)
    }
    try SystemBots(installation: installation, connection: connection).makeMissing(progress: progress)
    let findings = try ImportChecks(
      installation: installation, options: options, connection: connection, model: model, hasTriedBots: true
    ).findings(
      kind: archive.kind, manifest: archive.manifest, memberBytes: archive.members.reduce(0) { $0 + $1.size },
      migrations: try archive.contains(MigrationStatus.fileName)
        ? archive.open(MigrationStatus.fileName).bytes(limit: 1 << 20) : nil)
    for finding in findings where finding.severity == .warning {
      progress.warn("\(finding.subject): \(finding.reason)")
    }
    guard !findings.contains(where: { $0.severity == .blocker }) else { throw Blocked(findings) }

    survey.findings.warnings.forEach(progress.warn)
    if options.stopsServer {
      try progress.phase("stop", "Stop the server") { _ in
        try ServerScripts(installation).run(.stop, progress: progress)
      }
    }
    // On a shared server references are checked faster with the administrator's help, where we can have it.
    let others = try connection.value(
      "SELECT count(*) FROM zerver_realm WHERE string_id <> $1", [installation.brand.internalSubdomain])
    let administrator = others == "0" ? nil : installation.connectAsAdministrator(cancellation: cancellation)
    defer { administrator?.close() }
    let work = ImportWork(
      installation: installation, options: options, model: model, archive: archive, survey: survey,
      connection: administrator ?? connection, isAdministrator: administrator != nil, progress: progress)
    var result: Summary
    do {
      result = try work.run()
    } catch {
      // Whatever becomes of the import, the server runs afterwards.
      if options.stopsServer { startAgain(progress.unstoppable) }
      throw error
    }
    if options.stopsServer {
      let unstoppable = progress.unstoppable
      startAgain(unstoppable)
      result.warnings += unstoppable.warnings
    }
    if let folder = options.reportFolder { try ImportRecord(folder: folder).write(result) }
    progress.finished(result)
    return result
  }

  private func startAgain(_ progress: Progress) {
    do {
      try progress.phase("start", "Start the server again") { _ in
        try ServerScripts(installation).run(.start, progress: progress)
      }
    } catch {
      let report = FailureReport(error)
      progress.warn("The server could not be started again: \(report.reason). \(report.remedy ?? "")")
    }
  }
}
