import Administration
import Common
import Operations
import Server
import Transfer

/// Moves an organization: exports it, imports it on the other server, copies the chosen secrets, and activates it
/// there.
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

  public var servers: [ServerReference] { [source] + [target].compactMap(\.self) }
  public var title: String { "Move '\(decisions.organization)' to \(decisions.target ?? "another machine")" }

  public var traces: OperationTraces {
    OperationTraces(
      imported: decisions.target.map { _ in (decisions.archive, decisions.subdomain) },
      written: [.init(decisions.archive, subdomain: decisions.organization)].compactMap(\.self),
      workFolders: [OperationTraces.folder(of: decisions.archive)])
  }

  /// The commands of the parts. Without a target, those for the other machine follow.
  public var commands: [ProgramCommand] {
    export.commands + parts(on: target ?? ServerReference(root: "/", brand: brand)).flatMap(\.commands)
  }

  /// Undoes the parts in reverse order: the imported organization, the archive, the deactivation.
  public func undo(_ context: UndoContext) -> UndoRule {
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

  // MARK: Parts

  private var source: ServerReference { ServerReference(root: decisions.source, brand: brand) }
  /// Nil: only the archive is created, and the summary explains how to import it on another machine.
  private var target: ServerReference? { decisions.target.map { ServerReference(root: $0, brand: brand) } }

  var export: ExportOperation {
    var options = ExportOperation.Options(subdomain: decisions.organization, output: decisions.archive)
    options.deactivates = decisions.deactivates
    return ExportOperation(source, options)
  }

  private func importing(to target: ServerReference) -> ImportOperation {
    var options = ImportOperation.Options(subdomain: decisions.subdomain, archive: decisions.archive)
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
      + (decisions.copiedSecrets.isEmpty || target == nil ? [] : [copying(to: server)])
      + (decisions.wasDeactivated ? [opening(on: server)] : [])
  }

  // MARK: Before

  public func check() throws -> [Finding] {
    let sourceServer = try source.installation()
    let overlap = try target.map { try MovePair.findings(from: sourceServer, to: $0.installation()) } ?? []
    // Further findings would be about one server twice.
    guard overlap.isEmpty else { return overlap }
    var findings = try export.check() + MessageQueues.findings(before: sourceServer)
    if let target {
      findings += try TargetChecks.findings(
        target.installation(), subdomain: decisions.subdomain, allowsReservedSubdomain: decisions.allowsReserved,
        source: sourceServer)
      if !decisions.copiedSecrets.isEmpty { findings += try copying(to: target).check() }
    }
    return findings
  }

  public func plan() throws -> Plan {
    let exporting = try Part.export.of(export).plan()
    guard let target else { return exporting }
    var phases = try exporting.phases + Part.import.of(importing(to: target)).phases()
    if !decisions.copiedSecrets.isEmpty { phases += try Part.secrets.of(copying(to: target)).phases() }
    if decisions.wasDeactivated { phases += try Part.open.of(ReactivationPart(opening(on: target))).phases() }
    return Plan(
      title:
        "Move '\(decisions.organization)' from \(try source.installation().label) to \(try target.installation().label)",
      phases: phases + [Plan.Phase(Phase.count)],
      leavesAlone: [
        decisions.deactivates
          ? "All data on the old server; the organization there can be reactivated at any time"
          : "Everything on the old server",
        "All other organizations of the new server",
      ],
      pointOfNoReturn: "until the organization is visible on the new server, everything can be rolled back")
  }

  /// The names of the parts.
  private enum Part: String {
    case export, `import`, secrets, open

    func of(_ operation: any Runnable) -> OperationPart { OperationPart(rawValue, operation) }
  }

  // MARK: The story

  public func run(progress: Progress) throws -> Summary {
    // Before anything is changed: the import's own checks come after the export and the deactivation.
    if let target {
      try progress.pass(
        try MovePair.findings(
          from: source.installation(), to: target.installation(), cancellation: progress.cancellation))
    }
    let before = try organization(on: source, decisions.organization)
    // Read in advance: after the import, a missing part of the new server must not fail the move.
    let deployment = try target?.installation().deploymentFolder
    let mayRemove = !FileSystem.exists(decisions.archive)
    let exported: Summary
    let imported: Summary
    do {
      exported = try Part.export.of(export).run(progress)
      guard let target else { return onlyExported(exported) }
      imported = try Part.import.of(importing(to: target)).run(progress)
    } catch {
      try rollBack(before, removingArchive: mayRemove, because: error, progress: progress)
      throw error
    }
    guard let target, let deployment else { return exported }
    return try complete(
      on: target, deployment, before: before, exported: exported, imported: imported, progress: progress)
  }

  /// Runs the steps after the import. They cannot be cancelled, and cannot undo the move.
  private func complete(
    on target: ServerReference, _ deployment: String, before: Organization, exported: Summary, imported: Summary,
    progress: Progress
  ) throws -> Summary {
    let unstoppable = progress.unstoppable
    var toDo: [Summary.Step] = []
    var copied: [Summary.Fact] = []
    func attempt(_ part: OperationPart, otherwise remedy: Summary.Step) -> Bool {
      do {
        _ = try part.run(unstoppable)
        return true
      } catch {
        let trouble = FailureReport(error)
        progress.warn("\(trouble.subject): \(trouble.reason)")
        toDo.append(remedy)
        return false
      }
    }
    if !decisions.copiedSecrets.isEmpty {
      let names = decisions.copiedSecrets.joined(separator: ", ")
      let done = attempt(
        Part.secrets.of(copying(to: target)),
        otherwise: "Copy by hand, from the old secrets file to the new one: \(names)")
      if done { copied = [Summary.Fact("Secrets copied", names)] }
    }
    if before.isDeactivated {
      _ = attempt(
        Part.open.of(ReactivationPart(opening(on: target))), otherwise: "Reactivate the organization on the new server")
    }
    var after: Organization?
    try unstoppable.phase(Phase.count) { _ in
      after = try? organization(on: target, decisions.subdomain)
    }
    let restart = Summary.Step(
      "Restart the new server, so that it reads the changes:",
      command: ShellWord.quoted(deployment + "/scripts/restart-server")
    ).with(.restart(root: target.root))
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
    _ before: Organization, removingArchive: Bool, because reason: any Error, progress: Progress
  ) throws {
    if removingArchive, FileSystem.exists(decisions.archive) {
      try? FileSystem.removeTree(decisions.archive)
      progress.note("The archive is removed.")
    }
    guard decisions.deactivates, !before.isDeactivated else { return }
    do {
      guard try organization(on: source, decisions.organization).isDeactivated else { return }
      _ = try ReactivateOperation(source, subdomain: decisions.organization).run(progress: progress.quiet)
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

  private func organization(on server: ServerReference, _ subdomain: String) throws -> Organization {
    let installation = try server.installation()
    let connection = try installation.connect()
    defer { connection.close() }
    return try Organization.find(subdomain, connection, brand: installation.brand, exactly: true)
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
      [
        Summary.Step(
          "Compare the settings of both servers, which no export contains:",
          command: Program.command(["settings", "compare", "--from", source.root], root: target.root)
        ).with(.compareSettings(root: target.root, with: source.root))
      ]
    }
    return Summary(
      title: "\(before.name.isEmpty ? "The organization" : before.name) is moved", facts: facts,
      warnings: difference(before, after),
      nextSteps: toDo + next + (settings ?? []) + [
        Summary.Step(
          "Delete the archive when you no longer need it; it holds private messages:",
          command: "rm \(ShellWord.quoted(decisions.archive))")
      ])
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
