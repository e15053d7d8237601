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

  init(_ size: Size) {
    var (top, rest) = Rect(size).split(top: 1)
    header = top
    (rest, keyBar) = rest.split(bottom: 1)
    keyBar = keyBar.inset(columns: Self.margin, rows: 0)
    (rest, notice) = rest.split(bottom: 1)
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
    notice = Rect(column: body.column, row: notice.row, columns: body.columns, rows: 1)
  }
}

extension WizardModel {
  var layout: Layout { Layout(size) }
}
