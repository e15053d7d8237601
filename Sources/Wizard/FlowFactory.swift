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

  init(_ options: WizardOptions) {
    self.options = options
    root = FileSystem.absolute(options.source ?? "/")
    // The servers of a demo end with this process, and so must the operations on them.
    processes = FlowProcesses(runsJobs: !options.isTest)
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
    if let goal = options.goal, let name = file.flow, goal != name {
      throw AnswersFault.error(
        path, ["flow: it is for \"\(SafeText.clean(name, limit: .short))\", and \"\(goal)\" was asked for"])
    }
    let id = file.flow ?? options.goal ?? Goal.move.id
    guard let goal = Goal.byName.first(where: { $0.id == id }) else {
      let ids = Goal.byName.map(\.id)
      let advice = NearestName.question(id, among: ids) ?? "there are: \(ids.joined(separator: ", "))"
      throw AnswersFault.error(
        path, ["flow: there is no \"\(SafeText.clean(id, limit: .short))\"; \(advice)"])
    }
    return goal.flow(context())
  }

  /// - Throws: `.usage` if the goal does not exist.
  static func goal(_ id: String) throws -> Goal {
    guard let goal = Goal.byName.first(where: { $0.id == id }) else {
      throw PlainFailure(
        .usage, "'\(SafeText.clean(id, limit: .short))'", "there is no such goal",
        remedy: NearestName.question(id, among: Goal.byName.map(\.id))
          ?? "choose one of \(Goal.byName.map(\.id).joined(separator: ", "))")
    }
    return goal
  }

  var catalog: FlowCatalog {
    FlowCatalog(menu: { menu() }) { id, given in Goal.named(id)?.flow(context(given: given)) }
  }

  private func menu() -> Flow {
    var obstacle: String?
    do {
      _ = try Installation(root: root, brand: options.brand)
    } catch {
      obstacle = Trouble(error).reason
    }
    return .menu(context(), goals: Goal.all, waiting: Flow.PendingWork.find(root: root), obstacle: obstacle)
  }

  func context(given: [String: Answer] = [:]) -> FlowContext {
    var root = root
    var target = options.target.map { FileSystem.absolute($0) }
    // A flow can lead to a flow about the other server: then source and target are exchanged.
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
      engine: .real(brand: options.brand, processes), given: given)
  }
}
