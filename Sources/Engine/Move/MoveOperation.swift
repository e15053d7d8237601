import Common

/// Moves an organization: exports it, imports it on the other server, copies the chosen secrets, opens it there.
///
/// Until the organization is visible on the new server, stopping or failing takes everything back: the archive goes, and
/// an organization that was deactivated for the move is active again. What is left to do after that is small; where it
/// fails, the organization is moved all the same, and the summary says what is missing.
public struct MoveOperation: Operation {
  public let source: Installation
  /// nil: only the archive is made, and the summary tells how to import it on another machine.
  public let target: Installation?
  public let decisions: MoveDecisions
  /// As it was asked for, for the commands in the summary.
  public let brand: Brand?
  /// Where the map of all ids and the report are left; nil: nowhere.
  public let reportFolder: String?

  public init(
    source: Installation, target: Installation?, decisions: MoveDecisions, brand: Brand?, reportFolder: String? = nil
  ) {
    self.reportFolder = reportFolder
    self.source = source
    self.target = target
    self.decisions = decisions
    self.brand = brand
  }

  public var name: String { "move" }

  public static func export(_ decisions: MoveDecisions, from source: Installation) -> ExportOperation {
    var options = ExportOperation.Options(subdomain: decisions.organization, output: decisions.archive)
    options.deactivates = decisions.deactivates
    return ExportOperation(source, options)
  }

  private var export: ExportOperation { Self.export(decisions, from: source) }

  private func importing(to target: Installation) -> ImportOperation {
    var options = ImportOperation.Options(subdomain: decisions.subdomain, archive: decisions.archive)
    options.allowsReservedSubdomain = decisions.allowsReserved
    options.reportFolder = reportFolder
    options.stopsServer = decisions.stopsTarget
    return ImportOperation(target, options)
  }

  private func copying(to target: Installation) -> CopySecretsOperation {
    CopySecretsOperation(from: source, to: target, decisions: decisions.secrets)
  }

  // MARK: Before

  public func check() throws -> [Finding] {
    var findings = try export.check() + MessageQueues.findings(before: source)
    if let target {
      findings += try TargetChecks.findings(
        target, subdomain: decisions.subdomain, allowsReservedSubdomain: decisions.allowsReserved, source: source)
      if !decisions.copiedSecrets.isEmpty { findings += try copying(to: target).check() }
    }
    return findings
  }

  public func plan() throws -> Plan {
    let exporting = try export.plan()
    guard let target else { return exporting.prefixed("export") }
    let importing = try importing(to: target).plan()
    var phases = exporting.prefixed("export").phases + importing.prefixed("import").phases
    if !decisions.copiedSecrets.isEmpty { phases += try copying(to: target).plan().prefixed("secrets").phases }
    if decisions.wasDeactivated {
      phases.append(Plan.Phase("open.reactivate", "Open the organization on the new server"))
    }
    phases.append(Plan.Phase("count", "Count what has arrived"))
    return Plan(
      title: "Move the organization from \(source.label) to \(target.label)", phases: phases,
      leavesAlone: [
        decisions.deactivates
          ? "All data on the old server; the organization there can be reactivated at any time"
          : "Everything on the old server",
        "All other organizations of the new server",
      ],
      pointOfNoReturn: "until the organization is visible on the new server, everything can be taken back")
  }

  // MARK: The story

  public func run(progress: Progress) throws -> Summary {
    let before = try organization(on: source, decisions.organization)
    let mayRemove = !FileSystem.exists(decisions.archive)
    let exported: Summary
    let imported: Summary
    do {
      exported = try run(export, as: "export", progress: progress, cancellation: progress.cancellation)
      guard let target else { return finish(onlyExported(exported, progress), progress) }
      imported = try run(importing(to: target), as: "import", progress: progress, cancellation: progress.cancellation)
    } catch {
      try takeBack(before, removingArchive: mayRemove, because: error, progress: progress)
      throw error
    }
    guard let target else { return exported }
    return finish(try complete(on: target, before: before, imported: imported, progress: progress), progress)
  }

  /// What remains once the organization is there. It is not stopped any more, and none of it can undo the move.
  private func complete(
    on target: Installation, before: Organization, imported: Summary, progress: Progress
  ) throws -> Summary {
    let unstoppable = Cancellation()
    var toDo: [String] = []
    var copied: [Summary.Fact] = []
    func attempt(_ operation: some Operation, as prefix: String, otherwise remedy: String) -> Bool {
      do {
        _ = try run(operation, as: prefix, progress: progress, cancellation: unstoppable)
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
        copying(to: target), as: "secrets",
        otherwise: "Copy by hand, from the old secrets file to the new one: \(names)")
      if done { copied = [Summary.Fact("Secrets copied", names)] }
    }
    if before.isDeactivated {
      _ = attempt(
        ReactivateOperation(target, subdomain: decisions.subdomain), as: "open",
        otherwise: "Reactivate the organization on the new server")
    }
    var after: Organization?
    let counting = Progress(cancellation: unstoppable) { progress.relay($0) }
    try counting.phase("count", "Count what has arrived") { _ in
      after = try? organization(on: target, decisions.subdomain)
    }
    let restart = [
      "Restart the new server, so that it sees what is new:",
      "$ \(ShellWord.quoted(target.deploymentFolder + "/scripts/restart-server"))",
    ]
    return summary(imported, before: before, after: after, more: copied, toDo: toDo + restart, progress)
  }

  /// Everything as it was before.
  private func takeBack(
    _ before: Organization, removingArchive: Bool, because reason: any Error, progress: Progress
  ) throws {
    if removingArchive, FileSystem.exists(decisions.archive) {
      try? FileSystem.removeTree(decisions.archive)
      progress.note("The archive is removed.")
    }
    guard decisions.deactivates, !before.isDeactivated else { return }
    do {
      guard try organization(on: source, decisions.organization).isDeactivated else { return }
      let told = Progress { event in
        if case .warning = event { progress.relay(event) }
      }
      _ = try ReactivateOperation(source, subdomain: decisions.organization).run(progress: told)
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

  // MARK: Parts

  /// Runs a part of the move; its phases are phases of the whole, under a name of their own.
  private func run(
    _ part: some Operation, as prefix: String, progress: Progress, cancellation: Cancellation
  ) throws -> Summary {
    let own = Progress(cancellation: cancellation) { event in
      if let event = event.prefixed(prefix) { progress.relay(event) }
    }
    return try part.run(progress: own)
  }

  private func organization(on server: Installation, _ subdomain: String) throws -> Organization {
    let connection = try server.connect()
    defer { connection.close() }
    return try Organization.find(subdomain, connection, brand: server.brand, exactly: true)
  }

  private func finish(_ summary: Summary, _ progress: Progress) -> Summary {
    progress.finished(summary)
    return summary
  }

  // MARK: Words

  private func summary(
    _ imported: Summary, before: Organization, after: Organization?, more: [Summary.Fact], toDo: [String],
    _ progress: Progress
  ) -> Summary {
    func both(_ old: Int, _ new: Int?) -> String {
      guard let new else { return "could not be counted" }
      return "\(Amount.count(Int64(new))) (on the old server: \(Amount.count(Int64(old))))"
    }
    let kept: Set<String> = ["Address", "Channels", "Files", "User ids"]
    var facts = imported.facts.filter { kept.contains($0.name) }
    facts.insert(Summary.Fact("Messages", both(before.messages, after?.messages)), at: min(1, facts.count))
    facts.insert(Summary.Fact("Active users", both(before.activeUsers, after?.activeUsers)), at: min(2, facts.count))
    if let after { facts.append(Summary.Fact("New server", after.isDeactivated ? "deactivated" : "active")) }
    facts.append(
      Summary.Fact(
        "Old server", decisions.deactivates || before.isDeactivated ? "deactivated, all data kept" : "active"))
    facts += more
    let next = imported.nextSteps.filter { !$0.hasPrefix("Reactivate") && !$0.hasPrefix("Restart") }
    return Summary(
      title: "\(before.name.isEmpty ? "The organization" : before.name) is moved", facts: facts,
      warnings: progress.warnings,
      nextSteps: toDo + next + [
        "Delete the archive when you no longer need it; it holds private messages:",
        "$ rm \(ShellWord.quoted(decisions.archive))",
      ])
  }

  private func onlyExported(_ exported: Summary, _ progress: Progress) -> Summary {
    let commands = decisions.importCommands(brand: brand)
    return Summary(
      title: "\(exported.title); the other half of the move is yours", facts: exported.facts,
      warnings: progress.warnings,
      nextSteps: [
        "Copy the archive to the new server; it holds private messages, so nobody else should read it:",
        "$ scp \(ShellWord.quoted(decisions.archive)) root@NEW-SERVER:\(ShellWord.quoted(decisions.archive))",
        "There, let \(Program.name) check it first, then import it:",
        "$ " + commands[0].replacing(" import ", with: " import --dry-run ", maxReplacements: 1),
      ] + commands.map { "$ \($0)" } + [
        "Restart the new server, and let your users choose new passwords",
        "Delete the archive on both machines when you no longer need it",
      ])
  }
}

extension Plan {
  /// With the names of its phases under another one.
  fileprivate func prefixed(_ prefix: String) -> Plan {
    var plan = self
    for index in plan.phases.indices { plan.phases[index].id = "\(prefix).\(plan.phases[index].id)" }
    return plan
  }
}

extension ProgressEvent {
  /// As an event of the whole; nil for the end of a part, which is not the end of the whole.
  fileprivate func prefixed(_ prefix: String) -> ProgressEvent? {
    switch self {
    case .phaseStarted(let id, let title, let total, let unit):
      .phaseStarted(id: "\(prefix).\(id)", title: title, total: total, unit: unit)
    case .advanced(let id, let done, let total, let unit):
      .advanced(id: "\(prefix).\(id)", done: done, total: total, unit: unit)
    case .phaseEnded(let id): .phaseEnded(id: "\(prefix).\(id)")
    case .note, .warning: self
    case .finished, .failed: nil
    }
  }
}
