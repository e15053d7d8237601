import Common
import Glibc
import Operations

/// Cancels a running job and reports the outcome: its changes are rolled back, unless it is past its point of no
/// return.
public struct JobStop: Runnable {
  public let folder: JobFolder

  public init(_ folder: JobFolder) { self.folder = folder }

  private enum Phase: String, OperationPhase, CaseIterable {
    case stop, end

    var title: String { self == .stop ? "Ask it to stop" : "Wait until it has rolled its changes back" }
  }

  public func check() throws -> [Finding] {
    [.running, .waiting].contains(folder.state())
      ? [] : [Finding(.blocker, "job \(folder.id)", "is not running any more")]
  }

  public func plan() throws -> Plan {
    let header = try folder.readHeader()
    return Plan(
      title: "Stop: \(header.plan?.title ?? header.operation.title)",
      phases: Phase.allCases.map { Plan.Phase($0) },
      leavesAlone: ["Everything is unchanged once the job has stopped"],
      pointOfNoReturn: header.plan?.pointOfNoReturn)
  }

  public func run(progress: Progress) throws -> Summary {
    try progress.phase(Phase.stop) { _ in try JobProcess.stop(folder) }
    var outcome: ProgressEvent?
    try progress.phase(Phase.end) { _ in
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
    return Summary(title: "The job has ended", facts: [Summary.Fact("Outcome", Self.words(outcome))])
  }
}

extension JobStop {
  private static func words(_ outcome: ProgressEvent?) -> String {
    switch outcome {
    case .finished(let done)?: "it had done its work before it could stop: \(done.title)"
    case .failed(let failure)? where failure.exitCode != FailureFamily.cancelled.rawValue:
      "it failed: \(failure.sentence)"
    default: "it has stopped; its changes were rolled back"
    }
  }
}
