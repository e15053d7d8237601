import Common
import Operations

/// Empties the server's cache: through memcached itself, otherwise with the server's script.
public enum ServerCache {
  /// Returns the method that would be used; nil if none is available.
  public static func way(_ installation: Installation) -> String? {
    if let cache = Memcached(installation) { return cache.label }
    let scripts = ServerScripts(installation)
    return scripts.isHere(.flushCache) ? "the server's flush-memcached script" : nil
  }

  /// - Returns: the method that was used.
  /// - Throws: the failure of the first method if the second one fails too.
  public static func flush(_ installation: Installation, progress: Progress) throws -> String {
    let scripts = ServerScripts(installation)
    guard let cache = Memcached(installation) else {
      try scripts.run(.flushCache, progress: progress)
      return "the server's script"
    }
    do {
      try cache.flush()
      return cache.label
    } catch {
      guard scripts.isHere(.flushCache) else { throw error }
      do { try scripts.run(.flushCache, progress: progress) } catch _ as PlainFailure { throw error }
      return "the server's script"
    }
  }

  /// Empties the cache after an operation that must not fail any more: a failure becomes a single warning.
  package static func flushOrWarn(_ installation: Installation, progress: Progress) {
    do { progress.note("The cache was emptied by \(try flush(installation, progress: progress))") } catch {
      let scripts = ServerScripts(installation)
      let reason = (error as? any Failure).map { "\($0.subject): \($0.reason)" } ?? "it failed"
      let warning =
        "The server's cache could not be emptied (\(reason)); people may see old data until "
        + "\(scripts.commandLine(.flushCache)) is run"
      if !progress.warnings.contains(warning) { progress.warn(warning) }
    }
  }
}
