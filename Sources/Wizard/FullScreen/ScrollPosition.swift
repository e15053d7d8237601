/// The visible part of a page that is longer than the screen.
struct ScrollPosition: Sendable {
  /// The index of the first visible row.
  private(set) var first = 0
  /// Whether more rows follow below.
  private(set) var hasMore = false
  /// Whether the focused rows are out of sight.
  private(set) var hidesFocus = false
  /// False while the operator scrolls without moving the focus.
  private var followsFocus = true

  /// Returns to the top, for another step.
  mutating func reset() { first = 0 }

  /// Scrolls without moving the focus.
  mutating func move(by count: Int) {
    first += count
    followsFocus = false
  }

  /// Scrolls to the end of the page without moving the focus.
  mutating func moveToEnd() {
    first = .max / 2
    followsFocus = false
  }

  /// Makes the focus visible from the next ``settle(_:height:)`` on.
  mutating func follow() { followsFocus = true }

  /// Stays within the page, and makes the focused rows visible.
  ///
  /// - Parameter height: the number of visible rows.
  mutating func settle(_ rows: [Row], height: Int) {
    let most = max(0, rows.count - height)
    first = min(max(0, first), most)
    let focused = rows.indices.filter { rows[$0].isFocus }
    defer {
      hasMore = first < most
      hidesFocus = !focused.isEmpty && !focused.contains { (first..<first + height).contains($0) }
    }
    guard followsFocus, let start = focused.first, let end = focused.last else { return }
    if end >= first + height { first = end - height + 1 }
    if start < first { first = start }
    first = min(max(0, first), most)
  }
}
