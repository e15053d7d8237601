import Common
import Operations
import WholeServer

/// The folders that jobs of a server have used for work, archives and backups.
extension JobStore {
  private static let mostJobs = 50
  private static let mostJobsWithBackups = 200

  /// The folders to search for leftovers of jobs.
  var places: JobPlaces {
    let newest = ((try? jobs()) ?? []).prefix(Self.mostJobs)
    return JobPlaces(
      records: folder, work: Set(newest.flatMap { (try? $0.readHeader())?.operation.traces.workFolders ?? [] }).sorted()
    )
  }

  /// The archives that recent jobs wrote or imported, the newest job first. They may be gone.
  var archives: [OperationTraces.WrittenArchive] {
    ((try? jobs()) ?? []).prefix(Self.mostJobs).flatMap { job -> [OperationTraces.WrittenArchive] in
      guard let traces = (try? job.readHeader())?.operation.traces else { return [] }
      // The subdomain of an import is the new one, not that in the archive.
      return traces.written + [.init(traces.imported?.archive)].compactMap(\.self)
    }
  }

  /// The folders that received backups, in the order of the jobs.
  var backupFolders: [String] {
    ((try? jobs()) ?? []).prefix(Self.mostJobsWithBackups).compactMap {
      (try? $0.readHeader())?.operation.traces.backupFolder
    }
  }
}

extension FoundBackups {
  /// Returns the folders to search for backups: those of earlier jobs and the usual ones.
  ///
  /// - Parameters:
  ///   - root: the root of the server; "/" in production.
  ///   - others: additional folders; they come first.
  public static func usualFolders(root: String, others: [String] = []) -> [String] {
    usualFolders(root: root, others: others, used: JobStore(root: root).backupFolders)
  }
}

extension Leftovers {
  /// Lists the current leftovers. Never fails: unreadable places are skipped, because another command is the subject.
  public static func report(root: String, brand: Brand? = nil) -> [Leftover] {
    report(root: root, brand: brand, jobs: JobStore(root: root).places)
  }

  /// Deletes the leftovers that need no decision, see ``remove(_:jobs:finishesDeletions:progress:)``.
  @discardableResult
  static func remove(
    _ server: ServerReference, finishesDeletions: Bool = true, progress: Progress
  ) -> (removed: [Leftover], remaining: [Leftover]) {
    remove(server, jobs: JobStore(root: server.root).places, finishesDeletions: finishesDeletions, progress: progress)
  }
}
