import Common
import Glibc

/// The terminal line by line, for the linear mode: no screen, no cursor movement, no repainting, nothing that a screen reader,
/// a serial line or a log would stumble over.
public struct LineTerminal: Sendable {
  private let showsUnicode: Bool
  private let rings: Bool
  private let output: Int32
  private let input: LineInput

  /// - Parameters:
  ///   - interrupts: heard while a line is waited for; without them Ctrl-C is a signal as ever.
  ///   - cancellation: where it is cancelled while a line is waited for, the answer is `.interrupted`.
  ///   - output: where texts and questions are written.
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
    /// There will be no more: Ctrl-D, the end of the file, a terminal that is gone.
    case end
    /// Ctrl-C: at a hidden answer, and elsewhere where interrupts are heard.
    case interrupted
  }

  /// Whether standard input is a terminal, so that a person can read a question before answering it.
  public var isAttended: Bool { input.isTerminal }

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
    guard hidden, input.isTerminal else {
      let answer = input.line()
      // Who types on a terminal sees it and ends its line; what comes from elsewhere is written down here.
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

  /// Prints a question and waits for a line that was typed after the question was there: what destroys is asked so.
  ///
  /// On a terminal everything that was typed or pasted before is discarded, also where it arrives in pieces, and of
  /// several lines that arrive at once none is the answer. Both are said. Elsewhere it is ``ask(_:hidden:)``: see
  /// ``isAttended``. Input that never pauses is `.end`.
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
    // Nobody reads any more: the next question finds out.
    try? Array(shown.utf8).withUnsafeBytes { try FileSystem.writeAll(output, $0, path: "standard output") }
  }
}
