import Operations

extension Plan {
  /// The number of listed deletions before a decision; others are counted.
  static let mostShown = 10
}
