import Common
import Glibc
import Operations
import Postgres
import Server

/// Checks an export before it begins.
package struct ExportChecks {
  let installation: Installation
  let options: ExportOperation.Options
  /// Nil if the archive is streamed.
  let output: String?
  /// Whether the server is stopped, so that no data changes during the export.
  var isServerStopped = false

  package init(
    installation: Installation, options: ExportOperation.Options, output: String?, isServerStopped: Bool = false
  ) {
    self.installation = installation
    self.options = options
    self.output = output
    self.isServerStopped = isServerStopped
  }

  package func findings(_ organization: Organization, _ source: ExportSource, _ connection: Connection) throws
    -> [Finding]
  {
    let file = output.map { output in
      [NewArchiveCheck.finding(output).about(.output), space(output, organization, connection).about(.output)]
    }
    return try (file ?? []) + [
      uploads(connection),
      activity(organization).about(.organization), database(connection),
    ]
      + StateFindings(organization: organization, installation: installation, connection: connection).findings(.export)
      .about(.organization)
      + consent(organization, source.traits, connection).about(.content) + version(source.version)
      + unknown(source.model)
      + [options.handOver?.check(source.version, installation)].compactMap { $0 }
  }

  private func database(_ connection: Connection) throws -> Finding {
    guard try connection.value("SELECT pg_is_in_recovery()") == "t" else {
      return Finding(.ok, "database", "can be read")
    }
    guard !options.deactivates else {
      return Finding(
        .blocker, "database", "is a read-only standby: nothing can be deactivated here",
        remedy: "run it on the primary server, or leave --deactivate out")
    }
    return Finding(
      .warning, "database",
      "is a read-only standby: data that was not replicated yet is not in the archive, and the organization's audit "
        + "log gets no entry for the export")
  }

  private func consent(
    _ organization: Organization, _ traits: ServerTraits, _ connection: Connection
  ) throws -> [Finding] {
    guard let consent = options.consent else { return [] }
    if options.publicOnly {
      return [
        Finding(.blocker, "consent", "public channels need none", remedy: "choose public channels, or consent")
      ]
    }
    do {
      let users = try consent.users(of: organization, traits, connection)
      return [
        Finding(
          users.isEmpty ? .warning : .ok, "consent",
          "\(Amount.of(Int64(users.count), "user has agreed", "users have agreed"))")
      ]
    } catch let refusal as PlainFailure where refusal.family == .usage {
      return [Finding(.blocker, refusal.subject, refusal.reason, remedy: refusal.remedy)]
    }
  }

  private func version(_ version: ServerVersion) -> [Finding] {
    guard version.name == nil else { return [Finding(.ok, "version", version.label)] }
    return [
      Finding(
        .warning, "version",
        "the server's version is not known: there is no "
          + "\(installation.deploymentFolder)/version.py; later versions of the official importer ask for it",
        remedy: "this program's own import reads the archive anyway")
    ]
  }

  /// A message takes about 1.5 kB as JSON with its user-message rows, and a fifth of that compressed.
  private func space(_ output: String, _ organization: Organization, _ connection: Connection) -> Finding {
    let uploads =
      (try? connection.value(
        "SELECT coalesce(sum(size), 0) FROM zerver_attachment WHERE realm_id = $1",
        [
          String(organization.id)
        ])).flatMap { $0.flatMap { Int64($0) } } ?? 0
    let (needed, overflow) = uploads.addingReportingOverflow(Int64(organization.messages) * 600 + (16 << 20))
    guard !overflow else {
      return Finding(.warning, "space", "the database says that uploads are larger than any disk")
    }
    guard let free = FileSystem.freeBytes(output) else { return Finding(.ok, "space", "could not be checked") }
    guard free > needed else {
      return Finding(
        .blocker, "space", "the archive needs about \(Amount.bytes(needed)), \(Amount.bytes(free)) are free",
        remedy: "free some space, or choose another disk with --output")
    }
    return Finding(.ok, "space", "about \(Amount.bytes(needed)) needed, \(Amount.bytes(free)) free")
  }

  private func uploads(_ connection: Connection) throws -> Finding {
    if installation.storesUploadsInS3 {
      return Finding(
        .blocker, "uploads", "this server keeps its files in S3, which this version cannot export",
        remedy: "use the server's own export command for now")
    }
    let reason = "in \(installation.uploadsFolder)"
    return try UploadsPresence.look(installation, connection).finding(
      installation, reason, otherwise: UploadsPresence.giveUp(installation)) ?? Finding(.ok, "uploads", reason)
  }

  private func activity(_ organization: Organization) -> Finding {
    if organization.isInternal {
      return Finding(
        .blocker, "organization", "this is the server's internal organization, home of its system bots",
        remedy: "choose another one; every server has its own")
    }
    if options.deactivates || organization.isDeactivated || isServerStopped {
      return Finding(.ok, "organization", "no new messages in \(organization.label) during the export")
    }
    return Finding(
      .warning, "organization",
      "\(organization.label) is active: messages that are written after the start of the export are not in the "
        + "archive",
      remedy: "deactivate it first when you move for good")
  }

  private func unknown(_ model: DataModel) -> [Finding] {
    var findings: [Finding] = []
    func add(_ names: [String], _ reason: String, _ remedy: String?) {
      guard !names.isEmpty else { return }
      let list = names.map { SafeText.clean($0, limit: .label) }.joined(separator: ", ")
      findings.append(Finding(.warning, "tables", "\(reason): \(list)", remedy: remedy))
    }
    add(
      model.unplaced, "these tables do not say to which organization their rows belong; they are not exported",
      "check whether they matter to you; a newer version of this program may know them")
    add(model.unknownTables, "new in this version of the server, exported by their references", nil)
    add(model.unknownColumns, "columns that are new in this version of the server, exported as they are", nil)
    add(model.withheldColumns, "new columns whose names sound like secrets; they are not exported", nil)
    return findings
  }
}
