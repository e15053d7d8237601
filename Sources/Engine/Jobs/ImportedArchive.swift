import Common
import Operations

extension JobStore {
  /// Returns the archive of the newest import into a subdomain of a server.
  ///
  /// - Returns: nil if no job of this program imported it, or if the archive does not exist any more.
  public func archive(importedInto root: String, as subdomain: String) -> String? {
    let server = ServerReference(root: root)
    for job in (try? jobs()) ?? [] {
      guard let operation = try? job.readHeader().operation, let imported = operation.traces.imported,
        imported.subdomain == subdomain,
        // A move imports into the last of its servers.
        operation.servers.last?.root == server.root, case .finished = job.state()
      else { continue }
      return FileSystem.exists(imported.archive) ? imported.archive : nil
    }
    return nil
  }
}
