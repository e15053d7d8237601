import Common
import Engine
import Operations

extension FlowSession {
  /// The outcome as plain text for the normal screen; nil if nothing happened.
  var plainText: String? { text(isSpoken: false) }

  /// Who cancelled the operation: any operator of the server can cancel a job.
  var cancellationText: String {
    runner?.isWatched == true && run?.isStopping == false
      ? "Stopped by another operator." : "Stopped at your request."
  }

  /// The outcome for a screen reader, without columns.
  var spokenText: String? { text(isSpoken: true) }

  private func text(isSpoken: Bool) -> String? {
    switch run?.outcome {
    case .success(let summary):
      let done = Set(checklist.items.indices.filter { checklist.items[$0].isDone })
      return Self.text(
        of: JobChecklist.marked(summary, done: done), heading: steps.last?.heading(answers) ?? summary.title, isSpoken)
    case .failure(let trouble) where trouble.isCancelled:
      return "\(cancellationText) All changes were rolled back.\n"
    case .failure(let trouble):
      let remedy = trouble.remedy.map { "What to do: \($0)\n" } ?? ""
      return "The operation failed. \(trouble.subject): \(trouble.reason)\n\(remedy)"
    case nil:
      guard let run, run.isRunning, let runner, runner.outlivesWizard else { return nil }
      return "\(runner.noun) continues. Start the wizard again to watch it, or:\n  \(runner.watchCommand(answers))\n"
    }
  }

  private static func text(of summary: Summary, heading: String, _ isSpoken: Bool) -> String {
    "\(SafeText.clean(heading))\n\n" + PlainReport(isSpoken: isSpoken).text(.of(summary))
  }
}
