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

  public init() {}
}

/// The wizard: flows as data, walked through on a terminal.
public enum Wizard {
  /// Opens the wizard on this process' terminal and comes back when the operator leaves it. To be called on the main
  /// thread.
  ///
  /// - Returns: what came of it, as plain text for the normal screen; nil where nothing happened.
  /// - Throws: `.usage` where the terminal can draw no screen; the remedy names the commands that do the same.
  public static func run(_ options: WizardOptions) throws -> String? {
    let capabilities = Capabilities.current(
      wishes: Capabilities.Wishes(linear: options.linear, ascii: options.ascii, noColor: options.noColor))
    if let reason = capabilities.linearReason { throw cannot(reason, options) }
    let theme = try ThemeLibrary.current().theme(options.theme)
    let flow = flow(for: options)
    let screen = try Screen(capabilities: capabilities, theme: theme)
    defer { screen.close() }
    var runner = FullScreenRunner(flow, screen: screen)
    return runner.run()
  }

  /// A job that is running comes first: it may be what the operator was disconnected from.
  private static func flow(for options: WizardOptions) -> Flow {
    let server = try? Installation(root: options.source ?? "/", brand: options.brand)
    if let server, let job = try? JobStore(server).running().first {
      return .attach(job, badge: options.isTest ? .test : .production)
    }
    // The servers of a demo end with it, and so must what works on them.
    return .move(.engine(brand: options.brand, runsJobs: !options.isTest), presets(options))
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

  private static func cannot(_ reason: Capabilities.LinearReason, _ options: WizardOptions) -> PlainFailure {
    let why =
      switch reason {
      case .notATerminal: "input or output is not a terminal"
      case .simpleTerminal: "this kind of terminal cannot place its cursor"
      case .wanted: "the wizard without a screen is not there yet"
      }
    let old = options.source.map { " --root \(ShellWord.quoted($0))" } ?? ""
    let new = options.target.map { " --root \(ShellWord.quoted($0))" } ?? ""
    return PlainFailure(
      .usage, "the wizard", "it needs a full screen, and \(why)",
      remedy: "use the commands: \(Program.name) export\(old) -r SUBDOMAIN --output ARCHIVE, then "
        + "\(Program.name) import\(new) SUBDOMAIN ARCHIVE")
  }
}
