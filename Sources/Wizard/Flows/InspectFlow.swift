import Common
import Engine

extension Goal {
  static let inspect = Goal(
    "inspect", "Inspect or verify an archive", "what it is, and whether it is whole",
    needsServer: false
  ) { InspectFlow($0, .real).flow }
}

/// Says what an archive is, and checks it to its last byte.
struct InspectFlow: Sendable {
  enum Key {
    static let against = "against.server"
  }

  let context: FlowContext
  let reader: ArchiveReader
  /// Made of the archive, and of whether it is held against this server.
  var verify: @Sendable (_ archive: String, _ againstServer: Bool) throws -> any Operation

  init(
    _ context: FlowContext, _ reader: ArchiveReader,
    verify: (@Sendable (String, Bool) throws -> any Operation)? = nil
  ) {
    self.context = context
    self.reader = reader
    let server = context.server
    self.verify =
      verify ?? { archive, against in
        VerifyOperation(.init(archive: archive), server: against ? try server.installation() : nil)
      }
  }

  var flow: Flow {
    Flow(
      id: "inspect", title: "Inspect an archive", badge: context.badge,
      route: { answers in .init(from: answers.text(ArchiveStep.key)?.split(separator: "/").last.map(String.init)) },
      commands: { [context] in Self.commands($0, context) },
      onward: { answers in
        guard answers.label(ArchiveStep.Label.kind) != "backup" else { return Self.afterBackup(answers) }
        let path: [String: Answer] = [ArchiveStep.key: answers[ArchiveStep.key] ?? .text("")]
        return [Continuation("Import it into this server", .flow("import", given: path))].filter { Goal.exists($0) }
      },
      steps: [
        ArchiveStep(
          heading: "Which archive?",
          explanation: [.paragraph("An export or a backup: a .tar.gz, or the folder that it was unpacked into.")],
          help: [
            .paragraph("The archive is read once. Nothing is unpacked, and nothing from it is run or trusted."),
            .paragraph(
              "What it says of itself is shown here; whether that is true, and whether it is whole, is what the next "
                + "steps find out."),
          ]
        ).step(reader), against, review, run,
        Step(
          "result", "Result", heading: { _ in "The archive is whole" }, kind: .result, proceed: "Leave the wizard"),
      ])
  }

  private static func isAgainst(_ answers: Answers) -> Bool {
    answers.label(ArchiveStep.Label.kind) != "backup" && answers.flag(Key.against) ?? false
  }

  /// A backup is restored, not imported.
  private static func afterBackup(_ answers: Answers) -> [Continuation] {
    let backup = BackupStep.given(answers.text(ArchiveStep.key) ?? "")
    let source: [String: Answer] = [RestoreAnswers.Key.source: .text(RestoreAnswers.backup)]
    return [
      Continuation("Rehearse its restore", .flow("rehearse", given: backup)),
      Continuation(
        "Restore this server from it", .flow("restore", given: backup.merging(source) { first, _ in first })),
    ]
  }

  static func commands(_ answers: Answers, _ context: FlowContext) -> [String] {
    let path = answers.text(ArchiveStep.key) ?? ""
    let verify = "\(Program.name) verify \(ShellWord.quoted(path))"
    return [
      "\(Program.name) inspect \(ShellWord.quoted(path))",
      isAgainst(answers) ? context.command(["verify", path, "--against-server"]) : verify,
    ]
  }

  private var against: Step {
    Step(
      "against", "Server", heading: { _ in "Hold it against this server too?" },
      explanation: { _ in
        [.paragraph("Then it is also said whether this server could import it: version, address, space, system bots.")]
      },
      help: [.paragraph("Verifying only reads, here as there.")],
      // Whether a backup can be restored here is found out by a rehearsal.
      isVisible: { $0.label(ArchiveStep.Label.kind) != "backup" },
      fields: { [context] _ in
        let hasServer = FileSystem.isFolder(context.root) && (try? context.server.installation()) != nil
        return [
          Field(
            "server", "Against this server", name: "Held against",
            .yesNo(
              yes: .init(
                "yes", "Yes, against \(context.label)",
                disabled: hasServer ? nil : "there is no server here"),
              no: .init("no", "No, the archive alone", recommended: true)))
        ]
      })
  }

  private var review: Step {
    Step(
      "review", "Verify", heading: { _ in "Check it to its last byte?" },
      explanation: { _ in
        [
          .paragraph(
            "Every digest is compared, every row is read, and every reference between rows and files must have its "
              + "other end. Nothing is changed.")
        ]
      }, kind: .review,
      lookup: Lookup(
        "Working out the plan", key: { "\($0.text(ArchiveStep.key) ?? "")\n\(Self.isAgainst($0))" }
      ) {
        [verify] answers, _ in
        Material(plan: try verify(answers.text(ArchiveStep.key) ?? "", Self.isAgainst(answers)).plan())
      }, proceed: "Verify it")
  }

  private var run: Step {
    Step(
      "run", "Verifying", heading: { _ in "Verifying the archive" },
      help: [.paragraph("Esc stops it, after a question. Nothing is changed by verifying.")],
      kind: .run(
        Runner(
          operation: { [verify] in try verify($0.text(ArchiveStep.key) ?? "", Self.isAgainst($0)) },
          weights: PhaseWeights.verification, noun: "The verification")))
  }
}
