import Operations
import Terminal

extension RowBuilder {
  /// Adds a report with coloured marks beside its texts, and facts in two columns.
  mutating func report(_ report: Report) {
    for block in report.blocks {
      switch block {
      case .heading(let text): add(.text(text, .title))
      case .paragraph(let text, .plain): paragraph(text)
      case .paragraph(let text, let tone): marked(Span(mark(tone), tone.role), text, tone == .bad ? .title : .text)
      case .facts(let facts): pairs(facts.map { ($0.name, $0.value) })
      case .item(let label, let text, let tone):
        marked(Span(mark(tone), tone.role), (label.map { "\($0): " } ?? "") + text)
      case .remedy(let text): marked(Span(glyphs.arrowRight, .accent), text, indent: 2)
      case .step(let step):
        marked(Span(glyphs.checkboxOff, .accent), step.text)
        commands(step.commands, indent: 4)
      case .gap: gap()
      }
    }
  }

  /// Adds command lines of a result, which is printed when the wizard is left.
  mutating func commands(_ lines: [String], indent: Int) {
    let areComplete = lines.map { command($0, indent: indent) }.allSatisfy { $0 }
    if !areComplete { paragraph("The whole line is in your terminal when you leave.", indent: indent) }
  }

  private func mark(_ tone: Report.Tone) -> String {
    switch tone {
    case .plain: glyphs.bullet
    case .good: glyphs.done
    case .warning: glyphs.warning
    case .bad: glyphs.failed
    }
  }
}

extension Report.Tone {
  /// The role of the mark.
  fileprivate var role: Role {
    switch self {
    case .plain: .accent
    case .good: .ok
    case .warning: .warning
    case .bad: .error
    }
  }
}
