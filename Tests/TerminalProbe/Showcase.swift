import Terminal

/// A screen with all elements, to review a theme.
enum Showcase {
  static func draw(_ empty: Frame) -> Frame {
    var frame = empty
    let (top, below) = frame.bounds.split(top: 1)
    let (rest, bottom) = below.split(bottom: 1)
    header(&frame, top)
    var body = rest.inset(columns: 2, rows: 1)
    if frame.size.columns >= 100 {
      let parts = body.split(left: 26)
      steps(&frame, parts.left)
      body = parts.rest
    }
    page(&frame, body.centered(widest: 79))
    frame.keyBar(
      [
        .init("Enter", "continue"), .init("Esc", "back"), .init("?", "help"), .init("Ctrl-O", "log", enabled: false),
        .init("Ctrl-T", "theme"), .init("Ctrl-C", "leave"),
      ], in: bottom.inset(columns: 2, rows: 0))
    return frame
  }

  private static func header(_ frame: inout Frame, _ rect: Rect) {
    frame.fill(rect, role: .header)
    frame.put("Import an organization", at: Point(column: 2, row: 0), role: .header)
    let badges: [Span] = [Span(" PRODUCTION ", .production), Span(" TEST ", .test), Span(" RESTORE ", .restore)]
    let width = badges.reduce(0) { $0 + TextWidth.columns($1.text) }
    frame.put(badges, at: Point(column: rect.endColumn - width - 2, row: 0))
  }

  private static func steps(_ frame: inout Frame, _ rect: Rect) {
    let glyphs = frame.glyphs
    let steps: [(String, String, Role)] = [
      (glyphs.done, "Archive", .ok), (glyphs.done, "Target", .ok), (glyphs.current, "Secrets", .accent),
      (glyphs.warning, "Users", .warning), (glyphs.todo, "Review", .muted), (glyphs.skipped, "Reactivate", .disabled),
    ]
    for (offset, step) in steps.enumerated() {
      frame.put(
        [Span(step.0 + " ", step.2), Span(step.1, step.2)], at: Point(column: rect.column, row: rect.row + offset))
    }
  }

  private static func page(_ frame: inout Frame, _ rect: Rect) {
    let glyphs = frame.glyphs
    var row = rect.row
    frame.put("What shall become of the secrets?", at: Point(column: rect.column, row: row), role: .title)
    row += 1
    row += frame.paragraph(
      "Both servers have secrets of their own. Those that sign sessions and links stay as they are here; those that "
        + "open other services can come along, e.g. for 漢字チャット or Zürich.",
      in: Rect(column: rect.column, row: row, columns: rect.columns, rows: 3), role: .secondary)
    row += 1
    let table = Table(
      columns: [.init("Secret", grows: true), .init("Here", least: 6), .init("There", least: 6), .init("Decision")],
      rows: [
        [Span("secret_key"), Span("set"), Span("set", .muted), Span("keep", .ok)],
        [Span("email_password"), Span("set"), Span("none", .muted), Span("copy", .warning)],
        [Span("zulip_org_key"), Span("set"), Span("set", .muted), Span("drop", .error)],
      ])
    frame.table(table, in: Rect(column: rect.column, row: row, columns: rect.columns, rows: 5), focused: 1)
    row += 6
    let bar = max(10, rect.columns - 30)
    frame.put(glyphs.done + " Messages", at: Point(column: rect.column, row: row), role: .ok)
    frame.progressBar(at: Point(column: rect.column + 13, row: row), columns: bar, fraction: 0.637)
    frame.put("63 %  2 min left", at: Point(column: rect.column + 14 + bar, row: row), role: .muted)
    row += 2
    frame.put("Name", at: Point(column: rect.column, row: row), role: .text)
    frame.label("example-organization", at: Point(column: rect.column + 13, row: row), columns: 30, role: .inputFocused)
    frame.put("not the same name", at: Point(column: rect.column + 45, row: row), role: .error)
    row += 2
    frame.put(
      [
        Span("  \(glyphs.radioOn) Keep  ", .selection), Span("  \(glyphs.radioOff) Copy  ", .text),
        Span("  Delete  ", .danger), Span("  Cancel  ", .focus), Span("  Off  ", .disabled),
        Span("  https://example.com  ", .link),
      ], at: Point(column: rect.column, row: row))
    if rect.endRow - row > 6 {
      let box = frame.box(
        Rect(column: rect.column, row: row + 2, columns: rect.columns, rows: 5), title: "Before you go on")
      frame.put("\(glyphs.warning) The server is stopped for 4 minutes", at: box.origin, role: .warning)
      frame.put("\(glyphs.failed) Disk: 2 GB missing", at: Point(column: box.column, row: box.row + 1), role: .error)
      frame.put("\(glyphs.done) Versions match", at: Point(column: box.column, row: box.row + 2), role: .ok)
      frame.scrollBar(column: box.endColumn + 1, row: box.row, rows: 3, first: 2, total: 9)
    }
  }
}
