/// The content of the whole screen or a part of it: a grid of cells with a character and a role.
///
/// A value without a terminal, so that screens can be drawn, compared and printed anywhere. Content outside is clipped.
/// A wide character that does not fit, or is partly overwritten, becomes spaces.
public struct Frame: Sendable, Equatable {
  public let size: Size
  /// The characters for lines, marks and bars.
  public let glyphs: Glyphs
  /// The position of the terminal's cursor on the focused element, also if it is hidden: screen readers and Braille
  /// displays follow it.
  public var cursor: Cursor?

  private var cells: [FrameCell]

  public struct Cursor: Sendable, Hashable {
    public var point: Point
    /// Whether it is visible, like in a text field; otherwise it is only for screen readers.
    public var visible: Bool

    public init(_ point: Point, visible: Bool) {
      self.point = point
      self.visible = visible
    }
  }

  public init(size: Size, glyphs: Glyphs = .unicode, role: Role = .background) {
    self.size = size
    self.glyphs = glyphs
    cells = Array(repeating: FrameCell(text: " ", role: role, part: .whole), count: size.columns * size.rows)
  }

  public var bounds: Rect { Rect(size) }

  /// Returns the character with its marks at a position; `""` in the right half of a wide one; nil outside.
  public func character(at point: Point) -> String? { index(point).map { cells[$0].text } }

  public func role(at point: Point) -> Role? { index(point).map { cells[$0].role } }

  // MARK: Drawing

  /// Draws one line of text. Line breaks become spaces.
  ///
  /// - Parameters:
  ///   - role: nil keeps the existing roles.
  ///   - clip: the area that can be changed; by default the whole frame.
  /// - Returns: the number of columns of the text, visible or not.
  @discardableResult
  public mutating func put(_ text: some StringProtocol, at point: Point, role: Role?, clip: Rect? = nil) -> Int {
    let window = clip.map { bounds.intersection($0) } ?? bounds
    var column = point.column
    for cell in TextWidth.cells(text) {
      set(cell, column: column, row: point.row, role: role, window: window)
      column += cell.columns
    }
    return column - point.column
  }

  /// Draws texts with different roles in sequence.
  @discardableResult
  public mutating func put(_ spans: [Span], at point: Point, clip: Rect? = nil) -> Int {
    var column = point.column
    for span in spans {
      column += put(span.text, at: Point(column: column, row: point.row), role: span.role, clip: clip)
    }
    return column - point.column
  }

  /// Fills a rectangle with a character of one column.
  public mutating func fill(_ rect: Rect, with character: String = " ", role: Role) {
    let window = bounds.intersection(rect)
    let cell = TextWidth.cells(character).first { $0.columns == 1 } ?? TextCell(text: " ", columns: 1)
    for row in window.row..<window.endRow {
      for column in window.column..<window.endColumn {
        set(cell, column: column, row: row, role: role, window: window)
      }
    }
  }

  /// Changes the role of a rectangle and keeps its text.
  public mutating func paint(_ rect: Rect, role: Role) {
    let window = bounds.intersection(rect)
    for row in window.row..<window.endRow {
      for column in window.column..<window.endColumn { cells[row * size.columns + column].role = role }
    }
  }

  /// Copies a rectangle of another frame, for example the visible part of a taller one. Its cursor is copied if it is
  /// in the rectangle.
  public mutating func draw(_ other: Frame, from source: Rect, at point: Point) {
    let part = other.bounds.intersection(source)
    let across = point.column - source.column
    let down = point.row - source.row
    let window = bounds.intersection(
      Rect(column: part.column + across, row: part.row + down, columns: part.columns, rows: part.rows))
    for row in part.row..<part.endRow {
      for column in part.column..<part.endColumn {
        let cell = other.cells[row * other.size.columns + column]
        guard cell.part != .right else { continue }
        // A wide character with only one half in the part is omitted.
        let whole = cell.part == .whole || column + 1 < part.endColumn
        let text = whole ? TextCell(text: cell.text, columns: cell.part == .left ? 2 : 1) : .space
        set(text, column: column + across, row: row + down, role: cell.role, window: window)
      }
    }
    if let theirs = other.cursor, part.contains(theirs.point) {
      cursor = Cursor(
        Point(column: theirs.point.column + across, row: theirs.point.row + down), visible: theirs.visible)
    }
  }

  private mutating func set(_ cell: TextCell, column: Int, row: Int, role: Role?, window: Rect) {
    guard row >= window.row, row < window.endRow else { return }
    let end = column + cell.columns
    guard end > window.column, column < window.endColumn else { return }
    if column < window.column || end > window.endColumn {
      for part in max(column, window.column)..<min(end, window.endColumn) {
        set(.space, column: part, row: row, role: role, window: window)
      }
      return
    }
    let first = row * size.columns + column
    for index in first..<(first + cell.columns) { uncouple(index) }
    let role = role ?? cells[first].role
    cells[first] = FrameCell(text: cell.text, role: role, part: cell.columns == 2 ? .left : .whole)
    if cell.columns == 2 { cells[first + 1] = FrameCell(text: "", role: role, part: .right) }
  }

  /// Replaces the other half of a wide character by a space, before this half is overwritten.
  private mutating func uncouple(_ index: Int) {
    switch cells[index].part {
    case .whole: return
    case .left: cells[index + 1] = FrameCell(text: " ", role: cells[index + 1].role, part: .whole)
    case .right: cells[index - 1] = FrameCell(text: " ", role: cells[index - 1].role, part: .whole)
    }
    cells[index] = FrameCell(text: " ", role: cells[index].role, part: .whole)
  }

  private func index(_ point: Point) -> Int? {
    bounds.contains(point) ? point.row * size.columns + point.column : nil
  }

  // MARK: Reading

  /// Returns a row as text without trailing spaces.
  public func line(_ row: Int) -> String {
    guard row >= 0, row < size.rows else { return "" }
    let start = row * size.columns
    let text = cells[start..<(start + size.columns)].reduce(into: "") { $0 += $1.text }
    return String(text[..<(text.lastIndex { $0 != " " }.map { text.index(after: $0) } ?? text.startIndex)])
  }

  /// All rows as text, one per line.
  public var text: String { (0..<size.rows).map(line).joined(separator: "\n") }

  /// All rows as letters for roles, with a legend: the look of a screen for tests.
  public var roleMap: String {
    let letters = Array("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
    let letter: [Role: Character] = Dictionary(
      uniqueKeysWithValues: Role.allCases.enumerated().map { index, role in
        (role, role == .background ? "." : letters[index % letters.count])
      })
    let rows = (0..<size.rows).map { row in
      String(cells[(row * size.columns)..<((row + 1) * size.columns)].map { letter[$0.role] ?? "?" })
    }
    let used = Set(cells.map(\.role))
    let legend = Role.allCases.filter { used.contains($0) }.map { "\(letter[$0] ?? "?") \($0.rawValue)" }
    return (rows + legend).joined(separator: "\n")
  }

  /// Calls `body` for each cell that starts a character and differs from `before`, with its position, text, columns and
  /// role. A frame of another size differs everywhere.
  func forEachCell(
    changedFrom before: Frame?, _ body: (_ point: Point, _ text: String, _ columns: Int, _ role: Role) -> Void
  ) {
    let before = before?.size == size ? before : nil
    for row in 0..<size.rows {
      for column in 0..<size.columns {
        let index = row * size.columns + column
        let cell = cells[index]
        guard cell.part != .right, cell != before?.cells[index] else { continue }
        body(Point(column: column, row: row), cell.text, cell.part == .left ? 2 : 1, cell.role)
      }
    }
  }
}

/// A text with a role.
public struct Span: Sendable, Equatable {
  public var text: String
  public var role: Role

  public init(_ text: String, _ role: Role = .text) {
    self.text = text
    self.role = role
  }
}

private struct FrameCell: Sendable, Equatable {
  enum Part: Sendable { case whole, left, right }
  var text: String
  var role: Role
  var part: Part
}

extension TextCell {
  fileprivate static let space = TextCell(text: " ", columns: 1)
}
