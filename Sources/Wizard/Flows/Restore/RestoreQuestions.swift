import Common
import WholeServer

/// The questions about a restore.
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
        help: "A container's settings are generated from its environment: its settings.py is in the volume only if "
          + "LINK_SETTINGS_TO_DATA was set. Otherwise this server keeps its own settings, and gets the secrets.",
        isVolume,
        hint: "The folder itself, unpacked.",
        check: { _ in "Enter the path of the folder" }),
      part(
        "dump", "Database", "Where is the dump of the database?",
        "Any format of pg_dump: a directory, a custom or tar file, plain SQL, gzipped or not.",
        help:
          "A dump made by pg_dumpall contains all databases of a machine and is refused: restore it into a separate "
          + "PostgreSQL, and dump the server's database alone.", isManual),
      part(
        "configuration", "Settings", "Where is the copy of the settings?",
        "A copy of /etc/aloha, or a tar.gz of one: settings.py, aloha.conf and the secrets.",
        help: "Without the old secrets everybody has to sign in again, and without the old avatar_salt avatars are "
          + "lost. Copy them from the old machine's disk if possible.", isByHand),
      part(
        "uploads", "Uploads", "Where is the copy of the uploads?",
        "A copy of the uploads folder (with the subfolders files and avatars), or a tar.gz of one.",
        help: "If the server stores its files in S3, leave it empty: they are still in the bucket.", isByHand,
        check: { answers in
          RestoreAnswers.source(answers) == .manual(ManualBackup())
            ? "All three steps are empty: go back, or enter a path here" : nil
        }),
    ]
  }

  private static func part(
    _ id: String, _ title: String, _ heading: String, _ explanation: String, help: String,
    _ isVisible: @escaping @Sendable (Answers) -> Bool,
    hint: String = "Empty: not restored, this server's part is "
      + "not changed.",
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
    _ context: FlowContext, _ queries: BackupQueries, _ isNew: @escaping @Sendable (Answers) -> Bool
  ) -> Step {
    Step(
      "contents", "What it is", heading: { _ in "Is this the right backup?" },
      explanation: { answers in
        [.paragraph(RestoreAnswers.source(answers).label)]
      },
      help: [
        .paragraph(
          "Only the beginning is read here. Every checksum is compared later, while the backup is unpacked."),
        .paragraph("An export of one organization is no backup: it is imported, not restored."),
      ], isVisible: isNew,
      lookup: Lookup(
        "Looking into it",
        key: { answers in
          let options = RestoreAnswers.options(answers)
          return "\(options.source) \(options.identity ?? "")"
        }
      ) { answers, observer in
        var options = RestoreOptions(RestoreAnswers.source(answers))
        options.identity = RestoreAnswers.isManual(answers) ? nil : BackupStep.identity(answers)
        let outlook = try queries.outlook(context.server, options, observer.cancellation)
        let differs = outlook.version.severity == .blocker
        return LookupResult(
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
          .paragraph("The file is damaged: \(answers.label(Known.damage))."),
          .paragraph(
            "Its intact files can be restored: every file is compared with its checksum, and each lost one is named. "
              + "The database is restored completely or not at all."),
        ]
      },
      help: [
        .paragraph(
          "Look for another backup first, or copy this one again from where it was made: a truncated copy is the "
            + "most common cause."),
        .paragraph("As after any restore, the old state of this server is kept until you discard it."),
      ], isVisible: { isNew($0) && RestoreAnswers.isDamaged($0) },
      fields: { _ in
        [
          Field(
            "salvage", "Restore its intact files?", name: "Damaged backup",
            .yesNo(
              yes: .init("yes", "Yes, what is whole of it", "The result lists the lost ones."),
              no: .init(
                "no", "No, look for another backup",
                "Go back and choose another one; nothing has been changed.", recommended: true)),
            check: { answers in
              answers[Key.salvage]
                ? nil : "Go back and choose another backup, or restore the intact files of this one"
            })
        ]
      })
  }

  private static func partial(_ isNew: @escaping @Sendable (Answers) -> Bool) -> Step {
    Step(
      "partial", "Partial backup", heading: { _ in "This backup is partial" },
      explanation: { answers in
        [
          .paragraph("It is \(answers.label(Known.completeness))."),
          .paragraph("Consequences: \(answers.label(Known.partial))."),
        ]
      },
      help: [
        .paragraph(
          "The parts of a server belong together: the database names the files of the uploads, and both need the "
            + "secrets of the settings. Parts of different times rarely fit."),
        .paragraph("Look for a complete backup first. Partial ones have “partial” in their names."),
      ], isVisible: { isNew($0) && RestoreAnswers.isPartial($0) && !RestoreAnswers.options($0).salvages },
      fields: { _ in
        [
          Field(
            "anyway", "Restore only this part?", name: "Partial backup",
            .yesNo(
              yes: .init("yes", "Yes, this part alone", "Missing parts are not changed on this server."),
              no: .init(
                "no", "No, look for a complete backup",
                "Go back and choose another one; nothing has been changed.", recommended: true)),
            check: { answers in
              answers[Key.partial]
                ? nil : "Go back and choose a complete backup, or restore this part alone"
            })
        ]
      })
  }

  /// Shows the newer data of this server, and asks whether to export it first.
  private static func newer(_ isNew: @escaping @Sendable (Answers) -> Bool) -> Step {
    Step(
      "newer", "Newer data", heading: { _ in "This server has data that is not in the backup" },
      explanation: { answers in
        [
          .paragraph(answers.label(Known.newer)),
          .paragraph(
            "The old state is kept until you discard it. An export of each organization can be imported under "
              + "another subdomain afterwards, so that people can read the newer messages."),
        ]
      },
      help: [
        .paragraph(
          "The exports are made while the server is stopped, so that they are complete. The server is down until "
            + "they are finished. If one of them fails, everything is rolled back."),
        .paragraph("They are kept in a separate folder until you delete it."),
      ], isVisible: { isNew($0) && RestoreAnswers.hasNewer($0) },
      fields: { _ in
        [
          Field(
            "export", "Export each organization first?", name: "Export first",
            .yesNo(
              yes: .init("yes", "Yes, before the restore", recommended: true),
              no: .init("no", "No, keeping the old state is enough"))),
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

  /// The typed confirmation, directly below its reasons. Enter alone never starts a restore; the command requires the
  /// same name.
  static func agreement(_ context: FlowContext, _ record: RestoreRecord?) -> Step {
    @Sendable func isRollBack(_ answers: Answers) -> Bool { RestoreAnswers.followUp(answers, record) == .rollBack }
    @Sendable func isNew(_ answers: Answers) -> Bool { RestoreAnswers.followUp(answers, record) == .restoreAnew }
    return Step(
      "agree", "Confirm",
      heading: { answers in
        isRollBack(answers)
          ? "Roll back to the state before the restore?" : "Replace this server with the backup?"
      },
      explanation: { answers in
        let confirmation = answers.label(WorkSteps.confirmationKey)
        let consequence =
          isRollBack(answers)
          ? "Messages since the restore are in the restored state. It is replaced, and kept beside the server."
          : "The backup replaces the present state of this server, which is kept. The server is down while both are "
            + "exchanged."
        return [.paragraph(confirmation.isEmpty ? consequence : confirmation)]
      },
      help: [
        .paragraph(
          "The old state is kept; a roll back restores it completely, until you discard it.")
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
      "version", "Version", heading: { _ in "The versions differ" },
      explanation: { answers in
        [.paragraph(answers.label(Known.version).capitalizedFirst + ".")]
      },
      help: [
        .paragraph(
          "A database fits only the version that wrote it. Another version fails with errors about missing columns, "
            + "or loses data that it does not know."),
        .paragraph(
          "The safe way: install the version of the backup, restore, then upgrade the server as usual: the upgrade "
            + "migrates the database."),
      ], isVisible: { isNew($0) && RestoreAnswers.versionsDiffer($0) },
      fields: { _ in
        [
          Field(
            "anyway", "Restore it anyway?", name: "Versions",
            .yesNo(
              yes: .init("yes", "Yes, at my own risk", "Run manage.py migrate afterwards, and check the result."),
              no: .init(
                "no", "No, install the backup's version first",
                "Leave the wizard and come back afterwards; nothing has been changed.", recommended: true)),
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
        [.paragraph("The backup contains the old server's settings and secrets: its complete configuration folder.")]
      },
      help: [
        .paragraph(
          "The secrets matter: one names avatar files, one signs proxied images, one identifies the server for "
            + "mobile notifications. They are part of the backup's settings."),
        .paragraph(
          "aloha.conf describes the machine: its services, the place of its database. Keep it if this machine is set "
            + "up differently from the old one."),
        .paragraph("Replaced settings are kept, and restored by a roll back."),
      ], isVisible: { isNew($0) && RestoreAnswers.bringsSettings($0) },
      fields: { answers in
        let none = RestoreAnswers.hasOwnSettings(answers) ? nil : "this server has none of its own"
        return [
          Field(
            "which", "Settings", name: "Settings",
            .choice([
              .init(
                "backup", "Those of the backup", "Like the old server. Right after a disaster.", recommended: true),
              .init(
                "keep-conf", "Those of the backup, but keep aloha.conf",
                "For a machine that is set up differently from the old one.", disabled: none),
              .init(
                "keep", "Keep all settings and secrets of this server",
                "Only data is restored. Avatars are lost if the secrets differ.", disabled: none),
            ]))
        ]
      })
  }

  private static func host(_ isNew: @escaping @Sendable (Answers) -> Bool) -> Step {
    Step(
      "host", "Host name", heading: { _ in "Which host name will people use?" },
      explanation: { answers in
        [
          .paragraph(
            "The backup is of \(answers.label(Known.backupHost)); this server is \(answers.label(Known.ownHost)). A "
              + "server answers to one host name only, EXTERNAL_HOST in its settings, and with error 400 to all "
              + "others.")
        ]
      },
      help: [
        .paragraph(
          "With the old name everything works as before, as soon as the DNS entry points to this machine, and "
            + "the web server has its certificate."),
        .paragraph("With another name, people, apps and integrations need the new name, and old links do not work."),
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
                "As in the backup. Point the DNS entry of this name to this machine.", recommended: true),
              .init(
                "own", answers.label(Known.ownHost).orDefault("this server's"),
                "The present name of this server. The restore changes EXTERNAL_HOST."),
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
