import ArgumentParser
import Common
import Engine
import Glibc
import Operations
import Wizard

/// The command line: each command converts its arguments into an operation of the engine and shows its output.
@main
struct AlohaWizard: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: Program.name,
    abstract: "Moves organizations of an Aloha chat server, step by step.",
    discussion: Examples.after(
      """
      Without a command the wizard opens on this server. Every action of the wizard is also a command. Options can be \
      before or after the command.

      Exit codes: 0 done; 1 unexpected; 10 configuration; 11 database connection; 12 database; 20 archive missing; \
      21 archive damaged; 22 wrong kind of archive; 30 blocked by a check; 31 exists already; 32 not found; 40 file; \
      50 other program; 64 command line; 130 stopped.
      """,
      "demo", "--root /srv/old-server export -r lagoon --output lagoon.tar.gz"),
    version: Program.nameAndVersion,
    subcommands: [
      WizardCommand.self, DemoCommand.self, MoveCommand.self, ExportCommand.self, ImportCommand.self,
      InspectCommand.self,
      VerifyCommand.self, BackupCommand.self, RestoreCommand.self, OrganizationCommand.self, SettingsCommand.self,
      PasswordResetCommand.self, CacheCommand.self, ServerCommand.self, JobsCommand.self, ThemeCommand.self,
      HelpCommand.self, RunJobCommand.self, PeerCommand.self,
    ], defaultSubcommand: WizardCommand.self)

  static func main() {
    StandardStream.openClosed()
    Interruption.prepare()
    _ = StandardStream.wantsASCII
    let code = run(Array(CommandLine.arguments.dropFirst()))
    guard let failure = StandardStream.outputFailure else { Glibc.exit(code) }
    FailureText.write(failure)
    // An earlier failure is the more important one.
    Glibc.exit(code == 0 ? failure.family.rawValue : code)
  }

  /// Runs a command line, reports its failure, and returns the exit code.
  private static func run(_ words: [String]) -> Int32 {
    do {
      try ArgumentEncoding.check()
      var command = try parsed(words)
      if let remote = try RemoteCommand(command, words) { return try remote.run() }
      if let input = ArchiveInput(command, isRemote: false) {
        return try input.received { run(input.words(words, with: $0)) }
      }
      let described = command
      if let command = command as? any OnServer { try command.server.requireRoot() }
      defer { LeftoverReport.write(after: described) }
      try command.run()
      return 0
    } catch {
      return end(with: error, json: CommandWords.wantsJSON(words))
    }
  }

  /// Returns the command of a command line, whose options can be before or after the command.
  ///
  /// - Parameter words: the words after the program's name.
  /// - Throws: a ``Common/Failure`` for an unknown command or option, otherwise the errors of the parser.
  static func parsed(_ words: [String]) throws -> any ParsableCommand {
    // A job's process has no operator who could have mistyped something.
    guard let first = words.first, first != JobProcess.command else { return try parseAsRoot(words) }
    let goals = Wizard.goals.map(\.id)
    // The wizard's first screen does not wait for a description of its options, unless something is wrong.
    if CommandTable.isPlain(words, for: WizardCommand.self, of: Self.self),
      let wizard = (try? parseAsRoot(words)) as? WizardCommand, wizard.goal.map(goals.contains) ?? true
    {
      return wizard
    }
    if let table = try CommandTable(for: words, of: Self.self),
      let arranged = try? CommandWords(words, table, goals: goals)
    {
      return try parseAsRoot(arranged.arguments)
    }
    return try parseAsRoot(CommandWords(words, CommandTable(of: Self.self), goals: goals).arguments)
  }

  /// Reports the error that ended the program, and returns the exit code.
  ///
  /// An `ExitCode` was reported by the command. Every other error is an event with `--json` too.
  private static func end(with error: any Error, json: Bool) -> Int32 {
    if let failure = error as? any Failure {
      if json { StandardStream.json(EventLine.encode(.failed(FailureReport(failure))) + "\n") }
      FailureText.write(failure)
      return failure.family.rawValue
    }
    // Does the same as the parser's `exit(withError:)`, but writes to streams that respect the terminal's
    // capabilities.
    let code = exitCode(for: error)
    let text = fullMessage(for: error)
    if json, !code.isSuccess, !(error is ExitCode) {
      let family = FailureFamily(rawValue: code.rawValue) ?? .unexpected
      let failure = PlainFailure(family, "command line", message(for: error))
      StandardStream.json(EventLine.encode(.failed(FailureReport(failure))) + "\n")
    }
    if !text.isEmpty { code.isSuccess ? StandardStream.output(text + "\n") : StandardStream.error(text + "\n") }
    return code.rawValue
  }
}
