import ArgumentParser
import Common
import Operations
import Server
import WholeServer

struct BackupScheduleCommand: OperationCommand {
  static let configuration = CommandConfiguration(
    commandName: "schedule",
    abstract:
      "Print the files for a nightly backup: units for systemd, a file for cron; with --install put them in place.",
    discussion: Examples.after(
      """
      Each line is explained. The units report failures: OnFailure= starts a second unit, which writes to the system's \
      log and sends mail if the machine can.

      --install shows the files and their differences from existing ones, asks for confirmation, writes them and enables \
      the timer; without systemd it writes the file for cron. Repeating it changes nothing.

      In a container, a service for compose and a CronJob for Kubernetes are printed; nothing is installed.

      Encrypted backups cannot be rehearsed on this machine, which has no private key: the commands for another machine \
      are printed.
      """,
      "backup schedule /var/backups/aloha --time 02:15",
      "backup schedule /var/backups/aloha --install --systemd --dry-run"))

  /// The scheduler that starts the backups.
  enum By: String, EnumerableFlag {
    case systemd, cron

    static func help(for value: By) -> ArgumentHelp? {
      value == .systemd ? "With --install: systemd or cron; by default the one that this machine has." : nil
    }
  }

  @OptionGroup var server: ServerOptions
  @OptionGroup var output: OutputOptions
  @OptionGroup var keep: BackupCommand.KeepOptions
  @Argument(help: "The folder of the backups.")
  var folder: String
  @Option(help: ArgumentHelp("Time of the backup, in the machine's time zone.", valueName: "hh:mm"))
  var time = "03:30"
  @Option(help: ArgumentHelp("Encrypt to this public key of age.", valueName: "key"))
  var encryptTo: String?
  @Option(help: ArgumentHelp("Write metrics for Prometheus' node exporter into this folder.", valueName: "folder"))
  var metrics: String?
  @Option(
    help: ArgumentHelp("Recipient of mail about failures: an address, or a user of this machine.", valueName: "address")
  )
  var mailTo = "root"
  @Flag(
    inversion: .prefixedNo,
    help: """
      Rehearse the newest backup on Sundays; the default for backups that are not encrypted.
      """)
  var rehearse: Bool?
  @Flag(help: "Install the files and enable them, after showing them and asking for confirmation.")
  var install = false
  @Flag var by: By?
  @Flag(help: "With --install: show the plan and the findings of the checks; change nothing.")
  var dryRun = false
  @Flag(help: "With --install: do not ask for confirmation.")
  var yes = false

  func validate() throws {
    try OptionRule.check("--time", time, InputRule.time)
    try OptionRule.paths([("The folder", folder), ("--metrics", metrics)])
    try OptionRule.check("--encrypt-to", encryptTo, InputRule.recipient)
    try OptionRule.check("--mail-to", mailTo, InputRule.mailbox)
    guard install || (by == nil && !dryRun && !yes) else {
      throw ValidationError("--systemd, --cron, --dry-run and --yes need --install.")
    }
    guard FileSystem.isFolder(server.reference.root) else { throw ValidationError("--root: There is no such folder.") }
    guard encryptTo == nil || rehearse != true else {
      throw ValidationError(
        """
        --rehearse needs the private key, which is not to be on the server that --encrypt-to makes backups for. Leave \
        --rehearse out; how another machine rehearses them is printed with the schedule.
        """)
    }
    // Here, because the parser shows the usage of this command only for errors of its validation.
    _ = try schedule()
  }

  func operation() throws -> any Operation { try installing(schedule()) }

  private func installing(_ schedule: BackupSchedule) -> InstallScheduleOperation {
    InstallScheduleOperation(
      server.reference,
      InstallScheduleOperation.Options(schedule, manager: by.flatMap { BackupSchedule.Manager(rawValue: $0.rawValue) }))
  }

  func run() throws {
    let schedule = try schedule()
    guard install else { return try print(schedule) }
    let operation = installing(schedule)
    // On standard error, so that a script gets only the result.
    StandardStream.error(operation.shown().map { SafeText.clean($0) + "\n" }.joined())
    if dryRun { return try output.rehearse(operation) }
    if !yes {
      guard ConfirmationPrompt.canBeAsked(json: output.json) else {
        try output.rehearse(operation)
        throw PlainFailure(
          .usage, "backup schedule --install", "changes this machine, and the confirmation cannot be asked for here",
          remedy: "repeat it with --yes to confirm it")
      }
      try ConfirmationPrompt.show(operation)
      try ConfirmationPrompt.askYes()
    }
    try output.look(operation)
  }

  private func schedule() throws -> BackupSchedule {
    guard let clock = InputRule.clock(time) else { throw ValidationError("--time is an hour and a minute: 03:30.") }
    // The schedule runs in another working directory.
    let reference = server.reference
    var words: [String] = []
    if reference.root != "/" { words += ["--root", reference.root] }
    if let brand = server.brand { words += ["--brand", brand.rawValue] }
    let schedule = BackupSchedule(
      folder: FileSystem.absolute(folder), hour: clock.hour, minute: clock.minute, policy: keep.policy,
      recipient: encryptTo, rehearses: rehearse ?? true, metricsFolder: metrics.map { FileSystem.absolute($0) },
      serverWords: words, mailTo: mailTo)
    if let objection = schedule.objection() { throw ValidationError("\(objection).") }
    return schedule
  }

  private func print(_ schedule: BackupSchedule) throws {
    if let container = Container.find(root: server.reference.root, brand: server.brand) {
      guard !output.json else {
        throw PlainFailure(
          .usage, "backup schedule", "there is no --json for a server in a container: its schedule is a text",
          remedy: "repeat it without --json")
      }
      return StandardStream.output(ContainerSchedule(schedule, in: container).text)
    }
    let units = schedule.files(for: .systemd)
    let files = units + schedule.files(for: .cron)
    if output.json {
      for file in files { StandardStream.json(JSONText.of("file", file)) }
      return StandardStream.json(JSONText.end(ofList: files.count))
    }
    var text = units.map { "# \($0.path)\n\n\($0.text)\n" }.joined()
    text += "# Without systemd: \(BackupSchedule.cronPath)\n\n\(schedule.cron)\n"
    text += "# What to do (the same, with the question first: --install):\n"
    text += schedule.steps.enumerated().map { "#   \($0 + 1). \($1)\n" }.joined()
    StandardStream.output(text)
  }
}
