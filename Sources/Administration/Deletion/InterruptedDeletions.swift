import Common
import Operations
import Postgres
import Server

/// Finishes killed deletions: deletes the files of organizations whose rows are already deleted.
package struct InterruptedDeletions {
  let installation: Installation

  package init(_ installation: Installation) { self.installation = installation }

  /// - Parameter only: the id of one organization; nil: all.
  /// - Returns: what was finished.
  package func finish(
    only: Int64? = nil, progress: Progress, advance: () throws -> Void = {}
  ) throws -> [DeletionJournal.Entry] {
    let uploads = installation.uploadsFolder
    let leftovers = try DeletionJournal.leftovers(in: uploads).filter { only == nil || $0.organization == only }
    guard !leftovers.isEmpty else { return [] }
    let connection = try installation.connect(cancellation: progress.cancellation)
    defer { connection.close() }
    var finished: [DeletionJournal.Entry] = []
    for entry in leftovers {
      let journal = try DeletionJournal(entry, in: uploads)
      if try Self.exists(entry.organization, connection) {
        journal.discard()
        continue
      }
      let files = OrganizationFiles(uploads: uploads, organization: entry.organization, reach: entry.reach)
      progress.note("Finishing the interrupted deletion of \(SafeText.clean(entry.name, limit: .name))")
      _ = try files.remove { try advance() }
      journal.discard()
      finished.append(entry)
    }
    return finished
  }

  /// Whether there is any.
  var areThere: Bool { get throws { try !DeletionJournal.leftovers(in: installation.uploadsFolder).isEmpty } }

  static func exists(_ id: Int64, _ connection: Connection) throws -> Bool {
    try connection.value("SELECT 1 FROM zerver_realm WHERE id = $1", [String(id)]) != nil
  }
}
