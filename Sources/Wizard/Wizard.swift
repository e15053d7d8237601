import Common
import Engine
import Glibc
import Operations
import Server
import Terminal
import Transfer

/// The options of the command line for the wizard.
public struct WizardOptions: Sendable {
  /// The id of the goal to start with; nil: the menu.
  public var goal: String?
  /// The root folder of the server; nil: `/`.
  public var source: String?
  /// The root folder of a second server on this machine; nil: none is given.
  public var target: String?
  /// The brand of all servers; nil: detected for each server.
  public var brand: Brand?
  /// The name or the path of a theme; nil: the default theme.
  public var theme: String?
  public var linear = false
  public var ascii = false
  public var noColor = false
  /// Whether the terminal bell rings at the end of a long operation.
  public var bell = true
  /// Whether operations run in this process instead of jobs: the servers of a demo end with it, and so must they.
  public var runsInThisProcess = false
  /// The default folder for archives; nil: `/tmp`, or the backup folder of the container.
  public var archiveFolder: String?
  /// The path of an answers file. If it answers everything, no question is asked; missing answers are asked for on a
  /// terminal, and are an error without one.
  public var answers: String?
  /// Confirms destructive operations without a question (`--yes`).
  public var confirmsDestruction = false
  /// The typed name that destructive operations require (`--confirm-delete`); nil: it is asked for.
  public var confirmedName: String?

  public init() {}
}

/// Runs flows on a full screen, line by line, or with an answers file.
public enum Wizard {
  /// Runs the wizard on the terminal of this process until the operator leaves it or the unattended flow is finished.
  /// Must be called on the main thread.
  ///
  /// - Returns: the outcome as plain text for the normal screen; nil if nothing happened.
  /// - Throws: `.usage` if answers are missing or invalid and cannot be asked for; in the linear and the unattended mode
  ///   also the failure of the operation.
  public static func run(_ options: WizardOptions) throws -> String? {
    let capabilities = Capabilities.current(
      preferences: Capabilities.Preferences(
        linear: options.linear, ascii: options.ascii, noColor: options.noColor, bell: options.bell))
    let (theme, trouble) = ThemeLibrary.current().themeOrDefault(options.theme)
    let isScreen = capabilities.fullScreen && options.answers == nil
    // A screen shows it itself. Without one no theme is needed, but the wish was heard.
    if !isScreen, let trouble { LineTerminal(capabilities: capabilities, output: STDERR_FILENO).say(trouble.text) }
    let flows = FlowFactory(options)
    defer { flows.processes.end() }
    var flow = try flows.first()
    var given = GivenAnswers()
    if let path = options.answers {
      let file = try AnswersFile.read(path)
      let wanted = try flows.flow(for: file, at: path)
      given = GivenAnswers(values: try answers(file, path, for: wanted), confirmedName: options.confirmedName)
      flow = wanted
      let unattended = AnswersRunner.Options(
        path: path, destroys: options.confirmsDestruction, canAsk: capabilities.linearReason != .notATerminal)
      flows.processes.remotes.terminal.serve(unattended.canAsk ? TerminalBroker.direct : nil)
      let outcome = try lineByLine(capabilities) { voice, executor in
        var runner = AnswersRunner(wanted, given: given, options: unattended, voice: voice, executor: executor)
        return try runner.run()
      }
      if case .done(let text) = outcome { return text }
    }
    let wizardSession = WizardSession(flow, given: given, catalog: flows.catalog)
    guard capabilities.fullScreen else {
      flows.processes.remotes.terminal.serve(
        capabilities.linearReason == .notATerminal ? nil : TerminalBroker.direct)
      return try lineByLine(capabilities) { voice, executor in
        var runner = LinearRunner(
          wizardSession, voice: voice, executor: executor,
          consent: LinearRunner.Consent(name: options.confirmedName, destroys: options.confirmsDestruction))
        return try runner.run()
      }
    }
    let screen = try Screen(capabilities: capabilities, theme: theme)
    var runner = FullScreenRunner(wizardSession, screen: screen, opening: isScreen ? trouble?.text : nil)
    runner.lend(through: flows.processes.remotes.terminal)
    let outcome = runner.run()
    screen.close()
    // Can block, and so follows the last screen.
    let kept = runner.wizardSession.keepDraft()
    return outcome ?? kept.map { "\($0)\n" }
  }

  /// Returns an answers file with all keys of a flow and no decisions: the schema of `--answers`.
  ///
  /// - Throws: `.usage` if the goal does not exist.
  public static func answersTemplate(_ options: WizardOptions) throws -> String {
    let goal = try FlowFactory.goal(options.goal ?? Goal.move.id)
    return AnswersText.template(goal.flow(FlowFactory(options).context()))
  }

  /// The ids and titles of all goals, for the help.
  public static var goals: [(id: String, title: String)] { Goal.byName.map { ($0.id, $0.title) } }

  // MARK: Parts

  /// - Throws: `.usage` if the goal does not exist.
  public static func requireGoal(_ id: String) throws { _ = try FlowFactory.goal(id) }

  private static func answers(_ file: AnswersFile, _ path: String, for flow: Flow) throws -> [String: Answer] {
    let faults = file.faults(for: flow)
    guard faults.isEmpty else { throw AnswersFault.error(path, faults) }
    return file.values
  }

  /// The width of lines for readers; screen readers and programs get unbroken sentences.
  private static let lineWidth = 79

  private static func lineByLine<Value>(
    _ capabilities: Capabilities, _ body: (LinearVoice, any TaskExecutor) throws -> Value
  ) throws -> Value {
    let interrupts = try LineInterrupts()
    defer { interrupts.close() }
    let terminal = LineTerminal(capabilities: capabilities, interrupts: interrupts)
    let isRead = capabilities.fullScreen || capabilities.linearReason == .simpleTerminal
    return try body(LinearVoice(conversation: terminal, width: isRead ? lineWidth : nil), ThreadExecutor(interrupts))
  }
}
