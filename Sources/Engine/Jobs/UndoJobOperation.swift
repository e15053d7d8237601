import Common
import Operations

/// Undoes a finished job in one step: an import with its rows and files, an export's archive, a move on both sides,
/// copied settings, a deactivation.
///
/// The job's operation defines the steps, see ``Operation/undo(_:)``.
public struct UndoJobOperation: Operation {
  public static let kind = "undo"
  /// The servers of the job.
  public let servers: [ServerReference]
  /// The job's folder.
  public let folder: String
  /// Whether to delete an imported organization that is in use.
  public let despiteSignsOfLife: Bool
  /// The operations that the job can contain.
  private let catalog: OperationCatalog

  private enum CodingKeys: String, CodingKey {
    case servers, folder, despiteSignsOfLife
  }

  public init(_ job: JobFolder, despiteSignsOfLife: Bool = false) throws {
    self.init(
      servers: try job.readHeader().operation.servers, folder: job.path, despiteSignsOfLife: despiteSignsOfLife,
      catalog: job.catalog)
  }

  public init(
    servers: [ServerReference], folder: String, despiteSignsOfLife: Bool, catalog: OperationCatalog = .standard
  ) {
    self.servers = servers
    self.folder = folder
    self.despiteSignsOfLife = despiteSignsOfLife
    self.catalog = catalog
  }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    self.init(
      servers: try container.decode([ServerReference].self, forKey: .servers),
      folder: try container.decode(String.self, forKey: .folder),
      despiteSignsOfLife: try container.decode(Bool.self, forKey: .despiteSignsOfLife),
      catalog: OperationCatalog(of: decoder))
  }

  // MARK: The operation as others see it

  public var title: String { "Undo job \(job.id)" }
  private var job: JobFolder { JobFolder(folder, catalog: catalog) }

  public var commands: [ProgramCommand] {
    guard let server = servers.first else { return [] }
    return [ProgramCommand(["jobs", "undo", job.id] + (despiteSignsOfLife ? ["--yes"] : []), on: server)]
  }

  public func undo(_ context: UndoContext) -> UndoRule { .impossible("it was an undo itself") }

  // MARK: Check, plan, run

  private func parts() throws -> [OperationPart] {
    let operation = try job.readHeader().operation
    guard case .finished = job.state() else {
      throw PlainFailure(
        .conflict, "job \(job.id)", "is not finished, so there is nothing to undo",
        remedy: "see its state: \(job.command("attach"))")
    }
    if let store = try? JobStore(of: operation, catalog: catalog), let status = try? store.status(of: job),
      status.state == .undone, let obstacle = status.obstacles[.undo]
    {
      throw PlainFailure(.conflict, "job \(job.id)", "cannot be undone: \(obstacle)")
    }
    switch operation.undo(UndoContext(recordFolder: folder, despiteSignsOfLife: despiteSignsOfLife)) {
    case .operations(let operations, _):
      return operations.enumerated().map { index, operation in OperationPart("\(index + 1)", operation) }
    case .impossible(let reason):
      throw PlainFailure(.usage, "job \(job.id)", "cannot be undone: \(reason)")
    }
  }

  public func check() throws -> [Finding] { try parts().flatMap { try $0.check() } }

  public func plan() throws -> Plan {
    let plans = try parts().map { try $0.plan() }
    var plan = Plan(
      title: "Undo: \(try job.readHeader().operation.title)", phases: plans.flatMap(\.phases),
      destroys: plans.flatMap(\.destroys), leavesAlone: ["Everything that the job has not made"])
    plan.destroyedAmounts = Self.sum(plans.compactMap(\.destroyedAmounts))
    plan.destroyedRows = Self.sum(plans.compactMap(\.destroyedRows))
    return plan
  }

  private static func sum(_ counts: [[String: Int64]]) -> [String: Int64]? {
    counts.isEmpty ? nil : counts.reduce(into: [:]) { sum, count in sum.merge(count) { $0 + $1 } }
  }

  public func run(progress: Progress) throws -> Summary {
    let parts = try parts()
    // Checked before the first part runs: a later part must not turn out to be forbidden.
    for part in parts { _ = try part.check() }
    let done = try parts.map { Summary.Fact("Done", try $0.run(progress).title) }
    // A deleted archive changes nothing on the server.
    let changesServer = parts.contains { !($0.operation is RemoveFile) }
    let restart = Summary.Step("Restart the server, so that it discards cached data")
      .with(.restart(root: servers.first?.root ?? "/"))
    return Summary(title: "Undone", facts: done, nextSteps: changesServer ? [restart] : [])
  }
}
