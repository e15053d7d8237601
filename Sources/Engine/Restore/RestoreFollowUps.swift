import Common

/// What can be done about a restore afterwards. Which one: the one that was interrupted, else the latest.
private struct RestoreFollowUp {
  let root: String
  let brand: Brand?

  func begin(_ wanted: RestoreRecord.FollowUp) throws -> (change: RestoreSwitch, lock: FileLock) {
    let state = RestoreState(root: root)
    let lock = try state.lock()
    let record = try record(state, for: wanted)
    return (try RestoreSwitch(try installation(record), record, state), lock)
  }

  /// The record that something can be done about.
  ///
  /// - Throws: `.notFound` where there is none, `.conflict` where that cannot be done with it now.
  func record(_ state: RestoreState, for wanted: RestoreRecord.FollowUp) throws -> RestoreRecord {
    guard let record = try state.current() else {
      throw PlainFailure(.notFound, "restore", "there was none on this server, or it has been discarded")
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
    guard state.isIdle else {
      return [Finding(.blocker, "restore", record.label(isRunning: true), remedy: "wait until it has ended")]
    }
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

/// What is kept of a restore, seen from the disk and the database.
public enum KeptState {
  /// - Returns: names with whether each is there; nil where that cannot be found out.
  public static func find(_ record: RestoreRecord, root: String, brand: Brand? = nil) -> [(
    name: String, isThere: Bool
  )]? {
    let followUp = RestoreFollowUp(root: root == "/" ? "" : root, brand: brand)
    return try? RestoreSwitch(followUp.installation(record), record, RestoreState(root: root)).kept()
  }
}

/// Clears away what an interrupted restore had prepared before anything of the server was exchanged.
public struct ClearRestoreOperation: Operation {
  private let followUp: RestoreFollowUp

  public init(root: String, brand: Brand? = nil) {
    followUp = RestoreFollowUp(root: root == "/" ? "" : root, brand: brand)
  }

  public var name: String { "restore-clear" }

  public func check() throws -> [Finding] { try followUp.findings(.clear) }

  public func plan() throws -> Plan {
    let record = try followUp.record(RestoreState(root: followUp.root), for: .clear)
    return Plan(
      title: "Clear away: \(record.label)",
      phases: [Plan.Phase("clean", "Remove what had been prepared; the server stays as it was")]
        + (record.stage == .stopped ? [Plan.Phase(ServerStep.start.rawValue, ServerStep.start.title)] : []),
      leavesAlone: ["All of this server: nothing of it was replaced"])
  }

  public func run(progress: Progress) throws -> Summary {
    var (change, lock) = try followUp.begin(.clear)
    defer { withExtendedLifetime(lock) {} }
    let progress = progress.unstoppable
    try change.takeBack(progress)
    let summary = Summary(
      title: "The server is as it was before the restore", facts: [], warnings: progress.warnings,
      nextSteps: ServerSteps.advice(change.leftToOperator))
    progress.finished(summary)
    return summary
  }
}

/// Finishes what has begun to change the server: a restore from its exchange on, a roll back, a deletion.
public struct ResumeRestoreOperation: Operation {
  private let followUp: RestoreFollowUp

  public init(root: String, brand: Brand? = nil) {
    followUp = RestoreFollowUp(root: root == "/" ? "" : root, brand: brand)
  }

  public var name: String { "restore-resume" }

  public func check() throws -> [Finding] { try followUp.findings(.resume) }

  public func plan() throws -> Plan {
    let record = try followUp.record(RestoreState(root: followUp.root), for: .resume)
    let phases: [Plan.Phase] =
      switch record.stage {
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
      title = "What was kept is deleted"
    case .preparing, .stopped, .finished, .rolledBack: title = "Nothing was left to do"
    }
    let kept = change.record.kept
    let summary = Summary(
      title: title, facts: kept.isEmpty ? [] : [Summary.Fact("Kept", kept.joined(separator: ", "))],
      warnings: progress.warnings,
      nextSteps: (change.record.stage == .finished
        ? ContainerNotice.reminder(root: followUp.root, restore: change.record.id) : [])
        + ServerSteps.advice(change.leftToOperator))
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
          remedy: "do not roll back, unless that is what you want"))
    }
    return findings + [
      Finding(
        .warning, "messages", "what was written since the restore is in the restored state, not in the old one",
        remedy: "the restored state is kept; nothing of it is lost until you discard it")
    ]
  }

  public func plan() throws -> Plan {
    let record = try followUp.record(RestoreState(root: followUp.root), for: .rollBack)
    return Plan(
      title: "Roll back the restore of \(record.created.prefix(19).replacing("T", with: " ")) UTC",
      phases: [
        Plan.Phase("stop", ServerStep.stop.title),
        Plan.Phase("exchange", "Exchange the restored state for the old one"),
      ] + ServerStep.afterwards.dropFirst().map { Plan.Phase($0.rawValue, $0.title) },
      replaces: "the restored state",
      leavesAlone: ["The restored state: it is kept under other names until you discard it"])
  }

  public func run(progress: Progress) throws -> Summary {
    var (change, lock) = try followUp.begin(.rollBack)
    defer { withExtendedLifetime(lock) {} }
    let progress = progress.unstoppable
    try change.rollBack(progress)
    let summary = Summary(
      title: "The server is as it was before the restore",
      facts: [Summary.Fact("Kept", change.record.kept.joined(separator: ", "))], warnings: progress.warnings,
      nextSteps: ServerSteps.advice(change.leftToOperator) + [
        "Free the space of the restored state when you need it no more: \(followUp.command("--discard"))"
      ])
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

  public func check() throws -> [Finding] { try followUp.findings(.discard) }

  public func plan() throws -> Plan {
    let record = try followUp.record(RestoreState(root: followUp.root), for: .discard)
    return Plan(
      title: "Delete the state that is not in use",
      phases: [Plan.Phase("discard", "Delete the state that is not in use")],
      destroys: record.kept,
      leavesAlone: ["The server as it is now"] + (record.exports.map { ["The exports in \($0)"] } ?? []),
      pointOfNoReturn: "what has been deleted by then stays deleted; it cannot be rolled back afterwards")
  }

  public func run(progress: Progress) throws -> Summary {
    var (change, lock) = try followUp.begin(.discard)
    defer { withExtendedLifetime(lock) {} }
    let deleted = try change.discard(progress.unstoppable)
    let summary = Summary(
      title: deleted.isEmpty
        ? "Nothing that was kept of the restore was there any more" : "What was kept of the restore is deleted",
      facts: deleted.map { Summary.Fact("Deleted", $0) })
    progress.finished(summary)
    return summary
  }
}
