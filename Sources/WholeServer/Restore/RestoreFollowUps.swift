import Administration
import Common
import Operations
import Server

/// The actions after a restore: on the interrupted one, otherwise on the latest.
private struct RestoreFollowUp {
  let root: String
  let brand: Brand?

  init(_ server: ServerReference) {
    root = RootFolder(server.root).prefix
    brand = server.brand
  }

  func begin(_ wanted: RestoreRecord.FollowUp) throws -> (change: RestoreSwitch, lock: FileLock) {
    let state = RestoreState(root: root)
    let lock = try state.lock()
    let record = try record(state, for: wanted, isOurs: true)
    return (try RestoreSwitch(try installation(record), record, state), lock)
  }

  /// The record that something can be done about.
  ///
  /// - Parameter isOurs: whether this process holds the lock, so that no other one works on it.
  /// - Throws: `.notFound` where there is none, `.conflict` where that cannot be done with it now.
  func record(
    _ state: RestoreState, for wanted: RestoreRecord.FollowUp, isOurs: Bool = false
  ) throws -> RestoreRecord {
    guard let record = try state.current() else {
      throw PlainFailure(.notFound, "restore", "there was none on this server, or it has been discarded")
    }
    guard isOurs || state.isIdle else {
      throw PlainFailure(
        .conflict, "restore", record.label(isRunning: true),
        remedy: "wait until it has ended; its state: \(command("--status"))")
    }
    guard let obstacle = record.obstacle(to: wanted) else { return record }
    throw PlainFailure(
      .conflict, "restore", "\(obstacle): \(record.label)", remedy: record.advice(root: root, brand: brand))
  }

  func command(_ word: String) -> String {
    Program.command(["restore", word], root: root, brand: brand?.rawValue)
  }

  /// The restore that it would change, and a warning for each other restore that keeps something: those stay.
  func findings(_ wanted: RestoreRecord.FollowUp) throws -> [Finding] {
    let state = RestoreState(root: root)
    let record = try record(state, for: wanted)
    let others = try state.records().filter { $0.id != record.id }.map { other in
      Finding(
        .warning, "another restore", "\(other.label). It stays as it is: \(other.kept.joined(separator: ", "))",
        remedy: "repeat this when it is the only one: the newest comes first")
    }
    return [Finding(.ok, "restore", record.label)] + others
  }

  /// In the middle of an exchange the settings may be in none of their places: then those that wait or are kept are read.
  func installation(_ record: RestoreRecord) throws -> Installation {
    do {
      return try Installation(root: root, brand: brand)
    } catch {
      guard let place = record.places.first(where: { $0.part == BackupLayout.settings }) else { throw error }
      for folder in [place.before, place.side] {
        for candidate in brand.map({ [$0] }) ?? Brand.allCases {
          let files = ["\(candidate.rawValue).conf", "settings.py", "\(candidate.rawValue)-secrets.conf"]
          guard let secrets = try ConfFile.read("\(folder)/\(files[2])") else { continue }
          return Installation(
            root: root, brand: candidate, configuration: try ConfFile.read("\(folder)/\(files[0])") ?? ConfFile(),
            settings: try SettingsFile.read("\(folder)/\(files[1])") ?? SettingsFile(""), secrets: Secrets(secrets))
        }
      }
      throw error
    }
  }
}

/// The kept state of a restore, according to the disk and the database.
public enum KeptState {
  /// Returns what of the old state is missing; nil where that cannot be found out.
  static func lost(_ record: RestoreRecord, root: String, brand: Brand?) -> [String]? {
    let followUp = RestoreFollowUp(ServerReference(root: root, brand: brand))
    return try? RestoreSwitch(followUp.installation(record), record, RestoreState(root: root)).lostOldState()
  }

  /// - Returns: names with whether each is there; nil where that cannot be found out.
  public static func find(_ record: RestoreRecord, root: String, brand: Brand? = nil) -> [(
    name: String, isThere: Bool
  )]? {
    let followUp = RestoreFollowUp(ServerReference(root: root, brand: brand))
    return try? RestoreSwitch(followUp.installation(record), record, RestoreState(root: root)).kept()
  }
}

/// Deletes the prepared state of a restore that was interrupted before its exchange.
public struct ClearRestoreOperation: RestoreFamily {
  public static let kind = "clearRestore"
  public let server: ServerReference

  public init(_ server: ServerReference) { self.server = server }

  public var title: String { "Delete the prepared state of an interrupted restore" }
  public var commands: [ProgramCommand] { [ProgramCommand(["restore", "--clear"], on: server)] }
  public func undo(_ context: UndoContext) -> UndoRule { undoneByRollBack }

  private var followUp: RestoreFollowUp { RestoreFollowUp(server) }

  public func check() throws -> [Finding] { try followUp.findings(.clear) }

  public func plan() throws -> Plan {
    let record = try followUp.record(RestoreState(root: followUp.root), for: .clear)
    return Plan(
      title: "Delete the prepared state: \(record.label)",
      phases: [Plan.Phase(RestorePhase.clean)]
        + (record.stage == .stopped ? [Plan.Phase(ServerStep.start)] : []),
      leavesAlone: ["All of this server: nothing of it was replaced"])
  }

  public func run(progress: Progress) throws -> Summary {
    var (change, lock) = try followUp.begin(.clear)
    defer { withExtendedLifetime(lock) {} }
    let progress = progress.unstoppable
    try change.abandon(progress)
    return Summary(
      title: "The server has its state from before the restore", facts: [],
      nextSteps: ServerSteps.advice(change.leftToOperator))
  }
}

/// Finishes what has begun to change the server: a restore from its exchange on, a roll back, a deletion.
public struct ResumeRestoreOperation: RestoreFamily {
  public static let kind = "resumeRestore"
  public let server: ServerReference

  public init(_ server: ServerReference) { self.server = server }

  public var title: String { "Go on with the restore that was interrupted" }
  public var commands: [ProgramCommand] { [ProgramCommand(["restore", "--resume"], on: server)] }
  public func undo(_ context: UndoContext) -> UndoRule { undoneByRollBack }

  private var followUp: RestoreFollowUp { RestoreFollowUp(server) }

  public func check() throws -> [Finding] { try followUp.findings(.resume) }

  public func plan() throws -> Plan {
    let record = try followUp.record(RestoreState(root: followUp.root), for: .resume)
    let phases: [Plan.Phase] =
      switch record.stage {
      case .discarding: [Plan.Phase(RestorePhase.discard)]
      case .rollingBack:
        [
          Plan.Phase(ServerStep.stop),
          Plan.Phase(RestorePhase.exchangeBack),
        ]
          + ServerStep.afterwards.dropFirst().map { Plan.Phase($0) }
      default:
        [Plan.Phase(RestorePhase.exchange)]
          + ServerStep.afterwards.map { Plan.Phase($0) }
      }
    let stays =
      switch record.stage {
      case .discarding: ["The server as it is now"]
      case .rollingBack: ["The restored state: it is kept under other names until you discard it"]
      default: ["The state before the restore: it is kept under other names until you discard it"]
      }
    return Plan(title: "Go on: \(record.label)", phases: phases, leavesAlone: stays)
  }

  public func run(progress: Progress) throws -> Summary {
    var (change, lock) = try followUp.begin(.resume)
    defer { withExtendedLifetime(lock) {} }
    let progress = progress.unstoppable
    let title: String
    switch change.record.stage {
    case .swapping:
      try change.stopAgain(progress)
      try change.exchange(progress)
      try change.tellServices(progress)
      title = "The server is restored"
    case .swapped:
      try change.tellServices(progress)
      title = "The server is restored"
    case .rollingBack:
      try change.rollBack(progress)
      title = "The restore is rolled back"
    case .discarding:
      _ = try change.discard(progress)
      title = "The kept state is deleted"
    case .preparing, .stopped, .finished, .rolledBack: title = "Nothing was left to do"
    }
    let kept = change.record.kept
    return Summary(
      title: title, facts: kept.isEmpty ? [] : [Summary.Fact("Kept", kept.joined(separator: ", "))],
      nextSteps: (change.record.stage == .finished
        ? ContainerNotice.reminder(root: followUp.root, restore: change.record.id) : [])
        + ServerSteps.advice(change.leftToOperator))
  }
}

/// Exchanges the restored state for the one before it. The restored one is kept in its turn.
public struct RollBackOperation: RestoreFamily {
  public static let kind = "rollBackRestore"
  public let server: ServerReference

  public init(_ server: ServerReference) { self.server = server }

  public var title: String { "Roll back the restore" }
  public var commands: [ProgramCommand] { [ProgramCommand(["restore", "--roll-back"], on: server)] }
  public func undo(_ context: UndoContext) -> UndoRule { .impossible("it was an undo itself") }

  private var followUp: RestoreFollowUp { RestoreFollowUp(server) }

  public func check() throws -> [Finding] {
    let state = RestoreState(root: followUp.root)
    let record = try followUp.record(state, for: .rollBack)
    var findings = try followUp.findings(.rollBack)
    do {
      try RestoreSwitch(try followUp.installation(record), record, state).requireOldState()
    } catch let failure as PlainFailure where failure.family == .conflict {
      findings.append(Finding(.blocker, failure.subject, failure.reason, remedy: failure.remedy))
    }
    if record.database != nil, record.hadDatabase == false {
      findings.append(
        Finding(
          .warning, "database", "the server had none before the restore: afterwards it has none again",
          remedy: "do not roll back, unless that is intended"))
    }
    findings += record.newPlaces.map {
      Finding(
        .warning, "files", "the server had no \($0) before the restore: afterwards it has none again",
        remedy: "do not roll back, unless that is intended")
    }
    return findings + [
      Finding(
        .warning, "messages", "messages since the restore are in the restored state, not in the old one",
        remedy: "the restored state is kept until you discard it")
    ]
  }

  public func plan() throws -> Plan {
    let record = try followUp.record(RestoreState(root: followUp.root), for: .rollBack)
    return Plan(
      title: "Roll back the restore of \(Timestamp.seconds(iso: record.created)) UTC",
      phases: [
        Plan.Phase(ServerStep.stop),
        Plan.Phase(RestorePhase.exchangeBack),
      ] + ServerStep.afterwards.dropFirst().map { Plan.Phase($0) },
      replaces: "the restored state",
      leavesAlone: ["The restored state: it is kept under other names until you discard it"])
  }

  public func run(progress: Progress) throws -> Summary {
    var (change, lock) = try followUp.begin(.rollBack)
    defer { withExtendedLifetime(lock) {} }
    let progress = progress.unstoppable
    try change.rollBack(progress)
    return Summary(
      title: "The server has its state from before the restore",
      facts: [Summary.Fact("Kept", change.record.kept.joined(separator: ", "))],
      nextSteps: ServerSteps.advice(change.leftToOperator) + [
        "Free the space of the restored state when you no longer need it: \(followUp.command("--discard"))"
      ])
  }
}

/// Deletes the state that is not in use any more: after a restore the old one, after a roll back the restored one.
public struct DiscardRestoreOperation: RestoreFamily {
  public static let kind = "discardRestore"
  public let server: ServerReference

  public init(_ server: ServerReference) { self.server = server }

  public var title: String { "Delete the kept state of the restore" }
  public var commands: [ProgramCommand] { [ProgramCommand(["restore", "--discard"], on: server)] }
  public func undo(_ context: UndoContext) -> UndoRule { .impossible("it was an undo itself") }

  private var followUp: RestoreFollowUp { RestoreFollowUp(server) }

  public func check() throws -> [Finding] { try followUp.findings(.discard) }

  public func plan() throws -> Plan {
    let record = try followUp.record(RestoreState(root: followUp.root), for: .discard)
    return Plan(
      title: "Delete the state that is not in use",
      phases: [Plan.Phase(RestorePhase.discard)],
      destroys: record.kept,
      leavesAlone: ["The server as it is now"] + (record.exports.map { ["The exports in \($0)"] } ?? []),
      pointOfNoReturn: "deleted data cannot be brought back; a roll back is not possible afterwards")
  }

  public func run(progress: Progress) throws -> Summary {
    var (change, lock) = try followUp.begin(.discard)
    defer { withExtendedLifetime(lock) {} }
    let deleted = try change.discard(progress.unstoppable)
    return Summary(
      title: deleted.isEmpty
        ? "The kept state of the restore was already deleted" : "The kept state of the restore is deleted",
      facts: deleted.map { Summary.Fact("Deleted", $0) })
  }
}
