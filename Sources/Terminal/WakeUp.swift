import CCurses
import Common
import Glibc
import Synchronization

/// A bell that any thread may ring and the screen's thread hears in ``Screen/nextEvent(timeout:)``.
public final class WakeUp: Sendable {
  let descriptor: Int32

  public init() throws {
    descriptor = ccurses_make_event()
    guard descriptor >= 0 else { throw PlainFailure.system("the terminal", "no event can be made", errno: errno) }
  }

  deinit { close(descriptor) }

  /// Rings it. Several rings before it is heard are one.
  public func ring() {
    var one: UInt64 = 1
    while write(descriptor, &one, MemoryLayout<UInt64>.size) < 0 && errno == EINTR {}
  }

  /// Waits until it is rung: for a program that has lost its screen, and still has threads to hear.
  public func wait() {
    var source = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
    while poll(&source, 1, -1) < 0 && errno == EINTR {}
    _ = hear()
  }

  /// Whether it was rung; it is silent afterwards.
  func hear() -> Bool {
    var count: UInt64 = 0
    return read(descriptor, &count, MemoryLayout<UInt64>.size) > 0
  }
}

/// Messages from working threads to the screen's thread, in the order in which they were posted.
public final class Mailbox<Message: Sendable>: Sendable {
  private let messages = Mutex<[Message]>([])
  private let wakeUp: WakeUp

  /// - Parameter wakeUp: rung at each message; the one that the screen was opened with.
  public init(wakeUp: WakeUp) {
    self.wakeUp = wakeUp
  }

  public func post(_ message: Message) {
    messages.withLock { $0.append(message) }
    wakeUp.ring()
  }

  /// All messages since the last time. Call it at ``Event/wake``.
  public func take() -> [Message] {
    messages.withLock { messages in
      defer { messages = [] }
      return messages
    }
  }
}
