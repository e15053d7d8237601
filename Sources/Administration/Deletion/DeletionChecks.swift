import Common
import Glibc
import Operations
import Postgres
import Server

/// The checks before a deletion, and its summary.
extension DeletionRun {
  func findings(_ connection: Connection) throws -> [Finding] {
    let organization: Organization
    do {
      organization = try Organization.find(options.subdomain, connection, brand: installation.brand)
    } catch let failure as PlainFailure where failure.family == .notFound {
      return [Finding(.blocker, "organization", "\(failure.subject): \(failure.reason)", remedy: failure.remedy)].about(
        .organization)
    }
    if organization.isInternal {
      return [
        Finding(
          .blocker, "organization", "is the server's own, home of its system bots; without it the server cannot run",
          remedy: "choose another organization")
      ].about(.organization)
    }
    let history = try OrganizationHistory(organization, connection, brand: installation.brand)
    let state = StateFindings(organization: organization, installation: installation, connection: connection)
    return ([overview(organization, history)] + (try state.findings(.delete)) + [life(history)]).about(.organization)
      + (try billing(organization, connection))
      + (try uploads(organization, history, connection)).about(.uploads) + [cache()]
  }

  private func overview(_ organization: Organization, _ history: OrganizationHistory) -> Finding {
    let origin =
      history.imported.map { "imported on \(Self.day($0))" }
      ?? history.created.map { "made on \(Self.day($0))" } ?? "of unknown origin"
    let place = history.isOnlyOne ? "the only one on this server" : "not the only one on this server"
    return Finding(
      .ok, "organization",
      "\(organization.label) has id \(organization.id), \(organization.messageAmount), "
        + "\(Amount.of(Int64(organization.activeUsers), "active user")); \(origin); \(place)")
  }

  private func life(_ history: OrganizationHistory) -> Finding {
    let signs = history.signsOfLife
    guard !signs.isEmpty else {
      return Finding(
        .ok, "activity", "there is none since the organization was created or imported")
    }
    return Finding(
      .warning, "activity", "the organization seems to be in use: \(signs.joined(separator: "; "))",
      remedy: "make sure that it is not the real one; to close one that people used, deactivate it instead")
  }

  /// Reports a paid plan, which is known only on servers that bill.
  private func billing(_ organization: Organization, _ connection: Connection) throws -> [Finding] {
    let catalog = try Catalog.read(connection, schema: installation.brand.schema)
    guard catalog[TableName.corporateCustomer]?.column("realm_id") != nil else { return [] }
    let found = try connection.value(
      """
      SELECT 1 FROM corporate_customer c WHERE realm_id = $1 AND (stripe_customer_id IS NOT NULL
        OR EXISTS (SELECT 1 FROM corporate_customerplan p WHERE p.customer_id = c.id))
      """, [String(organization.id)])
    guard found != nil else { return [] }
    return [
      Finding(
        .blocker, "billing", "the organization has or had a plan that somebody pays for",
        remedy: "deactivate it instead")
    ]
  }

  private func uploads(
    _ organization: Organization, _ history: OrganizationHistory, _ connection: Connection
  ) throws -> [Finding] {
    let folder = installation.uploadsFolder
    if installation.storesUploadsInS3 {
      return [
        Finding(
          .warning, "uploads", "this server keeps its files in S3; they are not deleted from there",
          remedy: "delete what begins with \(organization.id)/ in its buckets afterwards")
      ]
    }
    switch options.uploads {
    case .keep:
      return [
        Finding(
          .ok, "uploads", "they stay in \(folder), and are orphaned once the rows are deleted",
          remedy: "add --with-uploads to delete them too")
      ]
    case .everything where !history.isOnlyOne:
      return [
        Finding(
          .blocker, "uploads", "other organizations have files in \(folder)",
          remedy: "delete only the files of this organization")
      ]
    case .ofOrganization, .everything:
      let presence = try UploadsPresence.look(installation, connection)
      guard presence == .there else {
        return [presence.finding(installation, "", otherwise: "or delete the rows alone, without --with-uploads")]
          .compactMap(\.self)
      }
      guard access(folder, W_OK) == 0 else {
        return [
          Finding(
            .blocker, "uploads", "\(folder) cannot be written", remedy: "run it as root, or as the server's user")
        ]
      }
      return [Finding(.ok, "uploads", "its files are deleted after its rows")]
    }
  }

  private func cache() -> Finding {
    guard let way = ServerCache.way(installation) else {
      return Finding(
        .warning, "cache", "cannot be emptied from here",
        remedy: "run \(ServerScripts(installation).commandLine(.flushCache)) afterwards")
    }
    return Finding(.ok, "cache", "it is emptied by \(way)")
  }

  /// Returns blockers for the missing confirmations of the operator; a dry run needs none.
  func confirmation() throws -> [Finding] {
    var findings: [Finding] = []
    if options.confirmation != options.subdomain {
      let name = ServerScripts.quoted(options.subdomain)
      findings.append(
        Finding(
          .blocker, "confirmation",
          options.confirmation == nil ? "is missing" : "names another organization than the one to delete",
          remedy: "confirm it with its own name: --confirm-delete \(name)"))
    }
    if !options.despiteSignsOfLife, !(try history().signsOfLife.isEmpty) {
      findings.append(
        Finding(
          .blocker, "activity", "the organization seems to be in use",
          remedy: "read the output of --dry-run; to delete it anyway, add --yes"))
    }
    return findings.about(.confirmation)
  }

  // MARK: Summary

  func summarize(
    _ organization: Organization, _ shares: [DeletionSet.Share], _ removed: OrganizationFiles.Amount
  ) -> Summary {
    let total = shares.reduce(0) { $0 + $1.rows }
    func rows(_ table: String) -> Int64 { Int64(shares.first { $0.table == table }?.rows ?? 0) }
    var facts = [
      Summary.Fact(
        "Rows", "\(Amount.count(Int64(total))) in \(Amount.of(Int64(shares.count), "table"))",
        amounts: [.rows: Int64(total), .tables: Int64(shares.count)]),
      Summary.Fact("Messages", count: rows(TableName.message), .messages),
      Summary.Fact(allUsers: rows(TableName.userProfile)),
    ]
    if options.uploads != .keep {
      facts.append(
        Summary.Fact(
          "Files", "\(Amount.count(removed.files)), \(Amount.bytes(removed.bytes))",
          amounts: [.files: removed.files, .bytes: removed.bytes]))
    }
    return Summary(
      title: "\(organization.label) is deleted", facts: facts,
      nextSteps: [installation.restartStep("so that it discards cached data of the organization")])
  }

  func summarize(_ finished: DeletionJournal.Entry, _ progress: Progress) -> Summary {
    ServerCache.flushOrWarn(installation, progress: progress)
    return Summary(
      title: "The deletion of \(finished.name) that was interrupted is finished",
      nextSteps: [installation.restartStep("so that it discards cached data of the organization")])
  }

  private static func day(_ timestamp: String) -> String { String(timestamp.prefix(10)) }
}
