import Common
import WholeServer

extension Goal {
  static let rehearse = Goal(
    "rehearse", "Rehearse a restore", "beside the server, which is not touched",
    aliases: ["rehearsal", "test", "try", "prove", "proof", "dry run", "practice", "verify a backup"],
    needsServer: false
  ) { .rehearse($0, .real) }
}

extension Flow {
  /// Restores a backup into a throw-away PostgreSQL, to prove that it can be restored.
  static func rehearse(_ context: FlowContext, _ queries: BackupQueries) -> Flow {
    let work = WorkSteps("The rehearsal", context) { RehearseOperation(context.server, rehearsal($0)) }
    let working = [
      work.checks(),
      work.review(
        heading: "Ready to rehearse?", proceed: "Begin the rehearsal",
        help: [.paragraph("It uses half of the processors at most, so that users are not affected.")]),
      work.run(
        "Rehearsal", heading: { "Rehearsing with \(BackupStep.fileName($0) ?? "the backup")" }),
      work.result(heading: { _ in "This backup can be restored" }),
    ]
    return Flow(
      id: "rehearse", title: "Rehearse a restore", badge: context.badge,
      route: { Route(from: BackupStep.fileName($0), to: "a throw-away database") },
      commands: { answers in
        let options = rehearsal(answers)
        let identity = options.identity.map { ["--identity", $0] } ?? []
        let folder = options.archive.split(separator: "/").dropLast().joined(separator: "/")
        return work.commands(answers) + [
          "# for your monitoring, the newest in its folder:",
          context.command(["restore", "--rehearse", "--newest-in", "/\(folder)", "--nagios"] + identity),
        ]
      },
      continuations: { answers in
        [
          Continuation("Back up every night, with a rehearsal every week", .flow("nightly")),
          Continuation(
            "Restore this server from it",
            .flow(
              "restore",
              given: BackupStep.given(BackupStep.path(answers), identity: BackupStep.identity(answers)).merging([
                RestoreAnswers.Key.source.name: .text(RestoreAnswers.backup)
              ]) { first, _ in first })),
        ]
      },
      steps: [welcome] + BackupStep(heading: "Which backup should be tested?").steps(context, queries) + working)
  }

  private static func rehearsal(_ answers: Answers) -> RehearseOperation.Options {
    var options = RehearseOperation.Options(archive: BackupStep.path(answers))
    options.identity = BackupStep.identity(answers)
    return options
  }

  private static let welcome = Step(
    "welcome", "Welcome", heading: { _ in "Find out whether a backup can be restored" },
    explanation: { _ in
      [
        .paragraph("Only a restore proves that a backup works. A rehearsal does all of it:"),
        .point("unpacks the backup and compares the checksum of every file,"),
        .point("restores the database into a temporary PostgreSQL, which is deleted afterwards,"),
        .point("compares the rows of every table, and looks for the file of every upload."),
        .paragraph("The server's own database, files and services are not touched."),
      ]
    },
    help: [
      .paragraph(
        "It needs disk space for the unpacked backup and its database in /var/tmp, and the programs of the backup's "
          + "PostgreSQL version."),
      .paragraph(
        "It can run every night on the production machine; its result contains a line for your monitoring."),
    ], proceed: "begin")
}
