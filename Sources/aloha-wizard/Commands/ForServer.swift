import ArgumentParser

/// A command with a server, which can be on another machine.
protocol ForServer: ParsableCommand {
  var server: ServerOptions { get }
}

/// A command that needs the root folder of its server.
protocol OnServer: ForServer {}

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
