import Common
import Operations
import WholeServer

extension Goal {
  /// Opened from backups: deletes old ones.
  static let prune = Goal(
    "prune", "Delete old backups", "lists them before any is deleted",
    aliases: ["prune", "retention", "remove", "expire", "old"], needsServer: false
  ) {
    .prune($0, .real)
  }
}

extension Flow {
  private enum Key {
    static let folder: AnswerKey<String> = "folder.path"
    /// The number of backups to delete, from the lookup.
    static let going = "plan.going"
  }

  static func prune(_ context: FlowContext, _ queries: BackupQueries) -> Flow {
    let work = WorkSteps("The deletion", context) { PruneOperation(context.server, options($0)) }
    return Flow(
      id: "prune", title: "Delete old backups", badge: context.badge, route: { _ in Route(from: context.label) },
      commands: work.commands,
      steps: [
        folder(context, queries), keep, preview(queries), confirm,
        work.checks(),
        work.review(heading: "Delete them?", proceed: "Delete the old backups"),
        work.run("Deletion", heading: { _ in "Deleting old backups" }),
        work.result(heading: { _ in "Old backups are deleted" }),
      ])
  }

  private static func options(_ answers: Answers) -> PruneOperation.Options {
    PruneOperation.Options(
      folder: answers[Key.folder], policy: Retention.policy("keep", answers))
  }

  private static func folder(_ context: FlowContext, _ queries: BackupQueries) -> Step {
    Step(
      "folder", "Folder", heading: { _ in "In which folder?" },
      explanation: { _ in [.paragraph("Only files with names of backups are considered; other files are not touched.")]
      },
      help: [
        .paragraph("Names of backups begin with aloha-backup- or zulip-backup- and end with .tar.gz or .tar.gz.age.")
      ],
      fields: { _ in
        [
          Field(
            "path", "Folder of the backups", name: "Folder", .path(.folder),
            preset: { _ in .text("/var/backups/\(context.brandName)") },
            check: { AnswerCheck.absolutePath($0[Key.folder]) })
        ]
      },
      lookup: Lookup("Looking for backups", key: { $0[Key.folder] }) { answers, _ in
        let all = try queries.listed(answers[Key.folder])
        guard let newest = all.first, let oldest = all.last else {
          throw PlainFailure(
            .notFound, SafeText.clean(answers[Key.folder], limit: .line), "holds no backup",
            remedy: "give another folder")
        }
        let now = queries.now()
        return LookupResult(facts: [
          Summary.Fact("Backups", Amount.count(Int64(all.count))),
          Summary.Fact("Size", Amount.bytes(all.reduce(0) { $0 + $1.bytes })),
          Summary.Fact("Newest", Age.words(newest.moment, now: now)),
          Summary.Fact("Oldest", Age.words(oldest.moment, now: now)),
        ])
      })
  }

  private static let keep = Step(
    "keep", "Keep", heading: { _ in "How many backups should be kept?" }, explanation: { _ in Retention.explanation },
    help: Retention.help, fields: { _ in Retention.fields("keep") })

  private static func preview(_ queries: BackupQueries) -> Step {
    Step(
      "plan", "Which go", heading: { _ in "Backups to delete and to keep" },
      explanation: { _ in [.paragraph("Nothing is deleted yet.")] }, help: Retention.help,
      lookup: Lookup(
        "Reading backups that were not checked yet", key: { answers in "\(options(answers))" }
      ) { answers, observer in
        let decisions = try queries.retention(options(answers), observer.cancellation)
        let going = decisions.filter { !$0.isKept }
        var result = LookupResult(
          findings: going.isEmpty
            ? [
              Finding(
                .blocker, "backups", "all \(Amount.count(Int64(decisions.count))) of them stay: nothing would go",
                remedy: "there is nothing to do: go back to keep fewer, or leave")
            ] : [], labels: [Key.going: "\(going.count)"])
        let freed = Amount.bytes(going.reduce(0) { $0 + $1.backup.bytes })
        result.text = [.paragraph("Go: \(Amount.of(Int64(going.count), "backup")), \(freed).")]
        result.text += going.map { .point(line($0)) }
        result.text.append(.paragraph("Stay: \(Amount.count(Int64(decisions.count - going.count)))."))
        result.text += decisions.filter(\.isKept).map {
          .point("\(line($0)) (\($0.reasons.joined(separator: ", ")))")
        }
        return result
      })
  }

  private static func line(_ decision: RetentionPolicy.Decision) -> String {
    let backup = decision.backup
    let day = Timestamp.minutes(microseconds: backup.moment)
    let name = SafeText.clean(FileSystem.name(of: backup.path), limit: .title)
    return "\(day), \(Amount.bytes(backup.bytes)), \(decision.standing.label): \(name)"
  }

  private static let confirm = Step(
    "confirm", "Confirm", heading: { _ in "Delete them for good?" },
    explanation: { answers in
      let going = Int64(answers.label(Key.going)) ?? 0
      return [
        .paragraph("\(Amount.of(going, "backup")) \(going == 1 ? "goes" : "go") for good. Nothing brings them back.")
      ]
    },
    fields: { answers in
      [Field("name", "Type the folder's path", name: "Confirmed", .confirmation(name: options(answers).folder))]
    })
}
