import ArgumentParser
import Common
import Engine

/// A command with a server, which can be on another machine.
protocol ForServer: ParsableCommand {
  var server: ServerOptions { get }
}

/// A command that needs the root folder of its server.
protocol OnServer: ForServer {}

/// Reports the leftovers of interrupted commands on the command's server. Jobs delete what they can at their start: the
/// report contains the rest.
enum LeftoverReport {
  /// On standard error, separate from the command's result.
  static func write(after command: any ParsableCommand) {
    guard let command = command as? any OnServer else { return }
    for leftover in Leftovers.report(root: command.server.reference.root, brand: command.server.brand) {
      let finding = leftover.finding(root: command.server.reference.root)
      StandardStream.error("Leftover: \(finding.reason)\n  What to do: \(finding.remedy ?? "")\n")
    }
  }
}

extension WizardCommand: ForServer {}
extension ExportCommand: OnServer {}
extension ImportCommand: OnServer {}
extension VerifyCommand: OnServer {}
extension RestoreCommand: OnServer {}
extension PasswordResetCommand: OnServer {}
extension BackupCommand.Make: OnServer {}
extension BackupScheduleCommand: OnServer {}
extension CacheCommand.Flush: OnServer {}
extension JobsCommand.List: OnServer {}
extension JobsCommand.Undo: OnServer {}
extension JobsCommand.Dismiss: OnServer {}
extension JobsCommand.Attach: OnServer { var server: ServerOptions { selection.server } }
extension JobsCommand.Stop: OnServer { var server: ServerOptions { selection.server } }
extension JobsCommand.Resume: OnServer { var server: ServerOptions { selection.server } }
extension OrganizationCommand.List: OnServer {}
extension OrganizationCommand.Delete: OnServer {}
extension OrganizationCommand.Rename: OnServer {}
extension OrganizationCommand.Deactivate: OnServer { var server: ServerOptions { chosen.server } }
extension OrganizationCommand.Reactivate: OnServer { var server: ServerOptions { chosen.server } }
extension ServerCommand.Start: OnServer {}
extension ServerCommand.Stop: OnServer {}
extension ServerCommand.Restart: OnServer {}
extension ServerCommand.Register: OnServer {}
extension ServerCommand.Queues: OnServer {}
extension ServerCommand.Clean: OnServer {}
extension SettingsCommand.Compare: OnServer {}
extension SettingsCommand.Copy: OnServer {}
extension SettingsCommand.Undo: OnServer {}
