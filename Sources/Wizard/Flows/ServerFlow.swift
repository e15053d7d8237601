import Administration
import Common
import Engine
import Operations
import Server

extension Goal {
  static let server = Goal(
    "server", "Start and stop the server", "restart, queues, cache",
    aliases: [
      "restart", "queues", "cache", "reboot", "down", "up", "RabbitMQ", "memcached", "flush", "services", "supervisor",
      "status", "downtime",
    ]
  ) {
    .server($0, .real($0))
  }
}

/// The functions of the engine that only this flow uses. Tests replace them.
struct ServerQueries: Sendable {
  /// The state of the queues.
  var queues: @Sendable () throws -> Finding
  /// The leftovers of interrupted commands on the server.
  var leftovers: @Sendable () -> [Finding] = { [] }
  /// The command of an action; nil without one.
  var command: @Sendable (ServerKey.Action) throws -> String?
  /// Why an action is not possible on this machine; nil if it is.
  var obstacle: @Sendable (ServerKey.Action) throws -> String?

  static func real(_ context: FlowContext) -> ServerQueries {
    let (root, brand) = (context.root, context.brand)
    @Sendable func scripts() throws -> ServerScripts { ServerScripts(try Installation(root: root, brand: brand)) }
    return ServerQueries(
      queues: {
        MessageQueues.findings(before: try Installation(root: root, brand: brand)).first
          ?? Finding(.ok, "queues", "are not looked at: this server is not the one of the machine itself")
      },
      leftovers: { Leftovers.report(root: root, brand: brand).map { $0.finding(root: root) } },
      command: { action in try scripts().commandLine(action.script) },
      obstacle: { action in
        // The cache can be emptied in several ways; the checks decide.
        guard action != .flushCache else { return nil }
        return try scripts().isHere(action.script) ? nil : "the server's script for it is not here"
      })
  }
}

enum ServerKey {
  static let action = AnswerKey("action.which", unanswered: Action.restart)

  enum Action: String, AnswerValue, CaseIterable {
    case restart, stop, start, flushCache = "flush-cache"

    var script: ServerScripts.Script {
      switch self {
      case .restart: .restart
      case .stop: .stop
      case .start: .start
      case .flushCache: .flushCache
      }
    }
  }

  static func given(_ action: Action) -> [String: Answer] { [Self.action.name: .text(action.rawValue)] }
}

extension Flow {
  /// Runs a script of the server and shows its output.
  static func server(_ context: FlowContext, _ queries: ServerQueries) -> Flow {
    let work = WorkSteps("The script", context) { answers in
      let action = Self.action(answers)
      return action == .flushCache
        ? FlushCacheOperation(context.server) as any Operation : ScriptOperation(context.server, action.script)
    }
    return Flow(
      id: "server", title: "Start and stop the server", badge: context.badge,
      route: { _ in Route(from: context.label) },
      commands: { answers in
        (action(answers) == .stop ? [context.command(["server", "queues"])] : []) + work.commands(answers)
      },
      continuations: { answers in
        let again = Continuation("Something else with the server", context.destination("server"), proposed: false)
        guard action(answers) == .stop else { return [again] }
        return [Continuation("Start it again", context.destination("server", given: ServerKey.given(.start))), again]
      },
      steps: [
        which(context, queries), work.checks(), work.review(heading: "Do it now?", proceed: "Do it now"),
        work.run(
          "Script", heading: { title(action($0)) },
          help: [.paragraph("The output of the server's script is shown while it runs.")]),
        work.result { done(action($0)) },
      ])
  }

  @Sendable private static func action(_ answers: Answers) -> ServerKey.Action {
    answers[ServerKey.action]
  }

  private static func which(_ context: FlowContext, _ queries: ServerQueries) -> Step {
    Step(
      "action", "Action", heading: { _ in "What should be done with the server?" },
      help: [
        .paragraph(
          "The queues contain pending work: mail, notifications, counts. They are in no export and in no backup. "
            + "Before a move let them run empty: while the server runs, wait a moment and check again; then stop it."),
        .paragraph(
          "A restart is needed after settings or secrets were changed, and after an organization was imported, "
            + "deleted or changed by this program. For a few seconds, people see that they are being reconnected."),
        .paragraph(
          "While the server is stopped, browsers see an error page and apps wait. The database keeps running."),
        .paragraph("The cache contains copies of data in the database. It fills itself again."),
      ],
      lookup: Lookup("Looking at the server", key: { _ in context.root }, brings: [field([:])]) { _, _ in
        var obstacles: [ServerKey.Action: String] = [:]
        for action in ServerKey.Action.allCases { obstacles[action] = try queries.obstacle(action) }
        let queues = try queries.queues()
        var result = LookupResult(fields: [field(obstacles)], findings: [queues] + queries.leftovers())
        if !obstacles.isEmpty {
          result.text = [.paragraph("Actions that are not possible from here; run them where the server is:")]
          for action in ServerKey.Action.allCases where obstacles[action] != nil {
            if let command = try queries.command(action) { result.text.append(.command(command)) }
          }
        }
        return result
      })
  }

  private static func field(_ obstacles: [ServerKey.Action: String]) -> Field {
    func option(_ action: ServerKey.Action, _ detail: String) -> Field.Option {
      .init(
        action.rawValue, title(action), detail, recommended: action == .restart, disabled: obstacles[action])
    }
    return Field(
      "which", "Action",
      .choice([
        option(.restart, "After changes to settings, secrets or organizations."),
        option(.stop, "No new messages; right before a move or a restore."),
        option(.start, "After it was stopped."), option(.flushCache, "If the server shows outdated data."),
      ]))
  }

  private static func title(_ action: ServerKey.Action) -> String { ServerScripts.title(action.script) }

  private static func done(_ action: ServerKey.Action) -> String {
    switch action {
    case .restart: "The server is restarted"
    case .stop: "The server is stopped"
    case .start: "The server is started"
    case .flushCache: "The cache is empty"
    }
  }
}
