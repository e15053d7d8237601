import Common
import Glibc
import Synchronization

/// Reads standard input by lines; Ctrl-C, a signal, a cancellation or the end of the input can end the wait.
///
/// It never reads more than the returned line, so that a later question can discard earlier input.
final class LineInput: Sendable {
  private let interrupts: LineInterrupts?
  private let cancellation: Cancellation?
  /// The time of the last byte; initially the start.
  private let lastByte: Mutex<ContinuousClock.Instant>

  private static let longestLine = 1 << 20
  private static let interrupt: UInt8 = 0x03

  /// - Parameters:
  ///   - interrupts: checked while waiting for a line; without it, Ctrl-C is a normal signal.
  ///   - cancellation: checked while waiting for a line.
  init(interrupts: LineInterrupts? = nil, cancellation: Cancellation? = nil) {
    self.interrupts = interrupts
    self.cancellation = cancellation
    lastByte = Mutex(.now)
  }

  /// Whether a person can answer, after reading the question.
  var isTerminal: Bool { isatty(STDIN_FILENO) == 1 }

  // MARK: Lines

  /// Returns the next line without its line break, edited by the terminal.
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

  /// Returns the next line, typed without an echo. Ctrl-C and Ctrl-D are recognized.
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
        // Deletes a whole UTF-8 character: its continuation bytes, then its first byte.
        while let last = bytes.popLast(), last & 0xC0 == 0x80 {}
      case 0x15: bytes = []
      // The beginning of an arrow key; `text` removes the whole sequence.
      case 0x1B: bytes.append(byte)
      case 0x00...0x1F: break
      default: if bytes.count < Self.longestLine { bytes.append(byte) }
      }
    }
  }

  // MARK: What came before a question

  enum Silence: Equatable {
    /// No further input is pending.
    case quiet(hasDiscarded: Bool)
    case interrupted
    case end
  }

  /// The required silence before a question that must not be answered by earlier input.
  static let quiet = Duration.seconds(1)
  /// The required silence after discarded input: a paste over a slow line can pause.
  static let quietAfterPaste = Duration.seconds(2)
  /// Input that continues longer than this is treated as endless.
  private static let longestFlood = Duration.seconds(30)

  /// Discards earlier input, including partial lines, until a period of silence.
  ///
  /// Nothing is echoed, and control characters have no effect except Ctrl-C.
  func discardUntilQuiet() -> Silence {
    withoutEcho(atEnd: TCSAFLUSH) {
      let began = ContinuousClock.now
      var hasDiscarded = false
      while true {
        let needed = hasDiscarded ? Self.quietAfterPaste : Self.quiet
        let last = lastByte.withLock { $0 }
        // At least one check without waiting: input can be pending although nothing was read recently.
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

  /// Returns whether more input follows immediately: the line was then a part of a paste.
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
  /// - Parameter timeout: nil waits forever; `.nothing` can be returned earlier.
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

  /// Runs `body` without the terminal's echo, editing and control characters; nil if that is not possible.
  ///
  /// Without a handler, signals are blocked meanwhile: ending the program here would leave the shell without an echo.
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

  /// Returns the pending bytes; nil at the end.
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

  /// Returns the text of a line, without the escape sequences of arrow keys and of pastes, and without other control
  /// characters.
  static func text(_ bytes: [UInt8]) -> String {
    let whole = String(decoding: bytes, as: UTF8.self)
    guard bytes.contains(where: { $0 < 0x20 || $0 == 0x7F }) else { return whole }
    var clean = PastedText()
    for scalar in whole.unicodeScalars where scalar != "\r" { clean.add(scalar.value) }
    return clean.text
  }
}
