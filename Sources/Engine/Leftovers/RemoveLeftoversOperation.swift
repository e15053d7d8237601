import Common

/// Removes what interrupted commands have left on a server, and names what an operator has to decide about.
///
/// Every job begins with that: as a job of its own it does nothing besides.
public struct RemoveLeftoversOperation: Operation {
  public let server: ServerReference

  private let jobs: JobPlaces

  init(_ server: ServerReference, jobs: JobPlaces) {
    self.server = server
    self.jobs = jobs
  }

  public var name: String { "remove-leftovers" }

  public func check() throws -> [Finding] {
    let found = Leftovers.report(root: server.root, brand: server.brand, jobs: jobs)
    return found.isEmpty ? [Finding(.ok, "leftovers", "there are none")] : found.map { $0.finding(root: server.root) }
  }

  public func plan() throws -> Plan {
    let found = Leftovers.report(root: server.root, brand: server.brand, jobs: jobs)
    return Plan(
      title: "Remove what interrupted commands have left", phases: [Plan.Phase("leftovers", "Remove leftovers")],
      destroys: found.filter { $0.remedy == nil }.map(\.text),
      leavesAlone: ["What a running command works with", "All organizations, settings, archives and backups"]
        + found.filter { $0.remedy != nil }.map(\.text))
  }

  public func run(progress: Progress) throws -> Summary {
    let (removed, remaining) = try progress.phase("leftovers", "Remove leftovers") { _ in
      Leftovers.remove(server, jobs: jobs, progress: progress)
    }
    let summary = Summary(
      title: removed.isEmpty ? "There was nothing to remove" : "Leftovers are removed",
      facts: removed.map { Summary.Fact("Removed", $0.text) } + remaining.map { Summary.Fact("Remaining", $0.text) },
      warnings: progress.warnings, nextSteps: remaining.compactMap(\.remedy))
    progress.finished(summary)
    return summary
  }
}

extension Leftover {
  /// As a check reports it.
  ///
  /// - Parameter root: of the server that it was found on.
  public func finding(root: String) -> Finding {
    Finding(
      .warning, "leftovers", text,
      remedy: remedy ?? "nothing: the next job removes it; at once: \(Program.command(["server", "clean"], root: root))"
    )
  }
}
