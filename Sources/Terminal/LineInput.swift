import Common
import Glibc
import Synchronization

/// Standard input line by line, and what may end the wait for a line: Ctrl-C, a signal, a cancellation, the end.
///
/// It never reads ahead of the line that it returns, so that a later question can discard everything that came before it.
final class LineInput: Sendable {
  private let interrupts: LineInterrupts?
  private let cancellation: Cancellation?
  /// When the last byte was read; before the first one, when reading began.
  private let lastByte: Mutex<ContinuousClock.Instant>

  private static let longestLine = 1 << 20
  private static let interrupt: UInt8 = 0x03

  /// - Parameters:
  ///   - interrupts: heard while a line is waited for; without them Ctrl-C is a signal as ever.
  ///   - cancellation: looked at while a line is waited for.
  init(interrupts: LineInterrupts? = nil, cancellation: Cancellation? = nil) {
    self.interrupts = interrupts
    self.cancellation = cancellation
    lastByte = Mutex(.now)
  }

  /// Whether a person can be at the other end, who reads a question before answering it.
  var isTerminal: Bool { isatty(STDIN_FILENO) == 1 }

  // MARK: Lines

  /// The next line without its end, as the terminal lets it be edited.
  func line() -> LineTerminal.Answer {
    var bytes: [UInt8] = []
    while true {
      switch wait(nil) {
      case .interrupted: return .interrupted
      case .gone: return .end
      case .nothing: continue
      case .readable: break
      }
      guard let byte = byte() else { break }
      if byte == UInt8(ascii: "\n") { return .text(Self.text(bytes)) }
      if bytes.count < Self.longestLine { bytes.append(byte) }
    }
    return bytes.isEmpty ? .end : .text(Self.text(bytes))
  }

  /// The next line, typed without an echo. Ctrl-C and Ctrl-D are read as what they are.
  func hiddenLine() -> LineTerminal.Answer {
    withoutEcho(atEnd: TCSADRAIN) { editedLine() } ?? .end
  }

  private func editedLine() -> LineTerminal.Answer {
    var bytes: [UInt8] = []
    while true {
      switch wait(nil) {
      case .interrupted: return .interrupted
      case .gone: return .end
      case .nothing: continue
      case .readable: break
      }
      guard let byte = byte() else { return .end }
      switch byte {
      case 0x0A, 0x0D: return .text(Self.text(bytes))
      case Self.interrupt: return .interrupted
      case 0x04: if bytes.isEmpty { return .end }
      case 0x08, 0x7F:
        // A character goes whole: its following bytes, then its first.
        while let last = bytes.popLast(), last & 0xC0 == 0x80 {}
      case 0x15: bytes = []
      case 0x00...0x1F: break
      default: if bytes.count < Self.longestLine { bytes.append(byte) }
      }
    }
  }

  // MARK: What came before a question

  enum Silence: Equatable {
    /// Nothing more is on its way.
    case quiet(hasDiscarded: Bool)
    case interrupted
    case end
  }

  /// How long nothing must have been typed before a question whose answer counts.
  static let quiet = Duration.seconds(1)
  /// The same where something was discarded: a paste over a slow line pauses, and goes on.
  static let quietAfterPaste = Duration.seconds(2)
  /// Input that does not stop by then never will.
  private static let longestFlood = Duration.seconds(30)

  /// Discards what has been typed or pasted so far, half a line included, until nothing has come for a while.
  ///
  /// Nothing of it is echoed, and no control character in it has an effect, except a Ctrl-C, which is one.
  func discardUntilQuiet() -> Silence {
    withoutEcho(atEnd: TCSAFLUSH) {
      let began = ContinuousClock.now
      var hasDiscarded = false
      while true {
        let needed = hasDiscarded ? Self.quietAfterPaste : Self.quiet
        let last = lastByte.withLock { $0 }
        // A look without waiting at least: something may be there although nothing was read for long.
        switch wait(max(.zero, needed - (ContinuousClock.now - last))) {
        case .interrupted: return .interrupted
        case .gone: return .end
        case .nothing:
          if ContinuousClock.now - last >= needed { return .quiet(hasDiscarded: hasDiscarded) }
        case .readable:
          guard let bytes = available() else { return .end }
          if bytes.contains(Self.interrupt) { return .interrupted }
          hasDiscarded = true
          if ContinuousClock.now - began > Self.longestFlood { return .end }
        }
      }
    } ?? .end
  }

  /// Whether more follows at once on a line that was just read: then it was one of several that were pasted.
  func isFollowed(within time: Duration = .milliseconds(150)) -> Bool {
    withoutEcho(atEnd: TCSANOW) {
      if case .readable = wait(time) { true } else { false }
    } ?? false
  }

  // MARK: The terminal

  private enum Wait { case readable, nothing, interrupted, gone }

  private static let cancellationInterval = Duration.milliseconds(100)

  /// Waits for input.
  ///
  /// - Parameter timeout: nil waits for ever; `.nothing` may come earlier.
  private func wait(_ timeout: Duration?) -> Wait {
    if let interrupts {
      let canRead = interrupts.wait(also: STDIN_FILENO, timeout: timeout)
      return switch interrupts.take() {
      case .stop?: .interrupted
      case .gone?: .gone
      case nil: canRead ? .readable : .nothing
      }
    }
    if cancellation?.isCancelled == true { return .interrupted }
    var timeout = timeout
    if cancellation != nil { timeout = min(timeout ?? Self.cancellationInterval, Self.cancellationInterval) }
    var source = pollfd(fd: STDIN_FILENO, events: Int16(POLLIN), revents: 0)
    let count = poll(&source, 1, timeout.map(LineInterrupts.milliseconds) ?? -1)
    if cancellation?.isCancelled == true { return .interrupted }
    return count > 0 ? .readable : .nothing
  }

  /// Does something with the terminal's echo, its editing and its control characters off; nil where that is impossible.
  ///
  /// Where no one hears signals they wait meanwhile: one that ended the program here would leave the shell without its
  /// echo.
  private func withoutEcho<Value>(atEnd: Int32, _ body: () -> Value) -> Value? {
    var before = termios()
    guard tcgetattr(STDIN_FILENO, &before) == 0 else { return nil }
    var waiting = sigset_t()
    var mask = sigset_t()
    sigemptyset(&waiting)
    for signal in [SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP] { sigaddset(&waiting, signal) }
    if interrupts == nil { pthread_sigmask(SIG_BLOCK, &waiting, &mask) }
    var quiet = before
    quiet.c_lflag &= ~tcflag_t(ECHO | ICANON | ISIG)
    tcsetattr(STDIN_FILENO, TCSANOW, &quiet)
    defer {
      tcsetattr(STDIN_FILENO, atEnd, &before)
      if interrupts == nil { pthread_sigmask(SIG_SETMASK, &mask, nil) }
    }
    return body()
  }

  private func byte() -> UInt8? {
    var byte: UInt8 = 0
    while true {
      let count = read(STDIN_FILENO, &byte, 1)
      if count == 1 {
        lastByte.withLock { $0 = .now }
        return byte
      }
      if count < 0 && errno == EINTR { continue }
      return nil
    }
  }

  /// What is there; nil at the end.
  private func available() -> [UInt8]? {
    var bytes = [UInt8](repeating: 0, count: 4096)
    while true {
      let count = read(STDIN_FILENO, &bytes, bytes.count)
      if count > 0 {
        lastByte.withLock { $0 = .now }
        return Array(bytes.prefix(count))
      }
      if count < 0 && errno == EINTR { continue }
      return nil
    }
  }

  private static func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }
}
