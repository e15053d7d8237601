import Engine

extension Plan {
  /// The number of deleted things that are named before a decision; the others are counted.
  static let mostShown = 10
}
