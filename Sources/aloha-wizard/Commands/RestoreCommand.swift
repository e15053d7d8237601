import Administration
import ArgumentParser
import Common
import Operations
import Server
import WholeServer

struct RestoreCommand: OperationCommand {
  static let configuration = CommandConfiguration(
    commandName: "restore", abstract: "Restore the whole server from a backup, rehearse a restore, or roll it back.",
    discussion: """
      The new state is built beside the server's own and compared with the backup first; then both are exchanged by \
      renaming, and the old state is kept. Backups of the server's own command are accepted too. Give parts that were \
      saved by hand with --database, --uploads and --settings, a copy of a container's volume with --data.

      On a new machine install the server first, in the version of the backup, with --no-init-db: the database comes from \
      the backup. Backups contain no logs; if you have saved the old ones, unpack them into /var/log afterwards.
      """)

  @OptionGroup var server: ServerOptions
  @OptionGroup var output: OutputOptions

  @Argument(help: "The backup: a .tar.gz, an encrypted .age, or the folder that it was unpacked into.")
  var archive: String?

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
  @OptionGroup var key: IdentityOption
  @Option(help: ArgumentHelp("Folder for the dump while the command runs.", valueName: "folder"))
  var workFolder: String?
  @Option(help: "Sessions that restore at the same time (1 to 32).")
  var parallel: Int?
  @Option(help: ArgumentHelp("The role that may create databases, if it is not postgres.", valueName: "role"))
  var databaseAdministrator: String?
  @Option(help: ArgumentHelp("A file that holds that role's password.", valueName: "file"))
  var databasePasswordFile: String?

  @Flag(help: "Export each organization of this server before it is replaced.")
  var exportFirst = false
  @Option(
    help: ArgumentHelp(
      "Like --export-first, into a new folder below this one; by default beside the uploads.", valueName: "folder"))
  var exportFolder: String?

  @Flag(help: "Restore into a throw-away database and folder, and compare; the server is not touched.")
  var rehearse = false
  @Option(help: ArgumentHelp("With --rehearse: the newest backup in this folder.", valueName: "folder"))
  var newestIn: String?
  @Flag(help: "With --rehearse: one line for Nagios, and its exit codes.")
  var nagios = false
  @Option(help: ArgumentHelp("With --rehearse: metrics for Prometheus.", valueName: "file"))
  var prometheus: String?

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

  @Flag(help: "Show the plan and the findings of the checks; change nothing.")
  var dryRun = false
  @Flag(help: "Do not ask for confirmation.")
  var yes = false

  func validate() throws {
    try OptionRule.paths([
      ("The backup", archive), ("--database", database), ("--uploads", uploads), ("--settings", settings),
      ("--work-folder", workFolder), ("--database-password-file", databasePasswordFile), ("--newest-in", newestIn),
      ("--prometheus", prometheus),
    ])
    try OptionRule.check("--external-host", externalHost, InputRule.hostName)
    try OptionRule.check("--database-administrator", databaseAdministrator, InputRule.role)
    guard (1...32).contains(parallel ?? 1) else { throw ValidationError("--parallel is a number from 1 to 32.") }
    let modes = [rehearse, rollBack, resume, clear, discard, status].count { $0 }
    guard modes <= 1 else {
      throw ValidationError("Only one of --rehearse, --roll-back, --resume, --clear, --discard and --status.")
    }
    let isManual = database != nil || uploads != nil || settings != nil || data != nil
    if archive != nil && isManual {
      throw ValidationError("Give a backup, or the parts of one with --database, --uploads and --settings; not both.")
    }
    if rehearse {
      guard [archive != nil, isManual, newestIn != nil].count(where: { $0 }) == 1 else {
        throw ValidationError(
          "Give a backup to rehearse, the parts of one with --database, --uploads and --settings, or --newest-in.")
      }
    } else if modes == 0 {
      guard archive != nil || isManual else { throw ValidationError("Give a backup to restore.") }
    }
    if exportFirst || exportFolder != nil, modes > 0 {
      throw ValidationError("--export-first and --export-folder need a restore.")
    }
    if nagios || prometheus != nil || newestIn != nil, !rehearse {
      throw ValidationError("--nagios, --prometheus and --newest-in need --rehearse.")
    }
  }

  func run() throws {
    if rehearse { return try runRehearsal() }
    if status { return try showStatus() }
    try perform(operation())
  }

  func operation() throws -> any Operation {
    if rehearse { return RehearseOperation(server.reference, try rehearsalOptions()) }
    if rollBack { return RollBackOperation(server.reference) }
    if resume { return ResumeRestoreOperation(server.reference) }
    if clear { return ClearRestoreOperation(server.reference) }
    if discard { return DiscardRestoreOperation(server.reference) }
    return RestoreOperation(server.reference, options)
  }

  private var options: RestoreOptions {
    func whole(_ path: String?) -> String? { path.map { FileSystem.absolute($0) } }
    let parts = ManualBackup(
      database: whole(database), settings: whole(settings), uploads: whole(uploads), data: whole(data))
    let source = whole(archive).map { RestoreSource.archive($0) } ?? .manual(parts)
    var options = RestoreOptions(source)
    options.keepsSettings = keepSettings
    options.keepsConfiguration = keepConf
    options.externalHost = externalHost
    options.allowsPartial = partial
    options.salvages = salvage
    options.ignoresVersions = ignoreVersions
    options.identity = key.path
    options.workFolder = whole(workFolder)
    options.parallel = parallel
    if exportFirst || exportFolder != nil { options.exportFirst = .init(folder: whole(exportFolder)) }
    options.administrator = AdministratorAccess.Wish(
      user: databaseAdministrator, passwordFile: whole(databasePasswordFile))
    return options
  }

  /// Shows the plan and asks for a confirmation, unless it was given.
  private func perform(_ operation: any Operation) throws {
    if dryRun { return try output.rehearse(operation) }
    if !yes {
      guard ConfirmationPrompt.canBeAsked(json: output.json) else {
        try output.rehearse(operation)
        throw PlainFailure(
          .usage, operation.title, "changes the server, and the confirmation cannot be asked for here",
          remedy: "repeat it with --yes to confirm it")
      }
      let mustBeTyped = try ConfirmationPrompt.show(operation, alsoGoing: replacesServer ? present() : [])
      // A server whose settings are lost has no name to type.
      let host = try? server.installation().host
      if let purpose = purposeOfName, let name = host ?? (mustBeTyped ? ConfirmationPrompt.machineName() : nil) {
        try ConfirmationPrompt.ask(name: name, purpose)
      } else {
        try ConfirmationPrompt.askYes()
      }
    }
    try output.run(operation)
  }

  /// The purpose of typing the server's name; nil if a yes is enough, because no state is replaced.
  private var purposeOfName: String? {
    if discard { return "to delete the kept state" }
    if rollBack { return "to roll back to the state before the restore" }
    return replacesServer ? "to replace this server with the backup" : nil
  }

  private var replacesServer: Bool { !rollBack && !resume && !clear && !discard }

  /// Returns the organizations of this server; empty if its database is lost.
  private func present() -> [String] {
    guard let installation = try? server.installation(), let connection = try? installation.connect() else { return [] }
    defer { connection.close() }
    let organizations = (try? Organization.list(connection, brand: installation.brand)) ?? []
    let lines = organizations.filter { !$0.isInternal }.map { organization in
      "\(organization.label): \(Amount.of(Int64(organization.activeUsers), "user")), \(organization.messageAmount)"
        + (organization.state == .active ? "" : " (\(organization.state.label))")
    }
    return lines.isEmpty ? [] : lines + ["It is kept under other names until you discard it"]
  }

  // MARK: Rehearsing

  private func runRehearsal() throws {
    guard nagios || prometheus != nil, !dryRun else {
      let operation = RehearseOperation(server.reference, try rehearsalOptions())
      return dryRun ? try output.rehearse(operation) : try output.look(operation)
    }
    let report: RehearsalReport
    do {
      // For monitoring, a folder without a backup is a failed rehearsal too.
      let operation = RehearseOperation(server.reference, try rehearsalOptions())
      report = try operation.rehearse(Progress(cancellation: Interruption.cancellation) { _ in })
    } catch {
      if let prometheus { try RehearsalReport.writePrometheus(failureTo: prometheus) }
      guard nagios else { throw error }
      StandardStream.output(RehearsalReport.nagiosLine(failure: error, of: rehearsedPath) + "\n")
      throw ExitCode(2)
    }
    if let prometheus { try report.writePrometheus(prometheus) }
    StandardStream.output(report.nagiosLine + "\n")
    if report.nagiosStatus != 0 { throw ExitCode(report.nagiosStatus) }
  }

  private func rehearsalOptions() throws -> RehearseOperation.Options {
    var options = try rehearsalSource()
    options.identity = key.path
    options.workFolder = workFolder.map { FileSystem.absolute($0) }
    options.parallel = parallel
    return options
  }

  /// The rehearsed backup for monitoring; the folder if no backup is found in it.
  private var rehearsedPath: String { (try? rehearsalSource().archive) ?? newestIn ?? archive ?? "." }

  private func rehearsalSource() throws -> RehearseOperation.Options {
    if let archive { return RehearseOperation.Options(archive: FileSystem.absolute(archive)) }
    if newestIn == nil, case .manual(let parts) = self.options.source {
      return RehearseOperation.Options(manual: parts, brand: server.brand ?? (try? server.installation())?.brand)
    }
    return try RehearseOperation.Options(newestIn: FileSystem.absolute(newestIn ?? "."))
  }

  // MARK: Status

  private static func possible(_ record: RestoreRecord) -> [RestoreRecord.FollowUp] {
    RestoreRecord.FollowUp.allCases.filter { $0.word != nil && record.obstacle(to: $0) == nil }
  }

  private func showStatus() throws {
    let state = RestoreState(root: server.reference.root)
    let records = try state.records().map { state.inspected($0, brand: server.brand) }
    let current = try state.current()?.id
    let running = state.isIdle ? nil : current
    if output.json {
      struct Status: Encodable {
        let isRunning: Bool
        let label: String
        let possible: [String]
        let record: RestoreRecord
      }
      for record in records {
        let isRunning = record.id == running
        let status = Status(
          isRunning: isRunning, label: record.label(isRunning: isRunning),
          possible: isRunning || record.id != current ? [] : Self.possible(record).compactMap(\.word), record: record)
        StandardStream.json(JSONText.of(status))
      }
      return
    }
    guard !records.isEmpty else { return StandardStream.output("No restore is known on this server.\n") }
    for record in records {
      StandardStream.output("\(record.id): \(record.label(isRunning: record.id == running))\n")
      let kept =
        KeptState.find(record, root: server.reference.root, brand: server.brand) ?? record.kept.map { ($0, true) }
      for item in kept {
        StandardStream.output("  kept: \(item.name)\(item.isThere ? "" : ": it is not there any more")\n")
      }
      if let exports = record.exports {
        StandardStream.output("  exports of the state before it, yours to delete: \(SafeText.clean(exports))\n")
      }
      if record.id == running { continue }
      // Actions apply to the current record first.
      guard record.id == current else { continue }
      for followUp in Self.possible(record) {
        let command = Program.command(
          ["restore", followUp.word ?? ""], root: server.reference.root, brand: server.brand?.rawValue)
        StandardStream.output("  \(record.title(of: followUp)): \(command)\n")
        StandardStream.output("    \(record.consequence(of: followUp))\n")
      }
    }
  }
}
