import Common
import Terminal

extension WizardModel {
  /// Returns the phases with their states and the overall progress, or the failure.
  func runPage(_ width: Int) -> Page {
    var builder = RowBuilder(width: width, glyphs: glyphs)
    guard let run = session.run, case .run(let runner) = session.step.kind else { return Page() }
    if case .failure(let trouble)? = run.outcome {
      builder.paragraph(
        trouble.isCancelled ? "\(runner.noun) is stopped" : "\(runner.noun) failed", .title)
      builder.gap()
      addTrouble(trouble, to: &builder)
      return Page(rows: builder.rows)
    }
    builder.paragraph(session.step.heading(session.answers), .title)
    if size.rows >= 20 { builder.gap() }
    if run.phases.isEmpty {
      builder.marked(Span(glyphs.current, .accent), "Preparing\(glyphs.ellipsis)")
    }
    for phase in run.phases { builder.add(row(of: phase, isNewest: phase.id == run.current?.id, width)) }
    return Page(rows: builder.rows, pinned: statusRows(run, width))
  }

  private func row(of phase: RunState.Phase, isNewest: Bool, _ width: Int) -> Row {
    let (mark, role): (String, Role) =
      switch phase.state {
      case .done: (glyphs.done, .ok)
      case .current: (glyphs.current, .accent)
      case .todo: (glyphs.todo, .muted)
      }
    let amount = TextWidth.truncated(amount(of: phase), to: width / 2, ellipsis: glyphs.ellipsis)
    let room = width - 2 - TextWidth.columns(amount) - (amount.isEmpty ? 0 : 2)
    let title = TextWidth.padded(phase.title, to: max(0, room), ellipsis: glyphs.ellipsis)
    // The current phase has the cursor, for screen readers.
    let isCurrent = phase.state == .current
    return Row(
      spans: [
        Span(mark + " ", role), Span(title, isCurrent ? .title : phase.state == .done ? .text : .secondary),
        Span(amount.isEmpty ? "" : "  " + amount, .secondary),
      ], isFocus: isNewest, cursor: isNewest ? atStart : nil)
  }

  private func amount(of phase: RunState.Phase) -> String {
    switch phase.state {
    case .todo: return phase.amount ?? ""
    case .current: return ProgressWords.done(phase)
    case .done:
      if phase.done > 0, phase.unit != .steps { return ProgressWords.count(phase.done, phase.unit) }
      return phase.amount ?? ""
    }
  }

  // MARK: How far

  private func statusRows(_ run: RunState, _ width: Int) -> [Row] {
    let percent = Int(run.fraction * 100)
    let label = TextWidth.padded("\(percent) %", to: 6, alignment: .trailing)
    let bar = Frame.bar(columns: max(0, width - 6), fraction: run.fraction, glyphs: glyphs)
    var rows: [Row] = [.empty]
    rows.append(Row(spans: [Span(bar.done, .progressDone), Span(bar.todo, .progressTodo), Span(label, .text)]))
    rows.append(.text(TextWidth.truncated(timeText(run), to: width, ellipsis: glyphs.ellipsis)))
    rows.append(lastWord(of: run, width))
    return rows
  }

  private func timeText(_ run: RunState) -> String {
    var parts = ["\(Self.clock(run.elapsed(now: now))) so far"]
    if run.isStopping {
      parts.append("stopping")
    } else {
      parts.append(
        run.rate.left(until: 1, now: now).map { TimeLeft.about(seconds: $0) } ?? "estimating\(glyphs.ellipsis)")
    }
    if let phase = run.current, phase.unit != .steps, let speed = run.phasePace.speed(now: now) {
      let number = speed.isFinite && speed < 1e15 ? Int64(speed.rounded()) : 0
      parts.append("\(ProgressWords.count(number, phase.unit))/s")
    }
    if run.warnings > 0 { parts.append(Amount.of(Int64(run.warnings), "warning")) }
    return parts.joined(separator: " \(glyphs.separator) ")
  }

  private func lastWord(of run: RunState, _ width: Int) -> Row {
    if run.isStopping {
      return .text(TextWidth.truncated("Rolling back; this may take a moment", to: width, ellipsis: glyphs.ellipsis))
    }
    guard let last = run.log.last else { return .empty }
    let sign = last.isWarning ? [Span("\(glyphs.warning) ", .warning)] : []
    let room = width - (last.isWarning ? TextWidth.columns(glyphs.warning) + 1 : 0)
    return Row(spans: sign + [Span(TextWidth.truncated(last.text, to: room, ellipsis: glyphs.ellipsis))])
  }
}
