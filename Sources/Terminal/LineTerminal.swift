import Common
import Glibc

/// The terminal line by line, for the linear mode: no screen, no cursor movement, no repainting, nothing that a screen reader,
/// a serial line or a log would stumble over.
public struct LineTerminal: Sendable {
  private let showsUnicode: Bool
  private let interrupts: LineInterrupts?
  private let rings: Bool

  /// - Parameter interrupts: heard while a line is waited for; without them Ctrl-C is a signal as ever.
  public init(capabilities: Capabilities, interrupts: LineInterrupts? = nil) {
    showsUnicode = capabilities.showsUnicode
    rings = capabilities.rings
    self.interrupts = interrupts
  }

  public enum Answer: Sendable, Hashable {
    case text(String)
    /// There will be no more: Ctrl-D, the end of the file, a terminal that is gone.
    case end
    /// Ctrl-C: at a hidden answer, and elsewhere where interrupts are heard.
    case interrupted
  }

  /// Prints one line, or several.
  public func say(_ text: String) { print(text, end: "\n") }

  /// Rings the bell, where that is wanted.
  public func ring() {
    if rings { print("\u{7}", end: "") }
  }

  /// Prints a question and waits for a line.
  ///
  /// - Parameter hidden: nothing of the answer is shown, as for a password.
  public func ask(_ question: String, hidden: Bool = false) -> Answer {
    print(question, end: " ")
    guard hidden, isatty(STDIN_FILENO) == 1 else {
      let answer = line()
      // Who types on a terminal sees it and ends its line; what comes from elsewhere is written down here.
      switch answer {
      case .text(let text) where isatty(STDIN_FILENO) != 1: print(hidden ? "" : text, end: "\n")
      case .text: break
      case .end, .interrupted: print("", end: "\n")
      }
      return answer
    }
    let answer = Self.hiddenLine()
    print("", end: "\n")
    return answer
  }

  private func print(_ text: String, end: String) {
    let shown = (showsUnicode ? text : Self.ascii(text)) + end
    // Nobody reads any more: the next question finds out.
    try? Array(shown.utf8).withUnsafeBytes { try FileSystem.writeAll(STDOUT_FILENO, $0, path: "standard output") }
  }

  private static func ascii(_ text: String) -> String {
    text.split(separator: "\n", omittingEmptySubsequences: false).map { Glyphs.asciiOnly(String($0)) }
      .joined(separator: "\n")
  }

  // MARK: Reading

  private static let longestLine = 1 << 20

  private func line() -> Answer {
    var bytes: [UInt8] = []
    while true {
      if let interrupts {
        let canRead = interrupts.wait(also: STDIN_FILENO, timeout: nil)
        switch interrupts.take() {
        case .stop?: return .interrupted
        case .gone?: return .end
        case nil: if !canRead { continue }
        }
      }
      guard let byte = Self.byte() else { break }
      if byte == UInt8(ascii: "\n") { return .text(Self.text(bytes)) }
      if bytes.count < Self.longestLine { bytes.append(byte) }
    }
    return bytes.isEmpty ? .end : .text(Self.text(bytes))
  }

  /// Reads with the echo off. Signals wait meanwhile: one that ended the program here would leave the shell without its
  /// echo. Ctrl-C and Ctrl-D are read as what they are.
  private static func hiddenLine() -> Answer {
    var before = termios()
    guard tcgetattr(STDIN_FILENO, &before) == 0 else { return .end }
    var waiting = sigset_t()
    var mask = sigset_t()
    sigemptyset(&waiting)
    for signal in [SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP] { sigaddset(&waiting, signal) }
    pthread_sigmask(SIG_BLOCK, &waiting, &mask)
    var quiet = before
    quiet.c_lflag &= ~tcflag_t(ECHO | ICANON | ISIG)
    tcsetattr(STDIN_FILENO, TCSADRAIN, &quiet)
    defer {
      tcsetattr(STDIN_FILENO, TCSADRAIN, &before)
      pthread_sigmask(SIG_SETMASK, &mask, nil)
    }
    return editedLine()
  }

  private static func editedLine() -> Answer {
    var bytes: [UInt8] = []
    while let byte = byte() {
      switch byte {
      case 0x0A, 0x0D: return .text(text(bytes))
      case 0x03: return .interrupted
      case 0x04: if bytes.isEmpty { return .end }
      case 0x08, 0x7F:
        // A character goes whole: its following bytes, then its first.
        while let last = bytes.popLast(), last & 0xC0 == 0x80 {}
      case 0x15: bytes = []
      case 0x00...0x1F: break
      default: if bytes.count < longestLine { bytes.append(byte) }
      }
    }
    return .end
  }

  private static func byte() -> UInt8? {
    var byte: UInt8 = 0
    while true {
      let count = read(STDIN_FILENO, &byte, 1)
      if count == 1 { return byte }
      if count < 0 && errno == EINTR { continue }
      return nil
    }
  }

  private static func text(_ bytes: [UInt8]) -> String {
    String(decoding: bytes, as: UTF8.self)
  }
}
