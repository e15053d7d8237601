import Archive
import Common
import Operations
import Postgres
import Server
import Transfer
import WholeServer

/// Reads an archive to its last byte and says whether it is whole, and, where a server is given, whether it fits there.
public struct VerifyOperation: Runnable {
  public struct Options: Sendable, Codable, Equatable {
    public var archive: String
    /// With a server: the subdomain that the organization would get; nil for the one that it has.
    public var subdomain: String?
    /// A file with age's private key, for an encrypted archive.
    public var identity: String?

    public init(archive: String, identity: String? = nil) {
      self.archive = archive
      self.identity = identity
    }
  }

  public let options: Options
  /// Where the archive would be imported; nil to look at the archive alone.
  public let server: Installation?

  public init(_ options: Options, server: Installation? = nil) {
    self.options = options
    self.server = server
  }

  enum Phase: String, OperationPhase {
    case read, server

    var title: String { self == .read ? "Read every byte, row and reference" : "Compare it with the server" }
    var weight: Double { self == .read ? 33 : 1 }
  }

  public func check() throws -> [Finding] {
    guard FileSystem.exists(options.archive) else {
      return [Finding(.blocker, "archive", "there is no \(options.archive)", remedy: "check the path")]
    }
    return [Finding(.ok, "archive", "\(options.archive) exists")]
  }

  public func plan() throws -> Plan {
    guard !isSealed else {
      return Plan(
        title: "Verify \(options.archive)", phases: [Plan.Phase(SealedFile.Phase.read)],
        leavesAlone: ["Everything: verifying only reads"])
    }
    var phases = [Plan.Phase(Phase.read)]
    if server != nil { phases.append(Plan.Phase(Phase.server)) }
    return Plan(
      title: "Verify \(options.archive)", phases: phases, leavesAlone: ["Everything: verifying only reads"])
  }

  /// Whether the archive is encrypted, and no key for it was given.
  private var isSealed: Bool { options.identity == nil && Encryption.isEncrypted(options.archive) }

  /// - Throws: `.damagedArchive` where the archive is not whole, `.blocked` where it does not fit the server, `.archive`
  ///   where it is encrypted and nothing proves that it is whole.
  public func run(progress: Progress) throws -> Summary {
    try ArchiveFailure.naming(options.archive) { try verify(progress) }
  }

  private func verify(_ progress: Progress) throws -> Summary {
    guard !isSealed else { return try SealedFile(path: options.archive).verify(progress) }
    let stream = try Encryption.stream(
      of: options.archive, identity: options.identity, cancellation: progress.cancellation)
    // With a server it is that one's tables that the rows have to fit.
    let contents = ArchiveContents(try server.map(Self.model) ?? .known)
    let holdings = HoldingsReader()
    let report = try progress.phase(Phase.read, unit: .bytes) { meter in
      do {
        return try ArchiveCheck.verifyDigests(
          options.archive, stream: stream, visitor: SeveralVisitors([contents, holdings]),
          cancellation: progress.cancellation, progress: meter.follow())
      } catch let failure as any Failure where failure.family == .damagedArchive && holdings.members.hasSign {
        let salvage = ArchiveWords.command(["restore", "--salvage", options.archive], options.identity)
        throw PlainFailure(
          failure.family, failure.subject, failure.reason,
          remedy:
            "use another backup. If there is none, this restores the undamaged parts and lists the rest: \(salvage)")
      } catch let failure as any Failure where failure.family == .damagedArchive && stream == nil {
        // A file that is no export is reported as such before any damage, as an import reports it.
        guard let inspection = try? Inspection.of(options.archive), inspection.refused == nil,
          let other = inspection.kind.failure(expecting: .export, path: options.archive)
        else { throw failure }
        throw other
      }
    }
    if case .other = report.kind, let failure = report.kind.failure(expecting: .export, path: options.archive) {
      throw failure
    }
    var facts = [
      Summary.Fact("Archive", options.archive), Summary.Fact("Kind", report.kind.description),
      Summary.Fact(
        "Members", "\(Amount.count(Int64(report.members.count))), \(Amount.bytes(report.memberBytes))",
        amounts: [.files: Int64(report.members.count), .bytes: report.memberBytes]),
      Summary.Fact(
        "Digests",
        report.isDigestChecked
          ? "every one matches"
          : report.kind.isExport
            ? "the archive has none: its structure was checked" : "the archive has none: it unpacks"),
    ]
    if stream != nil {
      facts.append(Summary.Fact("Encryption", "the private key opens it, and age has proved every byte"))
      if BackupChecksum.digest(sealing: options.archive) != nil, try BackupChecksum.matches(options.archive) == false {
        progress.warn(
          "\(SafeText.clean(BackupChecksum.path(for: options.archive), limit: .path)) belongs to another file: its SHA-256 is "
            + "not that of this one")
      }
    }
    var isWhole = true
    if report.kind.isExport {
      let findings = contents.finish(report.manifest)
      try judge(findings, report, contents, progress)
      isWhole = findings.warnings.isEmpty
      facts += Self.facts(contents, isWhole: isWhole)
      facts += report.manifest?.notes ?? []
    }
    if let server, report.kind.isExport {
      try progress.phase(Phase.server) { _ in
        try judge(server, contents, report, progress)
      }
      facts.append(Summary.Fact("Server", "\(server.label) can import it"))
    }
    var hasDatabase = false
    var title = isWhole ? "The archive is intact" : "The archive can be imported, but it is incomplete"
    if report.kind == .backup {
      let members = try holdings.finish(folders: report.folders, manifest: report.manifest)
      if let first = members.contradictions.first {
        throw PlainFailure(
          .damagedArchive, SafeText.clean(options.archive, limit: .path), first,
          remedy: "use another backup, or make a new one; no server can be restored from this one")
      }
      for oddity in members.oddities { progress.warn(oddity) }
      facts.append(Summary.Fact("Completeness", members.holdings.label))
      if !members.holdings.isComplete, let kind = facts.firstIndex(where: { $0.name == "Kind" }) {
        facts[kind] = Summary.Fact("Kind", "a partial backup of a server")
      }
      if !members.holdings.isComplete { title = "The archive is intact, but it is a partial backup" }
      hasDatabase = members.hasDatabase
    }
    return Summary(
      title: title, facts: facts,
      nextSteps: report.kind.isExport && server == nil
        ? [
          Summary.Step(
            "Check whether another server can import it, on that server: "
              + ArchiveWords.command(["verify", "--against-server", options.archive], options.identity))
        ]
        : hasDatabase
          ? ["Rehearse its restore: \(ArchiveWords.rehearse(options.archive, options.identity))"] : [])
  }

  private func judge(
    _ findings: ContentFindings, _ report: ArchiveCheck.Report, _ contents: ArchiveContents, _ progress: Progress
  ) throws {
    findings.warnings.forEach { progress.warn($0) }
    findings.problems.forEach { progress.warn($0) }
    guard findings.problemCount > 0, let server else { return try findings.refuse(options.archive) }
    let connection = try server.connect()
    defer { connection.close() }
    let version = try ImportChecks(
      installation: server, options: ImportOperation.Options(subdomain: "", archive: options.archive),
      connection: connection, model: .known
    ).otherVersion(report.manifest?.source.serverVersion, contents.migrations)
    try findings.refuse(options.archive, version: version) {
      let known = ArchiveContents()
      let stream = try Encryption.stream(
        of: options.archive, identity: options.identity, cancellation: progress.cancellation)
      let report = try ArchiveCheck.verifyDigests(
        options.archive, stream: stream, visitor: known, cancellation: progress.cancellation)
      return known.finish(report.manifest)
    }
  }

  private static func model(of server: Installation) throws -> DataModel {
    let connection = try server.connect()
    defer { connection.close() }
    return DataModel(try Catalog.read(connection, schema: server.brand.schema))
  }

  private func judge(
    _ server: Installation, _ contents: ArchiveContents, _ report: ArchiveCheck.Report, _ progress: Progress
  ) throws {
    let connection = try server.connect(cancellation: progress.cancellation)
    defer { connection.close() }
    let subdomain = options.subdomain ?? contents.organization?.subdomain ?? ""
    let findings = try ImportChecks(
      installation: server, options: ImportOperation.Options(subdomain: subdomain, archive: options.archive),
      connection: connection, model: DataModel(try Catalog.read(connection, schema: server.brand.schema))
    ).serverFindings(
      memberBytes: report.memberBytes, migrations: contents.migrations.isEmpty ? nil : contents.migrations,
      sourceVersion: report.manifest?.source.serverVersion)
    try progress.pass(findings)
  }

  private static func facts(_ contents: ArchiveContents, isWhole: Bool) -> [Summary.Fact] {
    func rows(_ table: String) -> Int64 { contents.rows[table] ?? 0 }
    let all = contents.rows.values.reduce(0, +)
    return [
      Summary.Fact("Organization", contents.organization.map { "\($0.name) ('\($0.subdomain)')" } ?? "unknown"),
      Summary.Fact("Messages", count: rows(TableName.message), .messages),
      Summary.Fact(allUsers: rows(TableName.userProfile)),
      Summary.Fact(
        "Files", "\(Amount.count(contents.files.count)), \(Amount.bytes(contents.files.bytes))",
        amounts: [.files: contents.files.count, .bytes: contents.files.bytes]),
      Summary.Fact(
        "Rows",
        isWhole
          ? "\(Amount.count(all)), every one parses, every reference has its other end"
          : "\(Amount.count(all)), every one parses; the warnings name what an import repairs or leaves out",
        amounts: [.rows: all]),
    ]
  }
}
