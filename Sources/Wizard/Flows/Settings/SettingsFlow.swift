import Administration
import Common
import Operations

extension Goal {
  static let settings = Goal(
    "settings", "Settings and secrets", "take over from an old server",
    aliases: [
      "copy", "host name", "hostname", "configuration", "config", "compare", "differences", "keys", "tokens",
      "settings.py",
      "aloha.conf",
    ]
  ) {
    .settings($0, .real($0))
  }

  /// Opened from the result of the other flow.
  static let undoSettings = Goal(
    "settings-undo", "Undo copied settings", "bring back the earlier settings files",
    aliases: ["undo settings", "revert", "restore settings", "configuration"]
  ) {
    .undoSettings($0)
  }
}

extension Flow {
  /// Compares this server's settings and secrets with an old server's, and copies the decided ones.
  static func settings(_ context: FlowContext, _ queries: SettingsQueries) -> Flow {
    let work = WorkSteps("The copying", context) {
      CopySettingsOperation(
        from: $0[Key.path], to: context.server, CopySettingsOperation.Choices($0))
    }
    return Flow(
      id: "settings", title: "Settings and secrets", badge: context.badge,
      route: { answers in
        let label = answers.label(Key.path)
        return Route(from: label.isEmpty ? nil : label, to: context.label)
      },
      commands: work.commands,
      continuations: { answers in
        let compare = context.destination("settings", given: answers[Key.path.name].map { [Key.path.name: $0] } ?? [:])
        let restart = context.destination("server", given: ServerKey.given(.restart))
        let next =
          answers.given(Key.follow) == Key.runHere
          ? Continuation("Compare again", compare, proposed: false) : Continuation("Restart the server", restart)
        return [next, Continuation("Undo it", context.destination("settings-undo"), proposed: false)]
      },
      steps: [
        source(context, queries), situation(queries), secrets(queries), settings(queries), changes(context, queries),
        followUps(queries), work.checks(),
        work.review(heading: "Ready to write the files?", proceed: "Write the files"),
        work.run(
          "Copying", heading: { _ in "Copying settings" },
          help: [.paragraph("The files are written together, all of them or none. The old ones are kept beside them.")]
        ),
        work.result { _ in "The settings are copied" },
      ])
  }

  private typealias Key = SettingsKey

  /// The label that says that the decisions change nothing.
  private static let unchanged = "changes.none"

  // MARK: From where

  private static func source(_ context: FlowContext, _ queries: SettingsQueries) -> Step {
    Step(
      "source", "Old server", heading: { _ in "Where are the old server's settings?" },
      explanation: { _ in
        [
          .paragraph(
            "The old server's root folder, a copy of its configuration folder, or a backup. Its settings are "
              + "compared with those of \(context.label); nothing is changed.")
        ]
      },
      help: [
        .paragraph(
          "Exports contain neither settings nor secrets. After an import they have to be compared, and after a "
            + "restore on a new machine some of them too. The server's manual lists what to copy and what not; this "
            + "step applies that list to your two servers."),
        .paragraph("Values of secrets are never shown: equal marks mean equal values."),
      ],
      fields: { _ in
        [
          Field(
            "path", "Folder or backup", name: "Settings of", .path, preset: { _ in context.target.map { .text($0) } },
            check: { AnswerCheck.absolutePath($0[Key.path]) })
        ]
      },
      lookup: Lookup("Looking there", key: { $0[Key.path] }) { answers, _ in
        let path = answers[Key.path]
        let found = try queries.source(path)
        var result = LookupResult(facts: found.facts, labels: [Key.path.name: found.label])
        result.findings = found.overlap
        if found.kind == .server, RootFolder(path) == RootFolder(context.root) {
          result.findings = [
            Finding(
              .blocker, "old server", "this is the server itself", remedy: "give another one's folder, or a backup")
          ]
        }
        return result
      })
  }

  // MARK: What it is for

  private static func situation(_ queries: SettingsQueries) -> Step {
    Step(
      "situation", "Situation", heading: { _ in "How do the two servers relate?" },
      explanation: { _ in
        [.paragraph("The advice depends on it. The detected answers are selected; correct them if they are wrong.")]
      },
      help: [
        .paragraph(
          "An import gives people, channels and messages new ids. Data bound to the old ids is useless then: the "
            + "names of avatar files, and the registration for mobile notifications, which could even reach the "
            + "wrong people."
        ),
        .paragraph(
          "After a restore everybody has the same id as before, and nearly all old settings are right here."),
        .paragraph(
          "A server that replaces the old one uses its host name. Two servers with one host name, or with one "
            + "identity, interfere with each other."),
      ],
      lookup: Lookup(
        "Looking at both", key: { $0[Key.path] }, brings: situationFields(MigrationFacts(kind: .import))
      ) { answers, _ in
        let facts = try queries.facts(answers[Key.path])
        return LookupResult(
          fields: situationFields(facts), facts: described(facts), known: [Key.found: ["facts": facts.text]])
      })
  }

  private static func situationFields(_ facts: MigrationFacts) -> [Field] {
    [
      Field(
        "data", "The data came", name: "Data came",
        .choice([
          .init("import", "by an export and an import: new ids", recommended: facts.kind == .import),
          .init("restore", "from a backup: the same ids as before", recommended: facts.kind == .restore),
        ])),
      Field(
        "place", "This server", name: "This server",
        .choice([
          .init(
            Key.replaces, "replaces the old one", "The old one is, or will be, switched off.",
            recommended: facts.replacesSource),
          .init(Key.beside, "runs beside it", "Both go on.", recommended: !facts.replacesSource),
        ])),
    ]
  }

  private static func described(_ facts: MigrationFacts) -> [Summary.Fact] {
    let ids =
      facts.usersRenumbered.map { $0 ? "different ids on both servers" : "the same ids on both servers" }
      ?? "could not be compared: no account is on both, or the old database cannot be reached"
    return [
      Summary.Fact("People", ids),
      Summary.Fact("Host names", "there \(facts.sourceHost ?? "not set"), here \(facts.targetHost ?? "not set")"),
      Summary.Fact("Other organizations", facts.targetHostsOthers ? "live here too" : "none here"),
      Summary.Fact("Phones", facts.pushRegistered ? "the old server is registered" : "no registration there"),
      Summary.Fact("Message queue", facts.queueIsLocal ? "on this machine" : "on another machine"),
    ] + (facts.sharesDatabase ? [Summary.Fact("Database", "both servers use the same one")] : [])
  }

  // MARK: Decisions

  /// Returns the facts that the advice depends on.
  @Sendable private static func situationText(_ answers: Answers) -> String {
    "\(answers[Key.path])\n\(MigrationFacts(answers).text)"
  }

  private static func advice(_ answers: Answers, _ queries: SettingsQueries) throws -> [SettingAdvice] {
    try queries.advice(answers[Key.path], MigrationFacts(answers))
  }

  private static func secrets(_ queries: SettingsQueries) -> Step {
    let field: @Sendable ([SettingAdvice]) -> Field = {
      .settingDecisions("each", "Secrets", $0, secrets: true)
    }
    return Step(
      "secrets", "Secrets", heading: { _ in "Which secrets should be copied?" },
      explanation: { _ in
        [
          .paragraph("These secrets differ; the recommended decisions are selected."),
          .keys("Space changes a decision, Enter continues."),
        ]
      },
      help: [
        .paragraph(
          "Copy: this server uses the old one's value from now on, for all of its organizations. Keep: it keeps its "
            + "own. Secrets that are equal on both are not listed."),
        .paragraph(
          "The names of avatar files are computed with avatar_salt. An import renames the files, so this server's "
            + "salt must be kept; after a restore the old salt is required, or every avatar is lost."),
        .paragraph(
          "Secrets that this program does not know are marked, and copied only if you decide so."),
      ],
      lookup: Lookup("Comparing secrets", key: situationText, brings: [field([])]) { answers, _ in
        let advice = try advice(answers, queries).filter { $0.file == .secrets }
        return advice.isEmpty
          ? LookupResult(remark: "There is nothing to decide: both servers have the same secrets.")
          : LookupResult(fields: [field(advice)])
      })
  }

  private static func settings(_ queries: SettingsQueries) -> Step {
    let each: @Sendable ([SettingAdvice]) -> Field = {
      .settingDecisions("each", "settings.py", $0, secrets: false)
    }
    let machine: @Sendable ([SettingAdvice]) -> Field = {
      .settingDecisions("machine", "The conf file of the machine", name: "Machine", $0, secrets: false)
    }
    return Step(
      "settings", "Settings", heading: { _ in "Which settings should be copied?" },
      explanation: { _ in
        [
          .paragraph("First settings.py, then the conf file of the machine."),
          .keys("Space changes a decision, Enter continues."),
        ]
      },
      help: [
        .paragraph(
          "settings.py is a program. Only complete assignments with known syntax are changed; every other byte is "
            + "kept. Other statements are marked, and have to be changed by hand."),
        .paragraph(
          "Join keeps this server's entries of a list and adds those of the old one. Take out removes a setting, so "
            + "that the server's default applies."),
        .paragraph(
          "Copy a whole file if this server replaces the old one on a similar machine. Decisions about its lines are "
            + "ignored then."),
      ],
      lookup: Lookup("Comparing settings", key: situationText, brings: [each([]), machine([])]) { answers, _ in
        let advice = try advice(answers, queries)
        let parts = [
          (each, advice.filter { $0.file == .settings }), (machine, advice.filter { $0.file == .configuration }),
        ]
        let fields = parts.filter { !$0.1.isEmpty }.map { $0.0($0.1) }
        return fields.isEmpty
          ? LookupResult(remark: "There is nothing to decide: both servers have the same settings.")
          : LookupResult(fields: fields)
      })
  }

  // MARK: What it comes to

  /// Returns the decisions that the changes depend on.
  @Sendable private static func choicesText(_ answers: Answers) -> String {
    var choices = CopySettingsOperation.Choices(answers)
    // Running the follow-ups does not affect the changes.
    choices.runsFollowUps = false
    let copy = CopySettingsOperation(from: "", to: ServerReference(root: "/"), choices)
    return "\(situationText(answers))\n\(WorkSteps.fingerprint(copy))"
  }

  private static func changes(_ context: FlowContext, _ queries: SettingsQueries) -> Step {
    Step(
      "changes", "Changes", heading: { _ in "What changes in the files?" },
      explanation: { _ in
        [.paragraph("Lines with - are removed, lines with + are added. Secrets are shown by name only.")]
      },
      help: [
        .paragraph(
          "Each file is replaced in one step and keeps its owner and its mode. The old one is kept beside it, and "
            + "can be restored in one step.")
      ],
      lookup: Lookup("Working out the changes", key: choicesText) { answers, _ in
        let lines = try queries.diff(answers[Key.path], CopySettingsOperation.Choices(answers))
        guard !lines.isEmpty else {
          return LookupResult(
            remark: "Nothing is to be changed: this server keeps its settings and secrets.", labels: [unchanged: "yes"])
        }
        // The diff contains no values of secrets.
        return LookupResult(labels: [unchanged: ""], difference: Difference(unified: lines, hiding: []))
      }, exit: { $0.label(unchanged).isEmpty ? nil : .menu })
  }

  private static func followUps(_ queries: SettingsQueries) -> Step {
    Step(
      "follow", "Afterwards", heading: { _ in "What has to be done afterwards?" },
      explanation: { _ in
        [.paragraph("New settings apply after the affected services have read them.")]
      },
      help: [
        .paragraph(
          "The server's own scripts do it. Their output is shown while they run. Steps that no script can do are "
            + "listed with the result."),
        .paragraph(
          "A new rabbitmq_password has to be set in RabbitMQ with configure-rabbitmq, as root, before the server is "
            + "restarted; until then the server cannot reach its queues."),
      ],
      lookup: Lookup("Looking at the scripts", key: choicesText, brings: [followField([])]) { answers, _ in
        let steps = try queries.followUps(answers[Key.path], CopySettingsOperation.Choices(answers))
        guard !steps.isEmpty else { return LookupResult(remark: "Nothing.") }
        var result = LookupResult(fields: [followField(steps)])
        result.text = steps.flatMap { step in
          [TextBlock.point("\(step.title). \(step.explanation)")] + (step.command.map { [.command($0)] } ?? [])
        }
        return result
      })
  }

  private static func followField(_ steps: [SettingsQueries.NeededStep]) -> Field {
    let missing = steps.isEmpty || steps.contains(where: \.canRun) ? nil : "the server's scripts are not here"
    return Field(
      "up", "Who does it", name: "Afterwards",
      .choice([
        .init(
          Key.runHere, "Run the server's scripts now", "Users are interrupted during the restart.",
          recommended: true, disabled: missing),
        .init("show", "I run them myself, later", "The commands are listed with the result."),
      ]))
  }

  // MARK: Back

  static func undoSettings(_ context: FlowContext) -> Flow {
    let work = WorkSteps("The way back", context) { _ in
      UndoSettingsOperation(context.server)
    }
    return Flow(
      id: "settings-undo", title: "Undo copied settings", badge: context.badge,
      route: { _ in Route(from: context.label) },
      commands: work.commands,
      continuations: { _ in
        [Continuation("Restart the server", context.destination("server", given: ServerKey.given(.restart)))]
      },
      steps: [
        work.checks(heading: "Can the old files be restored?"),
        work.review(heading: "Restore the old files?", proceed: "Bring them back"),
        work.run("Way back", heading: { _ in "Restoring the old files" }),
        work.result { _ in "The old settings are restored" },
      ])
  }
}
