/// A picture of the whole screen, or of a part of it: a grid of cells, each with a character and a role.
///
/// It is a value and knows no terminal, so that a screen can be drawn, compared and printed anywhere. What is drawn
/// outside of it is cut off. A character of two columns that does not fit, or that is half drawn over, becomes spaces.
public struct Frame: Sendable, Equatable {
  public let size: Size
  /// What lines, marks and bars are drawn with.
  public let glyphs: Glyphs
  /// Where the terminal's cursor stands. It belongs to what has the keyboard, even where it is not seen: screen
  /// readers and Braille displays follow it.
  public var cursor: Cursor?

  private var cells: [FrameCell]

  public struct Cursor: Sendable, Hashable {
    public var point: Point
    /// Shown, as in a text field; or only there to be followed.
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

  /// What stands at a place: a character with its marks, `""` in the right half of a wide one; nil outside.
  public func character(at point: Point) -> String? { index(point).map { cells[$0].text } }

  public func role(at point: Point) -> Role? { index(point).map { cells[$0].role } }

  // MARK: Drawing

  /// Draws one line of text. Line breaks in it are spaces.
  ///
  /// - Parameters:
  ///   - role: nil leaves the roles as they are.
  ///   - clip: nothing outside of it is touched; the whole frame unless given.
  /// - Returns: the columns that the text takes, whether they could be seen or not.
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

  /// Draws pieces of text of different roles, one after the other in a line.
  @discardableResult
  public mutating func put(_ spans: [Span], at point: Point, clip: Rect? = nil) -> Int {
    var column = point.column
    for span in spans {
      column += put(span.text, at: Point(column: column, row: point.row), role: span.role, clip: clip)
    }
    return column - point.column
  }

  /// Fills a rectangle with one character of one column.
  public mutating func fill(_ rect: Rect, with character: String = " ", role: Role) {
    let window = bounds.intersection(rect)
    let cell = TextWidth.cells(character).first { $0.columns == 1 } ?? TextCell(text: " ", columns: 1)
    for row in window.row..<window.endRow {
      for column in window.column..<window.endColumn {
        set(cell, column: column, row: row, role: role, window: window)
      }
    }
  }

  /// Gives a rectangle another role and leaves its text.
  public mutating func paint(_ rect: Rect, role: Role) {
    let window = bounds.intersection(rect)
    for row in window.row..<window.endRow {
      for column in window.column..<window.endColumn { cells[row * size.columns + column].role = role }
    }
  }

  /// Copies `source`, a rectangle of another frame, to where its top left corner shall stand: how a part of something
  /// taller than the screen is shown. Its cursor comes along if it is in that part.
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
        // Where only one half of a wide character belongs to the part, it is not seen at all.
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

  /// Makes a space of the other half of a wide character, before this half is drawn over.
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

  /// One row as text, spaces at its end cut off.
  public func line(_ row: Int) -> String {
    guard row >= 0, row < size.rows else { return "" }
    let start = row * size.columns
    let text = cells[start..<(start + size.columns)].reduce(into: "") { $0 += $1.text }
    return String(text[..<(text.lastIndex { $0 != " " }.map { text.index(after: $0) } ?? text.startIndex)])
  }

  /// All rows as text, one line each.
  public var text: String { (0..<size.rows).map(line).joined(separator: "\n") }

  /// All rows as letters that stand for roles, with a legend below: holds the looks of a screen in a test.
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

  /// Calls `body` with each cell that begins a character and is not as in `before`: its place, its text, its columns, its
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

/// A piece of a line with a role of its own.
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
