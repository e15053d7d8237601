import Common
import Engine
import Transfer

extension Goal {
  static let `import` = Goal(
    "import", "Import an organization", "from an archive, as a new one here",
    aliases: ["load", "read in", "merge", "add", "Slack", "Mattermost", "Rocket.Chat", "converter"]
  ) {
    ImportFlow($0, .real).flow
  }
}

/// Imports an organization from an archive into this server.
struct ImportFlow: Sendable {
  enum Key {
    static let subdomain: AnswerKey<String> = "address.subdomain"
    static let reserved: AnswerKey<Bool> = "address.reserved"
    static let stop: AnswerKey<Bool> = "memory.stop"
  }

  let context: FlowContext
  let reader: ArchiveReader
  /// The available memory in bytes; nil if it is unknown.
  let memory: Int64?

  init(_ context: FlowContext, _ reader: ArchiveReader, memory: Int64? = Memory.available) {
    self.context = context
    self.reader = reader
    self.memory = memory
  }

  var flow: Flow {
    Flow(
      id: "import", title: "Import an organization", badge: context.badge, route: route,
      commands: work.commands, continuations: continuations,
      steps: ArchiveStep(
        heading: "Which archive is imported?",
        explanation: [.paragraph("A .tar.gz that an export has made, or the folder that it was unpacked into.")],
        help: [
          .paragraph(
            "It can come from this program, from the server's own export command, from the cloud, or from one of "
              + "the server's converters for other chat systems. It is read once here; nothing is unpacked."),
          .paragraph("Both servers must have the same version; the checks compare them."),
        ], mustBeExport: true
      ).steps(context, reader) + rest)
  }

  /// The steps after the archive, for all sources.
  var rest: [Step] {
    let work = work
    return [
      address, stop, work.checks(),
      work.review(heading: "Ready to import?", proceed: "Start the import"),
      work.run(
        "Import", heading: { "Importing \($0.label(ArchiveStep.Label.name))" },
        help: [.paragraph("Until the organization is visible, everything can be rolled back.")]),
      work.result { answers in
        let name = answers.label(ArchiveStep.Label.name)
        return "\(name.isEmpty ? "The organization" : name) is imported"
      },
    ]
  }

  @Sendable func route(_ answers: Answers) -> Flow.Route {
    let file = answers.given(ArchiveStep.key).map { FileSystem.name(of: $0) }
    return .init(from: file ?? "an archive", to: context.label)
  }

  @Sendable func continuations(_ answers: Answers) -> [Continuation] {
    let organization: [String: Answer] = [OrganizationStep.key.name: .text(answers[Key.subdomain])]
    return [Continuation("Send password resets", .flow("password-resets", given: organization))]
      .filter { Goal.exists($0) }
  }

  // MARK: Decisions

  var work: WorkSteps {
    WorkSteps("The import", context) { [context] in ImportOperation(context.server, Self.options($0)) }
  }

  static func options(_ answers: Answers) -> ImportOperation.Options {
    let subdomain = answers[Key.subdomain]
    var options = ImportOperation.Options(subdomain: subdomain, archive: answers[ArchiveStep.key])
    options.allowsReservedSubdomain = MoveDecisions.isReserved(subdomain) && answers[Key.reserved]
    options.stopsServer = answers[Key.stop]
    return options
  }

  // MARK: Steps

  private var address: Step {
    let context = context
    let question = SubdomainQuestion(
      key: Key.subdomain, reservedKey: Key.reserved, root: { _ in context.root }, host: { _ in context.label },
      present: { $0.label(ArchiveStep.Label.subdomain) })
    return Step(
      "address", "Address", heading: { _ in "What is its address on this server?" },
      explanation: { _ in
        [.paragraph("The subdomain under which people will find it. Empty is the root domain of this server.")]
      },
      help: [
        .paragraph("Every organization of a server has its own subdomain; one can be at the root domain."),
        .paragraph(
          "Subdomains need DNS records and a certificate for them; the root domain has both already."),
      ],
      fields: { _ in question.fields }, lookup: question.lookup(context.engine), decides: [.subdomain])
  }

  private var stop: Step {
    Step(
      "memory", "Memory", heading: { _ in "Stop the server while importing?" },
      explanation: { _ in
        [.paragraph("The server's manual recommends it if memory is scarce. While it is stopped, it cannot be used.")]
      },
      help: [
        .paragraph(
          "This program needs little memory, whatever the size of the organization; PostgreSQL needs more than usual "
            + "during the import. The server is started again after the import, whether it succeeds or fails."),
        .paragraph("If other organizations are on this server, leave it running if possible."),
      ],
      fields: { [memory] _ in
        let isScarce = memory.map { $0 < Memory.scarce } ?? false
        return [
          Field(
            "stop", "The server", name: "Stop the server",
            .yesNo(
              yes: .init(
                "yes", "Yes, and start it again afterwards", "For machines with little memory to spare.",
                recommended: isScarce),
              no: .init("no", "No, it keeps running", "Other organizations are not affected.", recommended: !isScarce)
            ),
            hint: { _ in memory.map { "\(Amount.bytes($0)) of memory are available now." } })
        ]
      })
  }
}

extension Goal {
  /// Returns whether a continuation exists.
  static func exists(_ continuation: Continuation) -> Bool {
    if case .flow(let id, _) = continuation.destination { named(id) != nil } else { true }
  }
}
