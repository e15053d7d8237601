import Common
import Engine

extension Flow.Waiting {
  /// What has been begun on a server and is not over: what runs, a restore that is not finished, jobs that broke. The
  /// server's own settings may be lost.
  ///
  /// - Parameter root: "/" in production.
  static func find(root: String, now: Int64 = Moment.now()) -> [Flow.Waiting] {
    running(root) + restore(root) + broken(root, now: now)
  }

  private static func running(_ root: String) -> [Flow.Waiting] {
    ((try? JobStore(root: root).running()) ?? []).map { job in
      Flow.Waiting(
        title: "Watch what is running", summary: (try? job.readHeader())?.whoRunsWhat() ?? "A job",
        onward: .flow(Goal.watch.id, given: ["meet.job": .text(job.path)]))
    }
  }

  private static func restore(_ root: String) -> [Flow.Waiting] {
    guard let record = (try? RestoreState(root: root).current()) ?? nil, record.isUnfinished else { return [] }
    // While it runs it is watched, not finished.
    guard running(root).isEmpty else { return [] }
    return [
      Flow.Waiting(title: "Finish or undo a restore", summary: record.label, onward: .flow(Goal.restore.id))
    ]
  }

  /// The newest few: more would hide what the menu is for.
  private static func broken(_ root: String, now: Int64) -> [Flow.Waiting] {
    ((try? JobStore(root: root).waiting(now: now)) ?? []).prefix(3).map { job in
      let age = job.started.map { Age.ago($0, now: now) } ?? "some time ago"
      return Flow.Waiting(
        title: job.state == .failed ? "See why a job failed" : "Go on after an interruption",
        summary: "\(age), by \(job.startedBy): \(job.title)",
        onward: .flow(Goal.jobs.id, given: ["job.which": .text(job.folder)]))
    }
  }
}
