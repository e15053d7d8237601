/// Protects a screen that appears without a key from the keys that were typed for the one before.
///
/// While a list loads, another flow opens or an operation runs, keys for choosing have no effect. If the operator keeps
/// typing when the next screen appears, the following keys are dropped too, until the first pause: nobody decides
/// about a screen within it.
struct BlindTyping: Sendable {
  /// The shortest time between two keys that counts as a pause.
  static let pause = Duration.milliseconds(500)

  /// The time of the last key without effect.
  private var last: ContinuousClock.Instant?

  /// Records a key that was typed while there was nothing to choose.
  mutating func missed(at moment: ContinuousClock.Instant) { last = moment }

  /// Returns whether a key must be dropped. A dropped key prolongs the wait for a pause.
  mutating func drops(at moment: ContinuousClock.Instant) -> Bool {
    guard let last, moment - last < Self.pause else {
      self.last = nil
      return false
    }
    self.last = moment
    return true
  }
}
