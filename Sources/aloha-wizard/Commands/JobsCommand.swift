import ArgumentParser
import Common
import Engine
import Operations

struct JobsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "jobs", abstract: "List, watch, stop, rerun, undo and dismiss the jobs of this server.",
    discussion: """
      Every command that changes a server runs as a job. A command that its checks refuse is not a job: it is not \
      listed. The unique beginning of an id is enough.

      The newest \(JobStore.endedJobsKept) ended jobs are kept; older ones are removed when a new job starts. Jobs \
      that are running, were interrupted, need a decision or can be undone, and those of a restore whose previous \
      state is kept, are never removed.

      Examples:
        aloha-wizard jobs list --state failed --limit 5
        aloha-wizard jobs attach
      """,
    subcommands: [List.self, Attach.self, Stop.self, Resume.self, Undo.self, Dismiss.self])

  struct Selection: ParsableArguments {
    @OptionGroup var server: ServerOptions
    @OptionGroup var output: JSONOption

    var store: JobStore { JobStore(root: server.reference.root) }

    /// Returns a job, by default the running one.
    ///
    /// - Throws: `.notFound`; `.file` if it could be one of those that this user cannot read.
    func job(_ id: String?) throws -> JobFolder {
      do {
        return try id.map { try store.job($0) } ?? store.runningJob()
      } catch let failure as PlainFailure where failure.family == .notFound {
        throw store.hidden ?? failure
      }
    }
  }

  struct Attach: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Watch a job from its beginning to its end, or show the result of a job that has ended.",
      discussion: """
        Examples:
          aloha-wizard jobs attach
          aloha-wizard jobs attach 20261123T0830
        """)
    @OptionGroup var selection: Selection
    @Argument(help: "A job's id or its unique beginning; by default the running job.")
    var id: String?

    func run() throws {
      let store = selection.store
      let job = try selection.job(id)
      let view = JobView(json: selection.output.json)
      guard [.finished, .undone, .failed, .stopped, .interrupted].contains(try store.status(of: job).state) else {
        return try view.attach(job)
      }
      try view.showEnded(job, store.status(of: job))
    }
  }

  struct Stop: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Ask a running job to stop; it rolls its changes back.",
      discussion: """
        Examples:
          aloha-wizard jobs stop
          aloha-wizard jobs stop 20261123T0830
        """)
    @OptionGroup var selection: Selection
    @Argument(help: "A job's id or its unique beginning; by default the running job.")
    var id: String?

    func run() throws {
      let job = try selection.job(id)
      try JobProcess.stop(job)
      if selection.output.json { return StandardStream.json(JSONText.of("stopping", ["job": job.id])) }
      StandardStream.output("Job \(job.id) was asked to stop. See it end with: \(job.command("attach"))\n")
    }
  }

  struct Resume: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Run a failed or interrupted job again, from its beginning.",
      discussion: """
        Changes of the interrupted job were never visible; its leftovers are deleted before the new job starts.

        Examples:
          aloha-wizard jobs resume
          aloha-wizard jobs resume 20261123T0830
        """)
    @OptionGroup var selection: Selection
    @Argument(help: "A job's id or its unique beginning; by default the newest job.")
    var id: String?

    func run() throws {
      let store = selection.store
      let job = try store.job(id)
      let status = try store.status(of: job)
      if let obstacle = status.obstacles[.resume] {
        throw PlainFailure(
          .conflict, "job \(job.id)", "cannot be run again: \(obstacle)",
          remedy: status.state == .running
            ? "watch it: \(job.command("attach"))" : "see all jobs: \(store.listCommand)")
      }
      var runner = OutputOptions()
      runner.json = selection.output.json
      runner.detach = false
      try runner.run(try job.readHeader().operation)
    }
  }

  struct Dismiss: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Dismiss a failed or interrupted job: delete its leftovers, and do not offer it again.",
      discussion: """
        The job stays in the list. A leftover that this program must not delete is named, with the command that \
        deletes it.

        Examples:
          aloha-wizard jobs dismiss 20261123T0830
          aloha-wizard jobs dismiss 20261123T0830 --json
        """)
    @OptionGroup var server: ServerOptions
    @OptionGroup var output: JSONOption
    @Argument(help: "A job's id or its unique beginning.")
    var id: String

    func run() throws {
      var runner = OutputOptions()
      runner.json = output.json
      runner.detach = false
      try runner.look(JobDismissal(JobStore(root: server.reference.root).job(id)))
    }
  }
}

extension JobsCommand {
  struct Undo: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Undo a finished job, as one step.",
      discussion: Examples.after(
        """
        The undo of an import deletes its rows and files, that of an export its archive, that of a move both. Nothing \
        else is deleted.
        """,
        "jobs undo 20261123T0830 --dry-run", "jobs undo 20261123T0830 --confirm-delete bookclub"))

    @OptionGroup var server: ServerOptions
    @OptionGroup var output: OutputOptions
    @Argument(help: "A job's id or its unique beginning.")
    var id: String
    @Flag(help: "Show what would be deleted; change nothing.")
    var dryRun = false
    @Option(
      help: ArgumentHelp("If an organization is deleted: its subdomain again, to confirm it.", valueName: "name"))
    var confirmDelete: String?
    @Flag(help: "Undo it even if the organization that is deleted seems to be in use.")
    var yes = false

    func run() throws {
      let store = JobStore(root: server.reference.root)
      let job = try store.job(id)
      if let obstacle = try store.status(of: job).obstacles[.undo] {
        throw PlainFailure(
          .conflict, "job \(job.id)", "cannot be undone: \(obstacle)",
          remedy: "see what can be done with it: \(job.command("attach"))")
      }
      let operation = try UndoJobOperation(job, despiteSignsOfLife: yes)
      if dryRun { return try output.rehearse(operation) }
      let context = UndoContext(recordFolder: job.path, despiteSignsOfLife: yes)
      if case .organization(let subdomain)? = try job.readHeader().operation.undo(context).confirmation,
        confirmDelete != subdomain
      {
        if confirmDelete != nil || !ConfirmationPrompt.canBeAsked(json: output.json) {
          try ConfirmationPrompt.require(
            subdomain, given: confirmDelete, "job \(job.id)", list: "\(job.command("undo")) --dry-run")
        }
        try ConfirmationPrompt.show(operation)
        try ConfirmationPrompt.ask(name: subdomain, "to delete the organization that the job made")
      }
      try output.run(operation)
    }
  }
}

/// `--json` for commands without jobs.
struct JSONOption: ParsableArguments {
  @Flag(help: "One JSON object per line, on standard output.")
  var json = false
}

/// The hidden command of a job's process, and of one that checks an operation before it becomes a job.
struct RunJobCommand: ParsableCommand {
  static let configuration = CommandConfiguration(commandName: JobProcess.command, shouldDisplay: false)

  @Flag var checks = false
  @Argument var folder: String?

  func run() throws {
    guard !checks else { return try CheckServer.run(cancellation: Interruption.cancellation) }
    guard let folder else { throw ValidationError("Give the folder of a job.") }
    try JobProcess.run(JobFolder(folder), cancellation: Interruption.cancellation)
  }
}
