import ArgumentParser
import Common
import Engine

/// A command that is about one server.
protocol OnServer: ParsableCommand {
  var server: ServerOptions { get }
}

/// Tells the operator what interrupted commands have left on the server that a command was about. Jobs remove what they
/// can before they begin: what is said here is what remains.
enum LeftoverReport {
  /// On standard error: whoever reads the results of a command gets nothing else.
  static func write(after command: any ParsableCommand) {
    guard let command = command as? any OnServer else { return }
    for leftover in Leftovers.report(root: command.server.reference.root, brand: command.server.brand) {
      let finding = leftover.finding(root: command.server.reference.root)
      StandardStream.error("Leftover: \(finding.reason)\n  What to do: \(finding.remedy ?? "")\n")
    }
  }
}

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
