import ArgumentParser
import Common
import Glibc
import Operations
import Terminal

/// The question before a destructive operation on a terminal. Scripts confirm with `--confirm-delete` or `--yes`.
///
/// It is printed on standard error, the terminal, also if the result goes into a file.
enum ConfirmationPrompt {
  /// Returns whether an operator can be asked.
  static func canBeAsked(json: Bool) -> Bool { !json && isatty(0) == 1 && isatty(2) == 1 }

  /// Shows the plan and the checks; last, right before the question, the reasons that must be confirmed by typing a
  /// name.
  ///
  /// - Returns: whether there are such reasons.
  /// - Throws: the exit code for a blocker, without a question.
  @discardableResult
  static func show(_ operation: any Runnable, more: [Finding] = [], alsoGoing: [String] = []) throws -> Bool {
    let findings = try operation.check() + more
    StandardStream.error(PlanText.of(try operation.plan(), findings))
    if !alsoGoing.isEmpty {
      StandardStream.error("\nContent of this server now:\n" + alsoGoing.map { "  - \(SafeText.clean($0))\n" }.joined())
    }
    if let refusal = Blocked.of(findings) { throw ExitCode(refusal.family.rawValue) }
    guard let confirmation = Finding.confirmation(of: findings) else { return false }
    StandardStream.error("\n\(SafeText.clean(confirmation))\n")
    return true
  }

  /// Requires the subdomain of an organization in `--confirm-delete`, before anything is checked or deleted.
  ///
  /// - Parameters:
  ///   - given: the value of the option; nil if it is missing.
  ///   - subject: the command or the job that deletes the organization.
  ///   - list: the command that shows what would be deleted; by default the same one with `--dry-run`.
  /// - Throws: `.usage` if it is missing, or another one.
  static func require(_ subdomain: String, given: String?, _ subject: String, list: String? = nil) throws {
    guard given != subdomain else { return }
    let name = "'\(SafeText.clean(subdomain, limit: .word))'"
    let reason =
      given.map {
        "--confirm-delete names '\(SafeText.clean($0, limit: .word))', but the organization to delete is \(name)"
      } ?? "deletes the organization \(name), and the confirmation is missing"
    throw PlainFailure(
      .usage, subject, reason,
      remedy: "see what would be deleted: \(list ?? "the same command with --dry-run"); then confirm it with "
        + "--confirm-delete \(subdomain.isEmpty ? "''" : ShellWord.quoted(subdomain))")
  }

  /// Returns the name of this machine, for a server whose settings are lost.
  static func machineName() -> String {
    var buffer = [CChar](repeating: 0, count: 256)
    guard gethostname(&buffer, buffer.count - 1) == 0 else { return "replace" }
    let bytes = buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
    let name = SafeText.clean(String(decoding: bytes, as: UTF8.self), limit: .name)
    return name.isEmpty ? "replace" : name
  }

  /// Asks for a name.
  ///
  /// - Parameters:
  ///   - name: the name to type; an empty one is typed as `''`, because Enter alone must not confirm.
  ///   - purpose: the consequence: "to delete it".
  /// - Throws: ``Cancelled`` if nothing was typed, `.usage` for another name.
  static func ask(name: String, _ purpose: String) throws {
    let expected = name.isEmpty ? "''" : name
    let answer = try line("Type \(SafeText.clean(expected)) \(purpose); anything else changes nothing:")
    if answer == expected { return }
    guard !answer.isEmpty else { throw Cancelled() }
    throw PlainFailure(
      .usage, "confirmation",
      "'\(SafeText.clean(answer, limit: .word))' is not the requested name; nothing was changed",
      remedy: "repeat the command and type \(SafeText.clean(expected))")
  }

  /// Asks for a yes.
  static func askYes() throws {
    guard try isYes("Do this now? Type yes:") else { throw Cancelled() }
  }

  /// Asks a question, and returns whether the answer is yes.
  static func isYes(_ question: String) throws -> Bool { try line(question).lowercased() == "yes" }

  /// Returns one line from the terminal, without surrounding spaces. Earlier input is ignored.
  private static func line(_ question: String) throws -> String {
    let terminal = LineTerminal(
      capabilities: .current(), cancellation: Interruption.cancellation, output: STDERR_FILENO)
    StandardStream.error("\n")
    guard case .text(let answer) = terminal.askAfresh(question) else { throw Cancelled() }
    let blanks: Set<Character> = [" ", "\t", "\r"]
    return String(answer.drop(while: blanks.contains).reversed().drop(while: blanks.contains).reversed())
  }
}
