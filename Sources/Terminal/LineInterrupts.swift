import Glibc
import Synchronization

/// Handles Ctrl-C and the loss of the terminal for a line-based program. One instance per process.
///
/// While it is open, these signals do not end the program: the code that waits for a line or other threads receives
/// them and decides.
public final class LineInterrupts: Sendable {
  public enum Kind: Sendable, Hashable {
    /// Ctrl-C.
    case stop
    /// The terminal or the session is gone, or the system requests the end of the program.
    case gone
  }

  /// Used by signals, and by other threads with a message.
  public let wakeUp: WakeUp

  private static let signals: [(number: Int32, bit: Int32)] = [
    (SIGINT, stopBit), (SIGTERM, goneBit), (SIGHUP, goneBit),
  ]
  private static let stopBit: Int32 = 1
  private static let goneBit: Int32 = 2
  private static let pending = Atomic<Int32>(0)
  private static let bell = Atomic<Int32>(-1)
  private let before: [sigaction]

  public init() throws {
    wakeUp = try WakeUp()
    Self.pending.store(0, ordering: .relaxed)
    Self.bell.store(wakeUp.descriptor, ordering: .releasing)
    before = Self.signals.map { signal in
      var action = sigaction()
      var old = sigaction()
      if signal.bit == Self.stopBit {
        action.__sigaction_handler.sa_handler = { _ in noteStop() }
      } else {
        action.__sigaction_handler.sa_handler = { _ in noteGone() }
      }
      sigaction(signal.number, &action, &old)
      return old
    }
  }

  deinit { close() }

  /// Restores the signals. Repeated calls have no effect.
  public func close() {
    guard
      Self.bell.compareExchange(expected: wakeUp.descriptor, desired: -1, ordering: .acquiringAndReleasing).exchanged
    else { return }
    for (signal, old) in zip(Self.signals, before) {
      var old = old
      sigaction(signal.number, &old, nil)
    }
  }

  /// Returns the events since the last call. A lost terminal stays lost.
  public func take() -> Kind? {
    let bits = Self.pending.load(ordering: .acquiring)
    if bits & Self.goneBit != 0 { return .gone }
    guard bits & Self.stopBit != 0 else { return nil }
    Self.pending.bitwiseAnd(~Self.stopBit, ordering: .acquiringAndReleasing)
    return .stop
  }

  /// Waits for a wake-up or the timeout.
  ///
  /// - Parameter timeout: nil waits forever.
  public func wait(timeout: Duration?) {
    _ = wait(also: nil, timeout: timeout)
  }

  /// Waits for a wake-up or a readable descriptor.
  ///
  /// - Returns: whether the descriptor is readable or at its end.
  func wait(also descriptor: Int32?, timeout: Duration?) -> Bool {
    var sources = [pollfd(fd: wakeUp.descriptor, events: Int16(POLLIN), revents: 0)]
    if let descriptor { sources.append(pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)) }
    poll(&sources, nfds_t(sources.count), timeout.map(Self.milliseconds) ?? -1)
    if sources[0].revents != 0 { _ = wakeUp.hear() }
    return sources.count > 1 && sources[1].revents != 0
  }

  /// Converts a duration for `poll`, rounded up, so that the wait is not too short.
  static func milliseconds(_ duration: Duration) -> Int32 {
    guard duration > .zero else { return 0 }
    guard duration.components.seconds < 1_000_000 else { return .max }
    return Int32(
      clamping: duration.components.seconds * 1000 + (duration.components.attoseconds + perMilli - 1) / perMilli)
  }

  private static let perMilli: Int64 = 1_000_000_000_000_000

  /// Runs in a signal handler: must not allocate or wait.
  fileprivate static func note(_ bit: Int32) {
    let code = errno
    pending.bitwiseOr(bit, ordering: .acquiringAndReleasing)
    var one: UInt64 = 1
    _ = write(bell.load(ordering: .acquiring), &one, MemoryLayout<UInt64>.size)
    errno = code
  }

  fileprivate static func noteStopped() { note(stopBit) }
  fileprivate static func noteEnded() { note(goneBit) }
}

private func noteStop() { LineInterrupts.noteStopped() }
private func noteGone() { LineInterrupts.noteEnded() }
