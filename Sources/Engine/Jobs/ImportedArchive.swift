import Common

extension JobStore {
  /// The archive that the newest import into a subdomain of a server was made from.
  ///
  /// - Returns: nil where no job of this program imported it, or where the archive is not on the disk any more.
  public func archive(importedInto root: String, as subdomain: String) -> String? {
    let root = FileSystem.absolute(root)
    for job in (try? jobs()) ?? [] {
      guard let operation = try? job.readHeader().operation, let imported = operation.traces.imported,
        imported.subdomain == subdomain,
        // Of a move it is the last of its servers that the organization came to.
        operation.servers.last.map({ FileSystem.absolute($0.root) }) == root, case .finished = job.state()
      else { continue }
      return FileSystem.exists(imported.archive) ? imported.archive : nil
    }
    return nil
  }
}
