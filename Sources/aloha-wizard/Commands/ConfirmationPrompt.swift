import ArgumentParser
import Common
import Engine
import Glibc
import Terminal

/// The question before something goes, asked on a terminal. Scripts answer it beforehand, with `--confirm-delete` or
/// `--yes`.
///
/// What it says goes to standard error: the terminal that is read from, also where the result goes into a file.
enum ConfirmationPrompt {
  /// Whether there is somebody to be asked.
  static func canBeAsked(json: Bool) -> Bool { !json && isatty(0) == 1 && isatty(2) == 1 }

  /// Shows what would be done, and what the checks find; last, right before the question, what has to be confirmed by
  /// typing a name.
  ///
  /// - Returns: whether there is such a thing.
  /// - Throws: the exit code for a blocker: then there is nothing to be asked.
  @discardableResult
  static func show(_ operation: any Runnable, more: [Finding] = [], alsoGoing: [String] = []) throws -> Bool {
    let findings = try operation.check() + more
    StandardStream.error(PlanText.of(try operation.plan(), findings))
    if !alsoGoing.isEmpty {
      StandardStream.error("\nContent of this server now:\n" + alsoGoing.map { "  - \(SafeText.clean($0))\n" }.joined())
    }
    if findings.contains(where: { $0.severity == .blocker }) { throw ExitCode(FailureFamily.blocked.rawValue) }
    guard let confirmation = Finding.confirmation(of: findings) else { return false }
    StandardStream.error("\n\(SafeText.clean(confirmation))\n")
    return true
  }

  /// The name of this machine, for a server whose settings are lost and whose own name is not known.
  static func machineName() -> String {
    var buffer = [CChar](repeating: 0, count: 256)
    guard gethostname(&buffer, buffer.count - 1) == 0 else { return "replace" }
    let bytes = buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
    let name = SafeText.clean(String(decoding: bytes, as: UTF8.self), limit: .name)
    return name.isEmpty ? "replace" : name
  }

  /// Asks for a name, letter by letter.
  ///
  /// - Parameters:
  ///   - name: what has to be typed; an empty one is typed as `''`, for Enter alone must never do.
  ///   - purpose: what happens then: "to delete it".
  /// - Throws: ``Cancelled`` where nothing was typed, `.usage` for another name.
  static func ask(name: String, _ purpose: String) throws {
    let expected = name.isEmpty ? "''" : name
    let answer = try line("Type \(SafeText.clean(expected)) \(purpose); anything else changes nothing:")
    if answer == expected { return }
    guard !answer.isEmpty else { throw Cancelled() }
    throw PlainFailure(
      .usage, "'\(SafeText.clean(answer, limit: .word))'", "is not the requested name; nothing was changed",
      remedy: "repeat the command and type \(SafeText.clean(expected))")
  }

  /// Asks for a yes.
  static func askYes() throws {
    guard try line("Do this now? Type yes:").lowercased() == "yes" else { throw Cancelled() }
  }

  /// One line from the terminal, without the blanks around it. What was typed or pasted before the question does not
  /// count.
  private static func line(_ question: String) throws -> String {
    let terminal = LineTerminal(
      capabilities: .current(), cancellation: Interruption.cancellation, output: STDERR_FILENO)
    StandardStream.error("\n")
    guard case .text(let answer) = terminal.askAfresh(question) else { throw Cancelled() }
    let blanks: Set<Character> = [" ", "\t", "\r"]
    return String(answer.drop(while: blanks.contains).reversed().drop(while: blanks.contains).reversed())
  }
}
