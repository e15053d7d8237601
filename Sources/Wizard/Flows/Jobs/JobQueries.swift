import Common
import Engine

/// What the flow about jobs wants of the engine. A test gives its own.
struct JobQueries: Sendable {
  /// The newest first.
  var jobs: @Sendable (_ root: String) throws -> [JobStatus]
  /// What interrupted commands have left on the server.
  var leftovers: @Sendable (_ root: String) -> [Finding] = { _ in [] }
  /// What one has reported, a line each.
  var report: @Sendable (_ folder: String) -> [String]
  /// What is done about one. `log` and `resume` are no operations of their own.
  var work: @Sendable (JobStatus.Action, _ folder: String) throws -> any Runnable
  /// What it was to do, for doing it once more.
  var operation: @Sendable (_ folder: String) throws -> any Operation
  var now: @Sendable () -> Int64 = { Timestamp.now() }

  static let real = JobQueries(
    jobs: { try JobStore(root: $0).outlooks() },
    leftovers: { root in Leftovers.report(root: root).map { $0.finding(root: root) } },
    report: { JobFolder($0).report() },
    work: { action, folder in
      let job = JobFolder(folder)
      return switch action {
      case .stop: JobStop(job)
      case .setAside: JobDismissal(job)
      default: JobAttachment(job)
      }
    }, operation: { try JobFolder($0).readHeader().operation })
}
