import Common
import Glibc

/// An operation that runs as a job: a process of its own that goes on when whoever started it goes away.
///
/// To front ends it is an operation like any other: they see its events, and stopping it asks the job to stop.
public struct JobLaunch: Runnable {
  public let operation: any Operation
  /// This program.
  private let executable: String

  public init(_ operation: any Operation, executable: String = "/proc/self/exe") {
    self.operation = operation
    self.executable = executable
  }

  public func check() throws -> [Finding] { try operation.check() }

  public func plan() throws -> Plan { try operation.plan() }

  public func run(progress: Progress) throws -> Summary {
    try JobStore.refuseWhereBusy(operation)
    let folder = try JobStore(of: operation).make(operation, plan: try plan())
    try JobProcess.start(folder, executable: executable)
    return try JobAttachment(folder).run(progress: progress)
  }
}

/// Follows a job that runs already, or has run.
public struct JobAttachment: Runnable {
  public let folder: JobFolder

  public init(_ folder: JobFolder) {
    self.folder = folder
  }

  /// How long the job has been running already; nil where its folder does not say.
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
    var hasAsked = false
    try JobFollower(folder).follow { event in
      switch event {
      // The end is told by whoever runs this.
      case .finished, .failed: outcome = event
      default: progress.relay(event)
      }
    } wait: {
      usleep(100_000)
      if progress.cancellation.isCancelled, !hasAsked {
        hasAsked = true
        // One that has ended in the meantime cannot be stopped; its journal says what became of it.
        try? JobProcess.stop(folder)
      }
    }
    switch outcome {
    case .finished(let summary): return summary
    case .failed(let report): throw JobFailure(report)
    default: throw LostJob(id: folder.id)
    }
  }
}

/// A failure that happened in a job's process.
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
