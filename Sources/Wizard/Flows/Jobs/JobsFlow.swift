import Common
import Engine
import Operations
import Terminal

extension Goal {
  static let jobs = Goal(
    "jobs", "Jobs of this server", "watch, stop, run again, undo",
    aliases: [
      "list", "undo", "cancel", "abort", "history", "log", "logs", "running", "resume", "retry", "roll back",
      "rollback",
      "attach", "progress",
      "interrupted",
      "failed",
    ], needsServer: false
  ) {
    .jobs($0, .real)
  }
}

private enum Key {
  static let job: AnswerKey<String> = "job.which"
  static let action = AnswerKey("what.action", unanswered: JobStatus.Action.watch)
  static let despiteLife: AnswerKey<Bool> = "life.despite"
}

extension JobStatus.Action: AnswerValue {}

extension Flow {

  /// Facts about the chosen job for later steps.
  fileprivate enum Known {
    static let state = "state"
    /// The name to type before an undo; empty if nothing is deleted.
    static let confirm = "confirm"
    /// Whether an undo deletes an organization.
    static let deletes = "deletes"
    /// The operator, the start and the outcome.
    static let about = "about"
    static let remedy = "remedy"
  }

  private typealias Action = JobStatus.Action

  static func jobs(_ context: FlowContext, _ queries: JobQueries) -> Flow {
    let handling = JobHandling(context: context, queries: queries)
    return Flow(
      id: "jobs", title: "Jobs of this server", badge: context.badge, route: { _ in Route(from: context.label) },
      commands: { handling.commands($0) },
      continuations: { _ in [Continuation("Back to the jobs", .flow("jobs"))] },
      keepsDrafts: false,
      steps: [
        list(context, queries), what(context, queries), log(queries), life, handling.checks, handling.preview,
        handling.confirm,
        handling.review, handling.run, handling.result,
      ])
  }

  // MARK: Which

  private static func list(_ context: FlowContext, _ queries: JobQueries) -> Step {
    Step(
      "job", "Job", heading: { _ in "Which job?" },
      explanation: { _ in [.paragraph("All jobs of this program on this server, the newest first.")] },
      help: [
        .paragraph(
          "Every long operation runs as a job: a process of its own that does not need this terminal. Several people "
            + "can watch one job; only one job runs on a server at a time."),
        .paragraph(
          "Interrupted means: the process was killed, or the machine failed. The server then has either its old "
            + "state or the new one, never something in between."),
      ],
      lookup: Lookup("Looking for jobs", key: { _ in context.root }, brings: [field([], now: 0)]) { _, _ in
        let all = try queries.jobs(context.root)
        guard !all.isEmpty else {
          throw PlainFailure(.notFound, context.label, "there has been no job on this server")
        }
        return LookupResult(fields: [field(all, now: queries.now())], findings: queries.leftovers(context.root))
      })
  }

  private static func field(_ jobs: [JobStatus], now: Int64) -> Field {
    let first = jobs.first { $0.state == .running } ?? jobs.first
    return Field(
      "which", "Job",
      .table(
        columns: [
          .init("State", least: 11), .init("Begun", least: 10), .init("By", least: 6),
          .init("What", least: 16, grows: true),
        ], rows: jobs.map { row($0, now: now) }),
      preset: { _ in first.map { .text($0.folder) } })
  }

  private static func row(_ job: JobStatus, now: Int64) -> Field.Row {
    Field.Row(
      id: job.folder,
      cells: [job.stateLabel, job.started.map { Age.ago($0, now: now) } ?? "unknown", job.startedBy, job.title],
      label: job.title,
      details: [
        Known.state: job.state.rawValue, Known.confirm: job.undo?.confirmation?.name ?? "",
        Known.deletes: job.undo?.confirmation?.deletesOrganization == true ? "yes" : "no",
        Known.about: about(job, now: now),
        Known.remedy: job.remedy ?? "",
      ])
  }

  private static func about(_ job: JobStatus, now: Int64) -> String {
    let begun = job.started.map { Age.words($0, now: now) } ?? "at an unknown time"
    let took =
      job.ended == nil ? "" : job.seconds(now: now).map { " after \(Amount.duration(seconds: $0))" } ?? ""
    let place = job.terminal.map { " on \($0)" } ?? ""
    let outcome = job.outcome.isEmpty ? "" : ": \(job.outcome)"
    return "Begun \(begun), by \(job.startedBy)\(place). It \(job.state.predicate)\(took)\(outcome)."
  }

  // MARK: What about it

  private static func what(_ context: FlowContext, _ queries: JobQueries) -> Step {
    Step(
      "what", "Action", heading: { _ in "What do you want to do with it?" },
      explanation: { answers in
        let remedy = answers.detail(Key.job, Known.remedy) ?? ""
        return [
          .paragraph("\(answers.label(Key.job)). \(answers.detail(Key.job, Known.about) ?? "")")
        ] + (remedy.isEmpty ? [] : [.paragraph("What to do: \(remedy)")])
      },
      help: [
        .paragraph(
          "A job that is run again starts from the beginning. Leftovers of the failed job were never visible, and "
            + "are deleted first."),
        .paragraph(
          "Undo deletes what the job itself has made, and nothing else. You see the list before anything is deleted."),
        .paragraph(
          "A dismissed job stays in the list; the menu no longer offers it, and its leftovers are removed. Leftovers that "
            + "this program must not delete are named, with the command that deletes them."),
      ],
      lookup: Lookup(
        "Looking at the job", key: { $0[Key.job] }, brings: [actions(nil)]
      ) { answers, _ in
        let folder = answers[Key.job]
        guard let job = try queries.jobs(context.root).first(where: { $0.folder == folder }) else {
          throw PlainFailure(.notFound, "the job", "is not there any more", remedy: "go back and choose another")
        }
        var checked = job
        checked.obstacles[.undo] = queries.undoObstacle(job)
        return LookupResult(fields: [actions(checked)], text: impossible(checked))
      },
      exit: { answers in
        guard [.watch, .result].contains(answers.given(Key.action)) else { return nil }
        return .flow("watch", given: ["meet.job": .text(answers[Key.job])])
      })
  }

  /// Only possible actions are offered.
  private static func actions(_ job: JobStatus?) -> Field {
    let offered = Action.offers.filter { offer in
      guard offer.action != .result else { return job.map(hasResult) ?? true }
      return job?.obstacles[offer.action] == nil
    }
    return Field(
      "action", "Action",
      .choice(
        offered.map { offer in
          .init(
            offer.action.rawValue, offer.title, offer.effect, recommended: offer.action == recommended(job))
        }),
      notOffered: Dictionary(
        (job?.obstacles ?? [:]).map { ($0.key.rawValue, $0.value) }, uniquingKeysWith: { first, _ in first }))
  }

  private static func hasResult(_ job: JobStatus) -> Bool { [.finished, .undone].contains(job.state) }

  /// Returns why the actions that an operator may expect are not offered.
  private static func impossible(_ job: JobStatus) -> [TextBlock] {
    let lines = Action.offers.compactMap { offer in
      job.expectedObstacle(offer.action).map { TextBlock.point("\(offer.title): \($0)") }
    }
    return lines.isEmpty ? [] : [.paragraph("Not possible:")] + lines
  }

  private static func recommended(_ job: JobStatus?) -> Action {
    switch job?.state {
    case .waiting?, .running?: .watch
    case .failed?, .interrupted?: job?.obstacles[.resume] == nil ? .resume : .log
    case .finished?, .undone?: .result
    case .stopped?, nil: .log
    }
  }

  private static func log(_ queries: JobQueries) -> Step {
    Step(
      "log", "Report", heading: { $0.label(Key.job) },
      help: [
        .paragraph(
          "Only the end of a long report is shown. The complete report is journal.jsonl in the job's "
            + "folder.")
      ],
      kind: .branch { _ in .flow("jobs") }, isVisible: { $0.given(Key.action) == .log },
      lookup: Lookup("Reading", key: { $0[Key.job] }) { answers, _ in
        let lines = queries.report(answers[Key.job])
        var result = LookupResult(remark: lines.isEmpty ? "It has reported nothing." : nil)
        result.text = lines.map { .line($0) }
        return result
      }, proceed: "back to the jobs")
  }

  private static let life = Step(
    "life", "Use since then", heading: { _ in "What if people work in it already?" },
    explanation: { _ in
      [
        .paragraph(
          "The job has made an organization. Undo deletes it, with everything that people have written there since.")
      ]
    },
    help: [
      .paragraph(
        "People use it if someone has signed in, written a message or uploaded a file after the import.")
    ],
    isVisible: {
      $0.given(Key.action) == .undo && $0.detail(Key.job, Known.deletes) == "yes"
    },
    fields: { _ in
      [
        Field(
          "despite", "If people use it", name: "If people use it",
          .yesNo(
            yes: .init("yes", "Undo it anyway", "What people have written there is lost."),
            no: .init("no", "Leave it, and say so", "Nothing is deleted then.", recommended: true)))
      ]
    })
}

/// The handling of the chosen job.
private struct JobHandling: Sendable {
  let context: FlowContext
  let queries: JobQueries

  private func action(_ answers: Answers) -> JobStatus.Action? {
    answers.given(Key.action)
  }

  private func folder(_ answers: Answers) -> String { answers[Key.job] }
  private func id(_ answers: Answers) -> String { JobFolder(folder(answers)).id }

  private func fingerprint(_ answers: Answers) -> String {
    "\(action(answers)?.rawValue ?? "") \(folder(answers)) \(answers[Key.despiteLife])"
  }

  /// Returns the operation of a new job; nil without one. Reads the old job's folder.
  private func newOperation(_ answers: Answers) throws -> (any Operation)? {
    let folder = folder(answers)
    switch action(answers) {
    case .resume: return try queries.operation(folder)
    case .undo:
      return UndoJobOperation(
        servers: try queries.operation(folder).servers, folder: folder,
        despiteSignsOfLife: answers[Key.despiteLife])
    default: return nil
    }
  }

  private func plan(_ answers: Answers, _ observer: CheckObserver) throws -> Plan {
    if let operation = try newOperation(answers) { return try context.engine.plan(operation, observer) }
    return try queries.work(action(answers) ?? .watch, folder(answers)).plan()
  }

  private func work(_ answers: Answers) throws -> any Runnable {
    if let operation = try newOperation(answers) { return try context.engine.work(operation) }
    return try queries.work(action(answers) ?? .watch, folder(answers))
  }

  private func beginsJob(_ answers: Answers) -> Bool { [.resume, .undo].contains(action(answers)) }
  /// Steps count until a decision excludes them.
  private func isWork(_ answers: Answers) -> Bool { ![.log, .watch, .result].contains(action(answers)) }

  func commands(_ answers: Answers) -> [String] {
    let id = id(answers)
    switch action(answers) {
    case .resume: return [context.command(["jobs", "resume", id])]
    case .stop: return [context.command(["jobs", "stop", id])]
    case .watch, .log, .result: return [context.command(["jobs", "attach", id])]
    case .undo:
      let confirm =
        answers.detail(Key.job, "deletes") == "yes"
        ? ["--confirm-delete", answers.detail(Key.job, "confirm") ?? ""] : []
      return [
        context.command(["jobs", "undo", id] + confirm + (answers[Key.despiteLife] ? ["--yes"] : []))
      ]
    case .setAside: return [context.command(["jobs", "dismiss", id])]
    case nil: return []
    }
  }

  // MARK: Steps

  var checks: Step {
    Step(
      "checks", "Checks", heading: { _ in "Can it be done?" },
      explanation: { _ in
        [.paragraph("Checks look for everything that could fail. They change nothing.")]
      }, isVisible: { beginsJob($0) },
      lookup: Lookup("Checking", key: { fingerprint($0) }) { answers, observer in
        LookupResult(findings: try newOperation(answers).map { try context.engine.findings($0, observer) } ?? [])
      })
  }

  /// The deletions, shown before the name is asked for.
  var preview: Step {
    Step(
      "goes", "Deleted", heading: { _ in "This would be deleted" },
      explanation: { _ in [.paragraph("Nothing is undone yet. What the job has not made is kept.")] },
      isVisible: { needsName($0) },
      lookup: Lookup("Looking for what would be deleted", key: { fingerprint($0) }) { answers, observer in
        let destroys = try plan(answers, observer).destroys
        var result = LookupResult(remark: destroys.isEmpty ? "Nothing of it is left." : nil)
        result.text = destroys.map { .point($0) }
        return result
      })
  }

  var confirm: Step {
    Step(
      "confirm", "Confirm", heading: { _ in "Undo it permanently?" }, isVisible: { needsName($0) },
      fields: { answers in
        let name = answers.detail(Key.job, "confirm") ?? ""
        let what = answers.detail(Key.job, "deletes") == "yes" ? "the organization's subdomain" : "the file's name"
        return [Field("name", "Type \(what)", name: "Confirmed", .confirmation(name: name))]
      })
  }

  private func needsName(_ answers: Answers) -> Bool {
    action(answers) == .undo && !(answers.detail(Key.job, "confirm") ?? "").isEmpty
  }

  var review: Step {
    Step(
      "review", "Review", heading: { _ in "Do it now?" },
      explanation: { _ in
        [.paragraph("These are your decisions. Nothing has been changed yet."), .keys("Enter on a line changes it.")]
      },
      help: [.paragraph("The commands at the end do the same without the wizard; a script can run them.")],
      kind: .review, isVisible: { isWork($0) },
      lookup: Lookup("Working out the plan", key: { fingerprint($0) }) { answers, observer in
        LookupResult(plan: try plan(answers, observer))
      }, proceed: "Do it")
  }

  var run: Step {
    Step(
      "run", "Work", heading: { $0.label(Key.action) },
      kind: .run(
        Runner(
          operation: { try work($0) }, noun: "The work", outlivesWizard: context.engine.runsJobs,
          watchCommand: { _ in context.command(["jobs", "attach"]) })),
      isVisible: { isWork($0) })
  }

  var result: Step {
    Step(
      "result", "Result",
      heading: { answers in
        switch action(answers) {
        case .resume: "It is done"
        case .undo: "It is undone"
        case .stop: "It has ended"
        case .setAside: "The menu no longer offers it"
        default: "Done"
        }
      },
      help: [.paragraph("The same text stays in your terminal when you leave.")], kind: .result,
      isVisible: { isWork($0) }, proceed: "Leave the wizard")
  }
}

extension JobStatus.Action {
  /// An action as it is offered.
  fileprivate struct Offer {
    let action: JobStatus.Action
    let title: String
    let effect: String
  }

  fileprivate static let offers = [
    Offer(action: .watch, title: "Watch it", effect: "Leaving again does not affect it."),
    Offer(action: .resume, title: "Run it again", effect: "From the beginning, after the same checks."),
    Offer(action: .log, title: "Read what it has reported", effect: "Nothing is changed by reading."),
    Offer(action: .result, title: "See its result and next steps", effect: "You can do them, and mark what is done."),
    Offer(action: .stop, title: "Stop it", effect: "Its changes so far are rolled back."),
    Offer(action: .undo, title: "Undo it", effect: "What it has made is deleted. You see the list first."),
    Offer(action: .setAside, title: "Dismiss it", effect: "The menu no longer offers it; its leftovers are removed."),
  ]
}

extension JobStatus.State {
  /// The predicate after "It".
  fileprivate var predicate: String {
    switch self {
    case .waiting: "is about to start"
    case .running: "is running"
    case .finished: "has done its work"
    case .undone: "has done its work, and was undone by a later job"
    case .failed: "failed"
    case .stopped: "ended early"
    case .interrupted: "was interrupted"
    }
  }
}
