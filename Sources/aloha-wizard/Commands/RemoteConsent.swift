import Common
import Glibc
import Remote

extension RemoteServer.Consent {
  /// The operator of a command is asked on the terminal, if there is one.
  ///
  /// - Parameter copies: whether the program may be copied without a question (`--copy-program`).
  static func ofCommand(copies: Bool, json: Bool) -> RemoteServer.Consent {
    let isTerminal = isatty(STDIN_FILENO) == 1 && isatty(STDERR_FILENO) == 1
    return RemoteServer.Consent(canAsk: isTerminal) { machine in
      if copies { return true }
      guard isTerminal, !json else { return false }
      let state =
        machine.hasProgram
        ? "The other machine has \(machine.version ?? "another version of \(Program.name)"), and this is "
          + "\(Program.nameAndVersion)."
        : "The other machine does not have \(Program.name)."
      StandardStream.error(
        "\(state)\nThis program can be copied there for this work; the copy is deleted afterwards.\n")
      return try ConfirmationPrompt.isYes("Copy it now? Type yes:")
    }
  }
}
