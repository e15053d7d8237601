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
      let exitCode: Int32
      let plan: Plan
      let findings: [Finding]
    }
    let exitCode = Blocked.of(findings)?.family.rawValue ?? 0
    return JSONText.of("rehearsed", Rehearsal(exitCode: exitCode, plan: plan, findings: findings))
  }
}

/// The lines of `--json`: one object each, with its kind in "event", and the version of the format in "version".
enum JSONText {
  /// Returns one line.
  ///
  /// - Parameters:
  ///   - event: the kind of the line, as in the schema of the output.
  ///   - value: its other fields; must be encoded as an object.
  static func of(_ event: String, _ value: some Encodable) -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    let line = Line(event: event, value: value)
    return ((try? encoder.encode(line)).map { String(decoding: $0, as: UTF8.self) } ?? "{}") + "\n"
  }

  /// Returns the last line of a list, by which a reader knows that it is complete.
  static func end(ofList count: Int) -> String {
    struct End: Encodable {
      let count: Int
    }
    return of("listed", End(count: count))
  }

  private struct Line<Value: Encodable>: Encodable {
    let event: String
    let value: Value

    enum CodingKeys: String, CodingKey { case event, version }

    func encode(to encoder: any Encoder) throws {
      try value.encode(to: encoder)
      var container = encoder.container(keyedBy: CodingKeys.self)
      try container.encode(event, forKey: .event)
      try container.encode(EventLine.version, forKey: .version)
    }
  }
}
