import Archive
import Common
import Glibc
import Operations
import Postgres

/// Restores a whole server: database, uploads, settings.
///
/// Everything is made beside the server's own and compared with what the backup says; only then is the server stopped,
/// and the new takes the old one's place by renaming. Until that moment a failure leaves the server as it was; from then
/// on the old state is kept, and ``RollBackOperation`` exchanges them back. A program that is killed leaves a
/// ``RestoreRecord``, with which ``ResumeRestoreOperation`` goes on.
public struct RestoreOperation: RestoreFamily, ObservedCheck {
  public static let kind = "restore"
  public let server: ServerReference
  public let options: RestoreOptions

  /// - Parameter server: its settings may be lost, but it must be installed. Without a brand it is recognised from the
  ///   settings, else from the backup.
  public init(_ server: ServerReference, _ options: RestoreOptions) {
    self.server = server
    self.options = options
  }

  private var root: String { RootFolder(server.root).prefix }
  private var brand: Brand? { server.brand }

  // MARK: The operation as others see it

  public var title: String { "Restore the server from \(options.source.label)" }
  public var commands: [ProgramCommand] { [ProgramCommand(["restore"] + options.words, on: server)] }
  public var traces: OperationTraces { OperationTraces(workFolders: [options.workFolder]) }
  public func undo(_ context: UndoContext) -> UndoRule { undoneByRollBack }

  // MARK: Before

  public func check(_ observer: CheckObserver) throws -> [Finding] { try naming { try findings(observer) } }
  public func plan() throws -> Plan { try plan(CheckObserver()) }
  public func plan(_ observer: CheckObserver) throws -> Plan { try naming { try makePlan(observer) } }
  public func run(progress: Progress) throws -> Summary { try naming { try restore(progress) } }

  /// Names the backup in failures about damage in it.
  private func naming<Value>(_ body: () throws -> Value) throws -> Value {
    guard case .archive(let path) = options.source else { return try body() }
    return try ArchiveFailure.naming(path, body)
  }

  private func findings(_ observer: CheckObserver) throws -> [Finding] {
    let state = RestoreState(root: root)
    let preparation = try RestorePreparation(
      root: root, brand: brand, options: options, id: try state.newID(), cancellation: observer.cancellation,
      progress: observer.follow())
    return try earlier(state) + preparation.findings()
  }

  private func makePlan(_ observer: CheckObserver) throws -> Plan {
    let preparation = try RestorePreparation(
      root: root, brand: brand, options: options, id: try RestoreState(root: root).newID(),
      cancellation: observer.cancellation, progress: observer.follow())
    let installation = preparation.installation
    var phases = [Plan.Phase(RestorePhase.check), Plan.Phase(RestorePhase.unpack)]
    if let database = preparation.database {
      phases += [
        Plan.Phase(RestorePhase.database, amount: "as \(database.side)"), Plan.Phase(RestorePhase.compare),
      ]
    }
    phases += [Plan.Phase(RestorePhase.prepare), Plan.Phase(ServerStep.stop)]
    if let export = preparation.export {
      phases.append(Plan.Phase(RestorePhase.export, amount: "into \(export.folder)"))
    }
    phases.append(Plan.Phase(RestorePhase.exchange))
    phases += ServerStep.afterwards.map { Plan.Phase($0) }
    return Plan(
      title: "Restore \(installation.label) from \(options.source.label)", phases: phases,
      replaces: "the state of \(installation.label)",
      leavesAlone: [
        "The old state: it is kept under other names until you discard it, and --roll-back restores it",
        "Everything, until the new state is complete and compared; the server runs until then",
      ])
  }

  /// Returns findings about the leftovers of earlier restores.
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
          remedy: "free its space when you no longer need it: \(command("--discard"))")
      }
    case .swapping, .swapped, .rollingBack, .discarding:
      return [
        Finding(.blocker, "earlier restore", record.label, remedy: record.advice(root: root, brand: brand))
      ]
    }
  }

  // MARK: The story

  private func restore(_ progress: Progress) throws -> Summary {
    let started = ContinuousClock.now
    let state = RestoreState(root: root)
    let lock = try state.lock()
    defer { withExtendedLifetime(lock) {} }

    let preparation = try progress.phase(RestorePhase.check, unit: .bytes) { meter in
      let preparation = try RestorePreparation(
        root: root, brand: brand, options: options, id: try state.newID(), cancellation: progress.cancellation,
        progress: meter.follow())
      try progress.pass(try earlier(state, isOurs: true) + preparation.findings())
      return preparation
    }
    for record in try state.records() where record.stage == .preparing || record.stage == .stopped {
      progress.note("Removing the leftovers of an earlier restore that was interrupted.")
      var earlier = try RestoreSwitch(preparation.installation, record, state)
      try earlier.abandon(progress.unstoppable)
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
      do { try change.abandon(progress.unstoppable) } catch {
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
      do { try change.revertExchange(steady) } catch let second {
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
    return summarize(change, made, exported, seconds: started)
  }

  private func summarize(
    _ change: RestoreSwitch, _ made: RestoredState, _ exported: [ServerExport.Exported],
    seconds started: ContinuousClock.Instant
  ) -> Summary {
    let seconds = Double((ContinuousClock.now - started).components.seconds)
    var steps = made.containerSteps + ServerSteps.advice(change.leftToOperator)
    steps += ServerExport.nextSteps(exported, on: server)
    steps += [
      "Sign in and check some conversations, pictures and users",
      Summary.Step(NotInBackup.bringingLogsBack(brand ?? .aloha, root: server.root)),
      "If something is wrong, roll back to the previous state: \(command("--roll-back"))",
      Summary.Step(
        "If everything works, free the disk space of the old state: \(command("--discard")) "
          + "(\(change.record.kept.joined(separator: ", ")))"),
    ]
    return Summary(
      title: made.losses == nil
        ? "The server is restored" : "The server is restored, without the lost files of its backup",
      facts: made.facts + (change.record.exports.map { ServerExport.facts(exported, in: $0) } ?? [])
        + [Summary.Fact("Time", seconds: seconds)],
      nextSteps: steps)
  }
}
