import Common
import Glibc
import Synchronization

/// A limit for the rate of a stream, in bytes a second, over any second.
public final class RateLimit: Sendable {
  public let bytesPerSecond: Int64
  /// When the bytes so far are paid for.
  private let due = Mutex<ContinuousClock.Instant?>(nil)

  /// - Parameter bytesPerSecond: at least 1.
  public init(bytesPerSecond: Int64) { self.bytesPerSecond = max(1, bytesPerSecond) }

  /// Parses a rate as an operator types it: "500k", "2M", "1.5M" or "800000", each in bytes a second.
  ///
  /// - Returns: nil if it is not a rate.
  public init?(_ text: String) {
    let units: [Character: Double] = ["k": 1_000, "m": 1_000_000, "g": 1_000_000_000]
    let unit = text.last.flatMap { units[Character($0.lowercased())] }
    let digits = unit == nil ? Substring(text) : text.dropLast()
    guard !digits.isEmpty, digits.utf8.allSatisfy({ (0x30...0x39).contains($0) || $0 == 0x2E }),
      let number = Double(digits), number > 0
    else { return nil }
    let rate = number * (unit ?? 1)
    guard rate >= 1, rate < 1e15 else { return nil }
    bytesPerSecond = Int64(rate)
  }

  /// Waits until bytes may be sent.
  ///
  /// - Throws: `.cancelled`.
  func wait(for count: Int, _ cancellation: Cancellation) throws {
    let share = Duration.seconds(Double(count) / Double(bytesPerSecond))
    let moment = due.withLock { due in
      // Time in which nothing was sent is not saved up.
      let start = max(due ?? .now, .now)
      due = start + share
      return start
    }
    while ContinuousClock.now < moment {
      try cancellation.check()
      usleep(UInt32(min(100_000, max(1_000, (moment - .now) / .microseconds(1)))))
    }
  }
}
