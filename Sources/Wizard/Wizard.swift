import Common
import Engine
import Glibc
import Terminal

/// What the command line says about the wizard.
public struct WizardOptions: Sendable {
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
      wishes: Capabilities.Wishes(linear: options.linear, ascii: options.ascii, noColor: options.noColor))
    let flow = flow(for: options)
    var given = GivenAnswers()
    if let path = options.answers {
      given = GivenAnswers(values: try answers(path, for: flow), confirmedName: options.confirmedName)
      let orders = AnswersRunner.Orders(
        path: path, destroys: options.confirmsDestruction, canAsk: capabilities.linearReason != .notATerminal)
      let outcome = try lineByLine(capabilities) { voice, desk in
        var runner = AnswersRunner(flow, given: given, orders: orders, voice: voice, desk: desk)
        return try runner.run()
      }
      if case .done(let text) = outcome { return text }
    }
    guard capabilities.fullScreen else {
      return try lineByLine(capabilities) { voice, desk in
        var runner = LinearRunner(Journey(flow, given: given), voice: voice, desk: desk)
        return try runner.run()
      }
    }
    let theme = try ThemeLibrary.current().theme(options.theme)
    let screen = try Screen(capabilities: capabilities, theme: theme)
    defer { screen.close() }
    var runner = FullScreenRunner(flow, given: given, screen: screen)
    return runner.run()
  }

  /// An answers file with every key that there is and nothing decided: the schema of `--answers`.
  public static func answersTemplate(_ options: WizardOptions) -> String { AnswersText.template(move(options)) }

  /// A job that is running comes first: it may be what the operator was disconnected from. Answers are for a flow of
  /// their own, and where a job is in its way they are told so when they begin.
  private static func flow(for options: WizardOptions) -> Flow {
    let server = try? Installation(root: options.source ?? "/", brand: options.brand)
    if options.answers == nil, let server, let job = try? JobStore(server).running().first {
      return .attach(job, badge: options.isTest ? .test : .production)
    }
    return move(options)
  }

  private static func move(_ options: WizardOptions) -> Flow {
    // The servers of a demo end with it, and so must what works on them.
    .move(.engine(brand: options.brand, runsJobs: !options.isTest), presets(options))
  }

  private static func answers(_ path: String, for flow: Flow) throws -> [String: Answer] {
    let file = try AnswersFile.read(path)
    let faults = file.faults(for: flow)
    guard faults.isEmpty else { throw AnswersFault.error(path, faults) }
    return file.values
  }

  /// Columns of lines where there is a terminal whose owner reads them with the eyes.
  private static let lineWidth = 79

  private static func lineByLine<Value>(
    _ capabilities: Capabilities, _ body: (LinearVoice, any ErrandDesk) throws -> Value
  ) throws -> Value {
    let interrupts = try LineInterrupts()
    defer { interrupts.close() }
    let terminal = LineTerminal(capabilities: capabilities, interrupts: interrupts)
    // A screen reader, or another program, is better served with whole sentences.
    let isRead = capabilities.fullScreen || capabilities.linearReason == .simpleTerminal
    return try body(LinearVoice(conversation: terminal, width: isRead ? lineWidth : nil), ThreadDesk(interrupts))
  }

  private static func presets(_ options: WizardOptions) -> MovePresets {
    let folder = options.archiveFolder ?? "/tmp"
    let name = "\((options.brand ?? .aloha).rawValue)-export-\(RandomText.alphanumeric(8)).tar.gz"
    return MovePresets(
      source: absolute(options.source ?? "/"), target: options.target.map(absolute),
      archive: folder == "/" ? "/\(name)" : "\(folder)/\(name)",
      brand: options.brand, isTest: options.isTest)
  }

  /// The command line may name folders from where the shell stands; the wizard shows where they really are.
  private static func absolute(_ path: String) -> String {
    guard !path.hasPrefix("/"), let current = getcwd(nil, 0) else { return path }
    defer { free(current) }
    return "\(String(cString: current))/\(path)"
  }
}
