import Common
import Engine
import FoundationEssentials

/// A summary as plain text.
enum SummaryText {
  static func of(_ summary: Summary) -> String {
    let width = summary.facts.map(\.name.count).max() ?? 0
    var text = "\n\(summary.title).\n"
    for fact in summary.facts {
      text += "  \(fact.name)\(String(repeating: " ", count: width - fact.name.count))  \(SafeText.clean(fact.value))\n"
    }
    if !summary.warnings.isEmpty {
      text += "\nWarnings:\n" + summary.warnings.map { "  - \(SafeText.clean($0))\n" }.joined()
    }
    if !summary.nextSteps.isEmpty {
      text += "\nWhat to do next:\n"
      var number = 0
      for step in summary.nextSteps {
        // A command belongs to the step before it.
        if step.hasPrefix("$ ") {
          text += "       \(step.dropFirst(2))\n"
        } else {
          number += 1
          text += "  \(number). \(step)\n"
        }
      }
    }
    return text
  }
}

/// A plan with the findings of its checks.
enum PlanText {
  static func of(_ plan: Plan, _ findings: [Finding]) -> String {
    var text = "\(plan.title).\n\nWhat would be done:\n"
    for (index, phase) in plan.phases.enumerated() {
      text += "  \(index + 1). \(phase.title)\(phase.amount.map { " (\($0))" } ?? "")\n"
    }
    if !plan.destroys.isEmpty { text += "\nWhat goes:\n" + plan.destroys.map { "  - \($0)\n" }.joined() }
    if !plan.leavesAlone.isEmpty { text += "\nWhat is left alone:\n" + plan.leavesAlone.map { "  - \($0)\n" }.joined() }
    text += "\nChecks:\n"
    for finding in findings {
      let mark =
        switch finding.severity {
        case .ok: "ok"
        case .warning: "warning"
        case .blocker: "BLOCKER"
        }
      text += "  \(mark): \(finding.subject): \(finding.reason)\n"
      if let remedy = finding.remedy { text += "      What to do: \(remedy)\n" }
    }
    return text
  }

  static func json(_ plan: Plan, _ findings: [Finding]) -> String {
    struct Rehearsal: Encodable {
      let event = "rehearsed"
      let plan: Plan
      let findings: [Finding]
    }
    return JSONText.of(Rehearsal(plan: plan, findings: findings))
  }
}

enum JSONText {
  /// One line.
  static func of(_ value: some Encodable) -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return ((try? encoder.encode(value)).map { String(decoding: $0, as: UTF8.self) } ?? "{}") + "\n"
  }
}
