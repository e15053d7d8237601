import Common
import Engine
import Operations
import Server
import Transfer

/// Creates the flows of a wizard for the options of its command line. It reads the server's settings and job folders,
/// see ``FlowCatalog``.
struct FlowFactory: Sendable {
  /// Shared by all flows, so that a flow can run what another one has checked.
  let processes: FlowProcesses
  private let options: WizardOptions
  /// The root folder of the server.
  private let root: String
  /// The folder in which the program was started.
  private let currentFolder: String?

  init(_ options: WizardOptions) {
    self.options = options
    root = RootFolder(options.source ?? "/").path
    currentFolder = FileSystem.current
    processes = FlowProcesses(runsJobs: !options.runsInThisProcess)
  }

  /// Returns the first flow; nil: the menu. A running job comes first: the operator may have been disconnected from it.
  ///
  /// - Throws: `.usage` if the goal does not exist.
  func first() throws -> Flow? {
    let goal = try options.goal.map { try Self.goal($0) }
    if let job = try? JobStore(root: root).running().first, goal?.id != Goal.jobs.id {
      return Goal.watch.flow(context(given: ["meet.job": .text(job.path)]))
    }
    return goal?.flow(context())
  }

  /// Returns the flow of an answers file. A running job does not replace it; its checks report the job.
  ///
  /// - Throws: `.usage` if the file is for another flow than the command line, or for none that exists.
  func flow(for file: AnswersFile, at path: String) throws -> Flow {
    let named = try options.goal.map { try Self.goal($0).id }
    if let goal = named, let name = file.flow, goal != name {
      throw AnswersFault.error(
        path, ["flow: it is for \"\(SafeText.clean(name, limit: .short))\", and \"\(goal)\" was asked for"])
    }
    let id = file.flow ?? named ?? Goal.move.id
    guard let goal = Goal.byName.first(where: { $0.id == id }) else {
      let ids = Goal.byName.map(\.id)
      let advice = NearestName.question(id, among: ids) ?? "there are: \(ids.joined(separator: ", "))"
      throw AnswersFault.error(
        path, ["flow: there is no \"\(SafeText.clean(id, limit: .short))\"; \(advice)"])
    }
    return goal.flow(context())
  }

  /// Returns the goal with an id, or the only one that a word means: "undo".
  ///
  /// - Throws: `.usage` if the goal does not exist, or if the word can mean several.
  static func goal(_ word: String) throws -> Goal {
    if let goal = Goal.byName.first(where: { $0.id == word }) { return goal }
    let meant = Goal.meant(word)
    if meant.count == 1 { return meant[0] }
    let subject = "'\(SafeText.clean(word, limit: .short))'"
    guard meant.isEmpty else {
      throw PlainFailure(
        .usage, subject, "several goals match",
        remedy: "choose one of \(meant.map { "\($0.id) (\($0.title))" }.joined(separator: ", "))")
    }
    throw PlainFailure(
      .usage, subject, "there is no such goal",
      remedy: NearestName.question(word, among: Goal.byName.map(\.id))
        ?? "choose one of \(Goal.byName.map(\.id).joined(separator: ", "))")
  }

  var catalog: FlowCatalog {
    FlowCatalog(menu: { menu() }, drafts: DraftStore(root: root), destination: { Destination.forStep($0) }) {
      id, given in Goal.named(id)?.flow(context(given: given))
    }
  }

  private func menu() -> Flow {
    var obstacle: String?
    do {
      _ = try Installation(root: root, brand: options.brand)
    } catch {
      obstacle = Trouble(error).reason
    }
    return .menu(
      context(), goals: Goal.all, further: Goal.further,
      waiting: Flow.PendingWork.find(root: root, drafts: DraftStore(root: root)), obstacle: obstacle)
  }

  func context(given: [String: Answer] = [:]) -> FlowContext {
    var root = root
    var target = options.target.map { RootFolder($0).path }
    // A flow can lead to a flow about the other server: then source and target are exchanged.
    if case .text(let path)? = given[FlowContext.serverKey] {
      let other = RootFolder(path).path
      if other != root { (root, target) = (other, root) }
    }
    let server = try? Installation(root: root, brand: options.brand)
    let container = Container.find(root: root, brand: options.brand)
    return FlowContext(
      root: root, label: server?.label ?? root, target: target, brand: options.brand,
      isTest: SandboxMark.isThere(below: root), container: container, hasServer: server != nil,
      archiveFolder: options.archiveFolder ?? container?.backupFolder ?? "/tmp", currentFolder: currentFolder,
      engine: .real(brand: options.brand, processes), remotes: processes.remotes, given: given)
  }
}
