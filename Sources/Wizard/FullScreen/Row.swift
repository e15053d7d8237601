import Terminal

/// One line of a page. A page is made of as many as it needs, and scrolled where there are more than fit.
struct Row: Sendable, Equatable {
  var spans: [Span]
  var indent = 0
  /// Paints the whole line, whatever the roles of its spans.
  var fill: Role?
  /// Belongs to what has the keyboard, and is kept in sight.
  var isFocus = false
  /// Where the terminal's cursor stands in it, and whether it is seen.
  var cursor: Frame.Cursor?

  static let empty = Row(spans: [])
  /// Takes a line and is outside of what is seen: of long lists only what is seen is put together.
  static let unseen = Row(spans: [Span("")])

  static func text(_ text: String, _ role: Role = .text, indent: Int = 0) -> Row {
    Row(spans: [Span(text, role)], indent: indent)
  }
}

/// A page: what is scrolled, and below it what always stays.
struct Page: Sendable, Equatable {
  var rows: [Row] = []
  var pinned: [Row] = []
}

/// Puts rows together in a column so wide.
struct RowBuilder {
  let width: Int
  let glyphs: Glyphs
  /// The lines that are going to be seen; nil for all.
  let window: Range<Int>?
  private(set) var rows: [Row] = []

  init(width: Int, glyphs: Glyphs, window: Range<Int>? = nil) {
    self.width = width
    self.glyphs = glyphs
    self.window = window
  }

  /// Whether the next line is going to be seen.
  var isSeen: Bool { window?.contains(rows.count) ?? true }

  mutating func add(_ row: Row) { rows.append(row) }

  mutating func add(_ more: [Row]) { rows += more }

  /// An empty line, but never two in a row and never at the top.
  mutating func gap() {
    if let last = rows.last, last != .empty { rows.append(.empty) }
  }

  mutating func paragraph(
    _ text: String, _ role: Role = .text, indent: Int = 0, hanging: Int = 0, isFocus: Bool = false
  ) {
    for line in TextWidth.wrapped(text, to: width - indent, hanging: hanging) {
      rows.append(Row(spans: [Span(line, role)], indent: indent, isFocus: isFocus))
    }
  }

  /// A text behind a mark, its further lines beside the mark.
  mutating func marked(
    _ mark: Span, _ text: String, _ role: Role = .text, indent: Int = 0, isFocus: Bool = false
  ) {
    let margin = TextWidth.columns(mark.text) + 1
    for (offset, line) in TextWidth.wrapped(text, to: width - indent - margin).enumerated() {
      let spans = offset == 0 ? [mark, Span(" " + line, role)] : [Span(line, role)]
      rows.append(Row(spans: spans, indent: offset == 0 ? indent : indent + margin, isFocus: isFocus))
    }
  }

  mutating func blocks(_ blocks: [TextBlock], _ role: Role) {
    for (offset, block) in TextBlock.joined(blocks).enumerated() {
      switch block {
      case .paragraph(let text), .keys(let text):
        if offset > 0 { gap() }
        paragraph(text, role)
      case .point(let text): marked(Span(glyphs.bullet, .accent), text, role, indent: 1)
      case .command(let text): command(text)
      case .line(let text): paragraph(text.isEmpty ? " " : text, .accent, indent: 2, hanging: 2)
      }
    }
  }

  /// A command line. One that is too long is broken after a space, with the sign that a shell understands.
  mutating func command(_ text: String, indent: Int = 2) {
    for line in Self.brokenCommand(text, width: width - indent) { add(.text(line, .accent, indent: indent)) }
  }

  static func brokenCommand(_ text: String, width: Int) -> [String] {
    var lines: [String] = []
    var line = ""
    for word in text.split(separator: " ", omittingEmptySubsequences: false) {
      let longer = line.isEmpty ? String(word) : "\(line) \(word)"
      if !line.isEmpty, line != "    ", TextWidth.columns(longer) + 2 > width {
        lines.append(line + " \\")
        line = "    \(word)"
      } else {
        line = longer
      }
      // A word that is longer than a line is broken where it must be; a shell joins what stands after the sign at the
      // very beginning of a line.
      while TextWidth.columns(line) > width, width > 8 {
        let head = TextWidth.truncated(line, to: width - 1, ellipsis: "")
        lines.append(head + "\\")
        line = String(line.dropFirst(head.count))
      }
    }
    return lines + [line]
  }

  /// Names and values under one another.
  mutating func pairs(_ pairs: [(String, String)], indent: Int = 0, role: Role = .text) {
    let longest = pairs.map { TextWidth.columns($0.0) }.max() ?? 0
    let margin = min(longest, width / 3) + 2
    for (name, value) in pairs {
      let label = TextWidth.padded(name, to: margin - 2, ellipsis: glyphs.ellipsis)
      for (offset, line) in TextWidth.wrapped(value, to: width - indent - margin).enumerated() {
        let spans = offset == 0 ? [Span(label + "  ", .secondary), Span(line, role)] : [Span(line, role)]
        add(Row(spans: spans, indent: offset == 0 ? indent : indent + margin))
      }
    }
  }
}

extension Frame {
  /// Draws rows into a rectangle, from the first that is seen on.
  mutating func draw(_ rows: [Row], from first: Int = 0, in rect: Rect) {
    for (offset, row) in rows.dropFirst(first).prefix(rect.rows).enumerated() {
      let place = Point(column: rect.column + row.indent, row: rect.row + offset)
      let line = Rect(column: rect.column, row: place.row, columns: rect.columns, rows: 1)
      put(row.spans, at: place, clip: line)
      if let fill = row.fill { paint(line, role: fill) }
      if let theirs = row.cursor {
        cursor = Cursor(Point(column: rect.column + theirs.point.column, row: place.row), visible: theirs.visible)
      }
    }
  }
}
