import Common
import Glibc

/// The terminal in the linear mode: without a screen, cursor movement and repainting, for screen readers, serial lines
/// and logs.
public struct LineTerminal: Sendable {
  private let showsUnicode: Bool
  private let rings: Bool
  private let output: Int32
  private let input: LineInput

  /// - Parameters:
  ///   - interrupts: checked while waiting for a line; without it, Ctrl-C is a normal signal.
  ///   - cancellation: cancelling it while waiting for a line returns `.interrupted`.
  ///   - output: the descriptor for texts and questions.
  public init(
    capabilities: Capabilities, interrupts: LineInterrupts? = nil, cancellation: Cancellation? = nil,
    output: Int32 = STDOUT_FILENO
  ) {
    showsUnicode = capabilities.showsUnicode
    rings = capabilities.rings
    self.output = output
    input = LineInput(interrupts: interrupts, cancellation: cancellation)
  }

  public enum Answer: Sendable, Hashable {
    case text(String)
    /// The end of the input: Ctrl-D, the end of the file, or a lost terminal.
    case end
    /// Ctrl-C: at a hidden question, and where interrupts are handled.
    case interrupted
  }

  /// Whether standard input is a terminal, so that a person can read a question before answering.
  public var isAttended: Bool { input.isTerminal }

  /// Prints one or more lines.
  public func say(_ text: String) { print(text, end: "\n") }

  /// Rings the bell, unless it is disabled.
  public func ring() {
    if rings { print("\u{7}", end: "") }
  }

  /// The longest typed answer in bytes. The system cuts longer lines of a terminal: what remains of a large paste is no
  /// answer.
  private static let longestTyped = 4094

  /// Prints a question and waits for a line. On a terminal, a line that is too long is refused, and the question repeated.
  ///
  /// - Parameter hidden: whether the answer is not shown, like a password.
  public func ask(_ question: String, hidden: Bool = false) -> Answer {
    while true {
      let answer = askOnce(question, hidden: hidden)
      guard case .text(let text) = answer, input.isTerminal, text.utf8.count > Self.longestTyped else { return answer }
      say("Not accepted: the line is longer than \(Self.longestTyped) bytes.")
    }
  }

  private func askOnce(_ question: String, hidden: Bool) -> Answer {
    print(question, end: " ")
    guard hidden, input.isTerminal else {
      let answer = input.line()
      // A terminal shows typed text and line breaks; answers from elsewhere are printed here.
      switch answer {
      case .text(let text) where !input.isTerminal: print(hidden ? "" : text, end: "\n")
      case .text: break
      case .end, .interrupted: print("", end: "\n")
      }
      return answer
    }
    let answer = input.hiddenLine()
    print("", end: "\n")
    return answer
  }

  /// Prints a question and waits for a line typed after it, for destructive operations.
  ///
  /// On a terminal, earlier typed or pasted input is discarded, also in pieces, and several lines that arrive together
  /// are no answer. Both are reported. Otherwise it works like ``ask(_:hidden:)``, see ``isAttended``. Endless input
  /// results in `.end`.
  public func askAfresh(_ question: String) -> Answer {
    guard input.isTerminal else { return ask(question) }
    while true {
      switch input.discardUntilQuiet() {
      case .interrupted: return .interrupted
      case .end: return .end
      case .quiet(let hasDiscarded):
        if hasDiscarded { say("Input from before this question was discarded. It is not an answer.") }
      }
      let answer = ask(question)
      guard case .text = answer, input.isFollowed() else { return answer }
      say("Several lines arrived at once. None of them is taken as the answer.")
    }
  }

  private func print(_ text: String, end: String) {
    let shown = (showsUnicode ? text : Glyphs.asciiLines(text)) + end
    // Errors are ignored: the next question detects a lost terminal.
    try? Array(shown.utf8).withUnsafeBytes { try FileSystem.writeAll(output, $0, path: "standard output") }
  }
}
