import ArgumentParser
import Common
import Operations
import Server
import WholeServer

// The options of `restore` in groups, with one heading each in its help.

extension RestoreCommand {
  /// The parts of a backup that were saved by hand.
  struct Parts: ParsableArguments {
    @Option(help: ArgumentHelp("A dump of the database, in any format of pg_dump.", valueName: "path"))
    var database: String?
    @Option(help: ArgumentHelp("A copy of the uploads folder.", valueName: "path"))
    var uploads: String?
    @Option(help: ArgumentHelp("A copy of the configuration folder.", valueName: "path"))
    var settings: String?
    @Option(
      help: ArgumentHelp(
        "A copy of a container's /data: uploads, secrets and the newest dump in it, unless --database names another.",
        valueName: "folder"))
    var data: String?

    func validate() throws {
      try OptionRule.paths([
        ("--database", database), ("--uploads", uploads), ("--settings", settings), ("--data", data),
      ])
    }

    var areGiven: Bool { database != nil || uploads != nil || settings != nil || data != nil }

    var manual: ManualBackup {
      ManualBackup(
        database: database.map { FileSystem.absolute($0) }, settings: settings.map { FileSystem.absolute($0) },
        uploads: uploads.map { FileSystem.absolute($0) }, data: data.map { FileSystem.absolute($0) })
    }
  }

  /// The parts of the backup that become part of the server.
  struct Content: ParsableArguments {
    @Flag(help: "Keep all settings and secrets of this server.")
    var keepSettings = false
    @Flag(
      name: [.customLong("keep-alohaconf"), .customLong("keep-zulipconf")],
      help: "Keep aloha.conf of this machine.")
    var keepConf = false
    @Option(help: ArgumentHelp("The host name of the restored server.", valueName: "name"))
    var externalHost: String?
    @Flag(help: "Restore a partial backup: missing parts are not changed on this server. Use with care.")
    var partial = false
    @Flag(help: "Restore the intact files of a damaged backup, and name the lost ones.")
    var salvage = false
    @Flag(help: "Restore although the versions differ. Data may not fit; use with care.")
    var ignoreVersions = false

    func validate() throws { try OptionRule.check("--external-host", externalHost, InputRule.hostName) }
  }

  /// The exports of the server's organizations before the restore replaces them.
  struct Export: ParsableArguments {
    @Flag(help: "Export each organization of this server before it is replaced.")
    var exportFirst = false
    @Option(
      help: ArgumentHelp(
        "Like --export-first, into a new folder below this one; by default beside the uploads.", valueName: "folder"))
    var exportFolder: String?

    func validate() throws { try OptionRule.paths([("--export-folder", exportFolder)]) }

    var isRequested: Bool { exportFirst || exportFolder != nil }
  }

  /// The key, the place and the rights that a restore works with.
  struct Work: ParsableArguments {
    @OptionGroup var key: IdentityOption
    @Option(help: ArgumentHelp("Folder for the dump while the command runs.", valueName: "folder"))
    var workFolder: String?
    @Option(help: "Sessions that restore at the same time (1 to 32).")
    var parallel: Int?
    @Option(help: ArgumentHelp("The role that may create databases, if it is not postgres.", valueName: "role"))
    var databaseAdministrator: String?
    @Option(help: ArgumentHelp("A file that holds that role's password.", valueName: "file"))
    var databasePasswordFile: String?

    func validate() throws {
      try OptionRule.paths([("--work-folder", workFolder), ("--database-password-file", databasePasswordFile)])
      try OptionRule.check("--database-administrator", databaseAdministrator, InputRule.role)
      guard (1...32).contains(parallel ?? 1) else { throw ValidationError("--parallel is a number from 1 to 32.") }
    }

    var folder: String? { workFolder.map { FileSystem.absolute($0) } }

    var administrator: AdministratorAccess.Wish {
      AdministratorAccess.Wish(
        user: databaseAdministrator, passwordFile: databasePasswordFile.map { FileSystem.absolute($0) })
    }
  }

  /// A restore that proves the backup and touches nothing.
  struct Rehearsal: ParsableArguments {
    @Flag(help: "Restore into a throw-away database and folder, and compare; the server is not touched.")
    var rehearse = false
    @Option(help: ArgumentHelp("With --rehearse: the newest backup in this folder.", valueName: "folder"))
    var newestIn: String?
    @Flag(help: "With --rehearse: one line for Nagios, and its exit codes.")
    var nagios = false
    @Option(help: ArgumentHelp("With --rehearse: metrics for Prometheus.", valueName: "file"))
    var prometheus: String?

    func validate() throws {
      try OptionRule.paths([("--newest-in", newestIn), ("--prometheus", prometheus)])
      if nagios || prometheus != nil || newestIn != nil, !rehearse {
        throw ValidationError("--nagios, --prometheus and --newest-in need --rehearse.")
      }
    }

    var metrics: String? { prometheus.map { FileSystem.absolute($0) } }
  }

  /// The actions on an earlier restore.
  struct Earlier: ParsableArguments {
    @Flag(help: "Roll back to the state before the restore.")
    var rollBack = false
    @Flag(help: "Complete a restore that was interrupted during the exchange.")
    var resume = false
    @Flag(help: "Delete the prepared state of a restore that was interrupted before the exchange.")
    var clear = false
    @Flag(help: "Delete the kept state that is not in use.")
    var discard = false
    @Flag(help: "Show the state of the server's restores.")
    var status = false

    var count: Int { [rollBack, resume, clear, discard, status].count { $0 } }
  }

  /// How a restore starts.
  struct Start: ParsableArguments {
    @Flag(help: "Show the plan and the findings of the checks; change nothing.")
    var dryRun = false
    @Flag(help: "Do not ask for confirmation.")
    var yes = false
  }
}
