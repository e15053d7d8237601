import ArgumentParser
import Common
import Engine
import Operations

struct JobsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "jobs", abstract: "List, watch, stop, rerun and undo the jobs of this server.",
    discussion: Examples.after("", "jobs list", "jobs attach 20261123"),
    subcommands: [List.self, Attach.self, Stop.self, Resume.self, Undo.self])

  struct Selection: ParsableArguments {
    @OptionGroup var server: ServerOptions
    @OptionGroup var output: JSONOption

    @Argument(help: "A job's id or the beginning of one; by default the newest job.")
    var id: String?

    func job() throws -> JobFolder { try JobStore(root: server.reference.root).job(id) }
  }

  struct List: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "List the jobs of this server, the newest first.",
      discussion: Examples.after("", "jobs list", "jobs list --json --root /tmp/aloha-demo/old-server"))

    @OptionGroup var server: ServerOptions
    @OptionGroup var output: JSONOption

    func run() throws {
      let jobs = try JobStore(root: server.reference.root).jobs()
      if output.json {
        for job in jobs { StandardStream.json(JSONText.of("job", Line(job))) }
        StandardStream.json(JSONText.end(ofList: jobs.count))
      } else if jobs.isEmpty {
        StandardStream.output("There has been no job on this server.\n")
      } else {
        let rows = jobs.map { Line($0) }.map { [$0.id, $0.state, $0.operator_, $0.title] }
        StandardStream.output(ColumnText.of([["ID", "STATE", "OPERATOR", "WHAT"]] + rows))
      }
    }

    private struct Line: Encodable {
      let id: String
      let state: String
      let operator_: String
      let title: String
      let folder: String

      enum CodingKeys: String, CodingKey {
        case id, state, title, folder
        case operator_ = "operator"
      }

      init(_ job: JobFolder) {
        id = job.id
        folder = job.path
        let header = try? job.readHeader()
        operator_ = header?.operator_ ?? "?"
        switch job.state() {
        case .running:
          state = "running"
          title = header?.plan?.title ?? header?.operation.title ?? "?"
        case .finished(let summary):
          state = "finished"
          title = summary.title
        case .failed(let failure):
          // The same words as in the wizard.
          state = failure.exitCode == FailureFamily.cancelled.rawValue ? "stopped" : "failed"
          title = "\(header?.operation.title ?? "?"): \(failure.reason)"
        case .lost:
          state = "interrupted"
          title = header?.plan?.title ?? header?.operation.title ?? "?"
        }
      }
    }
  }

  struct Attach: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Watch a job from its beginning to its end.",
      discussion: Examples.after("", "jobs attach", "jobs attach 20261123 --json"))
    @OptionGroup var selection: Selection

    func run() throws { try JobView(json: selection.output.json).attach(selection.job()) }
  }

  struct Stop: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Ask a running job to stop; it rolls its changes back.",
      discussion: Examples.after("", "jobs stop", "jobs stop 20261123"))
    @OptionGroup var selection: Selection

    func run() throws {
      let job = try selection.job()
      try JobProcess.stop(job)
      if selection.output.json { return StandardStream.json(JSONText.of("stopping", ["job": job.id])) }
      StandardStream.output("Job \(job.id) was asked to stop. See it end with: jobs attach \(job.id)\n")
    }
  }

  struct Resume: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Run a failed or interrupted job again, from its beginning.",
      discussion: Examples.after(
        "Changes of the interrupted job were never visible; its leftovers are deleted before the new job "
          + "starts.",
        "jobs resume", "jobs resume 20261123 --json"))
    @OptionGroup var selection: Selection

    func run() throws {
      let job = try selection.job()
      switch job.state() {
      case .running:
        throw PlainFailure(
          .conflict, "job \(job.id)", "is still running", remedy: "follow it with: jobs attach \(job.id)")
      case .finished(let summary):
        throw PlainFailure(.conflict, "job \(job.id)", "is finished: \(summary.title)")
      case .failed, .lost: break
      }
      var runner = OutputOptions()
      runner.json = selection.output.json
      runner.detach = false
      try runner.run(try job.readHeader().operation)
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
        "jobs undo 20261123 --dry-run", "jobs undo 20261123 --confirm-delete lagoon"))

    @OptionGroup var server: ServerOptions
    @OptionGroup var output: OutputOptions
    @Argument(help: "A job's id or the beginning of one.")
    var id: String
    @Flag(help: "Show what would be deleted; change nothing.")
    var dryRun = false
    @Option(
      help: ArgumentHelp("If an organization is deleted: its subdomain again, to confirm it.", valueName: "name"))
    var confirmDelete: String?
    @Flag(help: "Undo it even if the organization that is deleted seems to be in use.")
    var yes = false

    func run() throws {
      let job = try JobStore(root: server.reference.root).job(id)
      let operation = try UndoJobOperation(job, despiteSignsOfLife: yes)
      if dryRun { return try output.rehearse(operation) }
      let context = UndoContext(recordFolder: job.path, despiteSignsOfLife: yes)
      if case .organization(let subdomain)? = try job.readHeader().operation.undo(context).confirmation,
        confirmDelete != subdomain
      {
        guard confirmDelete == nil, ConfirmationPrompt.canBeAsked(json: output.json) else {
          throw PlainFailure(
            .usage, "job \(job.id)", "the undo deletes the organization '\(subdomain)'",
            remedy: "see the list with --dry-run, then confirm it with --confirm-delete '\(subdomain)'")
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
