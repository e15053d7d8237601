import Common
import Glibc

/// A job as an operator sees it: who started what when, what became of it, and what can be done about it now.
public struct JobStatus: Sendable {
  public enum State: String, Sendable {
    case running, finished, failed
    /// The operator wished it; what it had done was taken back.
    case stopped
    /// Its process is gone without a word.
    case interrupted
  }

  public enum Action: String, Sendable, CaseIterable {
    case watch, log, stop, resume, undo
    /// Mark it as dismissed.
    case setAside = "set-aside"
  }

  public var folder: String
  public var title: String
  public var startedBy: String
  public var terminal: String?
  /// Microseconds since 1970; nil where it does not say.
  public var started: Int64?
  public var state: State
  /// What came of it, in a sentence; empty while it runs.
  public var outcome: String
  /// What to do about a failure.
  public var remedy: String?
  /// What it was to do; nil where that cannot be read.
  public var operation: (any Operation)?
  /// By action, why it cannot be done; what is not in it can.
  public var obstacles: [Action: String]

  public init(
    folder: String, title: String, startedBy: String, terminal: String? = nil, started: Int64?, state: State,
    outcome: String = "", remedy: String? = nil, operation: (any Operation)? = nil,
    obstacles: [Action: String] = [:]
  ) {
    self.folder = folder
    self.title = title
    self.startedBy = startedBy
    self.terminal = terminal
    self.started = started
    self.state = state
    self.outcome = outcome
    self.remedy = remedy
    self.operation = operation
    self.obstacles = obstacles
  }

  public var id: String { JobFolder(folder).id }

  /// Whether somebody should decide what becomes of it.
  public var isBroken: Bool { state == .failed || state == .interrupted }
}

extension JobStatus {
  /// - Parameter undone: folders of jobs that were taken back already.
  init(_ job: JobFolder, undone: Set<String>) {
    let header = try? job.readHeader()
    let operation = header?.operation
    let state: State
    var outcome = ""
    var remedy: String?
    switch job.state() {
    case .running: state = .running
    case .finished(let summary):
      state = .finished
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
      started: header.flatMap { Timestamp.microseconds(iso: $0.started) }, state: state, outcome: outcome,
      remedy: remedy, operation: operation)
    obstacles[.watch] = state == .running ? nil : "it is not running any more"
    obstacles[.stop] = obstacles[.watch]
    obstacles[.resume] = resumeObstacle
    obstacles[.undo] = undone.contains(job.path) ? "that was done already" : undoObstacle
    obstacles[.setAside] =
      !isBroken ? "it is not offered by itself" : job.isSetAside ? "that was done already" : nil
  }

  private var resumeObstacle: String? {
    guard let operation else { return "its job file cannot be read" }
    switch state {
    case .running: return "it is running"
    case .finished: return "it is finished"
    case .failed, .stopped, .interrupted: return operation.rerunObstacle
    }
  }

  private var undoObstacle: String? {
    guard let operation else { return "its job file cannot be read" }
    switch state {
    case .finished: return undo?.obstacle
    case .running: return "it is running; it can be stopped, which rolls its changes back"
    case .failed, .stopped: return "it is not finished: its changes were rolled back"
    case .interrupted:
      return operation.interruptionAdvice
        ?? "it is not finished: nothing of it is visible, and the next job deletes its leftovers"
    }
  }

  /// How it would be undone; nil where what it was to do cannot be read.
  public var undo: UndoRule? { operation?.undo(UndoContext(recordFolder: folder)) }
}

extension FailureReport {
  /// "the database: it went away".
  public var sentence: String { "\(subject): \(reason)" }
}

extension JobFolder {
  private var asideMark: String { "\(path)/set-aside" }

  /// Whether an operator has said that nothing is to be done about it.
  public var isSetAside: Bool { FileSystem.exists(asideMark) }

  /// Offers it no more. It stays in the list.
  public func setAside() throws {
    let text = "\(Operator.name), \(Timestamp.iso(microseconds: Timestamp.now()))\n"
    try FileSystem.replace(asideMark, with: Array(text.utf8))
  }

  /// What it has reported, a line each; the newest are kept where there is more than `limit`.
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
  /// Who runs what since when: "ann, on /dev/pts/3, runs this since 2026-11-23 10:31 UTC, 12 min ago: Export …".
  public func whoRunsWhat(now: Int64 = Timestamp.now()) -> String {
    let place = terminal.map { ", on \($0)," } ?? ""
    let since = Timestamp.microseconds(iso: started).map { Age.words($0, now: now) } ?? started
    return "\(operator_)\(place) runs since \(since): \(SafeText.clean(plan?.title ?? operation.title, limit: .line))"
  }
}

extension JobStore {
  /// All jobs as an operator sees them, the newest first; a hundred at most.
  public func outlooks() throws -> [JobStatus] {
    let all = Array(try jobs().prefix(100))
    let undone = Set(
      all.compactMap { job -> String? in
        guard let undo = (try? job.readHeader())?.operation as? UndoJobOperation, case .finished = job.state()
        else { return nil }
        return undo.folder
      })
    // Names tell jobs of the same second apart, but not which one was first.
    return all.map { JobStatus($0, undone: undone) }.sorted { ($0.started ?? 0, $0.id) > ($1.started ?? 0, $1.id) }
  }

  /// Broken jobs that somebody should decide about, the newest first: those of the last weeks that were not set aside,
  /// and whose work no later job has taken up.
  public func waiting(now: Int64 = Timestamp.now()) throws -> [JobStatus] {
    var later: [(operation: any Operation, hasFinished: Bool)] = []
    return try outlooks().filter { job in
      defer { if let operation = job.operation { later.append((operation, job.state == .finished)) } }
      guard job.isBroken, let operation = job.operation,
        !later.contains(where: { operation.isSuperseded(by: $0.operation, hasFinished: $0.hasFinished) })
      else { return false }
      guard now - (job.started ?? 0) < Self.weeksOffered * 7 * 86_400_000_000 else { return false }
      let folder = JobFolder(job.folder)
      // A refused job changed nothing, and its reasons were shown when it was refused.
      if job.state == .failed, folder.wasRefused { return false }
      return job.obstacles[.resume] == nil && !folder.isSetAside
    }
  }

  private static let weeksOffered: Int64 = 4

  /// Whether another job forbids to begin on these servers, and who runs it.
  public static func othersAtWork(_ operation: any Operation) -> Finding? {
    for server in operation.servers {
      let store = JobStore(root: server.root)
      guard let job = (try? store.running())?.first else { continue }
      let who = (try? job.readHeader())?.whoRunsWhat() ?? "another job is running"
      return Finding(
        .blocker, "another job", who,
        remedy:
          "wait for it, then look again. To watch it or stop it: "
          + "\(Program.command(["jobs", "attach", job.id], root: server.root)), or the first line of the menu")
    }
    return nil
  }
}
