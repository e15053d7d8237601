import Common
import Operations
import Postgres
import Server

/// A deletion bound to the installation that it changes; see ``DeleteOrganizationOperation``.
struct DeletionRun {
  typealias Phase = DeleteOrganizationOperation.Phase

  let installation: Installation
  let options: DeleteOrganizationOperation.Options

  init(_ installation: Installation, _ options: DeleteOrganizationOperation.Options) {
    self.installation = installation
    self.options = options
  }

  func check() throws -> [Finding] {
    let connection = try installation.connect()
    defer { connection.close() }
    return try findings(connection)
  }

  /// The content and the origin of the organization, on which the operator decides.
  func history() throws -> OrganizationHistory {
    let connection = try installation.connect()
    defer { connection.close() }
    let organization = try find(connection)
    return try OrganizationHistory(organization, connection, brand: installation.brand)
  }

  /// Rows by table that would go; changes nothing.
  func rows() throws -> [(table: String, rows: Int)] {
    let connection = try installation.connect()
    defer { connection.close() }
    let organization = try find(connection)
    return try counted(organization, connection).map { ($0.table, $0.rows) }
  }

  func plan() throws -> Plan {
    let connection = try installation.connect()
    defer { connection.close() }
    guard let organization = try? find(connection), !organization.isInternal else {
      return Plan(title: "Delete an organization", phases: [])
    }
    let shares = try counted(organization, connection)
    let rows = Int64(shares.reduce(0) { $0 + $1.rows })
    let files = files(of: organization)
    let amount = try files.measure()
    let size = "\(Amount.of(amount.files, "file")), \(Amount.bytes(amount.bytes))"
    var phases = try InterruptedDeletions(installation).areThere ? [Plan.Phase(Phase.leftovers)] : []
    phases.append(Plan.Phase(Phase.rows, amount: Amount.of(rows, "row"), amounts: [.rows: rows]))
    if options.uploads != .keep {
      phases.append(
        Plan.Phase(Phase.files, amount: size, amounts: [.files: amount.files, .bytes: amount.bytes]))
    }
    phases.append(Plan.Phase(Phase.cache))
    let kept = options.uploads == .keep ? ["Its uploads, avatars and emoji: they are kept on the disk"] : []
    var plan = Plan(
      title: "Delete \(organization.label), id \(organization.id), from \(installation.label)", phases: phases,
      destroys: (options.uploads == .keep ? [] : ["\(size) below \(installation.uploadsFolder)"])
        + shares.sorted { ($1.rows, $0.table) < ($0.rows, $1.table) }
        .map { "\(Amount.count(Int64($0.rows))) in \($0.table)" },
      leavesAlone: ["All other organizations, row by row", "Settings and secrets of the server"] + kept,
      pointOfNoReturn: "until all rows are deleted everything can be rolled back; after that the deletion is "
        + "completed")
    plan.destroyedRows = Dictionary(shares.map { ($0.table, Int64($0.rows)) }) { $0 + $1 }
    plan.destroyedAmounts = [Measure.rows.rawValue: rows]
    if options.uploads != .keep {
      plan.destroyedAmounts?[Measure.files.rawValue] = amount.files
      plan.destroyedAmounts?[Measure.bytes.rawValue] = amount.bytes
    }
    return plan
  }

  func run(_ progress: Progress) throws -> Summary {
    let interrupted = InterruptedDeletions(installation)
    let finished =
      try interrupted.areThere
      ? progress.phase(Phase.leftovers, unit: .files) { meter in
        try interrupted.finish(progress: progress) { try meter.advance() }
      } : []
    let connection = try installation.connect(cancellation: progress.cancellation)
    defer { connection.close() }
    if let finished = finished.first(where: { $0.subdomain == options.subdomain }),
      try connection.value("SELECT 1 FROM zerver_realm WHERE string_id = $1", [options.subdomain]) == nil
    {
      return summarize(finished, progress)
    }
    let organization = try find(connection)
    let findings = try findings(connection) + confirmation()
    try progress.pass(findings)
    let files = files(of: organization)
    let journal = try files.reach == .none ? nil : journal(organization, files.reach)
    let shares: [DeletionSet.Share]
    do {
      shares = try deleteRows(of: organization, connection, progress)
    } catch {
      // The outcome of a commit whose answer was lost is unknown: the next start finds it out.
      if let journal, (try? stillThere(organization)) == true { journal.discard() }
      throw Self.explained(error)
    }
    let removed = try removeFiles(files, journal, progress)
    try progress.phase(Phase.cache) { _ in
      ServerCache.flushOrWarn(installation, progress: progress)
    }
    return summarize(organization, shares, removed)
  }

  // MARK: Steps

  private func find(_ connection: Connection) throws -> Organization {
    try Organization.find(options.subdomain, connection, brand: installation.brand)
  }

  private func files(of organization: Organization) -> OrganizationFiles {
    let reach: OrganizationFiles.Reach =
      switch options.uploads {
      case .keep: .none
      case .ofOrganization: .organization
      case .everything: .everything
      }
    return OrganizationFiles(
      uploads: installation.uploadsFolder, organization: organization.id,
      reach: installation.storesUploadsInS3 ? .none : reach)
  }

  private func journal(_ organization: Organization, _ reach: OrganizationFiles.Reach) throws -> DeletionJournal? {
    guard FileSystem.isFolder(installation.uploadsFolder) else { return nil }
    return try DeletionJournal(
      DeletionJournal.Entry(
        organization: organization.id, subdomain: organization.subdomain, name: organization.name, reach: reach),
      in: installation.uploadsFolder)
  }

  private func deleteRows(
    of organization: Organization, _ connection: Connection, _ progress: Progress
  ) throws -> [DeletionSet.Share] {
    try progress.phase(Phase.rows, unit: .rows) { meter in
      let catalog = try Catalog.read(connection, schema: installation.brand.schema)
      return try connection.transaction {
        try Self.lock(organization, connection)
        let doomed = try DeletionSet(organization, catalog: catalog, brand: installation.brand, connection)
        return try RowDeletion(doomed: doomed, connection: connection).run(meter)
      }
    }
  }

  /// From now on, transactions that write rows of these users wait for the end and fail then: no new row can be added.
  private static func lock(_ organization: Organization, _ connection: Connection) throws {
    try connection.execute("SET LOCAL lock_timeout = '\(RowDeletion.lockTimeout)'")
    _ = try connection.query("SELECT 1 FROM zerver_realm WHERE id = $1 FOR UPDATE", [String(organization.id)])
    _ = try connection.query(
      "SELECT 1 FROM zerver_userprofile WHERE realm_id = $1 ORDER BY id FOR UPDATE", [String(organization.id)])
  }

  private func removeFiles(
    _ files: OrganizationFiles, _ journal: DeletionJournal?, _ progress: Progress
  ) throws -> OrganizationFiles.Amount {
    guard files.reach != .none else { return OrganizationFiles.Amount() }
    let amount = try progress.phase(Phase.files, unit: .files) { meter in
      try files.remove { try meter.advance() }
    }
    journal?.discard()
    return amount
  }

  private func counted(_ organization: Organization, _ connection: Connection) throws -> [DeletionSet.Share] {
    let catalog = try Catalog.read(connection, schema: installation.brand.schema)
    try connection.execute("BEGIN")
    defer { try? connection.execute("ROLLBACK") }
    return try DeletionSet(organization, catalog: catalog, brand: installation.brand, connection).shares()
  }

  // MARK: Leftovers

  private func stillThere(_ organization: Organization) throws -> Bool {
    let connection = try installation.connect()
    defer { connection.close() }
    return try InterruptedDeletions.exists(organization.id, connection)
  }

  private static func explained(_ error: any Error) -> any Error {
    guard let failure = error as? DatabaseFailure else { return error }
    switch failure.sqlState {
    case "55P03":
      return PlainFailure(
        .conflict, "rows",
        "another session has locked them and did not release them within "
          + "\(RowDeletion.lockTimeout)",
        remedy: "stop the server, then run it again; nothing was deleted")
    case "23503", "40P01":
      return PlainFailure(
        .conflict, failure.subject, "the server wrote into it meanwhile; nothing was deleted",
        remedy: "deactivate the organization or stop the server, then run it again")
    default: return error
    }
  }
}
