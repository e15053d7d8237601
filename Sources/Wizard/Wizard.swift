import Common
import Engine
import Glibc
import Operations
import Server
import Terminal
import Transfer

/// What the command line says about the wizard.
public struct WizardOptions: Sendable {
  /// The id of the goal to begin with; nil for the menu.
  public var goal: String?
  /// Folder of the server that is worked on; `/` unless given.
  public var source: String?
  /// Folder of the other server, where it is on this machine.
  public var target: String?
  /// nil: each server's is recognised.
  public var brand: Brand?
  /// A theme's name or path.
  public var theme: String?
  public var linear = false
  public var ascii = false
  public var noColor = false
  /// A bell is rung when something that took long has ended.
  public var bell = true
  /// The servers are throw-away ones: the badge says TEST.
  public var isTest = false
  /// Where archives go unless the operator says otherwise; `/tmp` unless given.
  public var archiveFolder: String?
  /// A file with answers. With all of them in it nobody is asked; what is missing is asked on a terminal, and an error
  /// elsewhere.
  public var answers: String?
  /// The second word for what destroys, where nobody is asked.
  public var confirmsDestruction = false
  /// The name of what may be destroyed, where nobody is asked to type it.
  public var confirmedName: String?

  public init() {}
}

/// The wizard: flows as data, walked through on a terminal, line by line, or with the answers of a file.
public enum Wizard {
  /// Opens the wizard on this process' terminal and comes back when the operator leaves it, or when all is done. To be
  /// called on the main thread.
  ///
  /// - Returns: what came of it, as plain text for the normal screen; nil where nothing happened.
  /// - Throws: `.usage` where answers are missing and nobody can be asked for them; without a screen also what the work
  ///   failed with.
  public static func run(_ options: WizardOptions) throws -> String? {
    let capabilities = Capabilities.current(
      wishes: Capabilities.Wishes(
        linear: options.linear, ascii: options.ascii, noColor: options.noColor, bell: options.bell))
    let atlas = atlas(options)
    var flow = try first(options)
    var given = GivenAnswers()
    if let path = options.answers {
      let file = try AnswersFile.read(path)
      let wanted = try self.flow(for: file, at: path, options)
      given = GivenAnswers(values: try answers(file, path, for: wanted), confirmedName: options.confirmedName)
      flow = wanted
      let orders = AnswersRunner.Orders(
        path: path, destroys: options.confirmsDestruction, canAsk: capabilities.linearReason != .notATerminal)
      let outcome = try lineByLine(capabilities) { voice, executor in
        var runner = AnswersRunner(wanted, given: given, orders: orders, voice: voice, executor: executor)
        return try runner.run()
      }
      if case .done(let text) = outcome { return text }
    }
    let wizardSession = WizardSession(flow, given: given, atlas: atlas)
    guard capabilities.fullScreen else {
      return try lineByLine(capabilities) { voice, executor in
        var runner = LinearRunner(
          wizardSession, voice: voice, executor: executor,
          consent: LinearRunner.Consent(name: options.confirmedName, destroys: options.confirmsDestruction))
        return try runner.run()
      }
    }
    let theme = try ThemeLibrary.current().theme(options.theme)
    let screen = try Screen(capabilities: capabilities, theme: theme)
    defer { screen.close() }
    var runner = FullScreenRunner(wizardSession, screen: screen)
    return runner.run()
  }

  /// An answers file with every key that there is and nothing decided: the schema of `--answers`.
  public static func answersTemplate(_ options: WizardOptions) throws -> String {
    AnswersText.template(try goal(options.goal ?? Goal.move.id).flow(context(options)))
  }

  /// The ids of all goals with a word about each, for help.
  public static var goals: [(id: String, title: String)] { Goal.byName.map { ($0.id, $0.title) } }

  // MARK: Flows

  /// What the wizard begins with; nil is the menu. A job that is running comes first: it may be what the operator was
  /// disconnected from.
  private static func first(_ options: WizardOptions) throws -> Flow? {
    let wanted = try options.goal.map { try goal($0) }
    if let job = runningJob(options), wanted?.id != Goal.jobs.id {
      return Goal.watch.flow(context(options, given: ["meet.job": .text(job.path)]))
    }
    return wanted?.flow(context(options))
  }

  /// Answers are for a flow of their own, and where a job is in its way they are told so when they begin.
  private static func flow(for file: AnswersFile, at path: String, _ options: WizardOptions) throws -> Flow {
    if let wanted = options.goal, let name = file.flow, wanted != name {
      throw AnswersFault.error(
        path, ["flow: it is for \"\(SafeText.clean(name, limit: .short))\", and \"\(wanted)\" was asked for"])
    }
    let id = file.flow ?? options.goal ?? Goal.move.id
    guard let goal = Goal.byName.first(where: { $0.id == id }) else {
      let ids = Goal.byName.map(\.id).joined(separator: ", ")
      throw AnswersFault.error(
        path, ["flow: there is no \"\(SafeText.clean(id, limit: .short))\"; there are: \(ids)"])
    }
    return goal.flow(context(options))
  }

  /// - Throws: `.usage` where there is no goal of that name, before anything is made for it.
  public static func requireGoal(_ id: String) throws { _ = try goal(id) }

  private static func goal(_ id: String) throws -> Goal {
    guard let goal = Goal.byName.first(where: { $0.id == id }) else {
      throw PlainFailure(
        .usage, "'\(SafeText.clean(id, limit: .short))'", "there is no such goal",
        remedy: "choose one of \(Goal.byName.map(\.id).joined(separator: ", "))")
    }
    return goal
  }

  private static func atlas(_ options: WizardOptions) -> Atlas {
    Atlas(menu: { menu(options) }) { id, given in Goal.named(id)?.flow(context(options, given: given)) }
  }

  private static func menu(_ options: WizardOptions) -> Flow {
    var obstacle: String?
    do {
      _ = try Installation(root: absolute(options.source ?? "/"), brand: options.brand)
    } catch {
      obstacle = Trouble(error).reason
    }
    return .menu(context(options), goals: Goal.all, waiting: waiting(options), obstacle: obstacle)
  }

  /// What has been begun on this server and is not over.
  private static func waiting(_ options: WizardOptions) -> [Flow.Waiting] {
    Flow.Waiting.find(root: absolute(options.source ?? "/"))
  }

  private static func runningJob(_ options: WizardOptions) -> JobFolder? {
    try? JobStore(root: absolute(options.source ?? "/")).running().first
  }

  private static func context(_ options: WizardOptions, given: [String: Answer] = [:]) -> FlowContext {
    var root = absolute(options.source ?? "/")
    var target = options.target.map(absolute)
    // One flow may send to another about the other server: then they change places.
    if case .text(let other)? = given[FlowContext.serverKey], other != root {
      target = root
      root = other
    }
    let server = try? Installation(root: root, brand: options.brand)
    let container = Container.find(root: root, brand: options.brand)
    return FlowContext(
      root: root, label: server?.label ?? root, target: target, brand: options.brand,
      isTest: options.isTest, container: container, hasServer: server != nil,
      archiveFolder: options.archiveFolder ?? container?.backupFolder ?? "/tmp",
      // The servers of a demo end with it, and so must what works on them.
      engine: .real(brand: options.brand, runsJobs: !options.isTest), given: given)
  }

  private static func answers(_ file: AnswersFile, _ path: String, for flow: Flow) throws -> [String: Answer] {
    let faults = file.faults(for: flow)
    guard faults.isEmpty else { throw AnswersFault.error(path, faults) }
    return file.values
  }

  /// Columns of lines where there is a terminal whose owner reads them with the eyes.
  private static let lineWidth = 79

  private static func lineByLine<Value>(
    _ capabilities: Capabilities, _ body: (LinearVoice, any TaskExecutor) throws -> Value
  ) throws -> Value {
    let interrupts = try LineInterrupts()
    defer { interrupts.close() }
    let terminal = LineTerminal(capabilities: capabilities, interrupts: interrupts)
    // A screen reader, or another program, is better served with whole sentences.
    let isRead = capabilities.fullScreen || capabilities.linearReason == .simpleTerminal
    return try body(LinearVoice(conversation: terminal, width: isRead ? lineWidth : nil), ThreadExecutor(interrupts))
  }

  /// The command line may name folders from where the shell stands; the wizard shows where they really are.
  private static func absolute(_ path: String) -> String {
    guard !path.hasPrefix("/"), let current = getcwd(nil, 0) else { return path }
    defer { free(current) }
    return "\(String(cString: current))/\(path)"
  }
}
