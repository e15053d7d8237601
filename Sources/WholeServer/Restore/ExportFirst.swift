import Common
import Glibc
import Operations
import Postgres
import Server
import Synchronization
import Transfer

extension RestoreOptions {
  /// Requests an export of each organization of the server before the backup replaces it.
  public struct ExportFirst: Sendable, Codable, Equatable {
    /// Where the folder of the exports is created; nil: beside the server's uploads.
    public var folder: String?

    public init(folder: String? = nil) { self.folder = folder }
  }
}

/// Exports each organization of a server into a new folder, after the server was stopped and before its state is
/// exchanged. Deactivated organizations are included; the internal one, which every server has, is not.
///
/// Only the folder is created: these exports are not recorded in the server's database.
struct ServerExport {
  let installation: Installation
  /// The folder of the exports. Does not exist before ``run(_:)``.
  let folder: String

  /// An exported organization.
  struct Exported: Sendable, Equatable {
    let label: String
    let subdomain: String
    let path: String
    /// For example "1,204 messages, 12 users, 45.2 MB".
    let amounts: String
  }

  /// - Parameter places: the places of the restore; the folder is created beside the uploads.
  init(_ installation: Installation, _ wish: RestoreOptions.ExportFirst, places: [RestorePlace], id: String) {
    self.installation = installation
    let name = "\(installation.brand.rawValue)-exports-before-\(id)"
    let uploads = places.first { $0.part == BackupLayout.uploads }?.live ?? installation.uploadsFolder
    let parent = wish.folder ?? FileSystem.folder(of: uploads)
    folder = "\(parent == "/" ? "" : parent)/\(name)"
  }

  // MARK: Checks

  /// Returns the problems that would make the exports fail, while the server still runs.
  ///
  /// - Parameter isThere: whether the server has a database.
  func findings(isThere: Bool) -> [Finding] {
    guard isThere else {
      return [Finding(.ok, "export", "this server has no database: nothing is exported before the exchange")]
    }
    do {
      let connection = try installation.connect()
      defer { connection.close() }
      let organizations = try organizations(connection)
      guard !FileSystem.exists(folder) else {
        return [
          Finding(.blocker, "export", "\(folder) exists already", remedy: "start the restore again", id: .exists)
        ]
      }
      var findings = [Finding]()
      // The folder itself is created later: the nearest existing parent is checked.
      let parent = Self.existingParent(of: folder)
      let source = try ExportSource(installation, connection)
      for organization in organizations {
        let checks = ExportChecks(
          installation: installation, options: ExportOperation.Options(subdomain: organization.subdomain),
          output: "\(parent)/\(fileName(organization))", isServerStopped: true)
        findings += try checks.findings(organization, source, connection).filter { $0.severity == .blocker }.map {
          Finding(
            .blocker, "export", "\(organization.label) cannot be exported first: \($0.subject): \($0.reason)",
            remedy: "restore without --export-first, or name another folder with --export-folder")
        }
      }
      if findings.isEmpty { findings += try space(organizations, parent, connection).map { [$0] } ?? [] }
      guard findings.isEmpty else { return findings }
      let names = organizations.map(\.label).joined(separator: ", ")
      return [
        Finding(
          .ok, "export",
          organizations.isEmpty
            ? "this server hosts no organization: nothing is exported before the exchange"
            : "\(names): exported into \(folder) after the server was stopped and before the exchange")
      ]
    } catch {
      return [
        Finding(
          .blocker, "export", "nothing can be exported before the exchange: \(FailureReport(error).reason)",
          remedy: "repair this server's database first, or restore without --export-first")
      ]
    }
  }

  /// Checks the disk space for all archives together.
  private func space(
    _ organizations: [Organization], _ parent: String, _ connection: Connection
  ) throws -> Finding? {
    let uploads =
      try connection.value("SELECT least(coalesce(sum(size), 0), 1e18)::bigint FROM zerver_attachment")
      .flatMap { Int64($0) } ?? 0
    let messages = organizations.reduce(Int64(0)) { $0.addingReportingOverflow(Int64($1.messages)).partialValue }
    let (rows, isTooLarge) = messages.multipliedReportingOverflow(by: 600)
    let (needed, overflow) = uploads.addingReportingOverflow(isTooLarge ? Int64.max : rows)
    guard let free = FileSystem.freeBytes(parent), overflow || free <= needed else { return nil }
    return Finding(
      .blocker, "space",
      "exports: about \(overflow ? "all" : Amount.bytes(needed)) needed in \(parent), \(Amount.bytes(free)) free",
      remedy: "free space on that disk, or name a folder on another one with --export-folder")
  }

  private static func existingParent(of path: String) -> String {
    var folder = FileSystem.folder(of: path)
    while !FileSystem.exists(folder), folder != "/" { folder = FileSystem.folder(of: folder) }
    return folder
  }

  private func organizations(_ connection: Connection) throws -> [Organization] {
    try Organization.list(connection, brand: installation.brand).filter { !$0.isInternal }
  }

  /// Returns a safe file name. Subdomains come from the database: only letters, digits and dashes are used.
  private func fileName(_ organization: Organization) -> String {
    let plain = String(
      organization.subdomain.unicodeScalars.filter {
        ("a"..."z").contains($0) || ("A"..."Z").contains($0) || ("0"..."9").contains($0) || $0 == "-"
      }.map(Character.init))
    let name = plain == organization.subdomain ? plain : "\(plain)-\(organization.id)"
    return "\(installation.brand.rawValue)-export-\(name.isEmpty ? "root-domain" : name).tar.gz"
  }

  // MARK: Export

  /// - Throws: if any organization cannot be exported completely; the caller deletes what was written until then.
  func run(_ progress: Progress) throws -> [Exported] {
    try progress.phase(RestorePhase.export, unit: .messages) { meter in
      let connection = try installation.connect(cancellation: progress.cancellation)
      defer { connection.close() }
      let organizations = try organizations(connection)
      meter.setTotal(organizations.reduce(0) { $0.addingReportingOverflow(Int64($1.messages)).partialValue })
      try FileSystem.makeFolder(FileSystem.folder(of: folder), mode: 0o755)
      guard mkdir(folder, 0o700) == 0 else { throw PlainFailure.system(folder, "cannot be made", errno: errno) }
      return try organizations.map { try export($0, meter, progress) }
    }
  }

  private func export(_ organization: Organization, _ meter: Meter, _ progress: Progress) throws -> Exported {
    let path = "\(folder)/\(fileName(organization))"
    var operation = ExportRun(
      installation, ExportOperation.Options(subdomain: organization.subdomain, output: path))
    operation.isServerStopped = true
    let seen = Mutex<Int64>(0)
    let own = Progress(cancellation: progress.cancellation) { event in
      switch event {
      case .advanced(id: ExportOperation.Phase.messages.id, let done, _, _):
        let more = seen.withLock { seen in
          defer { seen = max(seen, done) }
          return max(0, done - seen)
        }
        // A cancellation is noticed by the export itself.
        try? meter.advance(by: more)
      case .warning(let text): progress.warn("\(organization.label): \(text)")
      default: break
      }
    }
    do {
      let summary = try operation.run(own).summary
      func amount(_ id: Summary.Fact.ID, _ unit: Measure) -> Int64 { summary[id]?.amounts?[unit.rawValue] ?? 0 }
      let messages = Amount.of(amount(.messages, .messages), "message")
      let users = Amount.of(amount(.users, .users), "user")
      return Exported(
        label: organization.label, subdomain: organization.subdomain, path: path,
        amounts: "\(messages), \(users), \(Amount.bytes(amount(.size, .bytes)))")
    } catch let cancelled as Cancelled {
      throw cancelled
    } catch let failure as any Failure {
      throw PlainFailure(
        failure.family, "export of \(organization.label)", "\(failure.subject): \(failure.reason)",
        remedy: (failure.remedy.map { "\($0). " } ?? "")
          + "The server is unchanged. Restore again, without --export-first "
          + "where these exports are not needed")
    }
  }

  // MARK: Texts

  /// Returns the facts for a summary.
  static func facts(_ exported: [Exported], in folder: String) -> [Summary.Fact] {
    [Summary.Fact("Exports of the old state", folder)] + exported.map { Summary.Fact($0.label, $0.amounts) }
  }

  /// How messages that are newer than the backup are brought back.
  static func nextSteps(_ exported: [Exported], on server: ServerReference) -> [Summary.Step] {
    guard !exported.isEmpty else { return [] }
    return [
      Summary.Step(
        "These exports contain the messages that are newer than the backup. To bring them back, import an export "
          + "under another subdomain, beside the restored organization:",
        commands: exported.map { export in
          ProgramCommand(["import", otherSubdomain(export.subdomain), export.path], on: server).text
        }),
      "Delete the exports when you no longer need them: they hold private messages, and --discard leaves them alone",
    ]
  }

  /// Returns a subdomain within the server's length limit.
  private static func otherSubdomain(_ subdomain: String) -> String {
    subdomain.isEmpty ? "before-restore" : "\(subdomain.prefix(25))-before-restore"
  }
}
