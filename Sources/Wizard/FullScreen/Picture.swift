import Terminal

extension WizardModel {
  /// The current screen.
  var picture: Frame {
    var frame = Frame(size: size, glyphs: glyphs)
    guard !isTooSmall else {
      drawTooSmall(&frame)
      return frame
    }
    let layout = layout
    drawHeader(&frame, layout.header)
    if let steps = layout.steps { drawSteps(&frame, steps) }
    if let line = layout.stepLine { drawStepLine(&frame, line) }
    drawPage(&frame, layout.body)
    for (offset, line) in noticeLines.enumerated() {
      let place = Point(column: layout.notice.column, row: layout.notice.row + offset)
      frame.put([Span(offset == 0 ? "\(glyphs.warning) " : "  ", .warning), Span(line)], at: place)
    }
    if overlay != nil { drawOverlay(&frame) }
    drawKeyBar(&frame, layout.keyBar)
    return frame
  }

  private func drawTooSmall(_ frame: inout Frame) {
    let needed = "\(Self.smallest.columns)x\(Self.smallest.rows)"
    let leave = isRunning ? "" : " Ctrl-C leaves."
    let text = "Needs \(needed), has \(size.columns)x\(size.rows). Nothing is lost.\(leave)"
    frame.put(
      TextWidth.truncated(text, to: size.columns, ellipsis: glyphs.ellipsis), at: Point(column: 0, row: 0), role: .text)
    frame.cursor = Frame.Cursor(Point(column: 0, row: 0), visible: false)
  }

  /// Draws the flow, the servers and the badge; the middle is truncated first.
  private func drawHeader(_ frame: inout Frame, _ rect: Rect) {
    frame.fill(rect, role: .header)
    let title = " \(session.flow.title)"
    frame.put(title, at: rect.origin, role: .header)
    let badge = " \(session.flow.badge(session.answers).rawValue) "
    let badgeColumn = rect.endColumn - TextWidth.columns(badge) - 1
    frame.put(badge, at: Point(column: badgeColumn, row: rect.row), role: badgeRole)
    let start = rect.column + TextWidth.columns(title) + 3
    let room = badgeColumn - 2 - start
    let route = routeText(room)
    frame.put(route, at: Point(column: start, row: rect.row), role: .header)
  }

  private func routeText(_ room: Int) -> String {
    let route = session.flow.route(session.answers)
    guard let from = route.from, room > 8 else { return "" }
    guard let to = route.to else { return TextWidth.truncated(from, to: room, ellipsis: glyphs.ellipsis) }
    let arrow = " \(glyphs.arrowRight) "
    let each = (room - TextWidth.columns(arrow)) / 2
    let whole = from + arrow + to
    if TextWidth.columns(whole) <= room { return whole }
    return TextWidth.truncated(from, to: each, ellipsis: glyphs.ellipsis) + arrow
      + TextWidth.truncated(to, to: each, ellipsis: glyphs.ellipsis)
  }

  private var badgeRole: Role {
    switch session.flow.badge(session.answers) {
    case .production: .production
    case .test: .test
    case .restore: .restore
    }
  }

  private func drawStepLine(_ frame: inout Frame, _ rect: Rect) {
    let position = session.position
    frame.put(
      [
        Span(position.count == 1 ? "" : "Step \(position.number) of \(position.count)", .title),
        Span(position.count == 1 ? session.step.title : " \(glyphs.separator) \(session.step.title)"),
      ], at: rect.origin, clip: rect)
  }

  private func drawSteps(_ frame: inout Frame, _ rect: Rect) {
    let steps = session.steps
    let current = steps.firstIndex { $0.id == session.step.id } ?? 0
    // Shows the steps around the current one.
    let first = min(max(0, current - rect.rows / 2), max(0, steps.count - rect.rows))
    for (offset, step) in steps.dropFirst(first).prefix(rect.rows).enumerated() {
      let (mark, role, titleRole): (String, Role, Role) =
        switch session.state(of: step) {
        case .done: (glyphs.done, .ok, .text)
        case .current: (glyphs.current, .accent, .title)
        case .attention: (glyphs.warning, .warning, .text)
        case .todo: (glyphs.todo, .muted, .secondary)
        }
      let title = TextWidth.truncated(step.title, to: rect.columns - 2, ellipsis: glyphs.ellipsis)
      frame.put(
        [Span(mark, role), Span(" " + title, titleRole)],
        at: Point(column: rect.column, row: rect.row + offset), clip: rect)
    }
    for row in rect.row..<rect.endRow {
      frame.put(glyphs.vertical, at: Point(column: rect.endColumn, row: row), role: .border)
    }
  }

  private func drawPage(_ frame: inout Frame, _ rect: Rect) {
    let page = page(scroll.first..<(scroll.first + rect.rows))
    // Pinned rows follow a short page directly.
    let height = min(rect.rows, page.rows.count + page.pinned.count)
    let shown = Rect(column: rect.column, row: rect.row, columns: rect.columns, rows: height)
    let (above, below) = shown.split(bottom: page.pinned.count)
    frame.draw(page.rows, from: scroll.first, in: above)
    frame.draw(page.pinned, in: below)
    frame.scrollBar(
      column: rect.endColumn + 1, row: above.row, rows: above.rows, first: scroll.first, total: page.rows.count)
    if frame.cursor == nil { frame.cursor = Frame.Cursor(rect.origin, visible: false) }
  }

  private func drawKeyBar(_ frame: inout Frame, _ rect: Rect) {
    frame.keyBar(keyHints, in: rect)
  }

  /// The bindings with labels; neighbours with the same label are combined.
  var keyHints: [Frame.KeyHint] {
    var hints: [Frame.KeyHint] = []
    for binding in bindings {
      guard let label = binding.label, let key = binding.keys.first else { continue }
      if let last = hints.indices.last, hints[last].label == label {
        hints[last].key += "/\(key)"
      } else {
        hints.append(
          Frame.KeyHint("\(key)", label, enabled: binding.disabled == nil, importance: binding.importance))
      }
    }
    return hints
  }
}
