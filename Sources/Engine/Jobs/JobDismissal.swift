import Common
import Glibc
import Operations

/// Dismisses a failed or interrupted job: it is not offered any more, and its leftovers are removed.
///
/// The result names each leftover that it could not or must not remove, with the command that does.
public struct JobDismissal: Runnable {
  public let folder: JobFolder

  public init(_ folder: JobFolder) { self.folder = folder }

  private enum Phase: String, OperationPhase, CaseIterable {
    case leftovers, mark

    var title: String { self == .mark ? "Mark it as dismissed" : "Remove its leftovers" }
  }

  public func check() throws -> [Finding] {
    guard let obstacle = try status().obstacles[.setAside] else { return [] }
    return [Finding(.blocker, "job \(folder.id)", obstacle, id: folder.isSetAside ? .nothingToDo : nil)]
  }

  public func plan() throws -> Plan {
    let leftovers = try servers().flatMap { Leftovers.report(root: $0.root, brand: $0.brand, jobs: places(on: $0)) }
    return Plan(
      title: "Dismiss job \(folder.id)", phases: Phase.allCases.map { Plan.Phase($0) },
      destroys: leftovers.filter { $0.remedy == nil }.map(\.text),
      leavesAlone: ["The job in the list of jobs, with all that it reported", "The server: nothing of it is changed"]
        + leftovers.filter { $0.remedy != nil }.map(\.text))
  }

  public func run(progress: Progress) throws -> Summary {
    try progress.pass(check())
    let facts = try progress.phase(Phase.leftovers) { _ in try removeLeftovers(progress) }
    try progress.phase(Phase.mark) { _ in try folder.setAside() }
    return Summary(
      title: "The job is dismissed",
      facts: [Summary.Fact("Job", "\(folder.id), still in the list of jobs")] + facts.facts, nextSteps: facts.steps)
  }

  // MARK: Parts

  private func servers() throws -> [ServerReference] { try folder.readHeader().operation.servers }

  private func status() throws -> JobStatus { JobStatus(folder, undone: [:]) }

  /// The places of all jobs of a server, and those of this one, which can be an old one.
  private func places(on server: ServerReference) -> JobPlaces {
    var places = JobStore(root: server.root, catalog: folder.catalog).places
    let own = (try? folder.readHeader())?.operation.traces.workFolders ?? []
    places.work = Set(places.work + own).sorted()
    places.settled = Self.settled
    return places
  }

  /// The age in seconds from which a file is a leftover while this process has the lock of the server: no job writes.
  private static let settled = 1

  private func removeLeftovers(_ progress: Progress) throws -> (facts: [Summary.Fact], steps: [Summary.Step]) {
    var facts: [Summary.Fact] = []
    var steps: [Summary.Step] = []
    try awaitSettled(progress)
    for server in try servers() {
      let clean = ProgramCommand(["server", "clean"], on: server).text
      guard let lock = try? JobStore(root: server.root, catalog: folder.catalog).claim() else {
        facts.append(Summary.Fact("Leftovers", "not removed, because another job is running"))
        steps.append(Summary.Step("Remove the leftovers after that job has ended:", command: clean))
        continue
      }
      let (removed, remaining) = Leftovers.remove(server, jobs: places(on: server), progress: progress)
      withExtendedLifetime(lock) {}
      facts += removed.map { Summary.Fact("Removed", $0.text) } + remaining.map { Summary.Fact("Remaining", $0.text) }
      steps += remaining.map { leftover in
        leftover.remedy.map { Summary.Step($0) }
          ?? Summary.Step("Solve the cause of the warning, then try again:", command: clean)
      }
    }
    return (facts, steps)
  }

  /// Waits until files of a process that was just killed are older than ``settled``.
  private func awaitSettled(_ progress: Progress) throws {
    guard folder.state() == .lost, let last = folder.lastEventTime else { return }
    guard Timestamp.now() - last < 60_000_000 else { return }
    for _ in 0..<(Self.settled + 2) * 10 {
      try progress.cancellation.check()
      usleep(100_000)
    }
  }
}
