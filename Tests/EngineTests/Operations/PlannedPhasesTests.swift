import Common
import Sandbox
import Synchronization
import Testing

@testable import Administration
@testable import Engine
@testable import Operations
@testable import Transfer
@testable import WholeServer

/// A plan without one of the phases would mislead the operator, and the progress bar would jump.
@Suite("Phases of a run and of its plan", .serialized)
struct PlannedPhasesTests {
  /// Runs the operation and compares the phases that it starts with those of its plan, including their order.
  private func expectPlanned(_ operation: any Operation, sourceLocation: SourceLocation = #_sourceLocation) throws {
    let planned = try operation.plan().phases
    let begun = Mutex<[(id: String, title: String)]>([])
    _ = try operation.perform(
      Progress { event in
        if case .phaseStarted(let id, let title, _, _) = event { begun.withLock { $0.append((id, title)) } }
      })
    let ran = begun.withLock { $0 }
    #expect(!ran.isEmpty, sourceLocation: sourceLocation)
    var rest = planned[...]
    for phase in ran {
      guard let index = rest.firstIndex(where: { $0.id == phase.id }) else {
        Issue.record(
          "'\(phase.id)' is not planned, or not in this place: \(planned.map(\.id))", sourceLocation: sourceLocation)
        return
      }
      #expect(rest[index].title == phase.title, sourceLocation: sourceLocation)
      rest = rest[(index + 1)...]
    }
  }

  @Test("Moves and operations on an organization run the planned phases")
  func organization() throws {
    let old = try Servers.fresh()
    try old.add(SampleOrganization(.harbour, messages: 60))
    let new = try Servers.fresh()
    let archive = "\(old.root)/moved.tar.gz"
    try expectPlanned(
      MoveOperation(
        MoveDecisions(
          source: old.root, target: new.root, organization: "harbour", archive: archive, subdomain: "port",
          deactivates: true, secrets: ["camo_key": .copy])))
    try expectPlanned(ReactivateOperation(old.reference, subdomain: "harbour"))
    try expectPlanned(DeactivateOperation(old.reference, subdomain: "harbour"))
    try expectPlanned(ChangeSubdomainOperation(new.reference, from: "port", to: "quay", leavesRedirect: false))
    try expectPlanned(new.deleting("quay", .ofOrganization))
    try expectPlanned(ImportOperation(new.reference, .init(subdomain: "again", archive: archive)))
    try expectPlanned(UndoSettingsOperation(new.reference))
  }

  @Test("Backups, rehearsals, restores and their follow-ups run the planned phases")
  func server() throws {
    let server = try Servers.fresh()
    try server.add(SampleOrganization(.harbour, messages: 20))
    let backup = "\(server.root)/backup.tar.gz"
    try expectPlanned(BackupOperation(server.reference, .init(output: backup)))
    try expectPlanned(RehearseOperation(.init(archive: backup)))
    try expectPlanned(RestoreOperation(server.reference, RestoreOptions(archive: backup)))
    try expectPlanned(RollBackOperation(server.reference))
    try expectPlanned(DiscardRestoreOperation(server.reference))
  }
}
