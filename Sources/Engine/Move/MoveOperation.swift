import Administration
import Common
import Operations
import Remote
import Server
import Transfer

/// Moves an organization: exports it, imports it on the other server, copies the chosen secrets, and activates it
/// there.
///
/// Each server is on this machine or on another one, where the same program does its part, see ``MoveSite``.
///
/// Until the organization is visible on the new server, cancelling or failing rolls everything back: the archive is
/// deleted, and an organization deactivated for the move is reactivated. A failure of a later step does not undo the
/// move; the summary lists what is missing.
public struct MoveOperation: Operation {
  private enum Phase: String, OperationPhase {
    case count

    var title: String { "Count what has arrived" }
  }

  public static let kind = "move"
  public let decisions: MoveDecisions
  /// The brand of both servers; nil: detected.
  public let brand: Brand?

  private enum CodingKeys: String, CodingKey {
    case decisions = "options"
    case brand
  }

  public init(_ decisions: MoveDecisions, brand: Brand? = nil) {
    self.decisions = decisions
    self.brand = brand
  }

  // MARK: The operation as others see it

  /// The servers on this machine. Those on other machines are locked by the jobs there.
  public var servers: [ServerReference] {
    let local = ([source] + [target].compactMap(\.self)).filter { $0.remote == nil }
    return local.isEmpty ? [ServerReference(root: "/", brand: brand)] : local
  }
  public var title: String { "Move '\(decisions.organization)' to \(decisions.target ?? "another machine")" }

  public var traces: OperationTraces {
    OperationTraces(
      imported: isRemote ? nil : decisions.target.map { _ in (decisions.archive, decisions.subdomain) },
      written: [.init(decisions.archive, subdomain: decisions.organization)].compactMap(\.self),
      workFolders: [OperationTraces.folder(of: decisions.archive)])
  }

  /// The commands of the parts. Without a target, those for the other machine follow.
  public var commands: [ProgramCommand] {
    if isRemote { return [MoveCommandLine(decisions, brand: brand).command] }
    return export.commands + parts(on: target ?? ServerReference(root: "/", brand: brand)).flatMap(\.commands)
  }

  /// Undoes the parts in reverse order: the imported organization, the archive, the deactivation.
  public func undo(_ context: UndoContext) -> UndoRule {
    if isRemote, let target = decisions.target {
      let delete = Program.command(["organization", "delete", "-r", decisions.subdomain], root: target)
      let open = Program.command(["organization", "reactivate", "-r", decisions.organization], root: decisions.source)
      return .impossible(
        "it was a move between machines; delete the new organization with: \(delete)"
          + (decisions.deactivates ? "; and reactivate the old one with: \(open)" : ""))
    }
    var operations: [any Runnable] = []
    if let target {
      operations.append(
        DeletionOfImported(target, subdomain: decisions.subdomain, recordFolder: nil, context))
    }
    operations.append(RemoveFile(decisions.archive, context))
    if decisions.deactivates {
      operations.append(ReactivationPart(ReactivateOperation(source, subdomain: decisions.organization)))
    }
    return .operations(
      operations,
      confirmation: target == nil ? .file(decisions.archive) : .organization(subdomain: decisions.subdomain))
  }

  /// A move between machines that was interrupted may have left the old organization deactivated.
  public var interruptionAdvice: String? {
    guard isRemote, decisions.deactivates else { return nil }
    return "see whether the organization has arrived; if not, reactivate it: "
      + Program.command(["organization", "reactivate", "-r", decisions.organization], root: decisions.source)
  }

  // MARK: Parts

  private var isRemote: Bool { source.remote != nil || target?.remote != nil }
  private var source: ServerReference { ServerReference(root: decisions.source, brand: brand) }
  /// Nil: only the archive is created, and the summary explains how to import it on another machine.
  private var target: ServerReference? { decisions.target.map { ServerReference(root: $0, brand: brand) } }

  var export: ExportOperation {
    var options = ExportOperation.Options(subdomain: decisions.organization, output: decisions.archive)
    options.deactivates = decisions.deactivates
    return ExportOperation(source, options)
  }

  private func importing(to target: ServerReference, _ archive: String? = nil) -> ImportOperation {
    var options = ImportOperation.Options(subdomain: decisions.subdomain, archive: archive ?? decisions.archive)
    options.allowsReservedSubdomain = decisions.allowsReserved
    options.stopsServer = decisions.stopsTarget
    return ImportOperation(target, options)
  }

  private func copying(to target: ServerReference) -> CopySecretsOperation {
    CopySecretsOperation(from: source, to: target, decisions: decisions.secrets)
  }

  private func opening(on target: ServerReference) -> ReactivateOperation {
    ReactivateOperation(target, subdomain: decisions.subdomain)
  }

  /// Returns the parts after the export, in order. Secrets are copied only if both servers are on this machine.
  private func parts(on server: ServerReference) -> [any Operation] {
    [importing(to: server)]
      + (copiesSecrets ? [copying(to: server)] : [])
      + (decisions.wasDeactivated ? [opening(on: server)] : [])
  }

  // MARK: Before

  /// Returns whether the organization is deactivated on the old server.
  public func isDeactivated() throws -> Bool {
    let sites = try MoveSites(decisions, brand: brand)
    defer { sites.close() }
    return try sites.source.organization(decisions.organization).isDeactivated
  }

  public func check() throws -> [Finding] {
    let sites = try MoveSites(decisions, brand: brand)
    defer { sites.close() }
    let facts = try sites.source.facts()
    let overlap = try sites.target.map { try MovePair.findings(sites.source, facts, to: $0) } ?? []
    // Further findings would be about one server twice.
    guard overlap.isEmpty else { return overlap }
    var findings = try sites.source.check(ArchiveTransit(sites: sites, decisions: decisions).export()) + facts.queues
    if sites.isRemote, sites.target is LocalSite {
      findings.append(NewArchiveCheck.finding(decisions.archive).about(.output))
    }
    if let target = sites.target {
      findings += try target.targetFindings(
        subdomain: decisions.subdomain, allowsReserved: decisions.allowsReserved, source: sites.source.source())
      if copiesSecrets {
        findings += try target.secretObstacles(decisions.copiedSecrets, from: sites.source.configuration())
      }
    }
    return findings
  }

  public func plan() throws -> Plan {
    let sites = try MoveSites(decisions, brand: brand)
    defer { sites.close() }
    let exporting = try named(.export, sites.source.plan(ArchiveTransit(sites: sites, decisions: decisions).export()))
    guard let target = sites.target else { return exporting }
    var phases = try exporting.phases + named(.import, target.plan(importing(to: target.reference))).phases
    if copiesSecrets { phases.append(Plan.Phase(CopySecretsPhase(try target.facts().brand))) }
    if decisions.wasDeactivated {
      phases += try named(.open, ReactivationPart(opening(on: target.reference)).plan()).phases
    }
    return Plan(
      title: "Move '\(decisions.organization)' from \(try sites.source.facts().label) to \(try target.facts().label)",
      phases: phases + [Plan.Phase(Phase.count)],
      leavesAlone: [
        decisions.deactivates
          ? "All data on the old server; the organization there can be reactivated at any time"
          : "Everything on the old server",
        "All other organizations of the new server",
      ],
      pointOfNoReturn: "until the organization is visible on the new server, everything can be rolled back")
  }

  /// The phases of a part have its name as a prefix.
  private func named(_ part: Part, _ plan: Plan) throws -> Plan {
    var plan = plan
    for index in plan.phases.indices { plan.phases[index].id = "\(part.rawValue).\(plan.phases[index].id)" }
    return plan
  }

  /// The names of the parts.
  private enum Part: String {
    case export, `import`, secrets, open
  }

  private var copiesSecrets: Bool { !decisions.copiedSecrets.isEmpty && target != nil }

  // MARK: The story

  public func run(progress: Progress) throws -> Summary {
    let sites = try MoveSites(decisions, brand: brand, cancellation: progress.cancellation)
    defer { sites.close() }
    // Read in advance: after the import, a missing part of the new server must not fail the move.
    var deployment = ""
    // Before anything is changed: the import's own checks come after the export and the deactivation.
    if let target = sites.target {
      try progress.pass(MovePair.findings(sites.source, sites.source.facts(), to: target))
      deployment = try target.facts().deploymentFolder
    }
    let before = try sites.source.organization(decisions.organization)
    let mayRemove = !FileSystem.exists(decisions.archive)
    var isImporting = false
    do {
      let transit = ArchiveTransit(sites: sites, decisions: decisions)
      return try transit.carry(progress) { exported, archive in
        guard let target = sites.target else { return onlyExported(exported) }
        isImporting = target is RemoteSite
        let imported = try target.run(
          importing(to: target.reference, archive), as: Part.import.rawValue, progress)
        return complete(
          sites, target, deployment, before: before, exported: exported, imported: imported, progress: progress)
      }
    } catch let failure as SSHFailure where isImporting {
      // Whether the organization is there is not known: with the old one open again, both could be in use.
      throw outcomeIsUnknown(failure)
    } catch {
      try rollBack(sites, before, removingArchive: mayRemove, because: error, progress: progress)
      throw error
    }
  }

  private func outcomeIsUnknown(_ failure: SSHFailure) -> PlainFailure {
    let target = decisions.target ?? "/"
    let open = Program.command(["organization", "reactivate", "-r", decisions.organization], root: decisions.source)
    return PlainFailure(
      .connection, failure.subject,
      "\(failure.reason), while the organization was being imported there; the import goes on without this machine",
      remedy: "see how it ends: " + Program.command(["jobs", "attach"], root: target)
        + (decisions.deactivates ? "; only if it has failed, reactivate the old organization: \(open)" : ""))
  }

  /// Runs the steps after the import. They cannot be cancelled, and cannot undo the move.
  private func complete(
    _ sites: MoveSites, _ target: any MoveSite, _ deployment: String, before: Organization, exported: Summary,
    imported: Summary, progress: Progress
  ) -> Summary {
    let unstoppable = progress.unstoppable
    var toDo: [Summary.Step] = []
    var copied: [Summary.Fact] = []
    func attempt(_ part: Part, _ work: () throws -> Summary, otherwise remedy: Summary.Step) -> Bool {
      do {
        _ = try work()
        return true
      } catch {
        let trouble = FailureReport(error)
        progress.warn("\(trouble.subject): \(trouble.reason)")
        toDo.append(remedy)
        return false
      }
    }
    if copiesSecrets {
      let names = decisions.copiedSecrets.joined(separator: ", ")
      let done = attempt(
        .secrets,
        {
          let part = target is LocalSite ? unstoppable.part(Part.secrets.rawValue) : unstoppable
          return try target.copySecrets(decisions.copiedSecrets, from: sites.source.configuration(), part)
        },
        otherwise: "Copy by hand, from the old secrets file to the new one: \(names)")
      if done { copied = [Summary.Fact("Secrets copied", names)] }
    }
    if before.isDeactivated {
      _ = attempt(
        .open,
        {
          if target is LocalSite {
            return try OperationPart(Part.open.rawValue, ReactivationPart(opening(on: target.reference))).run(
              unstoppable)
          }
          return try target.run(opening(on: target.reference), as: Part.open.rawValue, unstoppable)
        }, otherwise: "Reactivate the organization on the new server")
    }
    var after: Organization?
    // It throws nothing: its body does not.
    try? unstoppable.phase(Phase.count) { _ in
      after = try? target.organization(decisions.subdomain)
    }
    let restart =
      target is LocalSite
      ? Summary.Step(
        "Restart the new server, so that it reads the changes:",
        command: ShellWord.quoted(deployment + "/scripts/restart-server")
      ).with(.restart(root: target.root))
      : Summary.Step(
        "Restart the new server, so that it reads the changes:",
        command: Program.command(["server", "restart"], root: target.root))
    return summary(
      imported, before: before, after: after, more: copied + leftOut(exported, progress),
      toDo: toDo + [restart])
  }

  /// Lists in the report the rows that the export has left out, and returns their number.
  private func leftOut(_ exported: Summary, _ progress: Progress) -> [Summary.Fact] {
    let all = exported.facts.filter { $0.id == .leftOut }
    guard !all.isEmpty else { return [] }
    for fact in all { progress.note("\(fact.name): \(fact.value)") }
    let rows = all.reduce(Int64(0)) { sum, fact in
      let (next, overflow) = sum.addingReportingOverflow(fact.amounts?[Measure.rows.rawValue] ?? 0)
      return overflow ? .max : next
    }
    let reasons = Amount.of(Int64(all.count), "reason")
    return [
      Summary.Fact(
        "Left out", "\(Amount.of(rows, "row")), for \(reasons) that the report names", id: .leftOut,
        amounts: [.rows: rows])
    ]
  }

  /// Restores the previous state of both servers.
  private func rollBack(
    _ sites: MoveSites, _ before: Organization, removingArchive: Bool, because reason: any Error, progress: Progress
  ) throws {
    if removingArchive, FileSystem.exists(decisions.archive) {
      try? FileSystem.removeTree(decisions.archive)
      progress.note("The archive is removed.")
    }
    guard decisions.deactivates, !before.isDeactivated else { return }
    do {
      try reactivate(sites.source, progress.quiet)
      progress.note("The organization is active again on the old server.")
    } catch {
      let trouble = FailureReport(reason)
      throw PlainFailure(
        (reason as? any Failure)?.family ?? .unexpected, trouble.subject,
        "\(trouble.reason); and the organization could not be reactivated on the old server: \(FailureReport(error).reason)",
        remedy: "reactivate it there: "
          + Program.command(["organization", "reactivate", "-r", decisions.organization], root: source.root))
    }
  }

  /// Returns the advice about secrets that differ between the servers, wherever they are.
  public static func secretAdvice(_ decisions: MoveDecisions, brand: Brand?) throws -> [SettingAdvice] {
    let sites = try MoveSites(decisions, brand: brand)
    defer { sites.close() }
    return try sites.target?.secretAdvice(from: sites.source.configuration()) ?? []
  }

  /// Reactivates the organization on the old server; a lost connection to it is opened again first.
  private func reactivate(_ site: any MoveSite, _ progress: Progress) throws {
    if let site = site as? RemoteSite {
      try site.server.reconnect(canAsk: false, cancellation: progress.cancellation) { _, _ in }
    }
    guard try site.organization(decisions.organization).isDeactivated else { return }
    let operation = ReactivateOperation(site.reference, subdomain: decisions.organization)
    if let site = site as? RemoteSite {
      _ = try site.run(operation, progress)
    } else {
      _ = try operation.run(progress: progress)
    }
  }

  // MARK: Words

  private func summary(
    _ imported: Summary, before: Organization, after: Organization?, more: [Summary.Fact], toDo: [Summary.Step]
  ) -> Summary {
    func both(_ old: Int, _ new: Int?) -> String {
      guard let new else { return "could not be counted" }
      return "\(Amount.count(Int64(new))) (on the old server: \(Amount.count(Int64(old))))"
    }
    var facts = [
      imported[.address],
      Summary.Fact(
        "Messages", both(before.messages, after?.messages),
        amounts: [.messages: Int64(after?.messages ?? before.messages)]),
      Summary.Fact(
        "Active users", both(before.activeUsers, after?.activeUsers),
        amounts: [.users: Int64(after?.activeUsers ?? before.activeUsers)]),
      imported[.channels], imported[.files], imported[.userIDs],
    ].compactMap(\.self)
    if let after { facts.append(Summary.Fact("New server", after.isDeactivated ? "deactivated" : "active")) }
    facts.append(
      Summary.Fact(
        "Old server", decisions.deactivates || before.isDeactivated ? "deactivated, all data kept" : "active"))
    facts += more
    // The move does these two itself, or has listed them already.
    // A move for good, with the old organization deactivated, is no test import.
    let next = imported.nextSteps.filter {
      $0.id != .reactivate && $0.id != .restart && ($0.id != .deleteTestImport || !decisions.deactivates)
    }
    let settings = target.map { target in
      let compare = Summary.Step(
        "Compare the settings of both servers, which no export contains:",
        command: Program.command(["settings", "compare", "--from", source.root], root: target.root))
      return [isRemote ? compare : compare.with(.compareSettings(root: target.root, with: source.root))]
    }
    return Summary(
      title: "\(before.name.isEmpty ? "The organization" : before.name) is moved", facts: facts,
      warnings: difference(before, after),
      nextSteps: toDo + next + (settings ?? [])
        + [
          target?.remote != nil
            ? nil
            : Summary.Step(
              "Delete the archive when you no longer need it; it holds private messages:",
              command: "rm \(ShellWord.quoted(decisions.archive))")
        ].compactMap(\.self))
  }

  /// Explains counts that differ between the servers; empty if they do not.
  private func difference(_ before: Organization, _ after: Organization?) -> [String] {
    guard let after else { return [] }
    let counts = [
      ("messages", before.messages, after.messages), ("active users", before.activeUsers, after.activeUsers),
    ].filter { $0.1 != $0.2 }
    guard !counts.isEmpty else { return [] }
    let names = counts.map { "\($0.0) \(Amount.count(Int64($0.1))) before, \(Amount.count(Int64($0.2))) now" }
    let isOpen = !decisions.deactivates && !before.isDeactivated
    return [
      "The counts differ: \(names.joined(separator: "; ")). "
        + (isOpen
          ? "The old organization is active: what was written there after the start of the export was not moved. " : "")
        + "Rows and files that were left out are named in the report of the work; "
        + "estimated counts of a large organization can differ without a reason"
    ]
  }

  private func onlyExported(_ exported: Summary) -> Summary {
    let commands = parts(on: ServerReference(root: "/", brand: brand)).flatMap(\.commands)
    let dryRuns = commands.prefix(1).map { ProgramCommand($0.words + ["--dry-run"], on: $0.server) }
    return Summary(
      title: "\(exported.title); the other half of the move is yours", facts: exported.facts,
      nextSteps: [
        Summary.Step(
          "Copy the archive to the new server; it contains private messages: protect it from other readers:",
          command: "scp \(ShellWord.quoted(decisions.archive)) root@NEW-SERVER:\(ShellWord.quoted(decisions.archive))"),
        Summary.Step(
          "There, check the archive with \(Program.name) first, then import it:",
          commands: (dryRuns + commands).map(\.text)),
        "Restart the new server, and let your users choose new passwords",
        "Delete the archive on both machines when you no longer need it",
      ])
  }
}
