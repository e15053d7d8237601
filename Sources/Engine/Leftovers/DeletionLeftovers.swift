import Common
import Postgres

/// A deletion that was killed after its rows were gone: its files are deleted by whoever comes next, as its note says.
struct DeletionLeftovers: LeftoverKind {
  func find(_ scene: LeftoverScene) throws -> [FoundLeftover] {
    guard let installation = scene.installation, scene.connection != nil else { return [] }
    return try DeletionJournal.abandoned(in: installation.uploadsFolder).map { entry in
      FoundLeftover(
        "files of an organization whose deletion was interrupted",
        entry.name.isEmpty ? "organization \(entry.organization)" : entry.name
      ) { _ = try InterruptedDeletions(installation).finish(only: entry.organization, progress: .silent) }
    }
  }
}
