import ArgumentParser
import Common
import Engine
import Glibc

/// A command that stands for an operation: the words that ``Engine/Operation/commands`` prints are parsed by one.
protocol OperationCommand: ParsableCommand {
  /// Returns the operation that the words ask for. May read the server's settings.
  func operation() throws -> any Operation
}

/// How a command that runs an operation shows it.
struct OutputOptions: ParsableArguments {
  @Flag(help: "Progress and result as one JSON object a line, on standard output.")
  var json = false

  @Flag(help: "Start it as a job and return immediately; watch it with: jobs attach.")
  var detach = false

  /// Runs an operation as a job: progress on standard error, the result on standard output.
  ///
  /// On a terminal the job is a process of its own that outlives it; elsewhere (in scripts) it is this process, so that
  /// whoever ends the command ends the work.
  func run(_ operation: any Operation) throws {
    let store = try JobStore(of: operation)
    try JobStore.refuseWhereBusy(operation)
    let job = try store.make(operation, plan: detach || isInteractive ? try operation.plan() : nil)
    if detach || isInteractive {
      try JobProcess.start(job)
      if detach {
        return StandardStream.output(
          "Job \(job.id) is running. See it with: "
            + "\(Program.command(["jobs", "attach", job.id], root: operation.servers.first?.root ?? "/"))\n")
      }
      return try JobView(json: json).attach(job)
    }
    let view = JobView(json: json)
    do {
      let summary = try JobProcess.run(job, cancellation: Interruption.cancellation) { view.show($0) }
      view.finish(summary)
    } catch {
      view.end(error)
      throw error
    }
  }

  /// Runs an operation, or shows what it would do.
  func perform(_ operation: any Operation, dryRun: Bool) throws {
    if dryRun { try rehearse(operation) } else { try run(operation) }
  }

  /// Runs an operation that only looks: here and now, without a job's folder.
  func look(_ operation: any Runnable) throws {
    let view = JobView(json: json)
    do {
      view.finish(try operation.perform(Progress(cancellation: Interruption.cancellation) { view.show($0) }))
    } catch {
      view.end(error)
      throw error
    }
  }

  private var isInteractive: Bool { !json && isatty(0) == 1 && isatty(2) == 1 }

  /// Shows what would be done and what a check finds, and changes nothing.
  func rehearse(_ operation: any Runnable) throws {
    let findings = try operation.check()
    let plan = try operation.plan()
    if json {
      StandardStream.json(PlanText.json(plan, findings))
    } else {
      StandardStream.output(PlanText.of(plan, findings))
    }
    if findings.contains(where: { $0.severity == .blocker }) { throw ExitCode(FailureFamily.blocked.rawValue) }
  }
}
