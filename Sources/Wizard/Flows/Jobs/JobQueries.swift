import Common
import Engine
import Operations

/// The functions of the engine that only this flow uses. Tests replace them.
struct JobQueries: Sendable {
  /// The newest first.
  var jobs: @Sendable (_ root: String) throws -> [JobStatus]
  /// The leftovers of interrupted commands on the server.
  var leftovers: @Sendable (_ root: String) -> [Finding] = { _ in [] }
  /// Why a job cannot be undone now; nil if it can.
  var undoObstacle: @Sendable (JobStatus) -> String? = { $0.obstacles[.undo] }
  /// The reported lines of a job.
  var report: @Sendable (_ folder: String) -> [String]
  /// Returns the operation for an action; `log` and `resume` have none.
  var work: @Sendable (JobStatus.Action, _ folder: String) throws -> any Runnable
  /// The operation of a job, to repeat it.
  var operation: @Sendable (_ folder: String) throws -> any Operation
  var now: @Sendable () -> Int64 = { Timestamp.now() }

  static let real = JobQueries(
    jobs: { root in
      let store = JobStore(root: root)
      store.sweep()
      return try store.outlooks()
    },
    leftovers: { root in Leftovers.report(root: root).map { $0.finding(root: root) } },
    undoObstacle: { $0.undoObstacleNow() }, report: { JobFolder($0).report() },
    work: { action, folder in
      let job = JobFolder(folder)
      return switch action {
      case .stop: JobStop(job)
      case .setAside: JobDismissal(job)
      default: JobAttachment(job)
      }
    }, operation: { try JobFolder($0).readHeader().operation })
}
