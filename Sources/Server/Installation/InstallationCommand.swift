import Common
import Operations

extension Installation {
  /// The root folder for options and references: "/" in production.
  package var rootOption: String { root.isEmpty ? "/" : root }

  /// The step after a change that the server reads when it starts.
  ///
  /// - Parameter reason: for example "so that it reads the change".
  package func restartStep(_ reason: String) -> Summary.Step {
    Summary.Step("Restart the server, \(reason)", id: .restart).with(.restart(root: rootOption))
  }

  /// Returns a command line of this program for this server, to be pasted into a shell.
  package func command(_ words: [String]) -> String { Program.command(words, root: root) }
}
