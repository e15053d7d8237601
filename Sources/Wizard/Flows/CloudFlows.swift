import Common
import Transfer

extension Goal {
  static let toCloud = Goal(
    "to-cloud", "Move to the cloud", "export it, and hand it over",
    aliases: ["hosted", "hosting", "migrate", "transfer", "leave this server", "handover"]
  ) {
    ToCloudFlow($0).flow
  }

  static let fromCloud = Goal(
    "from-cloud", "Move from the cloud", "import the cloud's export here",
    aliases: ["hosted", "self-host", "come back", "migrate", "transfer", "upgrade"]
  ) {
    FromCloudFlow($0, .real).flow
  }
}

/// Transfers an organization to the cloud: the export, and the information for its import there.
struct ToCloudFlow: Sendable {
  enum Key {
    static let subdomain: AnswerKey<String> = "address.subdomain"
    static let purpose: AnswerKey<Bool> = "purpose.final"
    static let archive: AnswerKey<String> = "archive.path"
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
      id: "to-cloud", title: "Move to the cloud", badge: context.badge,
      route: { [label = context.label] _ in .init(from: label, to: "the cloud") },
      commands: work.commands,
      continuations: { answers in
        [
          Continuation(
            "Verify the archive", .flow("inspect", given: [ArchiveStep.key.name: .text(answers[Key.archive])]))
        ]
      },
      steps: [
        welcome,
        OrganizationStep(heading: "Which organization moves?").step(context), version, address, purpose, archive,
        work.checks(), work.review(heading: "Ready to export?", proceed: "Start the export"),
        work.run(
          "Export", heading: { "Exporting \($0.label(OrganizationStep.key))" }),
        work.result { answers in
          let name = answers.detail(OrganizationStep.key, "name") ?? "The organization"
          let isFinal = answers.given(Key.purpose) ?? true
          return isFinal ? "\(name) is ready to be handed over" : "The trial export of \(name) is complete"
        },
      ])
  }

  // MARK: Decisions

  static func options(_ answers: Answers) -> ExportOperation.Options {
    var options = ExportOperation.Options(
      subdomain: answers[OrganizationStep.key], output: answers.given(Key.archive))
    options.handOver = CloudTransfer(subdomain: answers[Key.subdomain])
    options.deactivates =
      answers.detail(OrganizationStep.key, "state") != "deactivated" && answers[Key.purpose]
    return options
  }

  // MARK: Steps

  private var welcome: Step {
    Step(
      "welcome", "Welcome", heading: { _ in "Move an organization to the cloud" },
      explanation: { _ in
        [
          .paragraph("In the cloud, others import it for you. Steps:"),
          .point("You upgrade this server to the version of the cloud, before the final export."),
          .point("Checks run, then the organization is exported into an archive."),
          .point("You hand over the archive with some facts. They are shown ready to be copied."),
          .point("In the cloud everybody signs in again; bots get new API keys."),
        ]
      },
      help: [
        .paragraph(
          "Contact the cloud's support early: they tell you which day suits, and whether the subdomain is free. A "
            + "trial export before that day shows how long it takes."),
        .paragraph(
          "The old server keeps all data. Messages, people and channels get new ids in the cloud: links from other "
            + "places into the old organization do not work there."),
      ], proceed: "begin")
  }

  private var version: Step {
    Step(
      "version", "Version", heading: { _ in "Does this server have the cloud's version?" },
      explanation: { [context] _ in
        [
          .paragraph(
            "The cloud runs the development version, which is newer than every release, and imports exports of that "
              + "version only. This upgrades a server to it; it takes some minutes, in which the server cannot be used:"
          ),
          .command(CloudTransfer.upgrade(context.brand ?? .aloha)),
        ]
      },
      help: [
        .paragraph("Make a backup before you upgrade: there is no way back to an older version without one."),
        .paragraph(
          "A trial export works without the upgrade: it shows how long the export takes and what it contains, but "
            + "the cloud may refuse the archive."),
      ],
      lookup: Lookup("Looking at the server", key: { _ in context.root }) { [context] _, observer in
        LookupResult(facts: try context.engine.overview(context.root, observer.cancellation).facts)
      })
  }

  private var address: Step {
    Step(
      "address", "Address", heading: { _ in "Which subdomain should it get in the cloud?" },
      explanation: { _ in
        [.paragraph("The requested subdomain. Only the cloud's support knows whether it is free.")]
      },
      fields: { _ in
        [
          Field(
            "subdomain", "Subdomain in the cloud", .text(placeholder: "(none yet)"),
            preset: { .text($0[OrganizationStep.key]) },
            check: { CloudTransfer.objection(to: $0[Key.subdomain]) })
        ]
      })
  }

  private var purpose: Step {
    Step(
      "purpose", "Purpose", heading: { _ in "Is this the final export?" },
      explanation: { _ in
        [
          .paragraph(
            "For the final export the organization is deactivated here first, so that no message is left behind.")
        ]
      },
      help: [
        .paragraph(
          "Deactivation signs everyone out and disables sign-in. All data is kept, and the organization can be "
            + "reactivated at any time if the move fails.")
      ],
      isVisible: { $0.detail(OrganizationStep.key, "state") != "deactivated" },
      fields: { _ in
        [
          Field(
            "final", "This export is", name: "Export",
            .yesNo(
              yes: .init("yes", "the final one", "The organization is deactivated on this server."),
              no: .init("no", "a rehearsal", "Users keep working here.", recommended: true)))
        ]
      })
  }

  private var archive: Step {
    Step(
      "archive", "Archive", heading: { _ in "Where should the archive be written?" },
      help: [
        .paragraph(
          "The archive contains private messages. Keep it where only you can read it, and delete it after the move."
        )
      ],
      fields: { [path = context.archivePath("export")] _ in
        [
          Field(
            "path", "Archive to be made", name: "Archive", .path(.file(endings: [".tar.gz"])),
            hint: { _ in "Only its owner can read it." },
            preset: { _ in .text(path) }, check: { AnswerCheck.archive($0[Key.archive]) })
        ]
      }, decides: [.output])
  }
}

/// Transfers an organization from the cloud: how to request the export, the upgrade to the cloud's version, the import.
struct FromCloudFlow: Sendable {
  let context: FlowContext
  let reader: ArchiveReader

  init(_ context: FlowContext, _ reader: ArchiveReader) {
    self.context = context
    self.reader = reader
  }

  var flow: Flow {
    let importing = ImportFlow(context, reader)
    return Flow(
      id: "from-cloud", title: "Move from the cloud", badge: context.badge,
      route: { [label = context.label] _ in .init(from: "the cloud", to: label) },
      commands: importing.work.commands, continuations: importing.continuations,
      steps: [welcome]
        + ArchiveStep(
          heading: "Where is the cloud's export?",
          explanation: [.paragraph("The file that you downloaded, copied to this machine.")],
          help: [
            .paragraph(
              "An owner finds exports in the organization's settings, under “Data exports”; a full one, with private "
                + "messages, is made on request to the cloud's support.")
          ], mustBeExport: true
        ).steps(context, reader) + [version] + importing.rest)
  }

  private var welcome: Step {
    Step(
      "welcome", "Welcome", heading: { _ in "Move an organization from the cloud to this server" },
      explanation: { _ in
        [
          .paragraph("What will happen:"),
          .point("You get an export from the cloud, and copy it to this machine."),
          .point("You upgrade this server to the version that the cloud had when the export was made."),
          .point("The organization is imported as a new one, completely or not at all."),
          .point("All users choose a new password, or sign in by other means; bots need new API keys."),
        ]
      },
      help: [
        .paragraph(
          "The cloud is upgraded every week or two: upgrade and import soon after the export was made."),
        .paragraph(
          "On the day of the move, the organization should be deactivated in the cloud before the export: messages "
            + "that are written after the export stay there."),
      ], proceed: "begin")
  }

  private var version: Step {
    Step(
      "version", "Version", heading: { _ in "Does this server have the cloud's version?" },
      explanation: { [context] _ in
        [
          .paragraph(
            "An export can be imported only by the same version, and the cloud is ahead of every release. If the "
              + "versions differ, this upgrades the server to the development version; then check again:"),
          .command(CloudTransfer.upgrade(context.brand ?? .aloha)),
        ]
      },
      help: [
        .paragraph(
          "The upgrade takes some minutes, in which the server cannot be used. If other organizations are on this "
            + "server, make a backup first: there is no way back to an older version without one."),
        .paragraph("When the next release is out, upgrade to it as usual, and use releases from then on."),
        .paragraph(
          "If the server is newer than the export, ask for a new export: data of an older version does not fit."),
      ],
      lookup: Lookup("Comparing versions", key: { $0[ArchiveStep.key] }) { [context] answers, observer in
        let path = answers[ArchiveStep.key]
        let overview = try context.engine.overview(context.root, observer.cancellation)
        // The subdomain is asked for later; findings about it are omitted here.
        let options = ImportOperation.Options(subdomain: answers.label(ArchiveStep.Label.subdomain), archive: path)
        let findings = try context.engine.findings(ImportOperation(context.server, options), observer)
        return LookupResult(facts: overview.facts, findings: findings.filter { $0.id == .version })
      })
  }
}
