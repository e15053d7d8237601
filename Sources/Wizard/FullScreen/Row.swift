import Common
import Terminal

/// A line of a page, which can be scrolled.
struct Row: Sendable, Equatable {
  var spans: [Span]
  var indent = 0
  /// The role of the whole line.
  var fill: Role?
  /// Whether it belongs to the focused element and stays visible.
  var isFocus = false
  /// The position of the terminal's cursor, and whether it is visible.
  var cursor: Frame.Cursor?

  static let empty = Row(spans: [])
  /// A line outside the visible part: long lists lay out only visible lines.
  static let unseen = Row(spans: [Span("")])

  static func text(_ text: String, _ role: Role = .text, indent: Int = 0) -> Row {
    Row(spans: [Span(text, role)], indent: indent)
  }
}

/// A page: the scrolled rows, and the rows pinned below.
struct Page: Sendable, Equatable {
  var rows: [Row] = []
  var pinned: [Row] = []
}

/// Builds rows for a column of a given width.
struct RowBuilder {
  let width: Int
  let glyphs: Glyphs
  /// The visible lines; nil for all.
  let window: Range<Int>?
  private(set) var rows: [Row] = []

  init(width: Int, glyphs: Glyphs, window: Range<Int>? = nil) {
    self.width = width
    self.glyphs = glyphs
    self.window = window
  }

  /// Whether the next line is visible.
  var isSeen: Bool { window?.contains(rows.count) ?? true }

  mutating func add(_ row: Row) { rows.append(row) }

  mutating func add(_ more: [Row]) { rows += more }

  /// Adds an empty line, except at the top and after another one.
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

  /// Adds a text after a mark, with further lines indented.
  mutating func marked(
    _ mark: Span, _ text: String, _ role: Role = .text, indent: Int = 0, isFocus: Bool = false
  ) {
    marked([mark], text, role, indent: indent, isFocus: isFocus)
  }

  mutating func marked(
    _ marks: [Span], _ text: String, _ role: Role = .text, indent: Int = 0, isFocus: Bool = false
  ) {
    let margin = marks.reduce(1) { $0 + TextWidth.columns($1.text) }
    for (offset, line) in TextWidth.wrapped(text, to: width - indent - margin).enumerated() {
      let spans = offset == 0 ? marks + [Span(" " + line, role)] : [Span(line, role)]
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
      case .line(let text): paragraph(text.isEmpty ? " " : text, .key, indent: 2, hanging: 2)
      }
    }
  }

  /// Adds a command line. A long one is wrapped between its words, with a shell's continuation sign, so that the lines
  /// on the screen can be copied and executed.
  ///
  /// - Returns: whether it is shown completely. A word longer than a line is not: no break within it can be copied.
  @discardableResult
  mutating func command(_ text: String, indent: Int = 2) -> Bool {
    let lines = Self.brokenCommand(text, width: width - indent)
    var isComplete = true
    for line in lines {
      let shown = TextWidth.truncated(line, to: width - indent, ellipsis: glyphs.ellipsis)
      isComplete = isComplete && shown == line
      add(.text(shown, .key, indent: indent))
    }
    return isComplete
  }

  /// Returns the lines of a command, broken between words. A word longer than the width remains whole.
  static func brokenCommand(_ text: String, width: Int) -> [String] {
    let margin = "    "
    var lines: [String] = []
    var line = ""
    for word in ShellWord.parts(of: text) {
      let longer = line.isEmpty ? word : "\(line) \(word)"
      if !line.isEmpty, TextWidth.columns(longer) + 2 > width {
        lines.append(line + " \\")
        line = margin + word
      } else {
        line = longer
      }
    }
    return lines + [line]
  }

  /// Adds names and values in two columns.
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
  /// Draws rows into a rectangle, from the first visible one.
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
