import Common
import Glibc
import Operations
import Synchronization

/// Runs an operation as a job: a process of its own, which continues when its starter ends.
///
/// Front ends use it like any operation: they receive its events, and cancelling it cancels the job.
public final class JobLaunch: JobWork {
  public let operation: any Operation
  private let folder = Mutex<JobFolder?>(nil)
  /// The path of this program.
  private let executable: String
  private let checks: CheckProcess?

  /// - Parameter checks: the process that has checked the operation; it becomes the job. Without one, or if it has
  ///   ended, the job gets a new process.
  public init(_ operation: any Operation, executable: String = "/proc/self/exe", checks: CheckProcess? = nil) {
    self.operation = operation
    self.executable = executable
    self.checks = checks
  }

  public var job: JobFolder? { folder.withLock { $0 } }

  public func check() throws -> [Finding] { try operation.check() }

  public func plan() throws -> Plan { try operation.plan() }

  public func run(progress: Progress) throws -> Summary {
    // Asked for before the plan, which would query a server that another job is changing.
    try JobStore.refuseWhereBusy(operation)
    let request = try JobRequest(operation, plan: try plan())
    defer { request.settle() }
    folder.withLock { $0 = request.folder }
    if checks?.become(request.folder) != true { try request.start(executable: executable) }
    return try JobAttachment(request.folder).run(progress: progress)
  }
}

/// Follows a running or finished job.
public struct JobAttachment: Runnable {
  public let folder: JobFolder

  public init(_ folder: JobFolder) {
    self.folder = folder
  }

  /// How long the job has been running; nil if its folder does not state it.
  public var age: Duration? {
    guard let started = try? folder.readHeader().started, let begun = Timestamp.microseconds(iso: started) else {
      return nil
    }
    return .microseconds(max(0, Timestamp.now() - begun))
  }

  public func check() throws -> [Finding] { [] }

  public func plan() throws -> Plan {
    let header = try folder.readHeader()
    return header.plan ?? Plan(title: header.operation.title, phases: [])
  }

  public func run(progress: Progress) throws -> Summary {
    var outcome: ProgressEvent?
    var stop = StopRequest(folder)
    try JobFollower(folder).follow { event in
      // The caller sends the end event.
      if event.isEnd { outcome = event } else { progress.relay(event) }
    } wait: {
      usleep(100_000)
      // A job of another user cannot be stopped: it is followed to its end.
      _ = try? stop.send(if: progress.cancellation)
    }
    return try outcome.result(of: folder)
  }
}

/// A failure in a job's process.
public struct JobFailure: Failure {
  public let report: FailureReport

  public init(_ report: FailureReport) {
    self.report = report
  }

  public var subject: String { report.subject }
  public var reason: String { report.reason }
  public var remedy: String? { report.remedy }
  public var family: FailureFamily { FailureFamily(rawValue: report.exitCode) ?? .unexpected }
}
