import Administration
import Common
import Engine
import Operations

extension Goal {
  static let cleanUp = Goal(
    "clean-up", "Delete a test import", "with everything that belongs to it",
    aliases: [
      "clean up", "remove", "throw away", "erase", "purge", "wipe", "drop", "get rid", "trial", "uploads",
      "organization", "GDPR",
    ]
  ) { .cleanUp($0, .real($0)) }
}

extension Flow {
  /// Deletes a test import, so that the organization can be imported again.
  static func cleanUp(_ context: FlowContext, _ queries: CleanUpQueries) -> Flow {
    let unconfirmed = WorkSteps("The deletion", context) { cleanUp($0, context, isConfirmed: false) }
    let work = WorkSteps("The deletion", context) { cleanUp($0, context, isConfirmed: true) }
    return Flow(
      id: "clean-up", title: "Delete a test import", badge: context.badge,
      route: { _ in Route(from: context.label) }, commands: { commands($0, context) },
      continuations: { continuations($0, context) },
      steps: [
        which(context, queries), holds(context, queries), files,
        unconfirmed.checks(heading: "Is it the right one, and can it be deleted?"), confirm(context),
        work.review(
          heading: "Ready to delete it?", proceed: "Delete it for good",
          help: [
            .paragraph(
              "All rows are deleted in one transaction: all of them or none. Files are deleted after "
                + "it has succeeded.")
          ]),
        work.run(
          "Deletion", heading: { "Deleting \($0.label(CleanUpKey.organization))" },
          help: [
            .paragraph(
              "Until the rows are committed, stopping changes nothing. After that, the deletion is completed; if the "
                + "machine fails in between, the next deletion deletes the remaining files.")
          ]),
        work.result { "\($0.detail(CleanUpKey.organization, "name") ?? "The organization") is gone" },
      ])
  }

  private typealias Key = CleanUpKey

  // MARK: Which one

  private static func which(_ context: FlowContext, _ queries: CleanUpQueries) -> Step {
    OverviewStep(
      heading: "Which organization should be deleted?",
      columns: [.name, .subdomain, .messages, .imported, .lastActive, .state],
      explanation: [
        .paragraph(
          "It is deleted with its people, messages and files. That is right after a test "
            + "import; an organization that people have used is better deactivated.")
      ],
      help: [
        .paragraph(
          "The server's manual recommends the same: delete a trial import before you import it again, and deactivate "
            + "an organization that people have used. A deactivated organization can be reactivated; a deleted one "
            + "exists only in its archives and backups."),
        .paragraph(
          "The server's own command leaves some data behind: recipients of conversations, sessions, files. This "
            + "program deletes them too, and touches nothing of other organizations."),
      ],
      proposed: { all in
        // The newest import is the most likely test import.
        all.filter { $0.imported != nil }.max { ($0.imported ?? "") < ($1.imported ?? "") }
      },
      more: { try queries.about($0, context) }, nothing: "there is no organization on this server that could be deleted"
    ).step(context)
  }

  // MARK: What it holds

  private static func holds(_ context: FlowContext, _ queries: CleanUpQueries) -> Step {
    Step(
      "holds", "What it holds",
      heading: { answers in
        answers.detail(Key.found, "signs") == nil
          ? "What is in \(answers.label(Key.organization))?" : "People seem to work in it. Delete it anyway?"
      },
      explanation: { answers in
        [
          .paragraph(
            answers.detail(Key.found, "signs").map { "Found: \($0)." }
              ?? "Its origin, what happened since, and every row that would be deleted.")
        ]
      },
      help: [
        .paragraph(
          "People seem to work in an organization if messages were written after the import, if someone is signed "
            + "in, or if someone was active within two weeks. After a trial, that may have been you."),
        .paragraph(
          "To close an organization and keep its data, choose “Organizations” in the menu and deactivate it."),
      ],
      lookup: Lookup("Counting", key: { $0[Key.organization] }, brings: [anyway([])]) { answers, _ in
        let subdomain = answers[Key.organization]
        let history = try queries.history(context.root, subdomain)
        let signs = history.signsOfLife
        var result = LookupResult(facts: CleanUpFacts.of(history, answers))
        result.facts += CleanUpFacts.of(rows: try queries.rows(context.root, subdomain))
        result.known = [Key.found: ["isOnlyOne": history.isOnlyOne ? "yes" : "no"]]
        if !signs.isEmpty {
          result.known[Key.found]?["signs"] = signs.joined(separator: "; ")
          result.fields = [anyway(signs)]
        }
        return result
      })
  }

  private static func anyway(_ signs: [String]) -> Field {
    Field(
      "anyway",
      "People seem to work in it\(signs.isEmpty ? "" : ": \(signs.joined(separator: "; "))"). Delete it anyway?",
      name: "In use, as it seems",
      .yesNo(
        yes: .init("yes", "Yes, I know this organization; it was only a trial"),
        no: .init("no", "No, leave it alone", "Go back and choose another one, or deactivate it instead.")),
      preset: { _ in .flag(false) },
      check: { $0[Key.anyway] ? nil : "Go back and choose another organization" })
  }

  // MARK: Files

  private static let files = Step(
    "files", "Files", heading: { _ in "What about its files?" },
    explanation: { answers in
      let size = answers.detail(Key.organization, "uploads").map { " Its uploads take \($0)." } ?? ""
      return [.paragraph("Uploads, avatars, emoji, icons.\(size) An import brings them all back.")]
    },
    help: [
      .paragraph(
        "Only the rows in the database say which organization a file belongs to. Files that are kept on the disk "
          + "after the rows are deleted are orphaned: you have to find them by hand, in the subfolders that are "
          + "named after the organization's id."
      ),
      .paragraph("Nothing outside the uploads folder is touched, and no link out of it is followed."),
    ],
    fields: { answers in
      let inS3 =
        answers.detail(Key.organization, "files") == "S3"
        ? "this server keeps its files in S3; delete them in its buckets afterwards" : nil
      let others =
        answers.detail(Key.found, "isOnlyOne") == "no" ? "other organizations of this server have files there" : nil
      return [
        Field(
          "which", "Its files", name: "Files",
          .choice([
            .init(
              Key.filesOfOrganization,
              "Delete the files of this organization",
              "Right if it will be imported again.", recommended: true, disabled: inS3),
            .init(
              DeleteOrganizationOperation.Options.Uploads.keep.rawValue, "Keep them on the disk",
              "They take up space and belong to no organization."),
            .init(
              DeleteOrganizationOperation.Options.Uploads.everything.rawValue,
              "Delete everything in the uploads folder",
              "Including leftovers of earlier trials.", disabled: inS3 ?? others),
          ]))
      ]
    }, decides: [.uploads])

  // MARK: The name

  private static func confirm(_ context: FlowContext) -> Step {
    Step(
      "confirm", "Confirmation", heading: { "Delete \($0.label(Key.organization))?" },
      explanation: { _ in
        [.paragraph("This cannot be undone. Type its name to confirm it."), .keys("Pasting does not count.")]
      },
      help: [
        .paragraph("You will see the list again before you start the deletion. Typing the name deletes nothing.")
      ],
      lookup: Lookup(
        "Counting", key: { WorkSteps.fingerprint(cleanUp($0, context, isConfirmed: false)) },
        brings: [named("NAME")]
      ) { answers, observer in
        let plan = try context.engine.plan(cleanUp(answers, context, isConfirmed: false), observer)
        let titles: [String: String] = [
          DeleteOrganizationOperation.Phase.rows.id: "Rows", DeleteOrganizationOperation.Phase.files.id: "Files",
        ]
        return LookupResult(
          fields: [named(CleanUpKey.word(answers, context))],
          facts: plan.phases.compactMap { phase in
            guard let title = titles[phase.id], let amount = phase.amount else { return nil }
            return Summary.Fact("\(title) that go", amount)
          } + plan.leavesAlone.map { Summary.Fact("Stays", $0) })
      })
  }

  private static func named(_ word: String) -> Field {
    Field("name", "Type \(word)", name: "Confirmed with", .confirmation(name: word))
  }

  // MARK: Other ways

  @Sendable private static func commands(_ answers: Answers, _ context: FlowContext) -> [String] {
    var options = cleanUpOptions(answers, isConfirmed: true)
    let delete = DeleteOrganizationOperation(context.server, options)
    options.confirmation = nil
    options.despiteSignsOfLife = false
    let rehearsals = DeleteOrganizationOperation(context.server, options).commands.map {
      ProgramCommand($0.words + ["--dry-run"], on: $0.server)
    }
    return (rehearsals + delete.commands).map(\.text)
  }

  @Sendable private static func continuations(_ answers: Answers, _ context: FlowContext) -> [Continuation] {
    let subdomain = answers[Key.organization]
    var given: [String: Answer] = ["address.subdomain": .text(subdomain)]
    if MoveDecisions.isReserved(subdomain) { given["address.reserved"] = .flag(true) }
    let archive = answers.detail(Key.organization, "archive")
    given["archive.path"] = archive.map { .text($0) }
    return [
      Continuation(
        archive == nil ? "Import into its place" : "Import it again", context.destination("import", given: given)),
      Continuation("Delete another one", context.destination("clean-up"), proposed: false),
    ]
  }
}

/// The keys of the answers.
enum CleanUpKey {
  static let organization = OverviewStep.key
  static let anyway: AnswerKey<Bool> = "holds.anyway"
  /// The result of a lookup, not an answer.
  static let found = "holds.found"
  static let files: AnswerKey<String> = "files.which"
  static let confirmed: AnswerKey<String> = "confirm.name"
  /// The value of an answer about files.
  static let filesOfOrganization = "organization"

  /// Returns the name to type: the subdomain, or the host name for the root domain.
  static func word(_ answers: Answers, _ context: FlowContext) -> String {
    let subdomain = answers[organization]
    if !subdomain.isEmpty { return subdomain }
    return context.label.contains("/") || context.label.contains(" ") ? "root domain" : context.label
  }
}

extension Flow {
  fileprivate static func cleanUp(
    _ answers: Answers, _ context: FlowContext, isConfirmed: Bool
  ) -> DeleteOrganizationOperation {
    let isTyped = answers.given(CleanUpKey.confirmed) == CleanUpKey.word(answers, context)
    return DeleteOrganizationOperation(
      context.server, cleanUpOptions(answers, isConfirmed: isConfirmed && isTyped))
  }

  fileprivate static func cleanUpOptions(
    _ answers: Answers, isConfirmed: Bool
  ) -> DeleteOrganizationOperation.Options {
    var options = DeleteOrganizationOperation.Options(subdomain: answers[CleanUpKey.organization])
    let files = answers[CleanUpKey.files]
    options.uploads = files == CleanUpKey.filesOfOrganization ? .ofOrganization : .init(rawValue: files) ?? .keep
    options.despiteSignsOfLife = answers[CleanUpKey.anyway]
    options.confirmation = isConfirmed ? options.subdomain : nil
    return options
  }
}
