import Common
import Engine

extension Journey {
  /// What came of it, as plain text for the normal screen; nil where nothing happened.
  var plainText: String? { text(isSpoken: false) }

  /// Who stopped the work, where it was stopped: a job can be by any operator of the server.
  var wordsOfStopping: String {
    runner?.isWatched == true && run?.isStopping == false
      ? "Stopped, as another operator wished." : "Stopped, as you wished."
  }

  /// The same to be listened to: no columns.
  var spokenText: String? { text(isSpoken: true) }

  private func text(isSpoken: Bool) -> String? {
    switch run?.outcome {
    case .success(let summary):
      return Self.text(of: summary, heading: steps.last?.heading(answers) ?? summary.title, isSpoken)
    case .failure(let trouble) where trouble.isCancelled:
      return "\(wordsOfStopping) Everything is as it was before.\n"
    case .failure(let trouble):
      let remedy = trouble.remedy.map { "What to do: \($0)\n" } ?? ""
      return "It did not work out. \(trouble.subject): \(trouble.reason)\n\(remedy)"
    case nil:
      guard let run, run.isRunning, let runner, runner.outlivesWizard else { return nil }
      return "\(runner.noun) goes on. Watch it with: \(Program.name) jobs attach, or start the wizard again.\n"
    }
  }

  private static func text(of summary: Summary, heading: String, _ isSpoken: Bool) -> String {
    var lines = [heading, ""]
    let width = summary.facts.map(\.name.count).max() ?? 0
    for fact in summary.facts {
      let gap = isSpoken ? ":" : String(repeating: " ", count: width - fact.name.count) + " "
      lines.append("  \(fact.name)\(gap) \(fact.value)")
    }
    for warning in summary.warnings { lines += ["", "Warning: \(warning)"] }
    if !summary.nextSteps.isEmpty {
      lines += ["", "What to do next:"]
      for step in summary.nextSteps {
        lines.append(step.hasPrefix("$ ") ? "      \(step.dropFirst(2))" : "  - \(step)")
      }
    }
    return SafeLines.clean(lines) + "\n"
  }
}

private enum SafeLines {
  static func clean(_ lines: [String]) -> String { lines.map { SafeText.clean($0) }.joined(separator: "\n") }
}
