import Common
import Glibc

/// A folder that one process works in, told from one that a process left behind when it was killed by a mark in it that
/// the living one keeps locked.
///
/// The mark is made first and removed last: whatever the moment of a kill, what is left is either empty or marked.
final class ClaimedFolder {
  let path: String
  private let mark: String
  private var lock: FileLock?

  /// Makes the folder and claims it. Nil where there is one already, or where someone was quicker.
  ///
  /// - Parameter prepare: called with the new folder before there is anything in it.
  static func make(_ path: String, mark: String, mode: mode_t = 0o700, _ prepare: (String) -> Void = { _ in }) throws
    -> ClaimedFolder?
  {
    guard mkdir(path, mode) == 0 else {
      if errno == EEXIST { return nil }
      throw PlainFailure.system(path, "the folder cannot be made", errno: errno)
    }
    prepare(path)
    do {
      return try ClaimedFolder(path, mark: mark)
    } catch {
      rmdir(path)
      throw error
    }
  }

  /// Claims what a dead process left behind. Nil where its owner lives, or where it is nobody's.
  static func abandoned(_ path: String, mark: String) throws -> ClaimedFolder? {
    if FileSystem.exists("\(path)/\(mark)") { return try ClaimedFolder(path, mark: mark) }
    // Killed before it was marked, or after. Of another kind are only folders with something in them.
    return try FileSystem.isFolder(path) && FileSystem.names(in: path).isEmpty
      ? ClaimedFolder(path, mark: mark) : nil
  }

  private init?(_ path: String, mark: String) throws {
    self.path = path
    self.mark = "\(path)/\(mark)"
    do {
      guard let lock = try FileLock(self.mark) else { return nil }
      self.lock = lock
    } catch {
      // Someone took the empty folder for an abandoned one, and has removed it.
      if !FileSystem.isFolder(path) { return nil }
      throw error
    }
    // The same, between the opening of the mark and its locking.
    guard FileSystem.exists(self.mark) else { return nil }
  }

  /// The folder is finished, and nobody's any more.
  func release() {
    unlink(mark)
    lock = nil
  }

  /// Removes the folder with all that is in it.
  func remove() throws {
    for name in try FileSystem.names(in: path) where "\(path)/\(name)" != mark {
      try FileSystem.removeTree("\(path)/\(name)")
    }
    try FileSystem.removeTree(path)
    lock = nil
  }

  /// Stops working in it and leaves it as it is, for the next one who looks for abandoned folders.
  func abandon() { lock = nil }
}
