import Common
import Operations
import WholeServer

extension Goal {
  /// Opened from backups: a schedule for nightly backups.
  static let nightly = Goal(
    "nightly", "Back up every night", "the lines for systemd or cron, explained",
    aliases: ["schedule", "timer", "automatic", "daily", "regular backups", "systemd", "cron"]
  ) {
    .nightly($0)
  }
}

enum NightlyAnswers {
  static let folder: AnswerKey<String> = "folder.path"
  static let time: AnswerKey<String> = "time.at"
  static let recipient: AnswerKey<String> = "time.recipient"
  static let rehearses: AnswerKey<Bool> = "time.rehearse"
  static let how: AnswerKey<String> = "units.how"
}

extension Flow {
  private typealias Key = NightlyAnswers

  /// Asks for the schedule and shows its files. They are installed only on request.
  static func nightly(_ context: FlowContext) -> Flow {
    let work = WorkSteps("The installation", context) { answers in
      InstallScheduleOperation(context.server, InstallScheduleOperation.Options(schedule(answers, context)))
    }
    return Flow(
      id: "nightly", title: "Back up every night", badge: context.badge, route: { _ in Route(from: context.label) },
      commands: work.commands,
      steps: [
        folder(context), time, keep, units(context), work.checks(),
        work.review(heading: "Put the files in place?", proceed: "Put them in place"),
        work.run("Installation", heading: { _ in "Putting the schedule in place" }),
        work.result(heading: { _ in "The server is backed up every night" }),
      ])
  }

  private static func folder(_ context: FlowContext) -> Step {
    Step(
      "folder", "Folder", heading: { _ in "Where should backups be stored?" },
      explanation: { _ in
        [
          .paragraph("A folder for backups only. Another machine should fetch it every day.")
        ]
      },
      help: [
        .paragraph(
          "Old backups are deleted from this folder, by the rules of the next steps; other files in it are never "
            + "looked at. Make it with mode 0700: backups hold every secret."),
        .paragraph("A folder on another disk or a mounted volume is better than one beside the database."),
      ],
      fields: { _ in
        [
          Field(
            "path", "Folder", .path(.folder),
            preset: { _ in
              .text(
                context.container?.backupFolder
                  ?? "/var/backups/\(context.brandName)")
            },
            check: { AnswerCheck.absolutePath($0[Key.folder]) })
        ]
      }, decides: [.output, .schedule])
  }

  private static let time = Step(
    "time", "When", heading: { _ in "When, and what else?" },
    help: [
      .paragraph(
        "In the time zone of the machine. Choose a quiet hour: a backup runs with low priority, but uses all the "
          + "processor time and disk bandwidth that is left. The server's own nightly work runs in the first hours "
          + "after midnight UTC."),
      .paragraph(
        "A rehearsal restores the newest backup into a throw-away database on Sundays. An encrypted backup cannot be "
          + "rehearsed here, because the private key is not on this machine. The next steps show how a machine that "
          + "has the key rehearses it every week."),
    ],
    fields: { answers in
      let encrypted = !answers[Key.recipient].isEmpty
      return [
        Field(
          "at", "At", name: "Time", .text(placeholder: "03:30"), preset: { _ in .text("03:30") },
          check: { AnswerCheck.time($0[Key.time]) }),
        Field(
          "recipient", "Encrypt to this public key", name: "Encrypted to", .text(placeholder: "(not encrypted)"),
          preset: { _ in .text("") },
          check: { answers in
            let key = answers[Key.recipient]
            return key.isEmpty ? nil : AnswerCheck.recipient(key)
          }),
        Field(
          "rehearse", "Rehearse the newest one on Sundays?", name: "Rehearsal on Sundays",
          .yesNo(
            yes: .init(
              "yes", "Yes", "You know every week that it can be restored.", recommended: true,
              disabled: encrypted ? "the private key of an encrypted backup is not on this machine" : nil),
            no: .init("no", "No", nil, recommended: encrypted))),
      ]
    })

  private static let keep = Step(
    "keep", "Keep", heading: { _ in "How many backups should be kept?" }, explanation: { _ in Retention.explanation },
    help: Retention.help, fields: { _ in Retention.fields("keep") })

  private static func units(_ context: FlowContext) -> Step {
    Step(
      "units", "Lines", heading: { _ in "Files for the schedule" },
      explanation: { answers in
        let schedule = schedule(answers, context)
        if let container = context.container {
          return containerUnits(ContainerSchedule(schedule, in: container), command(answers, context))
        }
        var blocks: [TextBlock] = [
          .paragraph(
            "Read what will run on your server. Then install it as root, or let this program do it. This command "
              + "prints the same text:"),
          .command(command(answers, context)), .paragraph("What to do:"),
        ]
        blocks += schedule.steps.map { .point($0) }
        blocks.append(.paragraph("The service, with each line explained:"))
        blocks += lines(schedule.service)
        blocks.append(.paragraph("The report of a failure:"))
        blocks += lines(schedule.failureService)
        blocks.append(.paragraph("The timer:"))
        blocks += lines(schedule.timer)
        blocks.append(.paragraph("Without systemd, /etc/cron.d/\(Program.name)-backup:"))
        return blocks + lines(schedule.cron)
      },
      help: [
        .paragraph(
          "Old backups are deleted only after a new one was made. The newest intact backup is always kept."),
        .paragraph("Start the service once by hand now: it proves that the schedule works."),
        .paragraph(
          "A nightly backup loses up to a day. To lose less, add the server's own continuous backups "
            + "(backups_directory in aloha.conf, watched by its Nagios plugin check_postgresql_backup) or its "
            + "streaming replication to a second machine. Neither contains uploads or settings: use them in "
            + "addition, not instead."
        ),
      ],
      fields: { _ in
        let isContainer = context.container != nil
        return [
          Field(
            "how", "Who puts them in place?", name: "Put in place",
            .choice([
              .init("show", "I do it myself", "Back to the menu: nothing is installed.", recommended: true),
              .init(
                "install", "This program, now",
                "Shows what it replaces, writes the files and enables the timer.",
                disabled: isContainer ? "the server runs in a container: schedules belong outside of it" : nil),
            ]))
        ]
      }, exit: { $0.given(Key.how) == "install" ? nil : .menu })
  }

  /// A container has no systemd: the schedule runs outside of it.
  private static func containerUnits(_ schedule: ContainerSchedule, _ command: String) -> [TextBlock] {
    var blocks: [TextBlock] = [
      .paragraph(
        "This server runs in a container: a service beside it, or a Kubernetes job, makes the backup in it. This "
          + "command prints the files:"), .command(command), .paragraph("What to do:"),
    ]
    blocks += schedule.steps.map { .point($0) }
    blocks.append(.paragraph("The service for compose.override.yaml:"))
    blocks += lines(schedule.composeService)
    blocks.append(.paragraph("The same for Kubernetes:"))
    return blocks + lines(schedule.cronJob)
  }

  private static func lines(_ text: String) -> [TextBlock] {
    text.split(separator: "\n", omittingEmptySubsequences: true).map { .line(String($0)) }
  }

  // MARK: What it comes to

  private static func schedule(_ answers: Answers, _ context: FlowContext) -> BackupSchedule {
    let time = AnswerCheck.clock(answers[Key.time]) ?? (3, 30)
    let recipient = answers.given(Key.recipient).flatMap { $0.isEmpty ? nil : $0 }
    return BackupSchedule(
      folder: answers[Key.folder], hour: time.hour, minute: time.minute,
      policy: Retention.policy("keep", answers), recipient: recipient,
      rehearses: answers.given(Key.rehearses) ?? (recipient == nil),
      serverWords: (context.root == "/" ? [] : ["--root", context.root])
        + (context.brand.map { ["--brand", $0.rawValue] } ?? []))
  }

  private static func command(_ answers: Answers, _ context: FlowContext) -> String {
    ProgramCommand(schedule(answers, context).words, on: context.server).text
  }
}

/// The number of backups to keep, for two flows.
enum Retention {
  private static let names: [(id: String, title: String, name: String, preset: String)] = [
    ("last", "Number of newest backups", "Newest", "3"), ("daily", "Number of days", "Days", "7"),
    ("weekly", "Number of weeks", "Weeks", "5"),
    ("monthly", "Number of months", "Months", "12"),
  ]

  static let explanation: [TextBlock] = [
    .paragraph("A backup is kept if any of these rules keeps it. With these numbers you can go back a year.")
  ]

  static let help: [TextBlock] = [
    .paragraph(
      "Days, weeks (from Monday) and months are counted in UTC, and only those that have a backup: after a long "
        + "break nothing is deleted only because of its age."),
    .paragraph(
      "Before anything is deleted, the newest backups are read until an intact one is found. That one and all newer "
        + "ones are kept, whatever the numbers say. If none is intact, nothing is deleted."),
  ]

  static func fields(_ step: String) -> [Field] {
    names.map { item in
      Field(
        item.id, item.title, name: item.name, .text(placeholder: ""), preset: { _ in .text(item.preset) },
        check: { answers in
          guard number(answers.given(key(step, item.id))) != nil else { return "A number from 0 to 9999" }
          let all = names.compactMap { number(answers.given(key(step, $0.id))) }
          return item.id == "monthly" && all.count == names.count && all.reduce(0, +) == 0
            ? "No backup would be kept: enter a number above 0 for one of them" : nil
        })
    }
  }

  static func policy(_ step: String, _ answers: Answers) -> RetentionPolicy {
    func value(_ index: Int) -> Int {
      number(answers.given(key(step, names[index].id))) ?? Int(names[index].preset) ?? 0
    }
    return RetentionPolicy(last: value(0), daily: value(1), weekly: value(2), monthly: value(3))
  }

  private static func key(_ step: String, _ field: String) -> AnswerKey<String> {
    AnswerKey("\(step).\(field)", unanswered: "")
  }

  private static func number(_ text: String?) -> Int? {
    text.flatMap { AnswerCheck.number($0, AnswerCheck.kept) }
  }
}
