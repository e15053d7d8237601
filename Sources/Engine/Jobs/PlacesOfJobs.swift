import Common

/// Folders that the jobs of a server have worked in or written archives and backups to.
extension JobStore {
  private static let mostJobs = 50
  private static let mostJobsWithBackups = 200

  /// Where leftovers of jobs are looked for.
  var places: JobPlaces {
    let newest = ((try? jobs()) ?? []).prefix(Self.mostJobs)
    return JobPlaces(
      records: folder, work: Set(newest.flatMap { (try? $0.readHeader())?.operation.traces.workFolders ?? [] }).sorted()
    )
  }

  /// Folders that backups were written to, in the order of the jobs.
  var backupFolders: [String] {
    ((try? jobs()) ?? []).prefix(Self.mostJobsWithBackups).compactMap {
      (try? $0.readHeader())?.operation.traces.backupFolder
    }
  }
}

extension FoundBackups {
  /// Folders worth a look: those that earlier jobs of this server have written backups to, and the usual ones.
  ///
  /// - Parameters:
  ///   - root: of the server; "/" in production.
  ///   - others: further ones; they come first.
  public static func usualFolders(root: String, others: [String] = []) -> [String] {
    usualFolders(root: root, others: others, used: JobStore(root: root).backupFolders)
  }
}

extension Leftovers {
  /// Lists the leftovers of now. Never fails: places that cannot be read are skipped, because another command is the
  /// subject.
  public static func report(root: String, brand: Brand? = nil) -> [Leftover] {
    report(root: root, brand: brand, jobs: JobStore(root: root).places)
  }

  /// Removes what can be removed without a decision, see ``remove(_:jobs:finishesDeletions:progress:)``.
  @discardableResult
  static func remove(
    _ server: ServerReference, finishesDeletions: Bool = true, progress: Progress
  ) -> (removed: [Leftover], remaining: [Leftover]) {
    remove(server, jobs: JobStore(root: server.root).places, finishesDeletions: finishesDeletions, progress: progress)
  }
}
