import Common
import Transfer

extension Goal {
  static let export = Goal(
    "export", "Export an organization", "into an archive, to move or to keep",
    aliases: ["extract", "download", "takeout", "consent", "public channels"]
  ) {
    ExportFlow($0).flow
  }
}

/// Exports an organization into an archive.
struct ExportFlow: Sendable {
  enum Key {
    static let reach = AnswerKey("scope.reach", unanswered: Reach.everything)
    static let message: AnswerKey<String> = "scope.message"
    static let archive: AnswerKey<String> = "archive.path"
    static let deactivate: AnswerKey<Bool> = "archive.deactivate"
  }

  enum Reach: String, AnswerValue {
    case everything, open = "public", consent
  }

  let context: FlowContext

  init(_ context: FlowContext) {
    self.context = context
  }

  var flow: Flow {
    let work = WorkSteps("The export", context) { [context] in
      ExportOperation(context.server, Self.options($0))
    }
    return Flow(
      id: "export", title: "Export an organization", badge: context.badge,
      route: { [label = context.label] answers in
        .init(from: label, to: answers.given(Key.archive).map { FileSystem.name(of: $0) })
      },
      commands: work.commands,
      continuations: { answers in
        let path = answers[Key.archive]
        return [Continuation("Verify the archive", .flow("inspect", given: [ArchiveStep.key.name: .text(path)]))]
      },
      steps: [
        OrganizationStep(
          heading: "Which organization is exported?",
          explanation: [.paragraph("An export only reads. The organization is not changed.")],
          help: [
            .paragraph(
              "An export contains the organization's people, channels, messages, settings and files in the server's "
                + "own format: this program and the server's own import command read it."),
            .paragraph(
              "Passwords, API keys and sessions are never in it. For a whole server, with all its organizations and "
                + "secrets, make a backup instead: it is faster, and users do not notice it."),
          ]
        ).step(context), scope, place, work.checks(),
        work.review(heading: "Ready to export?", proceed: "Start the export"),
        work.run(
          "Export", heading: { "Exporting \($0.label(OrganizationStep.key))" }),
        work.result { "\($0.detail(OrganizationStep.key, "name") ?? "The organization") is exported" },
      ])
  }

  // MARK: Decisions

  static func options(_ answers: Answers) -> ExportOperation.Options {
    var options = ExportOperation.Options(
      subdomain: answers[OrganizationStep.key], output: answers.given(Key.archive))
    switch answers[Key.reach] {
    case .everything: break
    case .open: options.publicOnly = true
    case .consent:
      let message = Int64(answers[Key.message])
      options.consent = message.map { .byReactions(message: $0) } ?? .bySetting
    }
    options.deactivates =
      answers.detail(OrganizationStep.key, "state") != "deactivated" && answers[Key.deactivate]
    return options
  }

  // MARK: Steps

  private var scope: Step {
    Step(
      "scope", "Content", heading: { _ in "What should the archive contain?" },
      help: [
        .paragraph(
          "A move needs everything. The other two are for records and for giving data to others: private data is "
            + "left out, unless the people concerned have consented."),
        .paragraph(
          "Consent is a setting of each person (“Let administrators export my private data”); on servers older than "
            + "10.0 it is a reaction with the outbox emoji to a message that asks for consent."),
      ],
      fields: { _ in
        [
          Field(
            "reach", "Messages and files", name: "Content",
            .choice([
              .init(
                Reach.everything.rawValue, "everything", "All messages and files, private ones too.", recommended: true),
              .init(Reach.open.rawValue, "public channels only", "What every member of the organization can read."),
              .init(
                Reach.consent.rawValue, "public channels, and private data by consent",
                "Private data of those who let administrators export it."),
            ])),
          Field(
            "message", "Number of the message that asked for consent", name: "Consent message",
            .text(placeholder: "(none: by the people's settings)"),
            isVisible: { $0.given(Key.reach) == .consent },
            hint: { _ in "Only on servers older than 10.0; leave it empty otherwise." },
            preset: { _ in .text("") },
            check: { answers in
              let text = answers[Key.message]
              return text.isEmpty || Int64(text).map { $0 > 0 } ?? false ? nil : "Enter a number, or leave it empty"
            }),
        ]
      }, decides: [.content])
  }

  private var place: Step {
    Step(
      "archive", "Archive", heading: { _ in "Where should the archive be written?" },
      help: [
        .paragraph(
          "The archive gets its name when it is complete and was read back to its last byte. Until then no file of "
            + "that name exists, and a stopped export leaves nothing behind."),
        .paragraph(
          "Deactivation signs everyone out and disables sign-in until the organization is reactivated. No message is lost "
            + "on the way, and no data is deleted. It is right before a final move, and wrong for a record of an active "
            + "organization."),
      ],
      fields: { [context, path = context.archivePath("export")] answers in
        [
          Field(
            "path", "Archive to be made", name: "Archive", .path(.file(endings: [".tar.gz"])),
            hint: { _ in "Only its owner can read it." },
            preset: { _ in .text(path) },
            check: { AnswerCheck.archive($0[Key.archive]) }),
          Field(
            "deactivate", "Deactivate the organization first?", name: "Deactivate it",
            .yesNo(
              yes: .init(
                "yes", "Yes",
                "No new messages during the export; the organization stays deactivated on "
                  + "\(context.label)."),
              no: .init(
                "no", "No, leave it open", "Messages that are written after the export has started are not in it.",
                recommended: true
              )),
            isVisible: { $0.detail(OrganizationStep.key, "state") != "deactivated" }),
        ]
      }, decides: [.output])
  }
}
