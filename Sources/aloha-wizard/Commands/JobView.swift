import ArgumentParser
import Common
import Engine
import Glibc
import Operations

/// Shows a job on the normal screen, as lines or as JSON.
final class JobView: Sendable {
  private let json: Bool
  private let lines = ProgressLines()

  /// Whether the result is written to standard error, because standard output has another purpose.
  private let resultOnError: Bool

  init(json: Bool, resultOnError: Bool = false) {
    self.json = json
    self.resultOnError = resultOnError
  }

  func show(_ event: ProgressEvent) {
    if json { StandardStream.json(EventLine.encode(event) + "\n") } else { lines.show(event) }
  }

  func finish(_ summary: Summary) {
    lines.end()
    guard !json else { return }
    let text = SummaryText.of(summary)
    resultOnError ? StandardStream.error(text) : StandardStream.output(text)
  }

  /// Clears the terminal's line before an error is reported.
  func end() { lines.end() }

  /// Follows a job in its own process to its end. Ctrl-C cancels the job; losing the terminal does not.
  func attach(_ job: JobFolder) throws {
    var outcome: ProgressEvent?
    var stop = StopRequest(job)
    if !json { StandardStream.error("Job \(job.id). Ctrl-C stops it; it continues when this terminal is closed.\n") }
    signal(SIGHUP, SIG_DFL)
    try JobFollower(job).follow { event in
      switch event {
      case .finished, .failed: outcome = event
      default: break
      }
      show(event)
    } wait: {
      usleep(100_000)
      if try stop.send(if: Interruption.cancellation) {
        lines.end()
        StandardStream.error("Stopping; changes so far are rolled back.\n")
      }
    }
    try conclude(outcome)
  }

  /// Shows the recorded result of a job that has ended, and what can be done with the job.
  func showEnded(_ job: JobFolder, _ status: JobStatus) throws {
    var outcome: ProgressEvent?
    try JobFollower(job).follow { event in
      if event.isEnd { outcome = event }
      if json { show(event) }
    }
    guard !json else { return try conclude(outcome) }
    let ended = status.ended.map { " \(Age.words($0))" } ?? ""
    let took = status.seconds().map { ", after \(Amount.duration(seconds: $0))" } ?? ""
    let state = status.state == .undone ? status.obstacles[.undo].map { "undone: \($0)" } : nil
    StandardStream.output(
      "\(status.title)\nJob \(job.id) of \(status.startedBy) has ended\(ended)\(took). State: "
        + "\(state ?? status.state.rawValue).\n")
    defer { StandardStream.output(JobActionsText.of(status)) }
    if case .finished(let summary) = outcome {
      outcome = .finished(JobChecklist.marked(summary, done: JobChecklist(job).done()))
    }
    try conclude(outcome)
  }

  private func conclude(_ outcome: ProgressEvent?) throws {
    switch outcome {
    case .finished(let summary): finish(summary)
    case .failed(let failure):
      lines.end()
      if !json { FailureText.write(JobFailure(failure)) }
      throw ExitCode(failure.exitCode)
    default: break
    }
  }
}
