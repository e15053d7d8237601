import Common
import Operations
import WholeServer

/// The jobs that are kept. Old ones are removed when a new job is made.
extension JobStore {
  /// The number of ended jobs that are always kept.
  public static let endedJobsKept = 100

  /// Removes what refused requests have left, if no one reads it any more.
  public func sweep() { for folder in (try? folders()) ?? [] { folder.removeIfVoid() } }

  /// Removes the records of ended jobs but the newest ones. A job is kept in any case if it
  /// - is running or was interrupted, or failed and still needs a decision,
  /// - can be undone,
  /// - belongs to a restore whose previous state is kept,
  /// - is the newest one that wrote backups into its folder, by which they are found,
  /// - cannot be read, because another version of this program made it.
  ///
  /// Errors are ignored: they must not prevent a new job.
  func removeOldJobs(keeping limit: Int = JobStore.endedJobsKept) {
    guard let count = try? folders().count, count > limit, let all = try? statuses() else { return }
    let undecided = Set(undecided(among: all).map(\.folder))
    let keepsRestores = !((try? RestoreState(root: root).records()) ?? []).isEmpty
    var ended = 0
    var backupFolders: Set<String> = []
    for job in all {
      guard let operation = job.operation, job.state.isEnded else { continue }
      ended += 1
      let isNewestBackup = operation.traces.backupFolder.map { backupFolders.insert($0).inserted } ?? false
      // Jobs in earlier locations of the store are another container's or user's.
      guard ended > limit, !isNewestBackup, job.obstacles[.undo] != nil, !undecided.contains(job.folder),
        !(keepsRestores && operation.interruptionAdvice != nil), job.folder.hasPrefix("\(jobsFolder)/")
      else { continue }
      try? FileSystem.removeTree(job.folder)
    }
  }
}

extension JobStatus.State {
  /// Whether the job has ended with a result.
  var isEnded: Bool {
    switch self {
    case .finished, .undone, .failed, .stopped: true
    case .waiting, .running, .interrupted: false
    }
  }
}
