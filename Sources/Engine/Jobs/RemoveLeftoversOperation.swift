import Common
import Operations

/// Deletes leftovers of interrupted commands on a server, and lists those that need a decision.
///
/// Every job starts with this; as a job of its own it does nothing else.
public struct RemoveLeftoversOperation: Operation {
  private enum Phase: String, OperationPhase {
    case leftovers

    var title: String { "Remove leftovers" }
  }

  public static let kind = "removeLeftovers"
  public static let leftovers = LeftoverPolicy.left
  public let server: ServerReference

  public init(_ server: ServerReference) { self.server = server }

  // MARK: The operation as others see it

  public var servers: [ServerReference] { [server] }
  public var title: String { "Delete leftovers of interrupted commands" }
  public var commands: [ProgramCommand] { [ProgramCommand(["server", "clean"], on: server)] }
  public func undo(_ context: UndoContext) -> UndoRule { .impossible("it left nothing to undo") }

  private var jobs: JobPlaces { JobStore(root: server.root).places }

  // MARK: Check, plan, run

  public func check() throws -> [Finding] {
    let found = Leftovers.report(root: server.root, brand: server.brand, jobs: jobs)
    return found.isEmpty ? [Finding(.ok, "leftovers", "there are none")] : found.map { $0.finding(root: server.root) }
  }

  public func plan() throws -> Plan {
    let found = Leftovers.report(root: server.root, brand: server.brand, jobs: jobs)
    return Plan(
      title: "Delete leftovers of interrupted commands", phases: [Plan.Phase(Phase.leftovers)],
      destroys: found.filter { $0.remedy == nil }.map(\.text),
      leavesAlone: ["Files of running commands", "All organizations, settings, archives and backups"]
        + found.filter { $0.remedy != nil }.map(\.text))
  }

  public func run(progress: Progress) throws -> Summary {
    let (removed, remaining) = try progress.phase(Phase.leftovers) { _ in
      Leftovers.remove(server, jobs: jobs, progress: progress)
    }
    return Summary(
      title: removed.isEmpty ? "There was nothing to remove" : "Leftovers are removed",
      facts: removed.map { Summary.Fact("Removed", $0.text) } + remaining.map { Summary.Fact("Remaining", $0.text) },
      nextSteps: remaining.compactMap(\.remedy).map { Summary.Step($0) })
  }
}

extension Leftover {
  /// Returns the leftover as a finding.
  ///
  /// - Parameter root: the root of its server.
  public func finding(root: String) -> Finding {
    Finding(
      .warning, "leftovers", text,
      remedy: remedy ?? "nothing: the next job removes it; at once: \(Program.command(["server", "clean"], root: root))"
    )
  }
}
