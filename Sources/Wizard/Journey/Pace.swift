/// How fast something goes, seen over the last minute. It says nothing before it knows something.
struct Pace: Sendable, Equatable {
  private struct Sample: Sendable, Equatable {
    let moment: ContinuousClock.Instant
    let value: Double
  }

  private var samples: [Sample] = []

  private static let window = Duration.seconds(60)
  private static let least = Duration.seconds(1)
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
    let seconds = (max(now, last.moment) - first.moment).seconds
    let speed = (last.value - first.value) / seconds
    return speed > 0 ? speed : nil
  }

  /// Seconds until `goal` is reached; nil as long as nobody can know.
  func left(until goal: Double, now: ContinuousClock.Instant) -> Double? {
    guard let last = samples.last, let speed = speed(now: now) else { return nil }
    return max(0, goal - last.value) / speed
  }
}

extension Duration {
  var seconds: Double { Double(components.seconds) + Double(components.attoseconds) / 1e18 }
}
