/// Rows of short texts in columns, each as wide as its widest text if all fit.
public struct Table: Sendable, Equatable {
  public struct Column: Sendable, Equatable {
    public var title: String
    public var alignment: TextWidth.Alignment
    /// The minimum width.
    public var least: Int
    /// Whether it takes the remaining space.
    public var grows: Bool

    public init(_ title: String, alignment: TextWidth.Alignment = .leading, least: Int = 4, grows: Bool = false) {
      self.title = title
      self.alignment = alignment
      self.least = least
      self.grows = grows
    }
  }

  public var columns: [Column]
  /// One text per column; missing ones are empty.
  public var rows: [[Span]]

  public init(columns: [Column], rows: [[Span]]) {
    self.columns = columns
    self.rows = rows
  }

  /// The space between columns.
  public static let gap = 2

  /// The preferred width of each column.
  public var naturalWidths: [Int] {
    columns.indices.map { index in
      rows.reduce(TextWidth.columns(columns[index].title)) { widest, row in
        index < row.count ? max(widest, TextWidth.columns(row[index].text)) : widest
      }
    }
  }

  /// Returns the width of each column for a given space.
  public func widths(in room: Int) -> [Int] { Self.widths(naturalWidths, of: columns, in: room) }

  /// Returns the widths for known preferred widths. The widest columns shrink first.
  public static func widths(_ natural: [Int], of columns: [Column], in room: Int) -> [Int] {
    var widths = natural
    var left = room - gap * max(0, columns.count - 1) - widths.reduce(0, +)
    while left < 0 {
      let shrinkable = widths.indices.filter { widths[$0] > columns[$0].least }
      guard let widest = shrinkable.max(by: { widths[$0] < widths[$1] }) else { break }
      widths[widest] -= 1
      left += 1
    }
    if left > 0, let growing = columns.firstIndex(where: \.grows) { widths[growing] += left }
    return widths
  }
}

extension Frame {
  /// Draws the titles, a line, and the rows from `first` on as far as possible.
  ///
  /// - Parameter focused: the focused row, drawn in the role `focus` with the cursor.
  /// - Returns: the number of visible rows.
  @discardableResult
  public mutating func table(_ table: Table, in rect: Rect, first: Int = 0, focused: Int? = nil) -> Int {
    let widths = table.widths(in: rect.columns)
    drawRow(table.columns.map { Span($0.title, .secondary) }, of: table, widths: widths, row: rect.row, in: rect)
    rule(row: rect.row + 1, from: rect.column, columns: rect.rows > 1 ? rect.columns : 0)
    let shown = min(max(0, rect.rows - 2), max(0, table.rows.count - first))
    for offset in 0..<shown {
      let index = first + offset
      let row = rect.row + 2 + offset
      drawRow(table.rows[index], of: table, widths: widths, row: row, in: rect)
      if index == focused {
        paint(Rect(column: rect.column, row: row, columns: rect.columns, rows: 1), role: .focus)
        cursor = Cursor(Point(column: rect.column, row: row), visible: false)
      }
    }
    return shown
  }

  private mutating func drawRow(_ spans: [Span], of table: Table, widths: [Int], row: Int, in rect: Rect) {
    var column = rect.column
    for (index, width) in widths.enumerated() {
      let span = index < spans.count ? spans[index] : Span("")
      let text = TextWidth.padded(
        span.text, to: width, alignment: table.columns[index].alignment, ellipsis: glyphs.ellipsis)
      put(text, at: Point(column: column, row: row), role: span.role, clip: rect)
      column += width + Table.gap
    }
  }
}
