import Administration
import Common
import Postgres

/// Deletions that were killed after the rows were deleted: the next job deletes the files, according to the note.
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
