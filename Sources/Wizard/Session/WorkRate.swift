/// The speed of work over the last minute; unknown at the start.
struct WorkRate: Sendable, Equatable {
  private struct Sample: Sendable, Equatable {
    let moment: ContinuousClock.Instant
    let value: Double
  }

  private var samples: [Sample] = []

  private static let window = Duration.seconds(60)
  private static let least = Duration.seconds(1)
  /// Without a sample for this long, the speed is unknown.
  private static let patience = Duration.seconds(3)
  /// Samples closer together are ignored.
  private static let step = Duration.milliseconds(250)

  /// Adds a sample. A decrease restarts the measurement.
  mutating func add(_ value: Double, at moment: ContinuousClock.Instant) {
    if let last = samples.last, value < last.value { samples = [] }
    if samples.count > 1, let last = samples.last, last.moment - samples[samples.count - 2].moment < Self.step {
      samples.removeLast()
    }
    samples.append(Sample(moment: moment, value: value))
    // One sample before the window is kept, as its start.
    while samples.count > 2, moment - samples[1].moment > Self.window { samples.removeFirst() }
  }

  /// Returns the units per second, which can be 0; nil before two samples a second apart.
  func speed(now: ContinuousClock.Instant) -> Double? {
    guard let first = samples.first, let last = samples.last, last.moment - first.moment >= Self.least else {
      return nil
    }
    guard now - last.moment <= Self.patience else { return nil }
    return speed(from: first, to: last, now: now)
  }

  private func speed(from first: Sample, to last: Sample, now: ContinuousClock.Instant) -> Double? {
    let speed = (last.value - first.value) / (max(now, last.moment) - first.moment).seconds
    return speed > 0 ? speed : nil
  }

  /// Returns the seconds until `goal`; nil if unknown. After an estimate has expired there is none until progress
  /// continues.
  func left(until goal: Double, now: ContinuousClock.Instant) -> Double? {
    guard let first = samples.first, let last = samples.last, last.moment - first.moment >= Self.least,
      let then = speed(from: first, to: last, now: last.moment), let speed = speed(from: first, to: last, now: now)
    else { return nil }
    let left = max(0, goal - last.value)
    guard now - last.moment <= max(Self.patience, .seconds(left / then)) else { return nil }
    return left / speed
  }
}

extension Duration {
  var seconds: Double { Double(components.seconds) + Double(components.attoseconds) / 1e18 }
}
