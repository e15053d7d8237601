import CCurses
import Common
import Glibc
import Synchronization

/// Wakes up the screen's thread in ``Screen/nextEvent(timeout:)``, from any thread.
public final class WakeUp: Sendable {
  let descriptor: Int32

  public init() throws {
    descriptor = ccurses_make_event()
    guard descriptor >= 0 else { throw PlainFailure.system("the terminal", "no event can be made", errno: errno) }
  }

  deinit { close(descriptor) }

  /// Wakes it up. Repeated calls before that count as one.
  public func ring() {
    var one: UInt64 = 1
    while write(descriptor, &one, MemoryLayout<UInt64>.size) < 0 && errno == EINTR {}
  }

  /// Waits for a wake-up, for a program without a screen and with running threads.
  public func wait() {
    var source = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
    while poll(&source, 1, -1) < 0 && errno == EINTR {}
    _ = hear()
  }

  /// Returns whether there was a wake-up, and resets it.
  func hear() -> Bool {
    var count: UInt64 = 0
    return read(descriptor, &count, MemoryLayout<UInt64>.size) > 0
  }
}

/// Messages of worker threads to the screen's thread, in order.
public final class Mailbox<Message: Sendable>: Sendable {
  private let messages = Mutex<[Message]>([])
  private let wakeUp: WakeUp

  /// - Parameter wakeUp: used for each message; the screen's own.
  public init(wakeUp: WakeUp) {
    self.wakeUp = wakeUp
  }

  public func post(_ message: Message) {
    messages.withLock { $0.append(message) }
    wakeUp.ring()
  }

  /// Returns all messages since the last call; to be called for ``Event/wake``.
  public func take() -> [Message] {
    messages.withLock { messages in
      defer { messages = [] }
      return messages
    }
  }
}
