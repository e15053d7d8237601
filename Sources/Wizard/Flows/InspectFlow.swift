import Common
import Engine
import Operations

extension Goal {
  static let inspect = Goal(
    "inspect", "Inspect or verify an archive", "what it is, and whether it is whole",
    aliases: ["check", "look", "view", "content", "damaged", "checksum", "list an archive", "show"],
    needsServer: false
  ) { InspectFlow($0, .real).flow }
}

/// Inspects and verifies an archive.
struct InspectFlow: Sendable {
  enum Key {
    static let against: AnswerKey<Bool> = "against.server"
  }

  let context: FlowContext
  let reader: ArchiveReader
  /// Verifies an archive with its private key, optionally against this server.
  var verify: @Sendable (_ archive: String, _ identity: String?, _ againstServer: Bool) throws -> any Runnable

  init(
    _ context: FlowContext, _ reader: ArchiveReader,
    verify: (@Sendable (String, String?, Bool) throws -> any Runnable)? = nil
  ) {
    self.context = context
    self.reader = reader
    let server = context.server
    self.verify =
      verify ?? { archive, identity, against in
        VerifyOperation(
          .init(archive: archive, identity: identity), server: against ? try server.installation() : nil)
      }
  }

  var flow: Flow {
    Flow(
      id: "inspect", title: "Inspect an archive", badge: context.badge,
      route: { answers in .init(from: answers.given(ArchiveStep.key).map { FileSystem.name(of: $0) }) },
      commands: { [context] in Self.commands($0, context) },
      continuations: { answers in
        guard Self.mayBeExport(answers) else { return Self.afterBackup(answers) }
        let path: [String: Answer] = [ArchiveStep.key.name: .text(answers[ArchiveStep.key])]
        return [Continuation("Import it into this server", .flow("import", given: path))].filter { Goal.exists($0) }
      },
      steps: ArchiveStep(
        heading: "Which archive?",
        explanation: [
          .paragraph("An export or a backup: a .tar.gz, an encrypted .age, or the folder that it was unpacked into.")
        ],
        help: [
          .paragraph("The archive is read once. Nothing is unpacked, and nothing from it is run or trusted."),
          .paragraph(
            "An encrypted archive is decrypted while it is read; no plain data is written to a disk. Without the "
              + "private key only the .sha256 beside it can be compared: that proves that the file is unchanged, "
              + "and nothing about its content."),
          .paragraph(
            "This is what the archive says about itself. The next steps check whether it is true and complete."),
        ]
      ).steps(context, reader) + [
        against, review, run,
        Step(
          "result", "Result",
          heading: { answers in
            Self.isSealed(answers) ? "The file is unchanged; its content was not checked" : "The archive is intact"
          }, kind: .result, proceed: "Leave the wizard"),
      ])
  }

  private static func isAgainst(_ answers: Answers) -> Bool {
    mayBeExport(answers) && answers[Key.against]
  }

  /// Returns whether it can be imported: neither a backup nor an encrypted file without its key.
  private static func mayBeExport(_ answers: Answers) -> Bool {
    !["backup", "encrypted"].contains(answers.label(ArchiveStep.Label.kind))
  }

  private static func isSealed(_ answers: Answers) -> Bool {
    answers.label(ArchiveStep.Label.kind) == "encrypted"
  }

  /// A backup leads to a rehearsal and a restore.
  private static func afterBackup(_ answers: Answers) -> [Continuation] {
    let backup = BackupStep.given(
      answers[ArchiveStep.key], identity: ArchiveStep.identity(answers))
    let source: [String: Answer] = [RestoreAnswers.Key.source.name: .text(RestoreAnswers.backup)]
    return [
      Continuation("Rehearse its restore", .flow("rehearse", given: backup)),
      Continuation(
        "Restore this server from it", .flow("restore", given: backup.merging(source) { first, _ in first })),
    ]
  }

  static func commands(_ answers: Answers, _ context: FlowContext) -> [String] {
    let path = answers[ArchiveStep.key]
    let words = [path] + ArchiveStep.identityWords(answers)
    return [
      ShellWord.quoted(words: [Program.invocation, "inspect"] + words),
      isAgainst(answers)
        ? context.command(["verify"] + words + ["--against-server"])
        : ShellWord.quoted(words: [Program.invocation, "verify"] + words),
    ]
  }

  private var against: Step {
    Step(
      "against", "Server", heading: { _ in "Compare it with this server too?" },
      explanation: { _ in
        [
          .paragraph(
            "The result then also says whether this server can import it: version, address, disk space, "
              + "system bots.")
        ]
      },
      help: [.paragraph("Verification only reads, in the archive and on the server.")],
      // A rehearsal shows whether a backup can be restored.
      isVisible: Self.mayBeExport,
      fields: { [context] _ in
        [
          Field(
            "server", "Against this server", name: "Held against",
            .yesNo(
              yes: .init(
                "yes", "Yes, against \(context.label)",
                disabled: context.hasServer ? nil : "there is no server here"),
              no: .init("no", "No, the archive alone", recommended: true)))
        ]
      })
  }

  private var review: Step {
    Step(
      "review", "Verify", heading: { _ in "Verify it to its last byte?" },
      explanation: { answers in
        guard !Self.isSealed(answers) else {
          return [
            .paragraph(
              "The file is compared with the .sha256 beside it. Its content is not checked: that needs the private "
                + "key."
            )
          ]
        }
        return [
          .paragraph(
            "Every checksum is compared, every row is read, and every reference between rows and files is resolved. "
              + "Nothing is changed.")
        ]
      }, kind: .review,
      lookup: Lookup(
        "Working out the plan",
        key: { "\($0[ArchiveStep.key])\n\(ArchiveStep.identity($0) ?? "")\n\(Self.isAgainst($0))" }
      ) {
        [verify] answers, _ in
        LookupResult(
          plan: try verify(
            answers[ArchiveStep.key], ArchiveStep.identity(answers), Self.isAgainst(answers)
          ).plan())
      }, proceed: "Verify it")
  }

  private var run: Step {
    Step(
      "run", "Verifying", heading: { _ in "Verifying the archive" },
      help: [.paragraph("Esc stops it, after a confirmation. Verification changes nothing.")],
      kind: .run(
        Runner(
          operation: { [verify] in
            try verify($0[ArchiveStep.key], ArchiveStep.identity($0), Self.isAgainst($0))
          }, noun: "The verification")))
  }
}
