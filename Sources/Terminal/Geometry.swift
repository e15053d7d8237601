/// A position on a screen, from 0 at the top left.
public struct Point: Sendable, Hashable {
  public var column: Int
  public var row: Int

  public init(column: Int, row: Int) {
    self.column = column
    self.row = row
  }
}

/// A size in character cells.
public struct Size: Sendable, Hashable {
  public var columns: Int
  public var rows: Int

  public init(columns: Int, rows: Int) {
    self.columns = max(0, columns)
    self.rows = max(0, rows)
  }
}

/// A rectangle of character cells. Its size is never negative.
public struct Rect: Sendable, Hashable {
  public var column: Int
  public var row: Int
  public var columns: Int
  public var rows: Int

  public init(column: Int, row: Int, columns: Int, rows: Int) {
    self.column = column
    self.row = row
    self.columns = max(0, columns)
    self.rows = max(0, rows)
  }

  public init(_ size: Size) {
    self.init(column: 0, row: 0, columns: size.columns, rows: size.rows)
  }

  public var origin: Point { Point(column: column, row: row) }
  public var size: Size { Size(columns: columns, rows: rows) }
  /// The first column to the right of it.
  public var endColumn: Int { column + columns }
  /// The first row below it.
  public var endRow: Int { row + rows }
  public var isEmpty: Bool { columns == 0 || rows == 0 }

  public func contains(_ point: Point) -> Bool {
    point.column >= column && point.column < endColumn && point.row >= row && point.row < endRow
  }

  /// Returns the common area.
  public func intersection(_ other: Rect) -> Rect {
    let left = max(column, other.column)
    let top = max(row, other.row)
    return Rect(
      column: left, row: top, columns: min(endColumn, other.endColumn) - left, rows: min(endRow, other.endRow) - top)
  }

  /// Returns the inner rectangle with a distance to all edges.
  public func inset(columns across: Int, rows down: Int) -> Rect {
    Rect(column: column + across, row: row + down, columns: columns - 2 * across, rows: rows - 2 * down)
  }

  /// Splits off the first rows.
  public func split(top count: Int) -> (top: Rect, rest: Rect) {
    let height = min(max(0, count), rows)
    return (
      Rect(column: column, row: row, columns: columns, rows: height),
      Rect(column: column, row: row + height, columns: columns, rows: rows - height)
    )
  }

  /// Splits off the last rows.
  public func split(bottom count: Int) -> (rest: Rect, bottom: Rect) {
    let parts = split(top: rows - min(max(0, count), rows))
    return (parts.top, parts.rest)
  }

  /// Splits off the first columns.
  public func split(left count: Int) -> (left: Rect, rest: Rect) {
    let width = min(max(0, count), columns)
    return (
      Rect(column: column, row: row, columns: width, rows: rows),
      Rect(column: column + width, row: row, columns: columns - width, rows: rows)
    )
  }

  /// Returns a centred column for reading, at most `widest` wide.
  public func centered(widest: Int = 79) -> Rect {
    let width = min(columns, max(0, widest))
    return Rect(column: column + (columns - width) / 2, row: row, columns: width, rows: rows)
  }

  /// Returns a centred rectangle of at most that size, for dialogs.
  public func centered(_ size: Size) -> Rect {
    let width = min(columns, size.columns)
    let height = min(rows, size.rows)
    return Rect(
      column: column + (columns - width) / 2, row: row + (rows - height) / 2, columns: width, rows: height)
  }
}
