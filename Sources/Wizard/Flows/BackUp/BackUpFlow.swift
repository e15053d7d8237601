import Common
import Operations
import WholeServer

extension Goal {
  static let backUp = Goal(
    "back-up", "Back up this server", "now or every night; delete old backups",
    aliases: ["backup", "dump", "save", "snapshot", "copy of the server", "encrypt", "pg_dump", "docker", "container"]
  ) {
    .backUp($0, .real)
  }
}

extension Flow {
  private enum Key {
    static let wish: AnswerKey<String> = "what.wish"
    static let parts: AnswerKey<[String]> = "content.parts"
    static let encrypts: AnswerKey<String> = "encryption.how"
    static let recipient: AnswerKey<String> = "encryption.recipient"
    static let output: AnswerKey<String> = "place.output"
  }

  /// Facts about the server for later steps.
  private enum Known {
    static let brand = "content.brand"
    static let canEncrypt = "content.can-encrypt"
  }

  private static let database = "database"
  private static let uploads = "uploads"

  static func backUp(_ context: FlowContext, _ queries: BackupQueries) -> Flow {
    let names = Dictionary(Brand.allCases.map { ($0.rawValue, BackupOperation.newName($0)) }) { first, _ in first }
    let work = WorkSteps("The backup", context) { BackupOperation(context.server, options($0)) }
    return Flow(
      id: "back-up", title: "Back up this server", badge: context.badge,
      route: { answers in
        Route(from: context.label, to: answers.given(Key.output).map { FileSystem.name(of: $0) })
      },
      commands: work.commands,
      continuations: { continuations($0) },
      steps: [
        wish, content(context, queries), encryption, place(context, names),
        work.checks(),
        work.review(
          heading: "Ready to back up?", proceed: "Start the backup",
          help: [
            .paragraph(
              "Several sessions dump the database from one snapshot; the files are listed at the same moment. Users "
                + "can keep working.")
          ]),
        work.run("Backup", heading: { _ in "Backing up \(context.label)" }),
        work.result(heading: { _ in "\(context.label) is backed up" }),
      ])
  }

  private static func options(_ answers: Answers) -> BackupOperation.Options {
    var options = BackupOperation.Options(output: answers.given(Key.output))
    let parts = answers.given(Key.parts) ?? [database, uploads]
    options.skipsDatabase = !parts.contains(database)
    options.skipsUploads = !parts.contains(uploads)
    options.recipient = encrypts(answers) ? answers.given(Key.recipient) : nil
    return options
  }

  @Sendable private static func encrypts(_ answers: Answers) -> Bool { answers.given(Key.encrypts) == "key" }

  private static func continuations(_ answers: Answers) -> [Continuation] {
    let output = answers[Key.output]
    let folder = "/" + output.split(separator: "/").dropLast().joined(separator: "/")
    var nightly: [String: Answer] = [NightlyAnswers.folder.name: .text(folder)]
    if let recipient = options(answers).recipient { nightly[NightlyAnswers.recipient.name] = .text(recipient) }
    return [
      Continuation("Rehearse its restore", .flow("rehearse", given: BackupStep.given(output))),
      Continuation("Make it nightly", .flow("nightly", given: nightly)),
    ]
  }

  // MARK: Steps

  private static let wish = Step(
    "what", "Action", heading: { _ in "What do you want to do?" },
    help: [
      .paragraph(
        "A backup is the whole server in one file, enough to restore it on this machine or on a new one. The "
          + "server's own restore command reads it too."),
      .paragraph("To move a single organization, export it instead."),
    ],
    fields: { _ in
      [
        Field(
          "wish", "Backups", name: "Action",
          .choice([
            .init("now", "Make a backup now", "The server keeps running.", recommended: true),
            .init("nightly", "Make one every night", "Shows the lines for systemd or cron and explains each."),
            .init("prune", "Delete old backups", "Lists the backups that would be deleted first."),
          ]))
      ]
    },
    exit: { answers in
      switch answers.given(Key.wish) {
      case "nightly": .flow("nightly")
      case "prune": .flow("prune")
      default: nil
      }
    })

  private static func content(_ context: FlowContext, _ queries: BackupQueries) -> Step {
    Step(
      "content", "Content", heading: { _ in "What should the backup contain?" },
      explanation: { _ in
        [
          .paragraph("Settings and secrets are always in it."),
          .keys("Space selects or clears a part, Enter continues."),
        ]
      },
      help: [
        .paragraph("Never in a backup; the checks show the command that saves each of these:"),
        .point("logs of the server,"), .point("certificates of the web server,"), .point("files that are kept in S3,"),
        .point("pending tasks in RabbitMQ (there should be none),"),
        .point("data in memory: who is online and who is typing."),
        .paragraph(
          "Without the database or the uploads the backup is partial. Use it only if these are backed up in another "
            + "way."),
      ],
      lookup: Lookup("Looking at the server", key: { _ in context.root }, brings: [parts(nil, nil)]) {
        _, observer in
        do {
          let estimate = try queries.estimate(context.server, observer.cancellation)
          return lookupResult(estimate, context)
        } catch let failure as any Failure where failure.family == .connection || failure.family == .database {
          // The database is lost: the files can still be saved.
          return LookupResult(
            fields: [parts(nil, SafeText.clean(failure.reason, limit: .line))],
            findings: [
              Finding(
                .warning, "database", "cannot be reached: \(failure.reason)",
                remedy: "start PostgreSQL and check again, or back up without the database")
            ], labels: [Known.brand: context.brandName, Known.canEncrypt: "yes"])
        }
      })
  }

  private static func lookupResult(_ estimate: BackupEstimate, _ context: FlowContext) -> LookupResult {
    let files =
      estimate.storesUploadsInS3
      ? "in S3" : "\(Amount.of(estimate.uploadsFiles, "file")), \(Amount.bytes(estimate.uploads))"
    let brand = (try? context.server.installation())?.brand ?? context.brand ?? .aloha
    return LookupResult(
      fields: [parts(estimate, nil)],
      facts: [
        Summary.Fact("Database", "\(Amount.bytes(estimate.database)) on its disk"), Summary.Fact("Uploads", files),
      ], findings: estimate.queues.map { [$0] } ?? [],
      labels: [Known.brand: brand.rawValue, Known.canEncrypt: estimate.canEncrypt ? "yes" : "no"])
  }

  private static func parts(_ estimate: BackupEstimate?, _ lost: String?) -> Field {
    let inS3 = estimate?.storesUploadsInS3 == true
    return Field(
      "parts", "Besides these",
      name: "With",
      .multipleChoice([
        .init(
          database, "The database", "People, channels, messages.", recommended: true, disabled: lost),
        .init(
          uploads, "Uploaded files", "Pictures and documents, avatars, emoji.", recommended: true,
          disabled: inS3 ? "they are in S3: the bucket's own versioning is their backup" : nil),
      ]),
      hint: { answers in
        guard let estimate else { return nil }
        let chosen = answers[Key.parts]
        let about = estimate.archive(
          takesDatabase: chosen.contains(database), takesUploads: chosen.contains(uploads))
        return "About \(Amount.bytes(about.bytes)), in about \(Amount.duration(seconds: about.seconds))."
      })
  }

  private static let encryption = Step(
    "encryption", "Encryption", heading: { _ in "Shall it be encrypted?" },
    explanation: { _ in
      [
        .paragraph(
          "A backup contains every message and every secret. Only its owner can read the file here; on the machine "
            + "that it is copied to, others may be able to read it.")
      ]
    },
    help: [
      .paragraph("Keys are made on another machine, never on this server:"),
      .command("age-keygen -o backup-key.txt"),
      .paragraph(
        "It prints the public key, which begins with age1: enter that one here. With it, backups can be made but not "
          + "read."),
      .paragraph(
        "The file backup-key.txt is the private key. Do not keep it on this server. Keep a copy on paper in a safe: "
          + "without the key no one can ever read the backups again, not even you."),
      .paragraph(
        "A rehearsal of an encrypted backup needs the private key: run it on a machine that is allowed to have it."),
    ],
    fields: { answers in
      [
        Field(
          "how", "Encryption",
          .choice([
            .init("none", "No", "Right where it stays on this machine or is copied to encrypted storage."),
            .init(
              "key", "Yes, to a public key",
              "With age. Only the private key, which is kept elsewhere, can decrypt "
                + "it.",
              disabled: answers.label(Known.canEncrypt) == "no"
                ? "the program age is not installed: apt-get install age" : nil),
          ])),
        Field(
          "recipient", "The public key", name: "Public key", .text(placeholder: "age1…"), isVisible: encrypts,
          hint: { _ in "Made on another machine: age-keygen -o backup-key.txt" },
          check: { AnswerCheck.recipient($0[Key.recipient]) }),
      ]
    }, decides: [.encryption])

  private static func place(_ context: FlowContext, _ names: [String: String]) -> Step {
    Step(
      "place", "Place", heading: { _ in "Where should the backup be written?" },
      explanation: { _ in
        [.paragraph("Copy it to another machine afterwards: a backup on the same disk is lost with the disk.")]
      },
      help: [
        .paragraph(
          "Restore, rehearsal and retention find backups by the proposed name. The file gets its name when it is "
            + "complete and was read back, never before."),
        .paragraph(
          "/tmp is emptied when the machine starts. Choose another folder for a backup that you want to keep."),
      ],
      fields: { _ in
        [
          Field(
            "output", "File", name: "Goes to", .path,
            hint: { answers in
              let isFleeting = answers.given(Key.output)?.hasPrefix("/tmp/") == true
              return "Only its owner can read it." + (isFleeting ? " /tmp is emptied when the machine starts." : "")
            },
            preset: { answers in
              let brand = answers.label(Known.brand)
              let name = names[brand.isEmpty ? context.brandName : brand] ?? "backup.tar.gz"
              let folder = context.archiveFolder == "/" ? "" : context.archiveFolder
              return .text("\(folder)/\(name)\(encrypts(answers) ? ".age" : "")")
            },
            check: { answers in
              let path = answers[Key.output]
              return AnswerCheck.archive(path, isEncrypted: encrypts(answers))
            })
        ]
      }, decides: [.output])
  }
}
