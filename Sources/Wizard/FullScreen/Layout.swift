import Terminal

/// The areas of the screen.
struct Layout: Sendable, Equatable {
  var header: Rect
  /// The list of steps; nil without enough space.
  var steps: Rect?
  /// "Step 3 of 9"; nil if the list is visible.
  var stepLine: Rect?
  var body: Rect
  var notice: Rect
  var keyBar: Rect

  private static let widthForSteps = 100
  private static let stepsWidth = 24
  private static let margin = 2

  /// - Parameter noticeRows: the rows of the notice; at least one stays free for it.
  init(_ size: Size, noticeRows: Int = 1) {
    var (top, rest) = Rect(size).split(top: 1)
    header = top
    (rest, keyBar) = rest.split(bottom: 1)
    keyBar = keyBar.inset(columns: Self.margin, rows: 0)
    (rest, notice) = rest.split(bottom: max(1, noticeRows))
    if size.columns >= Self.widthForSteps {
      (_, rest) = rest.split(top: 1)
      let (left, right) = rest.split(left: Self.stepsWidth + 2 * Self.margin)
      steps = left.inset(columns: Self.margin, rows: 0)
      rest = right
    } else {
      (top, rest) = rest.split(top: 1)
      stepLine = top.inset(columns: Self.margin, rows: 0)
      // Low windows have no empty row.
      if size.rows >= 20 { (_, rest) = rest.split(top: 1) }
    }
    body = rest.inset(columns: Self.margin, rows: 0).centered(widest: 79)
    notice = Rect(column: body.column, row: notice.row, columns: body.columns, rows: notice.rows)
  }
}

extension WizardModel {
  var layout: Layout { Layout(size, noticeRows: noticeLines.count) }

  /// The message above the key bar. A long one takes more rows, because its end often says what to do.
  var noticeLines: [String] {
    guard let message else { return [] }
    let room = Layout(size).notice.columns - 2
    let lines = TextWidth.wrapped(message, to: room)
    guard lines.count > Self.mostNoticeRows else { return lines }
    let rest = lines[(Self.mostNoticeRows - 1)...].joined(separator: " ")
    return lines.prefix(Self.mostNoticeRows - 1) + [TextWidth.truncated(rest, to: room, ellipsis: glyphs.ellipsis)]
  }

  private static let mostNoticeRows = 4
}
