import ArgumentParser
import Common
import Operations
import Server
import WholeServer

struct BackupCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "backup", abstract: "Back up the whole server: database, uploads, settings, secrets.",
    discussion: Examples.after(
      """
      The archive has the layout of the server's own backups: the server's restore command reads it too. It gets its \
      name when it is complete and was read back.

      Not in a backup: logs, certificates of the web server, files in S3, pending tasks in RabbitMQ. The checks print the \
      command that saves each.

      A nightly backup loses up to a day. To lose less, add the server's own continuous backups (backups_directory in its \
      configuration, watched by its Nagios plugin check_postgresql_backup) or its streaming replication to a second \
      machine; both contain the database only.
      """,
      "backup --folder /var/backups/aloha", "backup prune /var/backups/aloha --keep-daily 14"),
    subcommands: [Make.self, Prune.self, BackupScheduleCommand.self], defaultSubcommand: Make.self)

  struct Make: OperationCommand {
    static let configuration = CommandConfiguration(
      // Given for the description of the parser, which names defaults only so.
      commandName: "make",
      abstract: "Make a backup (the default).",
      discussion: Examples.after(
        "", "backup make --folder /var/backups/aloha", "backup make --output ~/backup.tar.gz --skip-uploads --dry-run"))

    @OptionGroup var server: ServerOptions
    @OptionGroup var output: OutputOptions

    @Option(
      name: .customLong("output"),
      help: ArgumentHelp(
        "The archive to write; by default a generated name in /tmp, in a container in /data/backups.", valueName: "file"
      ))
    var file: String?

    @Option(help: ArgumentHelp("Use a generated name in this folder.", valueName: "folder"))
    var folder: String?

    @Flag(help: "Leave the database out.")
    var skipDb = false

    @Flag(help: "Leave uploaded files out.")
    var skipUploads = false

    @Option(help: "Sessions that dump at the same time (1 to 32); by default one for each processor, four at most.")
    var parallel: Int?

    @Option(help: "Compression, 1 (fast) to 9 (small).")
    var level = 1

    @Option(
      help: ArgumentHelp(
        "Encrypt to this public key of age (age1...); the private one is not needed here.", valueName: "key"))
    var encryptTo: String?

    @Option(help: ArgumentHelp("Folder for the dump while the command runs.", valueName: "folder"))
    var workFolder: String?

    @Flag(help: "Show the plan and the findings of the checks; change nothing.")
    var dryRun = false

    func validate() throws {
      guard (1...9).contains(level) else { throw ValidationError("--level is a number from 1 to 9.") }
      guard (1...32).contains(parallel ?? 1) else { throw ValidationError("--parallel is a number from 1 to 32.") }
      try OptionRule.check("--encrypt-to", encryptTo, InputRule.recipient)
      try OptionRule.archive("--output", file, isEncrypted: encryptTo != nil)
      try OptionRule.paths([("--folder", folder), ("--work-folder", workFolder)])
      if file != nil && folder != nil { throw ValidationError("--output and --folder exclude each other.") }
    }

    func run() throws { try output.perform(operation(), dryRun: dryRun) }

    func operation() throws -> any Operation {
      var options = BackupOperation.Options(output: file.map { FileSystem.absolute($0) })
      options.folder =
        folder.map { FileSystem.absolute($0) }
        ?? Container.find(root: server.reference.root, brand: server.brand).map(\.backupFolder)
      options.skipsDatabase = skipDb
      options.skipsUploads = skipUploads
      options.parallel = parallel
      options.level = level
      options.recipient = encryptTo
      options.workFolder = workFolder.map { FileSystem.absolute($0) }
      // The generated name is part of the plan.
      return try BackupOperation(server.reference, options).named()
    }
  }

  struct KeepOptions: ParsableArguments {
    @Option(help: "Number of newest backups to keep.")
    var keepLast = 3
    @Option(help: "Number of days of which the newest backup is kept.")
    var keepDaily = 7
    @Option(help: "Number of weeks of which the newest backup is kept.")
    var keepWeekly = 5
    @Option(help: "Number of months of which the newest backup is kept.")
    var keepMonthly = 12

    func validate() throws {
      guard [keepLast, keepDaily, keepWeekly, keepMonthly].allSatisfy(InputRule.kept.contains) else {
        throw ValidationError("The numbers of backups to keep are from 0 to \(InputRule.kept.upperBound).")
      }
      guard keepLast + keepDaily + keepWeekly + keepMonthly > 0 else {
        throw ValidationError("No backup would be kept: give one of the --keep options a number above 0.")
      }
    }

    var policy: RetentionPolicy {
      RetentionPolicy(last: keepLast, daily: keepDaily, weekly: keepWeekly, monthly: keepMonthly)
    }
  }

  struct Prune: OperationCommand {
    static let configuration = CommandConfiguration(
      abstract: "Delete backups that no rule keeps; without --yes only list them.",
      discussion: Examples.after(
        "The newest intact backup and all newer ones are always kept.",
        "backup prune /var/backups/aloha", "backup prune /var/backups/aloha --keep-last 5 --yes"))

    @OptionGroup var output: OutputOptions
    @OptionGroup var keep: KeepOptions
    @Argument(help: "The folder of the backups.")
    var folder: String
    @Flag(help: "Delete them; without this option nothing is deleted.")
    var yes = false

    func validate() throws { try OptionRule.paths([("The folder", folder)]) }

    func run() throws { if yes { try output.look(operation()) } else { try output.rehearse(operation()) } }

    func operation() -> any Operation {
      PruneOperation(PruneOperation.Options(folder: FileSystem.absolute(folder), policy: keep.policy))
    }
  }
}
