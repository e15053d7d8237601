import Common
import Engine

/// The questions about what is restored.
extension Flow {
  private typealias Key = RestoreAnswers.Key
  private typealias Known = RestoreAnswers.Known

  // MARK: Parts put aside by hand

  static func manualSteps(_ isManual: @escaping @Sendable (Answers) -> Bool) -> [Step] {
    let isByHand: @Sendable (Answers) -> Bool = { isManual($0) && !RestoreAnswers.isVolume($0) }
    let isVolume: @Sendable (Answers) -> Bool = { isManual($0) && RestoreAnswers.isVolume($0) }
    return [
      part(
        "data", "Volume", "Where is the copy of /data?",
        "The folder that holds uploads, backups and the server's secrets. Its newest dump is restored, unless you name "
          + "another in the next step.",
        help: "The settings of a container are made from its environment: its settings.py is in the volume only where "
          + "LINK_SETTINGS_TO_DATA was set. Else this server keeps its own, and gets the secrets.", isVolume,
        hint: "The folder itself, unpacked.",
        check: { _ in "The path of the folder is needed here" }),
      part(
        "dump", "Database", "Where is the dump of the database?",
        "As pg_dump has written it: a folder, a custom or tar file, plain SQL, gzipped or not.",
        help:
          "A dump that pg_dumpall has made holds all databases of a machine, and is recognised and refused: restore "
          + "it into a PostgreSQL of its own, and dump the server's database alone.", isManual),
      part(
        "configuration", "Settings", "Where is the copy of the settings?",
        "A copy of /etc/aloha, or a tar.gz of one: settings.py, aloha.conf and the secrets.",
        help: "Without the old secrets everybody has to sign in again, and without the old avatar_salt no avatar is "
          + "found. Copy them from the old machine's disk if you can.", isByHand),
      part(
        "uploads", "Uploads", "Where is the copy of the uploads?",
        "A copy of the uploads folder, the one that holds files and avatars, or a tar.gz of one.",
        help: "Where the server keeps its files in S3 there is none: they are still in the bucket.", isByHand,
        check: { answers in
          RestoreAnswers.source(answers) == .manual(ManualBackup())
            ? "Nothing was given in any of the three steps: go back, or give this one" : nil
        }),
    ]
  }

  private static func part(
    _ id: String, _ title: String, _ heading: String, _ explanation: String, help: String,
    _ isVisible: @escaping @Sendable (Answers) -> Bool, hint: String = "Empty: there is none, it stays as it is.",
    check: @escaping @Sendable (Answers) -> String? = { _ in nil }
  ) -> Step {
    let key = AnswerKey("\(id).path", unanswered: "")
    return Step(
      id, title, heading: { _ in heading },
      explanation: { _ in [.paragraph(explanation)] },
      help: [.paragraph(help)], isVisible: isVisible,
      fields: { _ in
        [
          Field(
            "path", "Path", name: title, .path,
            hint: { $0[key].isEmpty ? hint : nil },
            preset: { _ in .text("") },
            check: { answers in
              let path = answers[key]
              return path.isEmpty ? check(answers) : AnswerCheck.absolutePath(path)
            })
        ]
      })
  }

  // MARK: What it is

  static func contents(
    _ context: FlowContext, _ looks: BackupLooks, _ isNew: @escaping @Sendable (Answers) -> Bool
  ) -> Step {
    Step(
      "contents", "What it is", heading: { _ in "Is this what you want back?" },
      explanation: { answers in
        [.paragraph(RestoreAnswers.source(answers).label)]
      },
      help: [
        .paragraph(
          "Only its beginning is read here. Every digest is compared later, while it is unpacked beside the server's "
            + "own files."),
        .paragraph("An export of one organization is no backup: it is imported, not restored."),
      ], isVisible: isNew,
      lookup: Lookup(
        "Looking into it",
        key: { answers in
          let options = RestoreAnswers.options(answers)
          return "\(options.source) \(options.identity ?? "")"
        }
      ) { answers, cancellation in
        var options = RestoreOptions(RestoreAnswers.source(answers))
        options.identity = RestoreAnswers.isManual(answers) ? nil : BackupStep.identity(answers)
        let outlook = try looks.outlook(context.server, options, cancellation)
        let differs = outlook.version.severity == .blocker
        return Material(
          facts: outlook.facts,
          labels: [
            Known.backupHost: outlook.backupHost ?? "", Known.ownHost: outlook.ownHost ?? "",
            Known.settings: outlook.hasSettings ? "yes" : "no",
            Known.ownSettings: outlook.hasOwnSettings ? "yes" : "no",
            Known.version: differs ? outlook.version.reason : "",
            Known.versionRemedy: differs ? outlook.version.remedy ?? "" : "",
            Known.newer: outlook.newer ?? "", Known.damage: outlook.damage ?? "",
            Known.partial: outlook.consequences.joined(separator: "; "),
            Known.completeness: outlook.holdings.label,
          ])
      })
  }

  // MARK: Decisions

  static func decisions(_ isNew: @escaping @Sendable (Answers) -> Bool) -> [Step] {
    [damaged(isNew), partial(isNew), version(isNew), settings(isNew), host(isNew), newer(isNew)]
  }

  private static func damaged(_ isNew: @escaping @Sendable (Answers) -> Bool) -> Step {
    Step(
      "damage", "Damage", heading: { _ in "This backup is damaged" },
      explanation: { answers in
        [
          .paragraph("Its file is not whole: \(answers.label(Known.damage))."),
          .paragraph(
            "What is whole of it can be restored: every file is compared with its digest, and each one that is lost is "
              + "named. The database comes back only as a whole, or not at all."),
        ]
      },
      help: [
        .paragraph(
          "Look for another backup first, or copy this one again from where it was made: a copy that was cut is the most "
            + "common cause."),
        .paragraph("The old state of this server is kept beside the restored one here too, until you discard it."),
      ], isVisible: { isNew($0) && RestoreAnswers.isDamaged($0) },
      fields: { _ in
        [
          Field(
            "salvage", "Restore what is whole of it?", name: "Damaged backup",
            .yesNo(
              yes: .init("yes", "Yes, what is whole of it", "What is lost is listed in the result."),
              no: .init(
                "no", "No, I look for another backup",
                "Go back and choose another one; nothing has been changed.", recommended: true)),
            check: { answers in
              answers[Key.salvage]
                ? nil : "Go back and choose another backup, or restore what is whole of this one"
            })
        ]
      })
  }

  private static func partial(_ isNew: @escaping @Sendable (Answers) -> Bool) -> Step {
    Step(
      "partial", "Partial backup", heading: { _ in "This backup does not hold a whole server" },
      explanation: { answers in
        [
          .paragraph("It is \(answers.label(Known.completeness))."),
          .paragraph("Restored as it is: \(answers.label(Known.partial))."),
        ]
      },
      help: [
        .paragraph(
          "The parts of a server belong together: the database names the files of the uploads, and both are read with the "
            + "secrets of the settings. Parts of another moment fit only by chance."),
        .paragraph("Look for a complete backup first. Partial ones have “partial” in their names."),
      ], isVisible: { isNew($0) && RestoreAnswers.isPartial($0) && !RestoreAnswers.options($0).salvages },
      fields: { _ in
        [
          Field(
            "anyway", "Restore only what is in it?", name: "Partial backup",
            .yesNo(
              yes: .init("yes", "Yes, this part alone", "What is missing stays as it is on this server."),
              no: .init(
                "no", "No, I look for a complete backup",
                "Go back and choose another one; nothing has been changed.", recommended: true)),
            check: { answers in
              answers[Key.partial]
                ? nil : "Go back and choose a complete backup, or restore this part alone"
            })
        ]
      })
  }

  /// What the backup lacks, and whether it is exported first.
  private static func newer(_ isNew: @escaping @Sendable (Answers) -> Bool) -> Step {
    Step(
      "newer", "Newer data", heading: { _ in "This server has data that the backup has not" },
      explanation: { answers in
        [
          .paragraph(answers.label(Known.newer)),
          .paragraph(
            "The old state is kept beside the server until you discard it. An export of each organization can be imported "
              + "under another subdomain afterwards, so that people can read what was written since."),
        ]
      },
      help: [
        .paragraph(
          "The exports are made after the server was stopped: nothing is written any more then, and nothing is missing in "
            + "them. The server is down until they are complete. If one of them fails, everything is rolled back."),
        .paragraph("They are in a folder of their own, which stays until you delete it."),
      ], isVisible: { isNew($0) && RestoreAnswers.hasNewer($0) },
      fields: { _ in
        [
          Field(
            "export", "Export each organization first?", name: "Export first",
            .yesNo(
              yes: .init("yes", "Yes, before the backup takes its place", recommended: true),
              no: .init("no", "No, the old state that is kept is enough"))),
          Field(
            "folder", "Folder for the exports", name: "Exports in", .path,
            isVisible: { $0[Key.export] },
            hint: { $0[Key.exportFolder].isEmpty ? "Empty: a new folder beside the uploads." : nil },
            preset: { _ in .text("") },
            check: { answers in
              let path = answers[Key.exportFolder]
              return path.isEmpty ? nil : AnswerCheck.absolutePath(path)
            }),
        ]
      })
  }

  /// The typed confirmation, with what it is about right above it. Enter alone never replaces a server: the command asks
  /// for the same name.
  static func agreement(_ context: FlowContext, _ record: RestoreRecord?) -> Step {
    @Sendable func isRollBack(_ answers: Answers) -> Bool { RestoreAnswers.followUp(answers, record) == .rollBack }
    @Sendable func isNew(_ answers: Answers) -> Bool { RestoreAnswers.followUp(answers, record) == .restoreAnew }
    return Step(
      "agree", "Confirm",
      heading: { answers in
        isRollBack(answers)
          ? "Let the state before the restore come back?" : "Let the backup take this server's place?"
      },
      explanation: { answers in
        let confirmation = answers.label(WorkSteps.confirmationKey)
        let consequence =
          isRollBack(answers)
          ? "What was written since the restore is in the restored state, which gives way and is kept beside the server."
          : "What this server has now gives way to the backup, and is kept beside it. It is down while both change places."
        return [.paragraph(confirmation.isEmpty ? consequence : confirmation)]
      },
      help: [
        .paragraph(
          "The old state is kept beside the server; with a roll back it comes back whole, until you discard it.")
      ],
      isVisible: { isNew($0) || isRollBack($0) },
      fields: { _ in
        [
          Field(
            "name", "Type the name of this server: \(context.label)", name: "Confirmed",
            .confirmation(name: context.label))
        ]
      })
  }

  private static func version(_ isNew: @escaping @Sendable (Answers) -> Bool) -> Step {
    Step(
      "version", "Version", heading: { _ in "The versions are not the same" },
      explanation: { answers in
        [.paragraph(answers.label(Known.version).capitalizedFirst + ".")]
      },
      help: [
        .paragraph(
          "A server's database fits its own version only. With another one the server starts with errors about columns "
            + "that do not exist, or loses what it does not know."),
        .paragraph(
          "The safe way: install the version that the backup is of, restore, then upgrade the server as usual: that "
            + "changes the database step by step."),
      ], isVisible: { isNew($0) && RestoreAnswers.versionsDiffer($0) },
      fields: { _ in
        [
          Field(
            "anyway", "Restore it anyway?", name: "Versions",
            .yesNo(
              yes: .init("yes", "Yes, at my own risk", "Run manage.py migrate afterwards, and look closely."),
              no: .init(
                "no", "No, I install the backup's version first",
                "Leave the wizard and come back then; nothing has been changed.", recommended: true)),
            check: { answers in
              answers[Key.anyway]
                ? nil : "Install the backup's version on this machine, then begin again here"
            })
        ]
      })
  }

  private static func settings(_ isNew: @escaping @Sendable (Answers) -> Bool) -> Step {
    Step(
      "settings", "Settings", heading: { _ in "Which settings should it use?" },
      explanation: { _ in
        [.paragraph("The backup holds the old server's settings and secrets: the whole of its configuration folder.")]
      },
      help: [
        .paragraph(
          "The secrets matter: avatars are found by one of them, proxied pictures by another, and mobile "
            + "notifications are registered under a third. They come with the backup's settings."),
        .paragraph(
          "aloha.conf belongs to the machine: which services run on it, where its database is. It is the part to keep "
            + "where this machine is built in another way than the old one."),
        .paragraph("Whatever is replaced is kept, and comes back with a roll back."),
      ], isVisible: { isNew($0) && RestoreAnswers.bringsSettings($0) },
      fields: { answers in
        let none = RestoreAnswers.hasOwnSettings(answers) ? nil : "this server has none of its own"
        return [
          Field(
            "which", "Settings", name: "Settings",
            .choice([
              .init(
                "backup", "Those of the backup", "As the old server was. Right after a disaster.", recommended: true),
              .init(
                "keep-conf", "Those of the backup, but keep aloha.conf",
                "For a machine that is built in another way than the old one.", disabled: none),
              .init(
                "keep", "Keep all settings and secrets of this server",
                "Only data comes back. Avatars are lost where the secrets differ.", disabled: none),
            ]))
        ]
      })
  }

  private static func host(_ isNew: @escaping @Sendable (Answers) -> Bool) -> Step {
    Step(
      "host", "Host name", heading: { _ in "Under which name will people reach it?" },
      explanation: { answers in
        [
          .paragraph(
            "The backup is of \(answers.label(Known.backupHost)); this server is \(answers.label(Known.ownHost)). A "
              + "server answers to one name only, EXTERNAL_HOST in its settings, and with error 400 to all others.")
        ]
      },
      help: [
        .paragraph(
          "With the old name everything works as before, as soon as the DNS entry points to this machine, and "
            + "the web server has its certificate."),
        .paragraph("With another name people, apps and integrations have to be told, and old links lead nowhere."),
      ],
      isVisible: {
        isNew($0) && RestoreAnswers.hostsDiffer($0) && $0.given(Key.settings) != "keep"
      },
      fields: { answers in
        [
          Field(
            "which", "Host name", name: "Host name",
            .choice([
              .init(
                "backup", answers.label(Known.backupHost).orDefault("the backup's"),
                "As in the backup: point this name to this machine.", recommended: true),
              .init(
                "own", answers.label(Known.ownHost).orDefault("this server's"),
                "As this server is called now. EXTERNAL_HOST is changed, as a step of the restore."),
              .init("other", "Another one", "EXTERNAL_HOST is changed to it."),
            ])),
          Field(
            "name", "Name", name: "New host name", .text(placeholder: "chat.example.com"),
            isVisible: { $0.given(Key.host) == "other" },
            check: { AnswerCheck.hostName($0[Key.hostName]) }),
        ]
      })
  }
}

extension String {
  fileprivate func orDefault(_ other: String) -> String { isEmpty ? other : self }
  fileprivate var capitalizedFirst: String { prefix(1).uppercased() + dropFirst() }
}
