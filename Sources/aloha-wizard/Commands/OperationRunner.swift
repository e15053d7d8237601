import ArgumentParser
import Common
import Engine

/// How a command that runs an operation shows it.
struct OutputOptions: ParsableArguments {
  @Flag(help: "Progress and result as one JSON object a line, on standard output.")
  var json = false

  /// Runs an operation to its end: progress on standard error, the result on standard output.
  func run(_ operation: some Operation) throws {
    let view = json ? nil : ProgressLines()
    let json = self.json
    let progress = Progress(cancellation: Interruption.cancellation) { event in
      if json { StandardStream.output(EventLine.encode(event) + "\n") } else { view?.show(event) }
    }
    do {
      let summary = try operation.run(progress: progress)
      if !json { StandardStream.output(SummaryText.of(summary)) }
    } catch {
      view?.end()
      if json { StandardStream.output(EventLine.encode(.failed(FailureReport(error))) + "\n") }
      throw error
    }
  }

  /// Shows what would be done and what a check finds, and changes nothing.
  func rehearse(_ operation: some Operation) throws {
    let findings = try operation.check()
    let plan = try operation.plan()
    if json {
      StandardStream.output(PlanText.json(plan, findings))
    } else {
      StandardStream.output(PlanText.of(plan, findings))
    }
    if findings.contains(where: { $0.severity == .blocker }) { throw ExitCode(FailureFamily.blocked.rawValue) }
  }
}
