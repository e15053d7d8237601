import Common

/// Formats a report as plain text, for the output of commands and for the terminal after a screen is closed.
public struct PlainReport: Sendable {
  /// Whether the text is for a screen reader: without columns and item numbers.
  public var isSpoken: Bool

  public init(isSpoken: Bool = false) { self.isSpoken = isSpoken }

  /// Returns the lines, cleaned of control characters.
  public func lines(_ report: Report, indent: String = "") -> [String] {
    var lines: [String] = []
    var steps = 0
    for block in report.blocks {
      switch block {
      case .heading(let text): lines.append("\(indent)\(text):")
      case .paragraph(let text, _): lines.append("\(indent)\(text)")
      case .facts(let facts): lines += self.lines(facts, indent)
      case .item(let label, let text, _): lines.append("\(indent)  \(label.map { "\($0): " } ?? "- ")\(text)")
      case .remedy(let text): lines.append("\(indent)      What to do: \(text)")
      case .step(let step):
        steps += 1
        lines.append("\(indent)  \(isSpoken ? "-" : "\(steps).") \(step.text)")
        lines += step.commands.map { "\(indent)       \($0)" }
      case .gap: lines.append("")
      }
    }
    return lines.map { SafeText.clean($0) }
  }

  /// Returns the lines as one text with a final line break.
  public func text(_ report: Report, indent: String = "") -> String {
    lines(report, indent: indent).map { "\($0)\n" }.joined()
  }

  private func lines(_ facts: [Summary.Fact], _ indent: String) -> [String] {
    let width = facts.map(\.name.count).max() ?? 0
    return facts.map { fact in
      let gap = isSpoken ? ": " : String(repeating: " ", count: width - fact.name.count + 2)
      return "\(indent)  \(fact.name)\(gap)\(fact.value)"
    }
  }
}
