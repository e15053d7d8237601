import Common

/// What can be done about a restore afterwards. Which one: the one that was interrupted, else the latest.
private struct RestoreFollowUp {
  let root: String
  let brand: Brand?

  func begin(
    _ progress: Progress, allowed: (RestoreRecord) -> Bool, otherwise: String
  ) throws -> (change: RestoreSwitch, lock: FileLock) {
    let state = RestoreState(root: root)
    let lock = try state.lock()
    let record = try record(state, allowed: allowed, otherwise: otherwise)
    return (try RestoreSwitch(try installation(record), record, state), lock)
  }

  func record(_ state: RestoreState, allowed: (RestoreRecord) -> Bool, otherwise: String) throws -> RestoreRecord {
    guard let record = try state.current() else {
      throw PlainFailure(.notFound, "restore", "there was none on this server, or it has been discarded")
    }
    guard allowed(record) else { throw PlainFailure(.conflict, "restore", "\(otherwise): \(record.label)") }
    return record
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

/// Goes on with a restore that was interrupted: finishes it where the exchange had begun, takes it back where not.
public struct ResumeRestoreOperation: Operation {
  private let followUp: RestoreFollowUp

  public init(root: String, brand: Brand? = nil) {
    followUp = RestoreFollowUp(root: root == "/" ? "" : root, brand: brand)
  }

  public var name: String { "restore-resume" }

  public func check() throws -> [Finding] {
    let record = try followUp.record(
      RestoreState(root: followUp.root), allowed: \.isUnfinished, otherwise: "nothing was interrupted")
    return [Finding(.ok, "restore", record.label)]
  }

  public func plan() throws -> Plan {
    let record = try followUp.record(
      RestoreState(root: followUp.root), allowed: \.isUnfinished, otherwise: "nothing was interrupted")
    let phases: [Plan.Phase] =
      switch record.stage {
      case .preparing, .stopped: [Plan.Phase("clean", "Remove what had been prepared; the server stays as it was")]
      case .discarding: [Plan.Phase("discard", "Delete the state that is not in use")]
      case .rollingBack:
        [
          Plan.Phase("stop", ServerStep.stop.title),
          Plan.Phase("exchange", "Exchange the restored state for the old one"),
        ]
          + ServerStep.afterwards.dropFirst().map { Plan.Phase($0.rawValue, $0.title) }
      default:
        [Plan.Phase("exchange", "Exchange the old state for the new one")]
          + ServerStep.afterwards.map { Plan.Phase($0.rawValue, $0.title) }
      }
    let stays =
      switch record.stage {
      case .preparing, .stopped: ["All of this server: nothing of it was replaced"]
      case .discarding: ["The server as it is now"]
      case .rollingBack: ["The restored state: it is kept under other names until you discard it"]
      default: ["The state before the restore: it is kept under other names until you discard it"]
      }
    return Plan(title: "Go on: \(record.label)", phases: phases, leavesAlone: stays)
  }

  public func run(progress: Progress) throws -> Summary {
    var (change, lock) = try followUp.begin(progress, allowed: \.isUnfinished, otherwise: "nothing was interrupted")
    defer { withExtendedLifetime(lock) {} }
    let progress = progress.unstoppable
    let title: String
    switch change.record.stage {
    case .preparing, .stopped:
      try change.takeBack(progress)
      title = "The server is as it was before the restore"
    case .swapping:
      try ServerSteps(change.installation).run(.stop, progress)
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
      try change.discard(progress)
      title = "What was kept is deleted"
    case .finished, .rolledBack: title = "Nothing was left to do"
    }
    let kept = change.record.kept
    let summary = Summary(
      title: title, facts: kept.isEmpty ? [] : [Summary.Fact("Kept", kept.joined(separator: ", "))],
      warnings: progress.warnings)
    progress.finished(summary)
    return summary
  }
}

/// Exchanges the restored state for the one before it. The restored one is kept in its turn.
public struct RollBackOperation: Operation {
  private let followUp: RestoreFollowUp

  public init(root: String, brand: Brand? = nil) {
    followUp = RestoreFollowUp(root: root == "/" ? "" : root, brand: brand)
  }

  public var name: String { "restore-roll-back" }

  private static func canRollBack(_ record: RestoreRecord) -> Bool { record.obstacle(to: .rollBack) == nil }

  private static let otherwise = "there is nothing to roll back"

  public func check() throws -> [Finding] {
    let record = try followUp.record(
      RestoreState(root: followUp.root), allowed: Self.canRollBack, otherwise: Self.otherwise)
    return [
      Finding(.ok, "restore", record.label),
      Finding(
        .warning, "messages", "what was written since the restore is in the restored state, not in the old one",
        remedy: "the restored state is kept; nothing of it is lost until you discard it"),
    ]
  }

  public func plan() throws -> Plan {
    let record = try followUp.record(
      RestoreState(root: followUp.root), allowed: Self.canRollBack, otherwise: Self.otherwise)
    return Plan(
      title: "Roll back the restore of \(record.created.prefix(19).replacing("T", with: " ")) UTC",
      phases: [
        Plan.Phase("stop", ServerStep.stop.title),
        Plan.Phase("exchange", "Exchange the restored state for the old one"),
      ] + ServerStep.afterwards.dropFirst().map { Plan.Phase($0.rawValue, $0.title) },
      leavesAlone: ["The restored state: it is kept under other names until you discard it"])
  }

  public func run(progress: Progress) throws -> Summary {
    var (change, lock) = try followUp.begin(progress, allowed: Self.canRollBack, otherwise: Self.otherwise)
    defer { withExtendedLifetime(lock) {} }
    let progress = progress.unstoppable
    try change.rollBack(progress)
    let summary = Summary(
      title: "The server is as it was before the restore",
      facts: [Summary.Fact("Kept", change.record.kept.joined(separator: ", "))], warnings: progress.warnings,
      nextSteps: ["Free the space of the restored state when you need it no more: aloha-wizard restore --discard"])
    progress.finished(summary)
    return summary
  }
}

/// Deletes the state that is not in use any more: after a restore the old one, after a roll back the restored one.
public struct DiscardRestoreOperation: Operation {
  private let followUp: RestoreFollowUp

  public init(root: String, brand: Brand? = nil) {
    followUp = RestoreFollowUp(root: root == "/" ? "" : root, brand: brand)
  }

  public var name: String { "restore-discard" }

  private static func canDiscard(_ record: RestoreRecord) -> Bool { record.obstacle(to: .discard) == nil }

  private static let otherwise = "it cannot be discarded before it is finished or rolled back"

  public func check() throws -> [Finding] {
    let record = try followUp.record(
      RestoreState(root: followUp.root), allowed: Self.canDiscard, otherwise: Self.otherwise)
    return [Finding(.ok, "restore", record.label)]
  }

  public func plan() throws -> Plan {
    let record = try followUp.record(
      RestoreState(root: followUp.root), allowed: Self.canDiscard, otherwise: Self.otherwise)
    return Plan(
      title: "Delete the state that is not in use",
      phases: [Plan.Phase("discard", "Delete the state that is not in use")],
      destroys: record.kept,
      leavesAlone: ["The server as it is now"] + (record.exports.map { ["The exports in \($0)"] } ?? []),
      pointOfNoReturn: "what has been deleted by then stays deleted; it cannot be rolled back afterwards")
  }

  public func run(progress: Progress) throws -> Summary {
    var (change, lock) = try followUp.begin(progress, allowed: Self.canDiscard, otherwise: Self.otherwise)
    defer { withExtendedLifetime(lock) {} }
    let kept = change.record.kept
    try change.discard(progress.unstoppable)
    let summary = Summary(
      title: "What was kept of the restore is deleted",
      facts: kept.map { Summary.Fact("Deleted", $0) })
    progress.finished(summary)
    return summary
  }
}
