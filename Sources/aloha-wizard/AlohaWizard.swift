import ArgumentParser
import Common
import Glibc

/// The command line: each command converts its arguments into an operation of the engine and shows its output.
@main
struct AlohaWizard: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: Program.name,
    abstract: "Moves organizations of an Aloha chat server, step by step.",
    discussion: """
      Without a command the wizard opens on this server. Every action of the wizard is also a command.

      Exit codes: 0 done; 1 unexpected; 10 configuration; 11 database connection; 12 database; 20 archive missing; \
      21 archive damaged; 22 wrong kind of archive; 30 blocked by a check; 31 exists already; 32 not found; 40 file; \
      50 other program; 64 command line; 130 stopped.
      """,
    version: Program.nameAndVersion,
    subcommands: [
      WizardCommand.self, DemoCommand.self, ExportCommand.self, ImportCommand.self, InspectCommand.self,
      VerifyCommand.self, BackupCommand.self, RestoreCommand.self, OrganizationCommand.self, SettingsCommand.self,
      PasswordResetCommand.self, CacheCommand.self, ServerCommand.self, JobsCommand.self, ThemeCommand.self,
      RunJobCommand.self,
    ], defaultSubcommand: WizardCommand.self)

  static func main() {
    Interruption.prepare()
    _ = StandardStream.wantsASCII
    do {
      var command = try parseAsRoot()
      let described = command
      defer { LeftoverReport.write(after: described) }
      try command.run()
    } catch let failure as any Failure {
      FailureText.write(failure)
      exit(withError: ExitCode(failure.family.rawValue))
    } catch {
      // Does the same as the parser's `exit(withError:)`, but writes to streams that respect the terminal's
      // capabilities.
      let code = exitCode(for: error)
      let text = fullMessage(for: error)
      if !text.isEmpty { code.isSuccess ? StandardStream.output(text + "\n") : StandardStream.error(text + "\n") }
      Glibc.exit(code.rawValue)
    }
  }
}
