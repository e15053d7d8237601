import Common
import Engine

extension Goal {
  static let settings = Goal("settings", "Settings and secrets", "take over from an old server") {
    .settings($0, .real($0))
  }

  /// Come to from the result of the other one.
  static let undoSettings = Goal("settings-undo", "Undo copied settings", "the files from before") {
    .undoSettings($0)
  }
}

extension Flow {
  /// Compares this server's settings and secrets with an old server's, and copies what is decided.
  static func settings(_ context: FlowContext, _ looks: SettingsLooks) -> Flow {
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
      onward: { answers in
        let compare = context.onward("settings", given: answers[Key.path.name].map { [Key.path.name: $0] } ?? [:])
        let restart = context.onward("server", given: ServerKey.given(.restart))
        let next =
          answers.given(Key.follow) == Key.runHere
          ? Continuation("Compare again", compare, proposed: false) : Continuation("Restart the server", restart)
        return [next, Continuation("Undo it", context.onward("settings-undo"), proposed: false)]
      },
      steps: [
        source(context, looks), situation(looks), secrets(looks), settings(looks), changes(context, looks),
        followUps(looks), work.checks(),
        work.review(heading: "Ready to write the files?", proceed: "Write the files"),
        work.run(
          "Copying", heading: { _ in "Copying settings" },
          help: [.paragraph("The files are written together, as a whole or not at all. The old ones stay beside them.")]
        ),
        work.result { _ in "The settings are copied" },
      ])
  }

  private typealias Key = SettingsKey

  // MARK: From where

  private static func source(_ context: FlowContext, _ looks: SettingsLooks) -> Step {
    Step(
      "source", "Old server", heading: { _ in "Where are the old server's settings?" },
      explanation: { _ in
        [
          .paragraph(
            "The old server's root folder, a copy of its configuration folder, or a backup: which of them it is, is "
              + "recognised. They are compared with those of \(context.label); nothing is changed by looking.")
        ]
      },
      help: [
        .paragraph(
          "Exports hold neither settings nor secrets. After an import they have to be looked at by hand, and after a "
            + "restore on a new machine some of them too. The server's manual has a list of what to copy and what never; "
            + "this is it, applied to your two servers."),
        .paragraph("No value of a secret is ever shown: equal marks mean equal values."),
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
        let found = try looks.source(path)
        var material = Material(facts: found.facts, labels: [Key.path.name: found.label])
        if found.kind == .server, folder(path) == folder(context.root) {
          material.findings = [
            Finding(
              .blocker, "old server", "this is the server itself", remedy: "give another one's folder, or a backup")
          ]
        }
        return material
      })
  }

  private static func folder(_ path: String) -> [Substring] { path.split(separator: "/").filter { $0 != "." } }

  // MARK: What it is for

  private static func situation(_ looks: SettingsLooks) -> Step {
    Step(
      "situation", "Situation", heading: { _ in "What is between the two servers?" },
      explanation: { _ in
        [.paragraph("The advice depends on it. What was found is chosen already; you know better.")]
      },
      help: [
        .paragraph(
          "An import gives people, channels and messages new ids. What is tied to the old ones is of no use then: names of "
            + "avatar files, and the registration for notifications on phones, which could even reach the wrong people."
        ),
        .paragraph(
          "After a restore everybody has the same id as before, and nearly everything of the old server is right here."),
        .paragraph(
          "A server that takes the old one's place answers to its name. Two servers of one name, or of one identity, "
            + "disturb each other."),
      ],
      lookup: Lookup(
        "Looking at both", key: { $0[Key.path] }, brings: situationFields(MigrationFacts(kind: .import))
      ) { answers, _ in
        let facts = try looks.facts(answers[Key.path])
        return Material(
          fields: situationFields(facts), facts: described(facts), known: [Key.found: ["facts": facts.text]])
      })
  }

  private static func situationFields(_ facts: MigrationFacts) -> [Field] {
    [
      Field(
        "data", "The data came", name: "Data came",
        .choice([
          .init("import", "by an export and an import: new ids", recommended: facts.kind == .import),
          .init("restore", "out of a backup: the same ids as before", recommended: facts.kind == .restore),
        ])),
      Field(
        "place", "This server", name: "This server",
        .choice([
          .init(
            Key.replaces, "takes the old one's place", "The old one is, or will be, switched off.",
            recommended: facts.replacesSource),
          .init(Key.beside, "runs beside it", "Both go on.", recommended: !facts.replacesSource),
        ])),
    ]
  }

  private static func described(_ facts: MigrationFacts) -> [Summary.Fact] {
    let ids =
      facts.usersRenumbered.map { $0 ? "other ids here than there" : "the same ids here as there" }
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

  /// What the advice depends on.
  @Sendable private static func situationText(_ answers: Answers) -> String {
    "\(answers[Key.path])\n\(MigrationFacts(answers).text)"
  }

  private static func advice(_ answers: Answers, _ looks: SettingsLooks) throws -> [SettingAdvice] {
    try looks.advice(answers[Key.path], MigrationFacts(answers))
  }

  private static func secrets(_ looks: SettingsLooks) -> Step {
    let field: @Sendable ([SettingAdvice]) -> Field = {
      .settingDecisions("each", "Secrets", $0, secrets: true)
    }
    return Step(
      "secrets", "Secrets", heading: { _ in "Which secrets should be copied?" },
      explanation: { _ in
        [
          .paragraph("Each of these differs; the advice is chosen already."),
          .keys("Space changes a decision, Enter continues."),
        ]
      },
      help: [
        .paragraph(
          "To copy means: this server uses the old one's value from now on, for all its organizations. To keep means: it "
            + "keeps its own. Secrets that are equal on both are not listed."),
        .paragraph(
          "The names of avatar files are made with avatar_salt. An import gives them new names, so it must be kept; after a restore "
            + "the old one has to be here, or every avatar is lost."),
        .paragraph(
          "What this program does not know is marked so, and never copied unless you say it."),
      ],
      lookup: Lookup("Comparing secrets", key: situationText, brings: [field([])]) { answers, _ in
        let advice = try advice(answers, looks).filter { $0.file == .secrets }
        return advice.isEmpty
          ? Material(remark: "There is nothing to decide: both servers have the same secrets.")
          : Material(fields: [field(advice)])
      })
  }

  private static func settings(_ looks: SettingsLooks) -> Step {
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
          .paragraph("First what settings.py says, then what the conf file says of the machine."),
          .keys("Space changes a decision, Enter continues."),
        ]
      },
      help: [
        .paragraph(
          "settings.py is a program. Only whole assignments that are understood are changed, every other byte stays; what "
            + "is not understood has to be changed by hand, and is marked so."),
        .paragraph(
          "To join two lists keeps this server's entries and adds those of the old one. To take a setting out lets the "
            + "server's default count."),
        .paragraph(
          "A whole file is right where this server becomes the old one, on a machine like it. What is decided about its "
            + "lines counts no more then."),
      ],
      lookup: Lookup("Comparing settings", key: situationText, brings: [each([]), machine([])]) { answers, _ in
        let advice = try advice(answers, looks)
        let parts = [
          (each, advice.filter { $0.file == .settings }), (machine, advice.filter { $0.file == .configuration }),
        ]
        let fields = parts.filter { !$0.1.isEmpty }.map { $0.0($0.1) }
        return fields.isEmpty
          ? Material(remark: "There is nothing to decide: both servers have the same settings.")
          : Material(fields: fields)
      })
  }

  // MARK: What it comes to

  /// What the changes depend on.
  @Sendable private static func choicesText(_ answers: Answers) -> String {
    var choices = CopySettingsOperation.Choices(answers)
    // Who does what follows changes nothing about it.
    choices.runsFollowUps = false
    let copy = CopySettingsOperation(from: "", to: ServerReference(root: "/"), choices)
    return "\(situationText(answers))\n\(WorkSteps.fingerprint(copy))"
  }

  private static func changes(_ context: FlowContext, _ looks: SettingsLooks) -> Step {
    Step(
      "changes", "Changes", heading: { _ in "What changes in the files?" },
      explanation: { _ in
        [.paragraph("Lines with - go, lines with + come. Secrets are shown by name only.")]
      },
      help: [
        .paragraph(
          "Each file is replaced in one step and keeps its owner and its mode. The old one stays beside it, and can be "
            + "brought back in one step.")
      ],
      lookup: Lookup("Working out the changes", key: choicesText) { answers, _ in
        let lines = try looks.diff(answers[Key.path], CopySettingsOperation.Choices(answers))
        guard !lines.isEmpty else {
          return Material(findings: [
            Finding(
              .blocker, "settings", "nothing is to be changed", remedy: "go back and decide otherwise, or leave")
          ])
        }
        // What makes the lines shows secrets by their names only.
        return Material(difference: Difference(unified: lines, hiding: []))
      })
  }

  private static func followUps(_ looks: SettingsLooks) -> Step {
    Step(
      "follow", "Afterwards", heading: { _ in "What has to be done afterwards?" },
      explanation: { _ in
        [.paragraph("New settings count once the parts of the server that they concern know them.")]
      },
      help: [
        .paragraph(
          "The server's own scripts do it. What they print is shown while they run. What a script cannot do for you is "
            + "listed again with the result."),
        .paragraph(
          "A new rabbitmq_password has to be told to RabbitMQ by configure-rabbitmq, as root, before the server is "
            + "restarted; until then the server cannot reach its queues."),
      ],
      lookup: Lookup("Looking at the scripts", key: choicesText, brings: [followField([])]) { answers, _ in
        let steps = try looks.followUps(answers[Key.path], CopySettingsOperation.Choices(answers))
        guard !steps.isEmpty else { return Material(remark: "Nothing.") }
        var material = Material(fields: [followField(steps)])
        material.text = steps.flatMap { step in
          [TextBlock.point("\(step.title). \(step.explanation)")] + (step.command.map { [.command($0)] } ?? [])
        }
        return material
      })
  }

  private static func followField(_ steps: [SettingsLooks.NeededStep]) -> Field {
    let missing = steps.isEmpty || steps.contains(where: \.canRun) ? nil : "the server's scripts are not here"
    return Field(
      "up", "Who does it", name: "Afterwards",
      .choice([
        .init(
          Key.runHere, "Run the server's scripts at once", "People are interrupted for the time of a restart.",
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
      onward: { _ in [Continuation("Restart the server", context.onward("server", given: ServerKey.given(.restart)))] },
      steps: [
        work.checks(heading: "Can the old files come back?"),
        work.review(heading: "Bring the old files back?", proceed: "Bring them back"),
        work.run("Way back", heading: { _ in "Bringing the old files back" }),
        work.result { _ in "The settings are as they were" },
      ])
  }
}
