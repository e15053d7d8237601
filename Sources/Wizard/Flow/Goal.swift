import Common
import Operations
import Server

/// A goal of an operator, for the menu, answers files and the command line: its id, its texts and its flow.
///
/// To add one, write a file with an extension of `Goal` like those in `Flows`, and list it in ``Goal/all``.
struct Goal: Sendable {
  /// A short, stable id: of the flow, in answers files, and for `wizard ID`.
  let id: String
  /// For example "Move an organization".
  let title: String
  /// The purpose, in at most 40 characters.
  let summary: String
  /// Other words of operators for it, and for what is done on the way: the menu's search, the linear mode and
  /// `wizard WORD` find it by these.
  let aliases: [String]
  /// Whether it requires a server on this machine.
  let needsServer: Bool
  let flow: @Sendable (FlowContext) -> Flow

  init(
    _ id: String, _ title: String, _ summary: String, aliases: [String] = [], needsServer: Bool = true,
    flow: @escaping @Sendable (FlowContext) -> Flow
  ) {
    self.id = id
    self.title = title
    self.summary = summary
    self.aliases = aliases
    self.needsServer = needsServer
    self.flow = flow
  }
}

/// The context of a flow: its server, the command line and the engine.
struct FlowContext: Sendable {
  /// The root folder of this server.
  var root = "/"
  /// The host name, or the folder.
  var label: String
  /// The root folder of another server on this machine, if the command line names one.
  var target: String?
  /// Nil: detected.
  var brand: Brand?
  /// Whether this server is a throw-away server, see ``Operations/SandboxMark``. Determined when the flow is opened.
  var isTest = false
  /// The container of this server; nil outside of one. Determined when the flow is opened.
  var container: Container?
  /// Whether there is a server in ``root``. Determined when the flow is opened.
  var hasServer = true
  /// The default folder for archives.
  var archiveFolder = "/tmp"
  /// The folder in which the program was started; nil if it is unknown.
  var currentFolder: String?
  var engine: FlowEngine
  /// The servers on other machines.
  var remotes = RemoteServers()
  /// Answers given before the flow started.
  var given: [String: Answer] = [:]

  /// The key of the root folder of the next flow's server, if it is another one.
  static let serverKey = "server.root"

  var server: ServerReference { .init(root: root, brand: brand) }
  var badge: Flow.Badge { isTest ? .test : .production }
  /// The brand in file names.
  var brandName: String { (brand ?? .aloha).rawValue }

  /// Returns the continuation with another flow for the same server.
  func destination(_ flow: String, given: [String: Answer] = [:]) -> Destination {
    var given = given
    if given[Self.serverKey] == nil { given[Self.serverKey] = self.given[Self.serverKey] }
    return .flow(flow, given: given)
  }

  /// Returns a path for a new archive: "/tmp/aloha-export-k3x9….tar.gz".
  func archivePath(_ kind: String, _ ending: String = ".tar.gz") -> String {
    let name = "\(brandName)-\(kind)-\(RandomText.alphanumeric(8))\(ending)"
    return archiveFolder == "/" ? "/\(name)" : "\(archiveFolder)/\(name)"
  }

  /// Returns a command line of this program for this server.
  func command(_ words: [String], on root: String? = nil) -> String {
    Program.command(words, root: root ?? self.root, brand: brand?.rawValue)
  }
}
