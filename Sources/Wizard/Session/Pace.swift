/// How fast something goes, seen over the last minute. It says nothing before it knows something.
struct Pace: Sendable, Equatable {
  private struct Sample: Sendable, Equatable {
    let moment: ContinuousClock.Instant
    let value: Double
  }

  private var samples: [Sample] = []

  private static let window = Duration.seconds(60)
  private static let least = Duration.seconds(1)
  /// Without a sample for so long, nothing is known any more.
  private static let patience = Duration.seconds(3)
  /// Samples closer together tell nothing new.
  private static let step = Duration.milliseconds(250)

  /// So much is done now. Going back begins anew.
  mutating func add(_ value: Double, at moment: ContinuousClock.Instant) {
    if let last = samples.last, value < last.value { samples = [] }
    if samples.count > 1, let last = samples.last, last.moment - samples[samples.count - 2].moment < Self.step {
      samples.removeLast()
    }
    samples.append(Sample(moment: moment, value: value))
    // One older than the window stays: speed is measured from where the window begins.
    while samples.count > 2, moment - samples[1].moment > Self.window { samples.removeFirst() }
  }

  /// So much a second; nil as long as there are not two samples a second apart. Standing still counts.
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

  /// Seconds until `goal` is reached; nil as long as nobody can know. An estimate that has run out without the goal being
  /// reached was wrong, and there is none until something moves again.
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
