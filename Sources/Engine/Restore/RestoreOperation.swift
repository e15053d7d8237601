import Archive
import Common
import Glibc
import Postgres

/// Restores a whole server: database, uploads, settings.
///
/// Everything is made beside the server's own and compared with what the backup says; only then is the server stopped,
/// and the new takes the old one's place by renaming. Until that moment a failure leaves the server as it was; from then
/// on the old state is kept, and ``RollBackOperation`` exchanges them back. A program that is killed leaves a
/// ``RestoreRecord``, with which ``ResumeRestoreOperation`` goes on.
public struct RestoreOperation: Operation {
  public let root: String
  public let brand: Brand?
  public let options: RestoreOptions

  /// - Parameters:
  ///   - root: the server's root folder, "/" in production. Its settings may be lost, the server must be installed.
  ///   - brand: nil: recognised from the settings, else from the backup.
  public init(root: String, brand: Brand? = nil, _ options: RestoreOptions) {
    self.root = root == "/" ? "" : root
    self.brand = brand
    self.options = options
  }

  public init(_ installation: Installation, _ options: RestoreOptions) {
    self.init(root: installation.root, brand: installation.brand, options)
  }

  public var name: String { "restore" }

  // MARK: Before

  public func check() throws -> [Finding] {
    let state = RestoreState(root: root)
    let preparation = try RestorePreparation(
      root: root, brand: brand, options: options, id: try state.newID(), cancellation: nil)
    return try earlier(state) + preparation.findings()
  }

  public func plan() throws -> Plan {
    let preparation = try RestorePreparation(
      root: root, brand: brand, options: options, id: try RestoreState(root: root).newID(),
      cancellation: nil)
    let installation = preparation.installation
    var phases = [
      Plan.Phase("check", "Look at the backup and at this server"),
      Plan.Phase("unpack", "Unpack beside the server's own folders and compare every digest"),
    ]
    if let database = preparation.database {
      phases += [
        Plan.Phase("database", "Restore the database beside the old one", amount: "as \(database.side)"),
        Plan.Phase("compare", "Compare the rows of every table with the backup"),
      ]
    }
    phases.append(Plan.Phase("prepare", "Prepare settings and files"))
    phases.append(Plan.Phase(ServerStep.stop.rawValue, ServerStep.stop.title))
    if let export = preparation.export {
      phases.append(Plan.Phase("export", "Export each organization of the old state", amount: "into \(export.folder)"))
    }
    phases.append(Plan.Phase("exchange", "Exchange the old state for the new one"))
    phases += ServerStep.afterwards.map { Plan.Phase($0.rawValue, $0.title) }
    return Plan(
      title: "Restore \(installation.label) from \(options.source.label)", phases: phases,
      replaces: "the state of \(installation.label)",
      leavesAlone: [
        "The old state: it is kept under other names until you discard it, and can be had back with --roll-back",
        "Everything, until the new state is complete and compared; the server runs until then",
      ])
  }

  /// What earlier restores have left.
  ///
  /// - Parameter isOurs: nobody else restores on this server, because this one holds the lock.
  private func earlier(_ state: RestoreState, isOurs: Bool = false) throws -> [Finding] {
    guard let record = try state.current() else { return [] }
    guard isOurs || state.isIdle else {
      return [
        Finding(.blocker, "another restore", record.label(isRunning: true), remedy: "wait until it has ended")
      ]
    }
    switch record.stage {
    case .preparing, .stopped:
      return [Finding(.ok, "earlier restore", "\(record.label); its leftovers are removed first")]
    case .finished, .rolledBack:
      return try state.records().map { record in
        Finding(
          .warning, "earlier restore", "\(record.label): \(record.kept.joined(separator: ", "))",
          remedy: "free its space when you need it no more: \(command("--discard"))")
      }
    case .swapping, .swapped, .rollingBack, .discarding:
      return [
        Finding(.blocker, "earlier restore", record.label, remedy: record.advice(root: root, brand: brand))
      ]
    }
  }

  // MARK: The story

  public func run(progress: Progress) throws -> Summary {
    let started = ContinuousClock.now
    let state = RestoreState(root: root)
    let lock = try state.lock()
    defer { withExtendedLifetime(lock) {} }

    let preparation = try progress.phase("check", "Look at the backup and at this server", unit: .bytes) { meter in
      let preparation = try RestorePreparation(
        root: root, brand: brand, options: options, id: try state.newID(), cancellation: progress.cancellation,
        progress: meter.follow())
      try pass(try earlier(state, isOurs: true) + preparation.findings(), progress)
      return preparation
    }
    for record in try state.records() where record.stage == .preparing || record.stage == .stopped {
      progress.note("Removing the leftovers of an earlier restore that was interrupted.")
      var earlier = try RestoreSwitch(preparation.installation, record, state)
      try earlier.takeBack(progress.unstoppable)
    }

    var record = RestoreRecord(
      id: preparation.id, source: options.source.label, database: preparation.database,
      places: preparation.replaced, administrator: options.administrator)
    let export = preparation.checks.newerData.isThere ? preparation.export : nil
    record.exports = export?.folder
    try state.save(record)
    var change = try RestoreSwitch(preparation.installation, record, state)
    let made: RestoredState
    let exported: [ServerExport.Exported]
    do {
      made = try RestoredState.make(preparation, progress)
      try progress.cancellation.check()
      try change.stopServer(progress)
      try progress.cancellation.check()
      exported = try export?.run(progress) ?? []
      try progress.cancellation.check()
    } catch {
      do { try change.takeBack(progress.unstoppable) } catch {
        progress.warn(
          "Nothing of this server was replaced, but what had been prepared could not all be removed (\(error)); "
            + "this removes it: \(command("--clear"))")
      }
      throw error
    }
    // From here on it is finished or taken back, whatever the operator wishes in the meantime.
    let steady = progress.unstoppable
    do {
      try change.exchange(steady)
    } catch {
      do { try change.takeBackExchange(steady) } catch let second {
        let failure = error as? any Failure
        throw PlainFailure(
          failure?.family ?? .unexpected, failure?.subject ?? "exchange",
          "\(failure?.reason ?? "\(error)"); and it could not be taken back: \(second)",
          remedy:
            "repair the cause, then finish it: \(command("--resume")); or take it back: \(command("--roll-back"))")
      }
      throw error
    }
    try change.tellServices(steady)
    let summary = summarize(change, made, exported, seconds: started, progress.warnings + steady.warnings)
    progress.finished(summary)
    return summary
  }

  private func pass(_ findings: [Finding], _ progress: Progress) throws {
    for finding in findings where finding.severity == .warning {
      progress.warn("\(finding.subject): \(finding.reason)")
    }
    guard !findings.contains(where: { $0.severity == .blocker }) else { throw Blocked(findings) }
  }

  private func summarize(
    _ change: RestoreSwitch, _ made: RestoredState, _ exported: [ServerExport.Exported],
    seconds started: ContinuousClock.Instant, _ warnings: [String]
  ) -> Summary {
    let seconds = Double((ContinuousClock.now - started).components.seconds)
    return Summary(
      title: made.losses == nil
        ? "The server is restored" : "The server is restored, without what was lost of its backup",
      facts: made.facts + (change.record.exports.map { ServerExport.facts(exported, in: $0) } ?? [])
        + [Summary.Fact("Time", Amount.duration(seconds: seconds))],
      warnings: warnings,
      nextSteps: made.containerSteps + ServerSteps.advice(change.leftToOperator)
        + ServerExport.nextSteps(exported, root: root) + [
          "Sign in and look at a few conversations, pictures and people",
          NotInBackup.bringingLogsBack(brand ?? .aloha),
          "Not as it should be? Go back to the state before: \(command("--roll-back"))",
          "All well? Free the space of the old state: \(command("--discard")) "
            + "(\(change.record.kept.joined(separator: ", ")))",
        ])
  }

  private func command(_ word: String) -> String {
    Program.command(["restore", word], root: root, brand: brand?.rawValue)
  }
}
