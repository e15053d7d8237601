import Administration
import Common
import Engine
import Operations
import Server
import Terminal

extension Goal {
  static let move = Goal(
    "move", "Move an organization", "to another server, with its messages",
    aliases: ["migrate", "transfer", "relocate", "new server", "another machine", "copy", "clone"]
  ) { context in
    .move(context, .real(brand: context.brand, context.remotes), archive: context.archivePath("export"))
  }
}

extension Flow {
  /// Moves an organization to another server.
  ///
  /// - Parameter archive: the default path of the archive.
  static func move(_ context: FlowContext, _ queries: MoveQueries, archive: String) -> Flow {
    let work = WorkSteps("The move", context) { MoveOperation(MoveDecisions($0), brand: context.brand) }
    return Flow(
      id: "move", title: "Move an organization", badge: context.badge,
      answeredBadge: { badge($0, context) },
      route: { answers in
        let place = answers.given(Key.place)
        return Route(
          from: named(answers.label(Key.source)),
          to: place == .elsewhere ? "another machine" : named(targetLabel(answers)))
      },
      commands: work.commands, continuations: continuations,
      steps: [
        welcome, source(context), organization(context), target(context, queries, archive: archive),
        address(context), deactivate, memory, secrets(context, queries),
        // The checks include whether the chosen secrets can be written.
        work.checks(), work.review(heading: "Ready to move?", proceed: "Start the move"),
        work.run(
          "Move", heading: { "Moving \($0.label(Key.organization))" },
          help: [
            .paragraph(
              "Until the organization is visible on the new server, stopping the move rolls everything back.")
          ]), result,
      ])
  }

  private typealias Key = MoveDecisions.Key

  /// Offers copying settings, which an export does not contain.
  @Sendable private static func continuations(_ answers: Answers) -> [Continuation] {
    let decisions = MoveDecisions(answers)
    guard let target = decisions.target, isHere(answers) else { return [] }
    return [
      Continuation(
        "Compare the settings of both servers",
        .flow(
          "settings",
          given: [
            FlowContext.serverKey: .text(target), SettingsKey.path.name: .text(decisions.source),
            SettingsKey.data.name: .text(MigrationFacts.Kind.import.rawValue),
          ]), proposed: false)
    ]
  }

  /// TEST only if both servers are throw-away servers. A server counts once its step has looked at it.
  private static func badge(_ answers: Answers, _ context: FlowContext) -> Flow.Badge {
    let isTest = answers.detail(Key.source, kind).map { $0 == Flow.Badge.test.rawValue } ?? context.isTest
    guard isTest, hasTarget(answers), let target = answers.detail(isHere(answers) ? Key.target : Key.host, kind) else {
      return isTest ? .test : .production
    }
    return target == Flow.Badge.test.rawValue ? .test : .production
  }

  /// The name of the detail with the kind of a server.
  private static let kind = "kind"

  private static func kind(of overview: FlowEngine.ServerOverview) -> [String: String] {
    overview.isTest.map { [kind: ($0 ? Flow.Badge.test : .production).rawValue] } ?? [:]
  }

  private static func named(_ text: String) -> String? { text.isEmpty ? nil : text }

  // MARK: What happens

  private static let welcome = Step(
    "welcome", "Welcome", heading: { _ in "Move an organization to another server" },
    explanation: { _ in
      [
        .paragraph(
          "One organization moves with its people, channels, messages and files. The wizard asks a few questions; "
            + "most of them have a recommended answer."),
        .paragraph("What will happen:"),
        .point("You choose the organization and the new server."),
        .point("First, checks look for everything that could fail. Nothing is changed until you start the move."),
        .point("The organization is exported into an archive, and imported from it on the new server."),
        .point("The result shows what has arrived, and the next steps."),
        .keys("Enter continues, Esc goes back, F1 explains each step."),
      ]
    },
    help: [
      .paragraph(
        "The old server keeps all of its data. The new one gets the organization completely or not at all: until the "
          + "very end everything can be rolled back.")
    ], proceed: "begin")

  // MARK: The old server

  private static func source(_ context: FlowContext) -> Step {
    Step(
      "source", "Old server", heading: { _ in "Where is the organization now?" },
      explanation: { _ in
        [.paragraph("The root folder of the old server: / for the server on this machine.")]
      },
      help: [
        .paragraph(
          "The configuration is read from etc/aloha below this folder; the database and the files are found from it, "
            + "as by the server itself. Nothing is changed."),
        .paragraph("Another folder than / is useful for test servers and for servers in containers."),
      ],
      fields: { _ in
        [
          Field(
            "root", "Folder of the old server", name: "Old server", .path(.folder),
            preset: { _ in .text(context.root) },
            check: { AnswerCheck.absolutePath($0[Key.source]) })
        ]
      },
      lookup: Lookup("Looking at the server", key: { $0[Key.source] }) { answers, observer in
        let overview = try context.engine.overview(answers[Key.source], observer.cancellation)
        let known = kind(of: overview)
        return LookupResult(
          facts: overview.facts, labels: [Key.source.name: overview.label],
          known: known.isEmpty ? [:] : [Key.source.name: known])
      })
  }

  // MARK: The organization

  private static func organization(_ context: FlowContext) -> Step {
    Step(
      "organization", "Organization", heading: { _ in "Which organization moves?" },
      explanation: { answers in
        [.paragraph("These are on \(answers.label(Key.source)). The old server keeps all of its data.")]
      },
      lookup: Lookup(
        "Looking for organizations", key: { $0[Key.source] }, brings: [organizations([])]
      ) { answers, observer in
        let all = try context.engine.organizations(answers[Key.source], observer.cancellation)
        guard all.contains(where: { row($0).disabled == nil }) else {
          throw PlainFailure(
            .notFound, answers.label(Key.source), "there is no organization on this server that could move",
            remedy: "go back and choose another server")
        }
        return LookupResult(fields: [organizations(all)])
      }, decides: [.organization])
  }

  private static func organizations(_ all: [Organization]) -> Field {
    let largest = all.filter { !$0.isInternal && !$0.isDeactivated }.max { $0.messages < $1.messages }
    return Field(
      "which", "Organization", .table(columns: columns, rows: all.map(row)),
      preset: { _ in largest.map { .text($0.subdomain) } })
  }

  private static let columns: [Table.Column] = [
    .init("Name", least: 12, grows: true), .init("Subdomain", least: 9), .init("Users", alignment: .trailing, least: 5),
    .init("Messages", alignment: .trailing, least: 8), .init("State", least: 6),
  ]

  private static func row(_ organization: Organization) -> Field.Row {
    let state = organization.state.name
    let reason: String? =
      switch organization.state {
      case .internal: "it is the home of the server's own bots; every server has its own"
      case .redirect(let address): "it is only a redirect to \(address)"
      default: nil
      }
    return Field.Row(
      id: organization.subdomain,
      cells: [
        organization.name, organization.subdomain.isEmpty ? "(root domain)" : organization.subdomain,
        Amount.count(Int64(organization.activeUsers)), organization.messageCount, state,
      ],
      label: organization.label,
      disabled: reason,
      details: ["state": state, "name": organization.name])
  }

  // MARK: The new server

  private static func target(_ context: FlowContext, _ queries: MoveQueries, archive: String) -> Step {
    Step(
      "target", "New server", heading: { _ in "Where does it go?" },
      help: [
        .paragraph(
          "If both servers are on this machine, or the other machine can be reached with ssh, the whole move is one step."
        ),
        .paragraph(
          "Over SSH the same program does its part on the other machine. The system's ssh is used, with your own "
            + "configuration and keys; its questions appear on the terminal. The archive is streamed, and continued "
            + "when the connection was lost."),
        .paragraph(
          "Otherwise the organization is exported into an archive here. The result shows the exact commands to copy "
            + "it to the other machine and import it there."),
      ],
      fields: { _ in
        [
          Field(
            "place", "The new server is", name: "Goes to",
            .choice([
              .init(
                MoveDecisions.Place.here.rawValue, "another server on this machine", "All is done in one go."),
              .init(
                MoveDecisions.Place.remote.rawValue, "on another machine, over SSH",
                "All is done in one go; only its host name is needed."),
              .init(
                MoveDecisions.Place.elsewhere.rawValue, "on a machine that cannot be reached from here",
                "The archive is made here; the result shows the commands to import it there."),
            ]),
            preset: { _ in
              .text((context.target == nil ? MoveDecisions.Place.remote : .here).rawValue)
            }),
          Field(
            "host", "Host of the new server", name: "New server", .text(placeholder: "root@chat.example.com"),
            isVisible: isRemote, hint: hostHint, check: hostObjection),
          Field(
            "copy", "If this program is missing there", name: "Program there",
            .yesNo(
              yes: .init(
                "yes", "Copy it there for the move", "The copy is deleted afterwards.", recommended: true),
              no: .init("no", "Stop", "Then install it there first.")), isVisible: isRemote),
          Field(
            "root", "Folder of the new server", name: "New server", .path(.folder), isVisible: isHere,
            preset: { _ in context.target.map { .text($0) } },
            check: { AnswerCheck.absolutePath($0[Key.target]) }),
          Field(
            "archive", "Archive to be made", name: "Archive", .path(.file(endings: [".tar.gz"])),
            isVisible: { !isRemote($0) },
            hint: { _ in "Only its owner can read it." },
            preset: { _ in .text(archive) },
            check: { AnswerCheck.archive($0[Key.archive]) }),
        ]
      },
      lookup: Lookup(
        "Looking at the server",
        key: { hasTarget($0) ? "\($0[Key.source])\n\(MoveDecisions.target($0) ?? "")\n\($0[Key.copies])" : "elsewhere" }
      ) { answers, observer in
        if isRemote(answers) { return try remoteTarget(answers, context, queries, observer) }
        guard isHere(answers) else { return LookupResult() }
        let root = answers[Key.target]
        var result = LookupResult()
        if RootFolder(root) == RootFolder(answers[Key.source]) {
          result.findings = [
            Finding(
              .blocker, "new server", "this is the server that the organization is on now",
              remedy: "give the folder of another server")
          ]
          return result
        }
        let overview = try context.engine.overview(root, observer.cancellation)
        result.facts = overview.facts
        result.labels = [Key.target.name: overview.label]
        result.findings = try queries.overlap(answers[Key.source], root, observer.cancellation)
        var known = kind(of: overview)
        if let memory = queries.memory(), memory < Memory.scarce { known["memory"] = Amount.bytes(memory) }
        if !known.isEmpty { result.known = [Key.target.name: known] }
        return result
      }, decides: [.output])
  }

  /// Connects to the new server on another machine.
  private static func remoteTarget(
    _ answers: Answers, _ context: FlowContext, _ queries: MoveQueries, _ observer: CheckObserver
  ) throws -> LookupResult {
    guard let address = MoveDecisions.target(answers) else { return LookupResult() }
    try queries.connect(address, answers[Key.copies], observer.cancellation)
    let overview = try context.engine.overview(address, observer.cancellation)
    let known = kind(of: overview)
    return LookupResult(
      facts: overview.facts, labels: [Key.host.name: overview.label],
      known: known.isEmpty ? [:] : [Key.host.name: known])
  }

  @Sendable private static func hostHint(_ answers: Answers) -> String? {
    let typed = answers[Key.host]
    guard !typed.isEmpty, let address = try? RemoteAddress(MoveDecisions.address(typed)) else {
      return "As ssh knows it: a name or user@name, with :port or /folder if needed."
    }
    return "This is \(SafeText.clean(address.text, limit: .path))"
  }

  @Sendable private static func hostObjection(_ answers: Answers) -> String? {
    let typed = answers[Key.host]
    guard !typed.isEmpty else { return "Enter the host of the new server" }
    do {
      _ = try RemoteAddress(RemoteAddress.isMeant(typed) ? typed : RemoteAddress.prefix + typed)
      return nil
    } catch {
      return "This is not the address of a server: user@host:port/folder, of which only the host is required"
    }
  }

  @Sendable private static func isHere(_ answers: Answers) -> Bool {
    answers.given(Key.place) == .here
  }

  @Sendable private static func isRemote(_ answers: Answers) -> Bool {
    answers.given(Key.place) == .remote
  }

  /// Whether the whole move is done in one go.
  private static func hasTarget(_ answers: Answers) -> Bool { isHere(answers) || isRemote(answers) }

  /// The host name of the new server, or its folder; empty until it is known.
  private static func targetLabel(_ answers: Answers) -> String {
    answers.label(isRemote(answers) ? Key.host : Key.target)
  }

  private static func address(_ context: FlowContext) -> Step {
    let question = SubdomainQuestion(
      key: Key.subdomain, reservedKey: Key.reserved, root: { hasTarget($0) ? MoveDecisions.target($0) : nil },
      host: { hasTarget($0) ? targetLabel($0) : "NEW-SERVER" }, present: { $0[Key.organization] })
    return Step(
      "address", "Address", heading: { _ in "What is its address on the new server?" },
      explanation: { _ in
        [.paragraph("The subdomain under which people will find it. It can stay as it was; empty is the root domain.")]
      },
      help: [
        .paragraph("Every organization of a server has its own subdomain; one can be at the root domain."),
        .paragraph("Links to the old address do not work for the new one: tell your users the new address."),
      ],
      fields: { _ in question.fields }, lookup: question.lookup(context.engine), decides: [.subdomain])
  }

  private static let deactivate = Step(
    "deactivate", "Old organization", heading: { _ in "Deactivate it on the old server?" },
    explanation: { _ in
      [
        .paragraph(
          "While it is active, people keep writing there. Messages that are written after the export has started are "
            + "not moved.")
      ]
    },
    help: [
      .paragraph(
        "Deactivation signs everyone out of the old organization and disables sign-in. All of its data is kept, and it can be "
          + "reactivated at any time."),
      .paragraph("If the move is stopped or fails, the old organization is reactivated."),
    ],
    isVisible: { $0.detail(Key.organization, "state") != "deactivated" },
    fields: { _ in
      [
        Field(
          "old", "Old organization", name: "Deactivate the old one",
          .yesNo(
            yes: .init(
              "yes", "Yes, deactivate it", "No message is lost. You can reactivate it at any time.",
              recommended: true),
            no: .init("no", "No, leave it open", "Right for a trial, while people still work there.")))
      ]
    }, decides: [.content])

  /// Asked only with little memory.
  private static let memory = Step(
    "memory", "Memory", heading: { _ in "Stop the new server while importing?" },
    explanation: { answers in
      let left = answers.detail(Key.target, "memory").map { "Only \($0) of memory are available here. " } ?? ""
      return [
        .paragraph(
          "\(left)The server's manual recommends to stop it then. It cannot be used until it is started again.")
      ]
    },
    help: [
      .paragraph(
        "This program needs little memory, whatever the size of the organization; PostgreSQL needs more than usual "
          + "during the import. The new server is started again after the import, whether it succeeds or fails.")
    ],
    isVisible: { isHere($0) && $0.detail(Key.target, "memory") != nil },
    fields: { _ in
      [
        Field(
          "stop", "The new server", name: "During the import",
          .yesNo(
            yes: .init("yes", "is stopped, and started again", "The safe way here.", recommended: true),
            no: .init("no", "keeps running", "If other organizations are on it already.")))
      ]
    })

  // MARK: Secrets

  private static func secrets(_ context: FlowContext, _ queries: MoveQueries) -> Step {
    Step(
      "secrets", "Secrets", heading: { _ in "Which secrets should be copied?" },
      explanation: { _ in
        [
          .paragraph(
            "Both servers have their own secrets. These differ; the recommended decisions are selected. Values are "
              + "never shown."), .keys("Space changes a decision, Enter continues."),
        ]
      },
      help: [
        .paragraph(
          "Copy: the new server uses the old one's value from now on, for all of its organizations. Keep: the new "
            + "server is not changed. The new server's old file is kept beside the new one."),
        .paragraph("Secrets that are equal on both are not listed."),
      ],
      isVisible: { answers in
        // Counted among the steps before the answer, if it is predictable.
        answers.given(Key.place) == nil ? context.target != nil : hasTarget(answers)
      },
      lookup: Lookup(
        "Comparing secrets", key: { "\($0[Key.source])\n\(MoveDecisions.target($0) ?? "")" },
        brings: [secretDecisions([])]
      ) { answers, _ in
        let advice = try queries.advice(MoveDecisions(answers))
        guard !advice.isEmpty else {
          return LookupResult(remark: "There is nothing to decide: both servers have the same secrets.")
        }
        return LookupResult(fields: [secretDecisions(advice)])
      })
  }

  private static func secretDecisions(_ advice: [SettingAdvice]) -> Field {
    .settingDecisions("each", "Secrets", advice, secrets: true, id: \.key)
  }

  // MARK: The move

  private static let result = Step(
    "result", "Result",
    heading: { answers in
      let name = answers.detail(Key.organization, "name") ?? "The organization"
      return hasTarget(answers) ? "\(name) is moved" : "\(name) is exported; the import is next"
    },
    help: [.paragraph("The same text stays in your terminal when you leave.")], kind: .result,
    proceed: "Leave the wizard")
}
