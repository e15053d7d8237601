import Common
import Engine

/// Something that an operator wants to get done, as the menu, the answers files and the command line know it: an id, a
/// few words, and how its flow is made.
///
/// To add one, write a file with an extension of `Goal` like those in `Flows`, and name it in ``Goal/all``.
struct Goal: Sendable {
  /// Short and stable: the id of its flow, what an answers file calls it, and `wizard ID` on the command line.
  let id: String
  /// "Move an organization".
  let title: String
  /// What it is good for, in at most 40 characters.
  let summary: String
  /// Whether there has to be a server here for it.
  let needsServer: Bool
  let flow: @Sendable (FlowContext) -> Flow

  init(
    _ id: String, _ title: String, _ summary: String, needsServer: Bool = true,
    flow: @escaping @Sendable (FlowContext) -> Flow
  ) {
    self.id = id
    self.title = title
    self.summary = summary
    self.needsServer = needsServer
    self.flow = flow
  }
}

/// What a flow is made of: the server that it is for, what the command line said, and the engine.
struct FlowContext: Sendable {
  /// Folder of this server, from the root of the file system.
  var root = "/"
  /// Its host name, or its folder.
  var label: String
  /// Folder of another server on this machine, where the command line named one.
  var target: String?
  /// nil: recognised.
  var brand: Brand?
  var isTest = false
  /// The container that this server runs in; nil outside of one. Read once, when the flow is opened.
  var container: Container?
  /// Whether there is a server in ``root``. Read once, too.
  var hasServer = true
  /// Where archives go unless the operator says otherwise.
  var archiveFolder = "/tmp"
  var engine: FlowEngine
  /// What was answered before the flow began.
  var given: [String: Answer] = [:]

  /// What is given under this key is the folder of the server that the next flow is about, where it is another one.
  static let serverKey = "server.root"

  var server: ServerReference { .init(root: root, brand: brand) }
  var badge: Flow.Badge { isTest ? .test : .production }
  /// As file names have it.
  var brandName: String { (brand ?? .aloha).rawValue }

  /// The way to another flow about the same server.
  func onward(_ flow: String, given: [String: Answer] = [:]) -> Onward {
    var given = given
    if given[Self.serverKey] == nil { given[Self.serverKey] = self.given[Self.serverKey] }
    return .flow(flow, given: given)
  }

  /// A path for a new archive: "/tmp/aloha-export-k3x9….tar.gz".
  func archivePath(_ kind: String, _ ending: String = ".tar.gz") -> String {
    let name = "\(brandName)-\(kind)-\(RandomText.alphanumeric(8))\(ending)"
    return archiveFolder == "/" ? "/\(name)" : "\(archiveFolder)/\(name)"
  }

  /// A command line of this program for this server, ready to be copied.
  func command(_ words: [String], on root: String? = nil) -> String {
    Program.command(words, root: root ?? self.root, brand: brand?.rawValue)
  }
}
