import Common
import Terminal

extension WizardModel {
  /// Help and log use a large box; questions are in the middle.
  private var readingBox: Rect {
    let space = Rect(size).inset(columns: 2, rows: 1)
    return space.centered(Size(columns: min(space.columns, 90), rows: space.rows))
  }

  /// The number of visible rows of a text in the box.
  var readingRows: Int { max(1, readingBox.rows - 2) }

  private var readingWidth: Int { max(1, readingBox.columns - 4) }

  func drawOverlay(_ frame: inout Frame) {
    frame.cursor = nil
    switch overlay {
    case .help(let first)?:
      drawReading(&frame, "Help \(glyphs.separator) \(session.step.title)", helpRows, first: first)
    case .log(let first)?:
      let rows = logRows
      drawReading(&frame, "Log", rows, first: first ?? max(0, rows.count - readingRows))
    case .question(let question)?: drawQuestion(&frame, question)
    case nil: break
    }
  }

  private func drawReading(_ frame: inout Frame, _ title: String, _ rows: [Row], first: Int) {
    let box = readingBox
    let inside = frame.box(box, title: title)
    frame.draw(rows, from: first, in: inside)
    frame.scrollBar(column: box.endColumn - 1, row: inside.row, rows: inside.rows, first: first, total: rows.count)
    frame.cursor = Frame.Cursor(inside.origin, visible: false)
  }

  private func drawQuestion(_ frame: inout Frame, _ question: Overlay.Question) {
    let width = min(size.columns - 4, 64)
    var builder = RowBuilder(width: width - 4, glyphs: glyphs)
    for text in question.text {
      builder.paragraph(text)
      builder.gap()
    }
    for (index, choice) in question.choices.enumerated() {
      let focused = index == question.focused
      let danger = choice.outcome != .stay
      builder.add(
        Row(
          spans: [Span("\(focused ? glyphs.pointer : " ") \(choice.title)")],
          fill: focused ? (danger ? .danger : .focus) : nil, isFocus: focused,
          cursor: focused ? Frame.Cursor(Point(column: 0, row: 0), visible: false) : nil))
    }
    let rows = builder.rows
    let box = Rect(size).centered(Size(columns: width, rows: rows.count + 2))
    let inside = frame.box(box, title: question.title)
    // In a low window the text is truncated, never the choices.
    frame.draw(rows, from: max(0, rows.count - inside.rows), in: inside)
  }

  // MARK: Texts

  /// The purpose of the step and all its keys.
  var helpRows: [Row] {
    var builder = RowBuilder(width: readingWidth, glyphs: glyphs)
    builder.paragraph(session.step.heading(session.answers), .title)
    builder.gap()
    builder.blocks(session.step.explanation(session.answers) + session.step.help, .text)
    builder.gap()
    builder.add(.text("Keys", .title))
    builder.paragraph(typingRule)
    builder.gap()
    var copy = self
    copy.closeOverlay()
    for binding in copy.bindings {
      let keys = binding.keys.map(\.description).joined(separator: ", ")
      let label = TextWidth.padded(keys, to: 18, ellipsis: glyphs.ellipsis)
      let why = binding.disabled.map { " (not now: \($0))" } ?? ""
      for (offset, line) in TextWidth.wrapped(binding.explanation + why, to: readingWidth - 20).enumerated() {
        builder.add(
          Row(
            spans: offset == 0 ? [Span(label + "  ", .key), Span(line)] : [Span(line)], indent: offset == 0 ? 0 : 20))
      }
    }
    return builder.rows
  }

  var logRows: [Row] {
    var builder = RowBuilder(width: readingWidth, glyphs: glyphs)
    for line in session.run?.log ?? [] {
      let time = TextWidth.padded(line.after.map { Self.clock($0) } ?? "", to: 8, alignment: .trailing)
      // The sign shows a warning without colours too.
      let sign = line.isWarning ? [Span(" \(glyphs.warning)", .warning)] : []
      builder.marked([Span(time, .muted)] + sign, line.text)
    }
    if builder.rows.isEmpty { builder.add(.text("Nothing has been reported yet")) }
    return builder.rows
  }

  /// Returns for example "12:05" or "1:02:05".
  static func clock(_ duration: Duration) -> String {
    let whole = Int(duration.seconds)
    func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
    let tail = "\(two(whole % 3600 / 60)):\(two(whole % 60))"
    return whole < 3600 ? tail : "\(whole / 3600):\(tail)"
  }
}
