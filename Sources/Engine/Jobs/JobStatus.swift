import Common
import Glibc
import Operations

/// A job for an operator: who started it and when, its outcome, and the possible actions.
public struct JobStatus: Sendable {
  public enum State: String, Sendable, CaseIterable {
    /// Its process has not started yet.
    case waiting
    case running, finished
    /// It finished, and a later job has undone it.
    case undone
    case failed
    /// Cancelled by the operator; its changes were rolled back.
    case stopped
    /// Its process ended without a result.
    case interrupted
  }

  public enum Action: String, Sendable, CaseIterable {
    case watch, log, stop, resume, undo
    /// Shows the result of a finished job with its next steps.
    case result
    /// Dismisses the job.
    case setAside = "set-aside"
  }

  public var folder: String
  public var title: String
  public var startedBy: String
  public var terminal: String?
  /// Microseconds since 1970; nil if the job does not state it.
  public var started: Int64?
  /// Microseconds since 1970; nil while the job is running, and for an interrupted job.
  public var ended: Int64?
  public var state: State
  /// The outcome in a sentence; empty while the job is running.
  public var outcome: String
  /// The remedy for a failure.
  public var remedy: String?
  /// The operation; nil if it cannot be decoded.
  public var operation: (any Operation)?
  /// The reasons why actions are impossible; other actions are possible.
  public var obstacles: [Action: String]

  public init(
    folder: String, title: String, startedBy: String, terminal: String? = nil, started: Int64?, ended: Int64? = nil,
    state: State, outcome: String = "", remedy: String? = nil, operation: (any Operation)? = nil,
    obstacles: [Action: String] = [:]
  ) {
    self.folder = folder
    self.title = title
    self.startedBy = startedBy
    self.terminal = terminal
    self.started = started
    self.ended = ended
    self.state = state
    self.outcome = outcome
    self.remedy = remedy
    self.operation = operation
    self.obstacles = obstacles
  }

  public var id: String { JobFolder(folder).id }

  /// How long the job has run; nil if a time is not known, and for an interrupted job.
  ///
  /// - Parameter now: microseconds since 1970.
  public func seconds(now: Int64 = Timestamp.now()) -> Double? {
    guard let started, state != .interrupted, state != .waiting else { return nil }
    guard let end = ended ?? (state == .running ? now : nil) else { return nil }
    return Double(max(0, end - started)) / 1_000_000
  }

  /// Returns why an action that an operator may expect is not possible: a finished job can usually be undone, and a
  /// broken one run again. Nobody expects to stop what has ended.
  public func expectedObstacle(_ action: Action) -> String? {
    switch action {
    case .undo: obstacles[.undo]
    case .resume: isBroken || state == .stopped ? obstacles[.resume] : nil
    default: nil
    }
  }

  /// The state for a list: "interrupted", "failed, dismissed".
  public var stateLabel: String { isDismissed ? "\(state.rawValue), dismissed" : state.rawValue }

  /// Whether an operator has dismissed it, so that it is not offered any more.
  public var isDismissed: Bool { isBroken && JobFolder(folder).isSetAside }

  /// Whether an operator should decide about the job.
  public var isBroken: Bool { state == .failed || state == .interrupted }
}

extension JobStatus {
  /// - Parameter undone: the jobs that have undone others, by the folders of those.
  init(_ job: JobFolder, undone: [String: JobFolder]) {
    let header = try? job.readHeader()
    let operation = header?.operation
    let state: State
    var outcome = ""
    var remedy: String?
    switch job.state() {
    case .waiting: state = .waiting
    case .running: state = .running
    case .finished(let summary):
      state = undone[job.path] == nil ? .finished : .undone
      outcome = summary.title
    case .failed(let failure):
      state = failure.exitCode == FailureFamily.cancelled.rawValue ? .stopped : .failed
      outcome = state == .stopped ? "it was cancelled; its changes were rolled back" : failure.sentence
      remedy = failure.remedy
    case .lost:
      state = .interrupted
      outcome = "its process was killed, or the machine failed"
    }
    self.init(
      folder: job.path, title: SafeText.clean(header?.plan?.title ?? operation?.title ?? "unknown", limit: .line),
      startedBy: SafeText.clean(header?.operator_ ?? "unknown", limit: .word), terminal: header?.terminal,
      started: header.flatMap { Timestamp.microseconds(iso: $0.started) },
      ended: state.isEnded ? job.lastEventTime : nil, state: state, outcome: outcome, remedy: remedy,
      operation: operation)
    obstacles[.watch] = watchObstacle
    obstacles[.stop] = watchObstacle
    obstacles[.resume] = resumeObstacle
    obstacles[.undo] = undone[job.path].map { "it was undone already, by job \($0.id)" } ?? undoObstacle
    obstacles[.setAside] =
      !isBroken ? "it needs no decision" : job.isSetAside ? "it was dismissed already" : nil
  }

  private var watchObstacle: String? {
    switch state {
    case .waiting, .running: nil
    case .interrupted: "its process does not exist any more"
    case .finished, .undone, .failed, .stopped: "it has ended"
    }
  }

  private var resumeObstacle: String? {
    guard let operation else { return "its job file cannot be read" }
    switch state {
    case .waiting, .running: return "it is running"
    case .finished, .undone: return "it has done its work"
    case .failed, .stopped, .interrupted: return operation.rerunObstacle
    }
  }

  private var undoObstacle: String? {
    guard let operation else { return "its job file cannot be read" }
    switch state {
    case .finished, .undone: return undo?.obstacle ?? undo?.nothingLeft
    case .waiting, .running: return "it is running; it can be stopped, which rolls its changes back"
    case .failed, .stopped: return "it is not finished: its changes were rolled back"
    case .interrupted:
      return operation.interruptionAdvice
        ?? "it is not finished: nothing of it is visible, and the next job deletes its leftovers"
    }
  }

  /// Returns why the job cannot be undone now, according to the server; nil if it can. Queries the server.
  ///
  /// An organization in use is no obstacle: the operator decides about it.
  public func undoObstacleNow() -> String? {
    if let obstacle = obstacles[.undo] { return obstacle }
    do {
      let findings = try UndoJobOperation(JobFolder(folder), despiteSignsOfLife: true).check()
      return findings.first { $0.severity == .blocker }.map { "\($0.subject): \($0.reason)" }
    } catch {
      return FailureReport(error).sentence
    }
  }

  /// How the job would be undone; nil if its operation cannot be decoded.
  public var undo: UndoRule? { operation?.undo(UndoContext(recordFolder: folder)) }
}

extension FailureReport {
  /// For example "the database: the connection was lost".
  public var sentence: String { "\(subject): \(reason)" }
}

extension JobFolder {
  private var asideMark: String { "\(path)/set-aside" }

  /// Whether an operator has dismissed the job.
  public var isSetAside: Bool { FileSystem.exists(asideMark) }

  /// Dismisses the job: it stays in the list and is not offered any more.
  public func setAside() throws {
    let text = "\(Operator.name), \(Timestamp.iso(microseconds: Timestamp.now()))\n"
    try FileSystem.replace(asideMark, with: Array(text.utf8))
  }

  /// Returns the reported lines; with more than `limit`, the newest.
  public func report(limit: Int = 500) -> [String] {
    let lines = events().compactMap { event -> String? in
      switch event {
      case .phaseStarted(_, let title, _, _): title
      case .note(let text): "  \(text)"
      case .warning(let text): "  Warning: \(text)"
      case .finished(let summary): "Finished: \(summary.title)"
      case .failed(let failure): "Failed: \(failure.sentence)"
      case .advanced, .phaseEnded: nil
      }
    }
    let left = lines.count - limit
    let shown = left > 0 ? ["(\(Amount.of(Int64(left), "line")) before)"] + lines.suffix(limit) : lines
    return shown.map { SafeText.clean($0, limit: .path) }
  }
}

extension JobFolder.Header {
  /// Returns for example "ann, on /dev/pts/3, runs this since 2026-11-23 10:31 UTC, 12 min ago: Export …".
  public func whoRunsWhat(now: Int64 = Timestamp.now()) -> String {
    let place = terminal.map { ", on \($0)," } ?? ""
    let since = Timestamp.microseconds(iso: started).map { Age.words($0, now: now) } ?? started
    return "\(operator_)\(place) runs since \(since): \(SafeText.clean(plan?.title ?? operation.title, limit: .line))"
  }
}

extension JobStore {
  /// Returns all jobs, the newest first, at most 100.
  public func outlooks() throws -> [JobStatus] { try statuses(limit: 100) }

  /// Returns all jobs, the newest first.
  ///
  /// - Parameter limit: returns only the newest ones; nil: all.
  public func statuses(limit: Int? = nil) throws -> [JobStatus] {
    let all = try jobs()
    let newest = Array(all.prefix(limit ?? all.count))
    // An undo is newer than its job.
    let undone = Self.undone(by: newest)
    // Ids of jobs of the same second have no order.
    return newest.map { JobStatus($0, undone: undone) }.sorted { ($0.started ?? 0, $0.id) > ($1.started ?? 0, $1.id) }
  }

  /// Returns the state of a job.
  public func status(of job: JobFolder) throws -> JobStatus {
    JobStatus(job, undone: Self.undone(by: try jobs().filter { $0.id >= job.id }))
  }

  /// Returns the finished undo jobs, by the folders of the jobs that they have undone.
  private static func undone(by jobs: [JobFolder]) -> [String: JobFolder] {
    jobs.reduce(into: [:]) { undone, job in
      guard let undo = (try? job.readHeader())?.operation as? UndoJobOperation, case .finished = job.state()
      else { return }
      undone[undo.folder] = job
    }
  }

  /// Returns the jobs that need a decision, the newest first: failed jobs of the last weeks that were neither dismissed
  /// nor superseded by a later job.
  public func waiting(now: Int64 = Timestamp.now()) throws -> [JobStatus] {
    undecided(among: try outlooks(), now: now)
  }

  /// - Parameter jobs: the newest first.
  func undecided(among jobs: [JobStatus], now: Int64 = Timestamp.now()) -> [JobStatus] {
    var later: [(operation: any Operation, hasFinished: Bool)] = []
    return jobs.filter { job in
      defer {
        if let operation = job.operation { later.append((operation, [.finished, .undone].contains(job.state))) }
      }
      guard job.isBroken, let operation = job.operation,
        !later.contains(where: { operation.isSuperseded(by: $0.operation, hasFinished: $0.hasFinished) })
      else { return false }
      guard now - (job.started ?? 0) < Self.weeksOffered * 7 * 86_400_000_000 else { return false }
      let folder = JobFolder(job.folder)
      // It changed nothing, and its reasons were shown.
      if job.state == .failed, folder.changedNothing { return false }
      return job.obstacles[.resume] == nil && !folder.isSetAside
    }
  }

  private static let weeksOffered: Int64 = 4

  /// Returns a blocker if another job is running on these servers; nil otherwise.
  public static func othersAtWork(_ operation: any Operation) -> Finding? {
    for server in operation.servers {
      let store = JobStore(root: server.root)
      guard let job = (try? store.active())?.first else { continue }
      let who = (try? job.readHeader())?.whoRunsWhat() ?? "another job is running"
      return Finding(
        .blocker, "another job", who,
        remedy:
          "wait for it, then look again. To watch it or stop it: "
          + "\(job.command("attach")), or the first line of the menu")
    }
    return nil
  }
}
