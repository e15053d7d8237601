import Common

/// Empties the server's cache by whichever way works: memcached itself, else the server's script.
public enum ServerCache {
  /// How it would be done; nil where neither way is here.
  public static func way(_ installation: Installation) -> String? {
    if let cache = Memcached(installation) { return cache.label }
    let scripts = ServerScripts(installation)
    return scripts.isHere(.flushCache) ? "the server's flush-memcached script" : nil
  }

  /// - Returns: how it was done.
  /// - Throws: the first way's failure where the second does not work either.
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

  /// For operations whose work is done and must not fail any more: a cache that cannot be emptied is a warning, once.
  static func flushOrWarn(_ installation: Installation, progress: Progress) {
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
