import Administration
import Common
import WholeServer

extension Goal {
  static let restore = Goal(
    "restore", "Restore this server", "after a disaster, from a backup",
    aliases: [
      "disaster", "recover", "recovery", "roll back", "rollback", "crash", "lost", "salvage", "point in time",
      "new machine", "undelete", "reinstall", "pg_restore", "docker", "container",
    ],
    needsServer: false
  ) { .restore($0, .real) }
}

extension Flow {
  private typealias Key = RestoreAnswers.Key

  /// Restores a server. With an earlier restore, the flow starts with the actions for it.
  static func restore(_ context: FlowContext, _ queries: BackupQueries) -> Flow {
    // An unreadable record is reported by the checks, which block the restore.
    let record = (try? queries.restored(context.root)) ?? nil
    let isNew: @Sendable (Answers) -> Bool = { RestoreAnswers.followUp($0, record) == .restoreAnew }
    let isArchive: @Sendable (Answers) -> Bool = { isNew($0) && !RestoreAnswers.isManual($0) }
    let isManual: @Sendable (Answers) -> Bool = { isNew($0) && RestoreAnswers.isManual($0) }
    let work = WorkSteps("The restore", context) { RestoreAnswers.operation($0, context, record) }
    let before = record.map { [earlier($0, context)] } ?? []
    let asking =
      [source(isNew)]
      + BackupStep(heading: "Which backup is it?", isVisible: isArchive).steps(context, queries)
      + manualSteps(isManual) + [contents(context, queries, isNew)] + decisions(isNew)
    let working = [
      work.checks(
        help: [
          .paragraph(
            "Restores have failed for each of these reasons, after the old database had been deleted. Here they are "
              + "checked while the old state is still in place.")
        ]),
      discardConfirmation(context, record), agreement(context, record),
      work.review(
        heading: "Replace this server's state?", proceed: "Begin",
        help: [
          .paragraph(
            "The server runs until the new state is complete and compared. Then it is stopped, the old and the new "
              + "state are exchanged by renaming, and it is started again."),
          .paragraph("The old state is kept. You can roll back to it at any time until you discard it."),
        ]),
      work.run(
        "Restore",
        heading: { answers in
          let followUp = RestoreAnswers.followUp(answers, record)
          guard let record, followUp != .restoreAnew else { return "Restoring this server" }
          return record.title(of: followUp)
        }),
      work.result(heading: { done(RestoreAnswers.followUp($0, record)) }),
    ]
    return Flow(
      id: "restore", title: "Restore this server", badge: .restore,
      route: { answers in
        let file = isArchive(answers) ? BackupStep.fileName(answers) : nil
        return Route(from: file ?? context.label, to: file == nil ? nil : context.label)
      },
      commands: work.commands,
      continuations: { continuations(RestoreAnswers.followUp($0, record), record) + settings($0, record, context) },
      steps: before + [welcome(isNew)] + asking + working)
  }

  // MARK: An earlier restore

  private static func earlier(_ record: RestoreRecord, _ context: FlowContext) -> Step {
    Step(
      "earlier", "Earlier",
      heading: { _ in
        record.isUnfinished ? "A restore of this server is not finished" : "This server has been restored before"
      },
      explanation: { _ in
        [.paragraph(record.label.prefix(1).uppercased() + record.label.dropFirst() + ".")]
          + (record.kept.isEmpty
            ? [] : [.paragraph("Kept beside the server: \(record.kept.joined(separator: ", ")).")])
      },
      help: [
        .paragraph(
          "A restore can be interrupted at any moment: this server then has either its old state or the new one, and "
            + "the record says which. Take your time: waiting loses nothing."),
        .paragraph("To check by hand:"), .command(context.command(["restore", "--status"])),
      ],
      fields: { _ in
        [
          Field(
            "what", "What do you want to do?", name: "About the earlier restore",
            .choice(
              RestoreRecord.FollowUp.allCases.filter { $0 != .clear || record.obstacle(to: $0) == nil }.filter {
                $0 != .resume || record.obstacle(to: .clear) != nil
              }.map { option($0, record, recommended: $0 == RestoreAnswers.advised(record)) }))
        ]
      })
  }

  private static func option(
    _ followUp: RestoreRecord.FollowUp, _ record: RestoreRecord, recommended: Bool = false
  ) -> Field.Option {
    let obstacle = record.obstacle(to: followUp)
    return Field.Option(
      followUp.rawValue, record.title(of: followUp), obstacle == nil ? record.consequence(of: followUp) : nil,
      recommended: recommended, disabled: obstacle)
  }

  private static func discardConfirmation(_ context: FlowContext, _ record: RestoreRecord?) -> Step {
    Step(
      "confirm", "Confirm", heading: { _ in "Delete what is kept?" },
      explanation: { _ in
        [
          .paragraph("This will be permanently deleted:")
        ] + (record?.kept ?? []).map { .point($0) } + [
          .paragraph("The present state of the server is not changed. A roll back is not possible afterwards.")
        ]
      },
      help: [
        .paragraph("Do this after people have worked on the server for some days without missing data.")
      ],
      isVisible: { RestoreAnswers.followUp($0, record) == .discard },
      fields: { _ in
        [
          Field(
            "name", "Type the name of this server: \(context.label)", name: "Confirmed",
            .confirmation(name: context.label))
        ]
      })
  }

  // MARK: A new one

  private static func welcome(_ isNew: @escaping @Sendable (Answers) -> Bool) -> Step {
    Step(
      "welcome", "Welcome", heading: { _ in "Restore this server from a backup" },
      explanation: { _ in
        [
          .paragraph("Take your time. The steps:"),
          .point("You say what you have: a backup, or parts that were saved by hand."),
          .point("The backup is read. You see what it contains."),
          .point("Checks look for everything that could fail. Nothing has been changed so far."),
          .point("The new state is built beside the old one, and compared with the backup."),
          .point("Only then are they exchanged. The old state is kept, and you can roll back to it."),
        ]
      },
      help: [
        .paragraph(
          "The server has to be installed on this machine, in the version of the backup. Its settings and its "
            + "database may be lost: the backup contains them."),
        .paragraph(
          "On a new machine install that version with --no-init-db, and with --postgresql-version for the PostgreSQL "
            + "version of the backup: the database comes from the backup. The checks then name what is missing."),
        .paragraph(
          "Messages that are written during the restore are not in the backup. If the server still runs, tell people "
            + "first."),
      ], isVisible: isNew, proceed: "begin")
  }

  private static func source(_ isNew: @escaping @Sendable (Answers) -> Bool) -> Step {
    Step(
      "source", "What you have", heading: { _ in "What do you have?" },
      help: [
        .paragraph(
          "A backup is a .tar.gz, encrypted or not, or the folder that it was unpacked into. It contains the "
            + "database, the settings with the secrets, and the uploads."),
        .paragraph(
          "Without a backup, parts are enough: a dump of the database in any format of pg_dump, a copy of the folder "
            + "/etc/aloha, a copy of the uploads. Missing parts are not changed on this server."),
        .paragraph(
          "A container keeps its uploads, its secrets and its own dumps in the volume /data: copy it with docker compose "
            + "cp, or unpack the archive that was made of it, and give the folder."),
        .paragraph(
          "An export of an organization is none of these: it is imported, not restored."),
      ], isVisible: isNew,
      fields: { _ in
        [
          Field(
            "kind", "Restore from", name: "From",
            .choice([
              .init(
                RestoreAnswers.backup, "A backup", "Made by this program or by the server's own backup command.",
                recommended: true),
              .init(
                RestoreAnswers.parts, "Parts that were saved by hand",
                "A dump of the database, a copy of the settings, a copy of the uploads: any of them."),
              .init(
                RestoreAnswers.volume, "A copy of a container's /data",
                "Uploads, secrets and the container's own dumps, as they are in its volume."),
            ]))
        ]
      })
  }

  // MARK: Words

  private static func done(_ followUp: RestoreRecord.FollowUp) -> String {
    switch followUp {
    case .resume: "The restore is complete"
    case .clear: "The prepared state is deleted; the server is unchanged"
    case .rollBack: "The restore is rolled back"
    case .discard: "The kept state is deleted"
    case .restoreAnew: "This server is restored"
    }
  }

  /// With kept settings, the operator may want to copy single settings of the old server.
  private static func settings(
    _ answers: Answers, _ record: RestoreRecord?, _ context: FlowContext
  ) -> [Continuation] {
    let options = RestoreAnswers.options(answers)
    guard RestoreAnswers.followUp(answers, record) == .restoreAnew, options.keepsSettings || options.keepsConfiguration,
      options.identity == nil, case .archive(let path) = options.source
    else { return [] }
    let given: [String: Answer] = [
      SettingsKey.path.name: .text(path), SettingsKey.data.name: .text(MigrationFacts.Kind.restore.rawValue),
    ]
    return [
      Continuation(
        "Compare the settings with the backup's", context.destination("settings", given: given), proposed: false)
    ]
  }

  private static func continuations(_ followUp: RestoreRecord.FollowUp, _ record: RestoreRecord?) -> [Continuation] {
    func again(_ title: String, _ next: RestoreRecord.FollowUp) -> Continuation {
      Continuation(title, .flow("restore", given: [Key.followUp.name: .text(next.rawValue)]))
    }
    let server = [Continuation("Start, stop or restart the server", .flow("server"))].filter { Goal.exists($0) }
    let back = [again("Roll back to the state before", .rollBack), again("Discard the state before", .discard)]
    return switch followUp {
    case .restoreAnew: server + back
    case .rollBack:
      server + [again("Restore again, from a backup", .restoreAnew), again("Discard the restored state", .discard)]
    case .resume: server + ([.swapping, .swapped].contains(record?.stage) ? back : [])
    case .clear: server + [again("Restore again, from a backup", .restoreAnew)]
    case .discard: []
    }
  }
}
