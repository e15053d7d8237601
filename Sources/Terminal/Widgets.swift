/// The elements of screens. All draw into a rectangle and clip their content.
extension Frame {
  // MARK: Boxes

  /// Draws a border with a title, and clears its inside.
  ///
  /// - Returns: the inside, with one free column on each side.
  @discardableResult
  public mutating func box(
    _ rect: Rect, title: String = "", role: Role = .border, titleRole: Role = .title, inside: Role = .background
  ) -> Rect {
    guard rect.columns >= 2, rect.rows >= 2 else {
      return Rect(column: rect.column, row: rect.row, columns: 0, rows: 0)
    }
    fill(rect, role: inside)
    let line = String(repeating: glyphs.horizontal, count: rect.columns - 2)
    put(glyphs.topLeft + line + glyphs.topRight, at: rect.origin, role: role)
    put(
      glyphs.bottomLeft + line + glyphs.bottomRight, at: Point(column: rect.column, row: rect.endRow - 1), role: role)
    for row in (rect.row + 1)..<(rect.endRow - 1) {
      put(glyphs.vertical, at: Point(column: rect.column, row: row), role: role)
      put(glyphs.vertical, at: Point(column: rect.endColumn - 1, row: row), role: role)
    }
    if !title.isEmpty, rect.columns > 6 {
      let fitted = TextWidth.truncated(title, to: rect.columns - 6, ellipsis: glyphs.ellipsis)
      put(" \(fitted) ", at: Point(column: rect.column + 2, row: rect.row), role: titleRole)
    }
    return rect.inset(columns: 2, rows: 1)
  }

  /// Draws a horizontal line; with `joined`, it connects to the sides of a box.
  public mutating func rule(row: Int, from column: Int, columns: Int, joined: Bool = false, role: Role = .border) {
    guard columns > 0 else { return }
    put(String(repeating: glyphs.horizontal, count: columns), at: Point(column: column, row: row), role: role)
    guard joined, columns >= 2 else { return }
    put(glyphs.teeLeft, at: Point(column: column, row: row), role: role)
    put(glyphs.teeRight, at: Point(column: column + columns - 1, row: row), role: role)
  }

  // MARK: Text

  /// Draws a wrapped text.
  ///
  /// - Parameter hanging: the indentation of all lines except the first, in columns.
  /// - Returns: the number of rows of the text, visible or not.
  @discardableResult
  public mutating func paragraph(_ text: String, in rect: Rect, role: Role = .text, hanging: Int = 0) -> Int {
    let lines = TextWidth.wrapped(text, to: rect.columns, hanging: hanging)
    for (offset, line) in lines.enumerated() {
      put(line, at: Point(column: rect.column, row: rect.row + offset), role: role, clip: rect)
    }
    return lines.count
  }

  /// Draws one line of text, truncated with an ellipsis or filled up to `columns`.
  public mutating func label(
    _ text: String, at point: Point, columns: Int, alignment: TextWidth.Alignment = .leading, role: Role
  ) {
    put(
      TextWidth.padded(text, to: columns, alignment: alignment, ellipsis: glyphs.ellipsis), at: point, role: role,
      clip: Rect(column: point.column, row: point.row, columns: columns, rows: 1))
  }

  // MARK: Bars

  /// Draws a progress bar in one row.
  ///
  /// - Parameter fraction: from 0 to 1; other values are limited, and NaN is 0.
  public mutating func progressBar(at point: Point, columns: Int, fraction: Double) {
    guard columns > 0 else { return }
    let bar = Self.bar(columns: columns, fraction: fraction, glyphs: glyphs)
    put(bar.done, at: point, role: .progressDone)
    put(bar.todo, at: Point(column: point.column + TextWidth.columns(bar.done), row: point.row), role: .progressTodo)
  }

  /// Returns a bar as two texts of together `columns`. It is full only at 1.
  public static func bar(columns: Int, fraction: Double, glyphs: Glyphs) -> (done: String, todo: String) {
    guard columns > 0 else { return ("", "") }
    let share = fraction.isNaN ? 0 : min(max(fraction, 0), 1)
    let steps = glyphs.barParts.count + 1
    let filled = Int(share * Double(columns * steps))
    let (whole, part) = filled.quotientAndRemainder(dividingBy: steps)
    let partial = part > 0 ? glyphs.barParts[part - 1] : ""
    let done = String(repeating: glyphs.barFull, count: whole) + partial
    let left = columns - whole - (part > 0 ? 1 : 0)
    return (done, String(repeating: glyphs.barEmpty, count: left))
  }

  /// Draws a scroll bar with the position of the visible part. Draws nothing if everything is visible.
  public mutating func scrollBar(column: Int, row: Int, rows: Int, first: Int, total: Int) {
    guard rows > 0, total > rows else { return }
    let thumb = max(1, rows * rows / total)
    let farthest = max(1, total - rows)
    // Rounded so that the thumb is at an end only if the text is.
    let top = min(rows - thumb, (min(max(0, first), farthest) * (rows - thumb) + farthest / 2) / farthest)
    for offset in 0..<rows {
      let inside = offset >= top && offset < top + thumb
      put(
        inside ? glyphs.scrollThumb : glyphs.scrollTrack, at: Point(column: column, row: row + offset),
        role: inside ? .accent : .border)
    }
  }

  // MARK: Keys

  /// A key and its action in the key bar.
  public struct KeyHint: Sendable, Equatable {
    public var key: String
    public var label: String
    public var enabled: Bool
    /// 0 is always shown, like the key to leave; keys with higher numbers are omitted first.
    public var importance: Int

    public init(_ key: String, _ label: String, enabled: Bool = true, importance: Int = 1) {
      self.key = key
      self.label = label
      self.enabled = enabled
      self.importance = importance
    }
  }

  /// Draws the key bar in one row. If not all keys fit, the least important ones are omitted, the last of them first, and
  /// an ellipsis tells it.
  public mutating func keyBar(_ hints: [KeyHint], in rect: Rect) {
    fill(Rect(column: rect.column, row: rect.row, columns: rect.columns, rows: 1), role: .keyLabel)
    let (shown, gap) = Self.fitting(hints, into: rect.columns, ellipsis: TextWidth.columns(glyphs.ellipsis))
    var column = rect.column
    for hint in shown {
      let place = Point(column: column, row: rect.row)
      let used = put(hint.key, at: place, role: hint.enabled ? .key : .disabled, clip: rect)
      put(
        hint.label, at: Point(column: column + used + 1, row: rect.row), role: hint.enabled ? .keyLabel : .disabled,
        clip: rect)
      column += hint.columns + gap
    }
    if shown.count < hints.count {
      put(glyphs.ellipsis, at: Point(column: column, row: rect.row), role: .keyLabel, clip: rect)
    }
  }

  /// Returns the keys to show, in their order, and the distance between them. The distance is reduced before a key is
  /// omitted.
  private static func fitting(_ hints: [KeyHint], into room: Int, ellipsis: Int) -> (shown: [KeyHint], gap: Int) {
    func width(_ hints: [KeyHint], gap: Int) -> Int { hints.reduce(-gap) { $0 + $1.columns + gap } }
    for gap in [3, 2] where width(hints, gap: gap) <= room { return (hints, gap) }
    var shown = hints
    while shown.count > 1, width(shown, gap: 2) + 2 + ellipsis > room {
      guard let least = shown.map(\.importance).max(),
        let last = shown.lastIndex(where: { $0.importance == least })
      else { break }
      shown.remove(at: last)
    }
    return (shown, 2)
  }
}

extension Frame.KeyHint {
  fileprivate var columns: Int { TextWidth.columns(key) + 1 + TextWidth.columns(label) }
}
