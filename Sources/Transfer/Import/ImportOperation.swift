import Archive
import Common
import Operations
import Postgres
import Server

/// Imports an exported organization into this server as a new one, with new ids.
///
/// All rows are written in one transaction. The files are in place before it is committed and are taken back if it is
/// not: the organization is there as a whole, or not at all.
public struct ImportOperation: PreparedOperation {
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

  public enum Phase: String, OperationPhase, CaseIterable {
    case unpack, survey, bots, stop, files, tables, messages, indexes, links, commit, previews, start

    public var isCheck: Bool { self == .unpack || self == .survey }

    public var title: String {
      switch self {
      case .unpack: "Check the archive"
      case .survey: "Read the archive"
      case .bots: "Create missing system bots"
      case .stop: "Stop the server"
      case .files: "Copy files into place"
      case .tables: "Import people, channels and settings"
      case .messages: "Import messages"
      case .indexes: "Build indexes and check references"
      case .links: "Connect attachments and counts"
      case .commit: "Check all references and make the organization visible"
      case .previews: "Create previews of images, if there are any"
      case .start: "Start the server again"
      }
    }

    public var weight: Double {
      switch self {
      case .unpack, .survey: 5
      case .messages: 48
      case .indexes: 118
      case .commit: 18
      default: 1
      }
    }
  }

  public static let kind = "import"
  public let server: ServerReference
  public let options: Options

  public init(_ server: ServerReference, _ options: Options) {
    self.server = server
    self.options = options
  }

  // MARK: The operation as others see it

  public var servers: [ServerReference] { [server] }
  public var title: String { "Import \(options.archive) as '\(options.subdomain)'" }
  public var traces: OperationTraces { OperationTraces(imported: (options.archive, options.subdomain)) }

  public var commands: [ProgramCommand] {
    var words = ["import", options.subdomain, options.archive]
    if options.allowsReservedSubdomain { words.append("--allow-reserved-subdomain") }
    if options.ignoresVersions { words.append("--ignore-versions") }
    if options.stopsServer { words.append("--stop-server") }
    if let folder = options.reportFolder { words += ["--report", folder] }
    return [ProgramCommand(words, on: server)]
  }

  public func undo(_ context: UndoContext) -> UndoRule {
    .operations(
      [DeletionOfImported(server, subdomain: options.subdomain, recordFolder: options.reportFolder, context)],
      confirmation: .organization(subdomain: options.subdomain))
  }

  /// Whether servers keep a subdomain for themselves: it can be imported into only when that is wished.
  public static func isReserved(_ subdomain: String, brand: Brand) -> Bool {
    SubdomainRules.isReserved(subdomain, brand: brand)
  }

  // MARK: Before

  public func check(keeping preparation: Preparation, _ observer: CheckObserver) throws -> [Finding] {
    try ArchiveFailure.naming(options.archive) { try findings(keeping: preparation, observer) }
  }

  private func findings(keeping preparation: Preparation, _ observer: CheckObserver) throws -> [Finding] {
    let installation = try server.installation()
    // An archive that would be refused, or is of another kind, is told before it is unpacked.
    let inspection = try Inspection.of(options.archive)
    if let refused = inspection.refused { throw refused }
    if let other = inspection.kind.failure(expecting: .export, path: options.archive) { throw other }
    let connection = try installation.connect()
    defer { connection.close() }
    try connection.execute("SET default_transaction_read_only = on")
    let model = DataModel(try Catalog.read(connection, schema: installation.brand.schema))
    let checks = ImportChecks(installation: installation, options: options, connection: connection, model: model)
    let migrations = inspection.texts[MigrationStatus.fileName]
    var findings = try checks.findings(
      kind: inspection.kind, manifest: inspection.manifest, memberBytes: inspection.memberBytes,
      migrations: migrations)
    let version = FileVersion(of: options.archive)
    let surveyed =
      try KeptArchive.take(options.archive, catalog: model.catalog, from: preparation)
      ?? survey(
        model, version: try checks.otherVersion(inspection.manifest?.source.serverVersion, migrations),
        observer)
    findings += try ImportPreview(
      installation: installation, options: options, archive: surveyed.archive, model: model, survey: surveyed.index,
      connection: connection
    ).findings()
    KeptArchive.keep(surveyed, of: options.archive, version: version, in: preparation)
    return findings
  }

  /// Unpacks and reads the archive for the checks.
  ///
  /// - Parameter version: see ``ArchiveIndex/init(_:_:version:meter:)``.
  private func survey(
    _ model: DataModel, version: Finding?, _ observer: CheckObserver
  ) throws -> SurveyedArchive {
    ScratchFolder.removeLeftOvers()
    let scratch = try ScratchFolder(in: "/var/tmp")
    let archive = try OpenedArchive.open(
      options.archive, workFolder: scratch.path, expecting: .export, cancellation: observer.cancellation,
      progress: observer.part(0...0.5).follow())
    try observer.cancellation.check()
    let meter = Meter(observer.part(0.5...1))
    return SurveyedArchive(
      archive, try ArchiveIndex(archive, model, version: version, meter: meter), model, scratch: scratch)
  }

  public func plan() throws -> Plan {
    let place = options.subdomain.isEmpty ? "at the root domain" : "as '\(SafeText.clean(options.subdomain))'"
    let phases = Phase.allCases.filter { ($0 != .stop && $0 != .start) || options.stopsServer }
    return Plan(
      title: "Import \(SafeText.clean(options.archive)) into \(try server.installation().label) \(place)",
      phases: phases.map { Plan.Phase($0) },
      leavesAlone: ["All other organizations of this server", "The archive"],
      pointOfNoReturn: "until the last phase ends nothing is visible, and everything can be rolled back")
  }

  // MARK: The story

  public func run(progress: Progress) throws -> Summary {
    try ArchiveFailure.naming(options.archive) { try importArchive(progress) }
  }

  private func importArchive(_ progress: Progress) throws -> Summary {
    let installation = try server.installation()
    let cancellation = progress.cancellation
    let recordFolder = options.reportFolder ?? progress.recordFolder
    let connection = try installation.connect(cancellation: cancellation)
    defer { connection.close() }
    // Before the work folder is made among the uploads: afterwards a missing folder would be there.
    let presence = try UploadsPresence.look(installation, connection)
    let uploads = presence.finding(installation, "", otherwise: UploadsPresence.giveUp(installation))
    try progress.pass([uploads].compactMap(\.self))
    // An import that was killed may have left files behind: they go before the next one begins.
    try ImportLock.settle(installation, connection, progress: progress)
    ScratchFolder.removeLeftOvers()
    let workFolder = try WorkFolder.make(installation)
    defer { try? workFolder.remove() }

    let read = try readArchive(installation, connection, into: workFolder.path, progress)
    let (archive, model, survey) = (read.surveyed.archive, read.surveyed.model, read.surveyed.index)
    defer { archive.close() }

    let checks = ImportChecks(
      installation: installation, options: options, connection: connection, model: model, hasTriedBots: true)
    try SystemBots(installation: installation, connection: connection).makeMissing(progress: progress)
    let findings = try checks.findings(
      kind: archive.kind, manifest: archive.manifest, memberBytes: archive.members.reduce(0) { $0 + $1.size },
      migrations: read.migrations)
    try progress.pass(findings)

    survey.findings.warnings.forEach(progress.warn)
    if options.stopsServer {
      try progress.phase(Phase.stop) { _ in
        try ServerScripts(installation).run(.stop, progress: progress)
      }
    }
    // On a shared server references are checked faster with the administrator's help, where we can have it.
    let others = try connection.value(
      "SELECT count(*) FROM zerver_realm WHERE string_id <> $1", [installation.brand.internalSubdomain])
    let administrator = others == "0" ? nil : installation.connectAsAdministrator(cancellation: cancellation)
    defer { administrator?.close() }
    let work = ImportTransaction(
      installation: installation, options: options, model: model, archive: archive, survey: survey,
      connection: administrator ?? connection, isAdministrator: administrator != nil, progress: progress,
      recordFolder: recordFolder)
    let result: Summary
    do {
      result = try work.run()
    } catch {
      // The server runs afterwards, whether the import succeeded or not.
      if options.stopsServer { startAgain(installation, progress.unstoppable) }
      throw error
    }
    if options.stopsServer { startAgain(installation, progress.unstoppable) }
    if let recordFolder {
      var report = result
      report.warnings = progress.warnings
      try ImportRecord(folder: recordFolder).write(report)
    }
    return result
  }

  /// Unpacks and reads the archive, unless the checks have just done it and nothing has changed since.
  private func readArchive(
    _ installation: Installation, _ connection: Connection, into folder: String, _ progress: Progress
  ) throws -> (surveyed: SurveyedArchive, migrations: [UInt8]?) {
    func migrations(_ archive: OpenedArchive) throws -> [UInt8]? {
      try archive.contains(MigrationStatus.fileName)
        ? archive.open(MigrationStatus.fileName).bytes(limit: ArchiveContents.capturedBytes) : nil
    }
    func model() throws -> DataModel { DataModel(try Catalog.read(connection, schema: installation.brand.schema)) }

    if let preparation = progress.preparation,
      let kept = KeptArchive.take(options.archive, catalog: try model().catalog, from: preparation)
    {
      for phase in [Phase.unpack, .survey] { try progress.phase(phase) { _ in } }
      progress.note("The archive has not changed since the checks read it: it is not read again")
      return (kept, try migrations(kept.archive))
    }
    let archive = try progress.phase(Phase.unpack, unit: .bytes) { meter in
      try OpenedArchive.open(
        options.archive, workFolder: folder, expecting: .export, cancellation: progress.cancellation,
        progress: meter.follow())
    }
    let model = try model()
    let list = try migrations(archive)
    let checks = ImportChecks(installation: installation, options: options, connection: connection, model: model)
    let version = try checks.otherVersion(archive.manifest?.source.serverVersion, list)
    let index = try progress.phase(Phase.survey) { meter in
      try ArchiveIndex(archive, model, version: version, meter: meter)
    }
    return (SurveyedArchive(archive, index, model), list)
  }

  private func startAgain(_ installation: Installation, _ progress: Progress) {
    do {
      try progress.phase(Phase.start) { _ in
        try ServerScripts(installation).run(.start, progress: progress)
      }
    } catch {
      let report = FailureReport(error)
      progress.warn("The server could not be started again: \(report.reason). \(report.remedy ?? "")")
    }
  }
}
