import Common
import Operations
import Terminal

extension WizardModel {
  /// Returns the current step in its full length.
  ///
  /// - Parameter window: the visible lines; nil for all. Other lines of long lists are ``Row/unseen``, unless they are
  ///   focused.
  func page(_ window: Range<Int>? = nil) -> Page {
    let width = layout.body.columns
    switch session.step.kind {
    case .questions, .branch: return questionsPage(width, window)
    case .review: return reviewPage(width)
    case .run: return runPage(width)
    case .result: return resultPage(width)
    }
  }

  func opening(_ width: Int, _ window: Range<Int>? = nil) -> RowBuilder {
    var builder = RowBuilder(width: width, glyphs: glyphs, window: window)
    builder.paragraph(session.step.heading(session.answers), .title)
    let explanation = session.step.explanation(session.answers)
    if !explanation.isEmpty {
      // Low windows have no empty line.
      if size.rows >= 20 { builder.gap() }
      builder.blocks(explanation, .text)
    }
    return builder
  }

  // MARK: Questions

  private func questionsPage(_ width: Int, _ window: Range<Int>?) -> Page {
    var builder = opening(width, window)
    for field in session.fields {
      builder.gap()
      add(field, to: &builder)
    }
    if session.step.lookup != nil { addLookup(to: &builder) }
    let ways = session.stepsOfBlockers.map { buttonRow(.button(.change($0.id)), "Change: \($0.title)") }
    return Page(rows: builder.rows, pinned: filterRows(width) + (ways.isEmpty ? [] : [.empty] + ways))
  }

  func addLookup(to builder: inout RowBuilder) {
    builder.gap()
    guard let lookup = session.step.lookup else { return }
    switch session.lookupState?.phase {
    case nil:
      let isBroken = session.fields.contains { $0.problem(session.step.key($0), session.answers) != nil }
      if !isBroken { builder.paragraph("Enter looks there.") }
    case .looking?: builder.marked(Span(glyphs.current, .accent), session.activity(glyphs.ellipsis) ?? lookup.busy)
    case .failed(let trouble)?: addTrouble(trouble, to: &builder)
    case .ready(let result)?: add(result, to: &builder)
    }
  }

  private func add(_ result: LookupResult, to builder: inout RowBuilder) {
    builder.pairs(result.facts.map { ($0.name, $0.value) })
    if !result.findings.isEmpty {
      builder.gap()
      builder.report(.of(result.findings))
    }
    if let remark = result.remark {
      builder.gap()
      builder.paragraph(remark)
    }
    if !result.text.isEmpty {
      builder.gap()
      builder.blocks(result.text, .text)
    }
    if !result.difference.isEmpty {
      builder.gap()
      builder.difference(result.difference)
    }
  }

  /// Adds an error with subject, reason and remedy, and the continuations.
  func addTrouble(_ trouble: Trouble, to builder: inout RowBuilder) {
    if trouble.isCancelled {
      builder.marked(Span(glyphs.skipped, .warning), session.cancellationText, .title)
      builder.paragraph("All changes were rolled back.", .text, indent: 2)
    } else {
      builder.marked(Span(glyphs.failed, .error), trouble.subject, .title)
      builder.paragraph(trouble.reason, .text, indent: 2)
      if let remedy = trouble.remedy {
        builder.gap()
        builder.paragraph("What to do: \(remedy)", .text, indent: 2, hanging: 12)
      }
    }
    let buttons: [(Focus.Button, String)] = [(.retry, "Try again"), (.back, "Back"), (.leave, "Leave the wizard")]
    let shown = buttons.filter { session.focusable.contains(.button($0.0)) }
    if !shown.isEmpty { builder.gap() }
    for (button, title) in shown { builder.add(buttonRow(.button(button), title)) }
  }

  func buttonRow(_ target: Focus, _ title: String) -> Row {
    let focused = target == focus
    return Row(
      spans: [Span("\(focused ? glyphs.pointer : " ") \(title)", .text)], fill: focused ? .focus : nil,
      isFocus: focused, cursor: focused ? atStart : nil)
  }

  /// In lists the cursor is hidden, and set for screen readers.
  var atStart: Frame.Cursor { Frame.Cursor(Point(column: 0, row: 0), visible: false) }

  // MARK: Review

  private func reviewPage(_ width: Int) -> Page {
    var builder = opening(width)
    builder.gap()
    let lines = session.review
    let longest = lines.map { TextWidth.columns($0.title) }.max() ?? 0
    let margin = min(longest, width / 3)
    for line in lines {
      let focused = focus == .line(line.key)
      let label = TextWidth.padded(line.title, to: margin, ellipsis: glyphs.ellipsis)
      let answer = line.answer.isEmpty ? "(empty)" : line.answer
      for (offset, part) in TextWidth.wrapped(answer, to: width - margin - 4).enumerated() {
        let start = offset == 0 ? "\(focused ? glyphs.pointer : " ") \(label)  " : ""
        builder.add(
          Row(
            spans: [Span(start, .secondary), Span(part)], indent: offset == 0 ? 0 : margin + 4,
            fill: focused ? .focus : nil, isFocus: focused, cursor: focused && offset == 0 ? atStart : nil))
      }
    }
    addPlan(to: &builder)
    let commands = session.flow.commands(session.answers)
    if !commands.isEmpty {
      builder.gap()
      builder.paragraph("Equivalent commands:")
      let areComplete = commands.map { builder.command($0) }.allSatisfy { $0 }
      if !areComplete {
        builder.paragraph("A word is too long for this window: Ctrl-E writes the commands into a file.")
      }
    }
    guard !session.lookupFailed else { return Page(rows: builder.rows) }
    return Page(rows: builder.rows, pinned: [.empty, buttonRow(.button(.start), startTitle)])
  }

  /// Without a plan the operation cannot start.
  private var startTitle: String {
    guard session.lookupState?.ticket != nil else { return session.step.proceed }
    return session.activity(glyphs.ellipsis) ?? session.step.proceed
  }

  private func addPlan(to builder: inout RowBuilder) {
    switch session.lookupState?.phase {
    case .ready(let result)?:
      if !result.facts.isEmpty {
        builder.gap()
        builder.pairs(result.facts.map { ($0.name, $0.value) })
      }
      if let plan = result.plan {
        builder.gap()
        builder.report(.of(plan, listsPhases: false, mostDeleted: Plan.mostShown))
      }
      if !result.difference.isEmpty {
        builder.gap()
        builder.paragraph("Changes in the files:")
        builder.difference(result.difference)
      }
    case .failed?: addLookup(to: &builder)
    case .looking?, nil: break
    }
  }

  // MARK: Result

  private func addChecklist(to builder: inout RowBuilder) {
    guard !session.checklist.isEmpty else { return }
    builder.gap()
    builder.add(.text("Next steps", .title))
    for (index, item) in session.checklist.items.enumerated() {
      let focused = focus == .button(.nextStep(index))
      let mark = item.isDone ? glyphs.checkboxOn : glyphs.checkboxOff
      let margin = TextWidth.columns(mark) + 3
      for (offset, line) in TextWidth.wrapped(item.text, to: width(of: builder) - margin).enumerated() {
        let lead =
          offset == 0
          ? [Span("\(focused ? glyphs.pointer : " ") "), Span(mark + " ", item.isDone ? .ok : .accent)] : []
        builder.add(
          Row(
            spans: lead + [Span(line)], indent: offset == 0 ? 0 : margin,
            fill: focused ? .focus : nil, isFocus: focused, cursor: focused && offset == 0 ? atStart : nil))
      }
      if !item.isDone { builder.commands(item.step.commands, indent: margin + 1) }
    }
  }

  private func width(of builder: RowBuilder) -> Int { max(8, builder.width) }

  private func resultPage(_ width: Int) -> Page {
    var builder = opening(width)
    guard case .success(let summary)? = session.run?.outcome else { return Page(rows: builder.rows) }
    builder.gap()
    builder.report(.outcome(of: summary))
    addChecklist(to: &builder)
    let buttons = session.continuations.enumerated().map { index, continuation in
      buttonRow(.button(.continuation(index)), continuation.title)
    }
    return Page(rows: builder.rows, pinned: [.empty] + buttons + [buttonRow(.button(.leave), session.step.proceed)])
  }
}
