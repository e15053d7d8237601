import Common
import Glibc

/// Asks a running job to stop and sees what becomes of it: it takes back what it has done, unless that is past its point
/// of no return.
public struct StopJobOperation: Operation {
  public let folder: JobFolder

  public init(_ folder: JobFolder) { self.folder = folder }

  public var name: String { "stop-job" }

  public func check() throws -> [Finding] {
    folder.state() == .running ? [] : [Finding(.blocker, "job \(folder.id)", "is not running any more")]
  }

  public func plan() throws -> Plan {
    let header = try folder.readHeader()
    return Plan(
      title: "Stop: \(header.plan?.title ?? header.description.title)",
      phases: [Plan.Phase("stop", "Ask it to stop"), Plan.Phase("end", "Wait until it has taken back what it did")],
      leavesAlone: ["Everything as it was before the job, once it has stopped"],
      pointOfNoReturn: header.plan?.pointOfNoReturn)
  }

  public func run(progress: Progress) throws -> Summary {
    try progress.phase("stop", "Ask it to stop") { _ in try JobProcess.stop(folder) }
    var outcome: ProgressEvent?
    try progress.phase("end", "Wait until it has taken back what it did") { _ in
      try JobFollower(folder).follow { event in
        switch event {
        case .finished, .failed: outcome = event
        default: break
        }
      } wait: {
        usleep(100_000)
        try progress.cancellation.check()
      }
    }
    let summary = Summary(title: "The job has ended", facts: [Summary.Fact("What became of it", Self.words(outcome))])
    progress.finished(summary)
    return summary
  }
}

extension StopJobOperation {
  private static func words(_ outcome: ProgressEvent?) -> String {
    switch outcome {
    case .finished(let done)?: "it had done its work before it could stop: \(done.title)"
    case .failed(let failure)? where failure.exitCode != FailureFamily.cancelled.rawValue:
      "it failed: \(failure.sentence)"
    default: "it has stopped; what it had done was taken back"
    }
  }
}

/// Offers a broken job no more.
public struct SetJobAsideOperation: Operation {
  public let folder: JobFolder

  public init(_ folder: JobFolder) { self.folder = folder }

  public var name: String { "set-job-aside" }

  public func check() throws -> [Finding] { [] }

  public func plan() throws -> Plan {
    Plan(
      title: "Set job \(folder.id) aside", phases: [Plan.Phase("mark", "Offer it no more")],
      leavesAlone: ["The job in the list of jobs, with all that it reported", "The server: nothing of it is changed"])
  }

  public func run(progress: Progress) throws -> Summary {
    try progress.phase("mark", "Offer it no more") { _ in try folder.setAside() }
    let summary = Summary(
      title: "The job is set aside", facts: [Summary.Fact("Job", "\(folder.id), still in the list of jobs")])
    progress.finished(summary)
    return summary
  }
}
