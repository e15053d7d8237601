/// A command that runs its operation as a job, so that it can be started on another machine and followed from here.
protocol JobCommand: OnServer {
  /// Whether it only shows what it would do.
  var dryRun: Bool { get }
  /// Whether it starts a job with these options.
  var startsJob: Bool { get }
  var output: OutputOptions { get }
}

extension JobCommand {
  var dryRun: Bool { false }
  var startsJob: Bool { !dryRun && !output.detach }
}

extension ExportCommand: JobCommand {}
extension ImportCommand: JobCommand {}
extension PasswordResetCommand: JobCommand {}
extension BackupCommand.Make: JobCommand {}
extension CacheCommand.Flush: JobCommand {}
extension JobsCommand.Undo: JobCommand {}
extension OrganizationCommand.Delete: JobCommand {}
extension OrganizationCommand.Rename: JobCommand {}
extension OrganizationCommand.Deactivate: JobCommand {
  var dryRun: Bool { chosen.dryRun }
  var output: OutputOptions { chosen.output }
}
extension OrganizationCommand.Reactivate: JobCommand {
  var dryRun: Bool { chosen.dryRun }
  var output: OutputOptions { chosen.output }
}
extension ServerCommand.Start: JobCommand {}
extension ServerCommand.Stop: JobCommand {}
extension ServerCommand.Restart: JobCommand {}
extension ServerCommand.Register: JobCommand {}
extension ServerCommand.Clean: JobCommand {}
extension SettingsCommand.Copy: JobCommand {}
extension SettingsCommand.Undo: JobCommand {}
extension RestoreCommand: JobCommand {
  var dryRun: Bool { start.dryRun || rehearsal.rehearse || earlier.status }
}
