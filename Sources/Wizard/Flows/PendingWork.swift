import Common
import Engine
import WholeServer

extension Flow.PendingWork {
  /// Returns the pending work of a server: running jobs, an unfinished restore, failed jobs, flows
  /// that were left, leftovers. The server's
  /// settings can be lost.
  ///
  /// - Parameters:
  ///   - root: "/" in production.
  ///   - drafts: the flows that the operator has left.
  static func find(root: String, drafts: DraftStore? = nil, now: Int64 = Timestamp.now()) -> [Flow.PendingWork] {
    running(root, now: now) + restore(root) + broken(root, now: now) + left(drafts, now: now) + leftovers(root)
  }

  /// Returns the newest few, because more would hide the goals of the menu.
  private static func left(_ drafts: DraftStore?, now: Int64) -> [Flow.PendingWork] {
    (drafts?.list() ?? []).compactMap { draft in
      Goal.named(draft.flow).map { goal in
        Flow.PendingWork(
          title: "Continue: \(goal.title)", summary: "begun \(Age.ago(draft.moment, now: now)), at: \(draft.step)",
          destination: .draft(draft))
      }
    }.prefix(mostDrafts).map { $0 }
  }

  private static let mostDrafts = 3

  /// Leftovers that need no decision: an interrupted restore has its own line.
  private static func leftovers(_ root: String) -> [Flow.PendingWork] {
    let all = Leftovers.report(root: root).filter { $0.remedy == nil }
    guard let first = all.first else { return [] }
    let more = all.count > 1 ? ", and \(Amount.of(Int64(all.count - 1), "other"))" : ""
    return [
      Flow.PendingWork(title: Goal.leftovers.title, summary: first.what + more, destination: .flow(Goal.leftovers.id))
    ]
  }

  private static func running(_ root: String, now: Int64) -> [Flow.PendingWork] {
    ((try? JobStore(root: root).active()) ?? []).map { job in
      let header = try? job.readHeader()
      return Flow.PendingWork(
        title: "Watch what is running",
        summary: summary(
          started: header.flatMap { Timestamp.microseconds(iso: $0.started) }, by: header?.operator_ ?? "somebody",
          header?.plan?.title ?? header?.operation.title ?? "a job", now: now),
        destination: .flow(Goal.watch.id, given: ["meet.job": .text(job.path)]))
    }
  }

  private static func restore(_ root: String) -> [Flow.PendingWork] {
    guard let record = (try? RestoreState(root: root).current()) ?? nil, record.isUnfinished else { return [] }
    // A running restore is watched, not completed.
    guard ((try? JobStore(root: root).active()) ?? []).isEmpty else { return [] }
    return [
      Flow.PendingWork(title: "Finish or undo a restore", summary: record.label, destination: .flow(Goal.restore.id))
    ]
  }

  /// Returns the newest few: more would hide the goals of the menu.
  private static func broken(_ root: String, now: Int64) -> [Flow.PendingWork] {
    ((try? JobStore(root: root).waiting(now: now)) ?? []).prefix(3).map { job in
      return Flow.PendingWork(
        title: job.state == .failed ? "See why a job failed" : "Continue after an interruption",
        summary: summary(started: job.started, by: job.startedBy, job.title, now: now),
        destination: .flow(Goal.jobs.id, given: ["job.which": .text(job.folder)]))
    }
  }

  private static func summary(started: Int64?, by who: String, _ what: String, now: Int64) -> String {
    "\(started.map { Age.ago($0, now: now) } ?? "some time ago"), by \(SafeText.clean(who, limit: .word)): \(what)"
  }
}
