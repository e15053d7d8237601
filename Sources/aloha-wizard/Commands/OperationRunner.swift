import ArgumentParser
import Common
import Engine
import Glibc
import Operations

/// A command for an operation. It parses the words that ``Engine/Operation/commands`` writes.
protocol OperationCommand: ParsableCommand {
  /// Returns the requested operation. Can read the server's settings.
  func operation() throws -> any Operation
}

/// The output of a command that runs an operation.
struct OutputOptions: ParsableArguments {
  @Flag(help: "Progress and result as one JSON object per line, on standard output.")
  var json = false

  @Flag(help: "Return as soon as the job has begun; the command that watches it is printed.")
  var detach = false

  /// Runs an operation as a job: progress on standard error, the result on standard output.
  ///
  /// On a terminal the job is a separate process that outlives the command; in scripts it is this process, so that
  /// ending the command ends the job.
  func run(_ operation: any Operation) throws {
    // Asked for before the plan, which would query a server that another job is changing.
    try JobStore.refuseWhereBusy(operation)
    let request = try JobRequest(operation, plan: detach || isInteractive ? try operation.plan() : nil)
    defer { request.settle() }
    let job = request.folder
    let view = JobView(json: json)
    if detach || isInteractive {
      try request.start()
      return try detach ? leave(request) : view.attach(job)
    }
    do {
      let summary = try JobProcess.run(job, cancellation: Interruption.cancellation) { view.show($0) }
      view.finish(summary)
    } catch {
      view.end()
      throw error
    }
  }

  /// Runs an operation that writes its data to standard output: everything else is written to standard error.
  func runBesideStream(_ operation: any Operation) throws {
    guard !detach, !json else {
      throw ValidationError("--output - writes the archive to standard output: --json and --detach are not possible.")
    }
    let request = try JobRequest(operation, plan: nil)
    defer { request.settle() }
    let view = JobView(json: false, resultOnError: true)
    do {
      view.finish(try JobProcess.run(request.folder, cancellation: Interruption.cancellation) { view.show($0) })
    } catch {
      view.end()
      throw error
    }
  }

  /// Returns once the job has begun, or reports why it was refused.
  private func leave(_ request: JobRequest) throws {
    let job = request.folder
    let finished = try request.awaitBegin(cancellation: Interruption.cancellation)
    if json { return StandardStream.json(JSONText.of("started", JobStart(job: job.id, folder: job.path))) }
    let state = finished == nil ? "is running" : "has finished already"
    StandardStream.output("Job \(job.id) \(state). See it with: \(job.command("attach"))\n")
  }

  /// The job that goes on after the command.
  private struct JobStart: Encodable {
    let job: String
    let folder: String
  }

  /// Runs an operation, or shows its plan.
  func perform(_ operation: any Operation, dryRun: Bool) throws {
    if dryRun { try rehearse(operation) } else { try run(operation) }
  }

  /// Runs a read-only operation without a job.
  func look(_ operation: any Runnable) throws {
    let view = JobView(json: json)
    do {
      view.finish(try operation.perform(Progress(cancellation: Interruption.cancellation) { view.show($0) }))
    } catch {
      view.end()
      throw error
    }
  }

  private var isInteractive: Bool { !json && isatty(0) == 1 && isatty(2) == 1 }

  /// Shows the plan and the checks, and changes nothing.
  func rehearse(_ operation: any Runnable) throws {
    let findings = try operation.check()
    let plan = try operation.plan()
    if json {
      StandardStream.json(PlanText.json(plan, findings))
    } else {
      StandardStream.output(PlanText.of(plan, findings))
    }
    if let refusal = Blocked.of(findings) { throw ExitCode(refusal.family.rawValue) }
  }
}
