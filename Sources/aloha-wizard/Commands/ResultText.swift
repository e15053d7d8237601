import Common
import FoundationEssentials
import Operations

/// A summary as plain text.
enum SummaryText {
  static func of(_ summary: Summary) -> String {
    "\n\(SafeText.clean(summary.title)).\n" + PlainReport().text(.of(summary))
  }
}

/// A plan with the findings of its checks.
enum PlanText {
  static func of(_ plan: Plan, _ findings: [Finding]) -> String {
    let checks = Report([.gap, .heading("Checks")]) + .of(findings)
    return PlainReport().text(.of(plan) + checks)
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
  /// Returns one line of JSON.
  static func of(_ value: some Encodable) -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return ((try? encoder.encode(value)).map { String(decoding: $0, as: UTF8.self) } ?? "{}") + "\n"
  }
}
