import ArgumentParser
import Common
import Engine
import Operations

extension JobsCommand {
  struct List: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "List the jobs of this server, the newest first.",
      discussion: """
        Times are in UTC. With --json each job is one object on standard output; how many earlier jobs are not shown \
        is said on standard error, and also if there is neither a job nor a server at the root.

        Examples:
          aloha-wizard jobs list --all
          aloha-wizard jobs list --state interrupted --json
        """)

    @OptionGroup var server: ServerOptions
    @OptionGroup var output: JSONOption
    @Option(help: ArgumentHelp("Show at most this number of jobs.", valueName: "number"))
    var limit: Int?
    @Flag(help: "Show all jobs.")
    var all = false
    @Option(help: "Show only jobs in this state.")
    var state: JobStatus.State?

    private static let usualLimit = 20

    func validate() throws {
      if all, limit != nil { throw ValidationError("Give either --all or --limit.") }
      if let limit, limit < 1 { throw ValidationError("--limit needs a number from 1 on.") }
    }

    func run() throws {
      let store = JobStore(root: server.reference.root)
      store.sweep()
      let found = try store.statuses().filter { state == nil || $0.state == state }
      let shown = found.prefix(all ? found.count : limit ?? Self.usualLimit)
      let now = Timestamp.now()
      if output.json {
        for job in shown { StandardStream.json(JSONText.of("job", Line(job, now: now))) }
        StandardStream.json(JSONText.end(ofList: shown.count))
      } else if shown.isEmpty {
        StandardStream.output(
          state.map { "No job of this server is in the state \($0.rawValue).\n" }
            ?? "There has been no job on this server.\n")
      } else {
        let header = ["ID", "STATE", "BEGUN (UTC)", "ENDED", "TOOK", "OPERATOR", "WHAT"]
        StandardStream.output(ColumnText.of([header] + shown.map { Self.cells($0, now: now) }))
      }
      if let hidden = store.hidden {
        StandardStream.error("The list is incomplete: \(hidden). What to do: \(hidden.remedy ?? "")\n")
      }
      if try store.jobs().isEmpty { reportMissingServer() }
      guard found.count > shown.count else { return }
      let words = ["jobs", "list", "--all"] + (state.map { ["--state", $0.rawValue] } ?? [])
      let command = Program.command(words, root: server.reference.root, brand: server.brand?.rawValue)
      let text = "… and \(Amount.of(Int64(found.count - shown.count), "earlier one")): \(command)\n"
      if output.json { StandardStream.error(text) } else { StandardStream.output(text) }
    }

    /// A forgotten or mistyped `--root` is the usual reason for an empty list. On standard error: the list itself is
    /// complete.
    private func reportMissingServer() {
      do {
        _ = try server.installation()
      } catch {
        let failure = FailureReport(error)
        let remedy = failure.remedy.map { "; \($0)" } ?? ""
        StandardStream.error("\(failure.subject): \(failure.reason)\(remedy)\n")
      }
    }

    private static func cells(_ job: JobStatus, now: Int64) -> [String] {
      let begun = job.started.map { Timestamp.minutes(microseconds: $0) } ?? "unknown"
      let ended = job.ended.map { end in
        let text = Timestamp.minutes(microseconds: end)
        // The day is said once.
        return text.prefix(10) == begun.prefix(10) ? String(text.dropFirst(11)) : text
      }
      let took = job.seconds(now: now).map { Amount.duration(seconds: $0) }
      let isFailure = job.state == .failed && !job.outcome.isEmpty
      return [
        job.id, job.stateLabel, begun, ended ?? "-", took ?? "-", job.startedBy,
        isFailure ? "\(job.title): \(job.outcome)" : job.title,
      ]
    }

    private struct Line: Encodable {
      let id: String
      let state: String
      /// Only in lines of jobs that an operator has dismissed.
      let dismissed: Bool?
      let operator_: String
      let terminal: String?
      let title: String
      let kind: String?
      let outcome: String
      let begun: String?
      let ended: String?
      /// How long it ran, or has been running.
      let seconds: Double?
      let folder: String

      enum CodingKeys: String, CodingKey {
        case id, state, dismissed, terminal, title, kind, outcome, begun, ended, seconds, folder
        case operator_ = "operator"
      }

      init(_ job: JobStatus, now: Int64) {
        id = job.id
        state = job.state.rawValue
        dismissed = job.isDismissed ? true : nil
        operator_ = job.startedBy
        terminal = job.terminal
        title = job.title
        kind = job.operation.map { type(of: $0).kind }
        outcome = job.outcome
        begun = job.started.map { Timestamp.iso(microseconds: $0) }
        ended = job.ended.map { Timestamp.iso(microseconds: $0) }
        seconds = job.seconds(now: now).map { ($0 * 1000).rounded() / 1000 }
        folder = job.folder
      }
    }
  }
}

extension JobStatus.State: ExpressibleByArgument {}
