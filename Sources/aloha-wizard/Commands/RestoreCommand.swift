import Administration
import ArgumentParser
import Common
import Operations
import Server
import WholeServer

struct RestoreCommand: OperationCommand {
  static let configuration = CommandConfiguration(
    commandName: "restore", abstract: "Restore the whole server from a backup, rehearse a restore, or roll it back.",
    discussion: Examples.after(
      """
      The new state is built beside the server's own and compared with the backup first; then both are exchanged by \
      renaming, and the old state is kept. Backups of the server's own command are accepted too. Give parts that were \
      saved by hand with --database, --uploads and --settings, a copy of a container's volume with --data.

      On a new machine install the server first, in the version of the backup, with --no-init-db: the database comes from \
      the backup. Backups contain no logs; if you have saved the old ones, unpack them into /var/log afterwards.
      """,
      "restore backup.tar.gz --dry-run", "restore --rehearse --newest-in /var/backups/aloha"))

  @OptionGroup(title: "Server") var server: ServerOptions
  @OptionGroup(title: "Output") var output: OutputOptions

  @Argument(help: "The backup: a .tar.gz, an encrypted .age, or the folder that it was unpacked into.")
  var archive: String?

  @OptionGroup(title: "Data from or to another machine") var transfer: TransferOptions
  @OptionGroup(title: "Start") var start: Start
  @OptionGroup(title: "Parts that were saved by hand") var parts: Parts
  @OptionGroup(title: "Content of the restored server") var content: Content
  @OptionGroup(title: "Exports before the restore") var export: Export
  @OptionGroup(title: "Key, work folder, database") var work: Work
  @OptionGroup(title: "Rehearsal") var rehearsal: Rehearsal
  @OptionGroup(title: "An earlier restore") var earlier: Earlier

  func validate() throws {
    try OptionRule.paths([("The backup", archive)])
    let modes = earlier.count + (rehearsal.rehearse ? 1 : 0)
    guard modes <= 1 else {
      throw ValidationError("Only one of --rehearse, --roll-back, --resume, --clear, --discard and --status.")
    }
    if archive != nil && parts.areGiven {
      throw ValidationError("Give a backup, or the parts of one with --database, --uploads and --settings; not both.")
    }
    if rehearsal.rehearse {
      guard [archive != nil, parts.areGiven, rehearsal.newestIn != nil].count(where: { $0 }) == 1 else {
        throw ValidationError(
          "Give a backup to rehearse, the parts of one with --database, --uploads and --settings, or --newest-in.")
      }
    } else if modes == 0 {
      guard archive != nil || parts.areGiven else { throw ValidationError("Give a backup to restore.") }
    }
    if rehearsal.nagios, output.json { throw ValidationError("--nagios and --json exclude each other.") }
    if export.isRequested, modes > 0 {
      throw ValidationError("--export-first and --export-folder need a restore.")
    }
  }

  func run() throws {
    if rehearsal.rehearse { return try runRehearsal() }
    if earlier.status { return try showStatus() }
    try perform(operation())
  }

  func operation() throws -> any Operation {
    if rehearsal.rehearse { return RehearseOperation(server.reference, try rehearsalOptions()) }
    if earlier.rollBack { return RollBackOperation(server.reference) }
    if earlier.resume { return ResumeRestoreOperation(server.reference) }
    if earlier.clear { return ClearRestoreOperation(server.reference) }
    if earlier.discard { return DiscardRestoreOperation(server.reference) }
    return RestoreOperation(server.reference, options)
  }

  private var options: RestoreOptions {
    var options = RestoreOptions(archive.map { .archive(FileSystem.absolute($0)) } ?? .manual(parts.manual))
    options.keepsSettings = content.keepSettings
    options.keepsConfiguration = content.keepConf
    options.externalHost = content.externalHost
    options.allowsPartial = content.partial
    options.salvages = content.salvage
    options.ignoresVersions = content.ignoreVersions
    options.identity = work.key.path
    options.workFolder = work.folder
    options.parallel = work.parallel
    if export.isRequested {
      options.exportFirst = .init(folder: export.exportFolder.map { FileSystem.absolute($0) })
    }
    options.administrator = work.administrator
    return options
  }

  /// Shows the plan and asks for a confirmation, unless it was given.
  private func perform(_ operation: any Operation) throws {
    if start.dryRun { return try output.rehearse(operation) }
    if !start.yes {
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
    if earlier.discard { return "to delete the kept state" }
    if earlier.rollBack { return "to roll back to the state before the restore" }
    return replacesServer ? "to replace this server with the backup" : nil
  }

  private var replacesServer: Bool { !earlier.rollBack && !earlier.resume && !earlier.clear && !earlier.discard }

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
    guard rehearsal.nagios || rehearsal.prometheus != nil, !start.dryRun else {
      let operation = RehearseOperation(server.reference, try rehearsalOptions())
      return start.dryRun ? try output.rehearse(operation) : try output.look(operation)
    }
    let report: RehearsalReport
    do {
      // For monitoring, a folder without a backup is a failed rehearsal too.
      let operation = RehearseOperation(server.reference, try rehearsalOptions())
      report = try operation.rehearse(Progress(cancellation: Interruption.cancellation) { _ in })
    } catch {
      if let metrics = rehearsal.metrics { try RehearsalReport.writePrometheus(failureTo: metrics) }
      guard rehearsal.nagios else { throw error }
      StandardStream.output(RehearsalReport.nagiosLine(failure: error, of: rehearsedPath) + "\n")
      throw ExitCode(2)
    }
    if let metrics = rehearsal.metrics { try report.writePrometheus(metrics) }
    if output.json {
      let progress = Progress.silent
      var summary = try report.summary(progress)
      summary.warnings = progress.warnings
      return StandardStream.json(EventLine.encode(.finished(summary)) + "\n")
    }
    StandardStream.output(report.nagiosLine + "\n")
    if report.nagiosStatus != 0 { throw ExitCode(report.nagiosStatus) }
  }

  private func rehearsalOptions() throws -> RehearseOperation.Options {
    var options = try rehearsalSource()
    options.identity = work.key.path
    options.workFolder = work.folder
    options.parallel = work.parallel
    return options
  }

  /// The rehearsed backup for monitoring; the folder if no backup is found in it.
  private var rehearsedPath: String { (try? rehearsalSource().archive) ?? rehearsal.newestIn ?? archive ?? "." }

  private func rehearsalSource() throws -> RehearseOperation.Options {
    if let archive { return RehearseOperation.Options(archive: FileSystem.absolute(archive)) }
    if rehearsal.newestIn == nil, case .manual(let parts) = self.options.source {
      return RehearseOperation.Options(manual: parts, brand: server.brand ?? (try? server.installation())?.brand)
    }
    return try RehearseOperation.Options(
      newestIn: FileSystem.absolute(rehearsal.newestIn ?? "."), root: server.reference.root, brand: server.brand)
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
        StandardStream.json(JSONText.of("restore", status))
      }
      return StandardStream.json(JSONText.end(ofList: records.count))
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
