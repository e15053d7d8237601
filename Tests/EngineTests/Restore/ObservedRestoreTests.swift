import Common
import Sandbox
import Testing

@testable import Operations
@testable import WholeServer

@Suite("The progress of checks of backups")
struct ObservedRestoreTests {
  @Test("Checks and plan of a restore, and checks of a rehearsal, say how far they are and end on request")
  func observed() throws {
    let server = try Disaster.server("observed")
    try Disaster.folder { folder in
      let backup = "\(folder)/backup.tar.gz"
      _ = try Disaster.backup(server, to: backup)
      let restore = RestoreOperation(ServerReference(root: server.root), RestoreOptions(archive: backup))
      let rehearsal = RehearseOperation(RehearseOperation.Options(archive: backup))
      let works: [(String, (CheckObserver) throws -> Void)] = [
        ("restore", { _ = try restore.check($0) }), ("plan", { _ = try restore.plan($0) }),
        ("rehearsal", { _ = try rehearsal.check($0) }),
      ]
      for (name, work) in works {
        let heard = Monitor<[Double]>([])
        try work(CheckObserver { fraction in heard.now { $0.append(fraction) } })
        let fractions = heard.now { $0 }
        #expect(fractions.count > 1 && fractions == fractions.sorted(), "\(name)")
        #expect(fractions.allSatisfy { (0...1).contains($0) }, "\(name)")
        let cancellation = Cancellation()
        #expect(throws: Cancelled.self, "\(name)") {
          try work(CheckObserver(cancellation: cancellation) { _ in cancellation.cancel() })
        }
      }
      #expect(try Disaster.leftOvers(server) == [])
    }
  }
}
