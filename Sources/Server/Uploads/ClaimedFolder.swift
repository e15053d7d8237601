import Common
import Glibc

/// A folder that one process works in. It is distinguished from a folder that a killed process has left by a marker
/// file, which a live process keeps locked.
///
/// The marker is created first and removed last: after a kill at any time, the leftover is either empty or marked. The
/// folder and its parent are held open, so that replacing either with a link redirects nothing.
package final class ClaimedFolder {
  let folder: OpenFolder
  private let parent: OpenFolder
  private let name: String
  private let mark: String
  private var lock: FileLock?

  package var path: String { folder.path }

  /// Creates and claims the folder. Returns nil if it exists already, or if another process was faster.
  static func make(
    _ name: String, in parent: OpenFolder, mark: String, mode: mode_t = 0o700, owner: OpenFolder.Owner? = nil
  ) throws -> ClaimedFolder? {
    guard let folder = try parent.make(name, mode: mode, owner: owner) else { return nil }
    do {
      return try ClaimedFolder(folder, name, parent, mark)
    } catch {
      unlinkat(parent.descriptor, name, AT_REMOVEDIR)
      throw error
    }
  }

  /// Claims what a dead process left. Returns nil if its owner is alive, if it is not such a folder, and if it is not a
  /// folder.
  package static func abandoned(_ name: String, in parent: OpenFolder, mark: String) throws -> ClaimedFolder? {
    guard let status = parent.status(name), status.st_mode & S_IFMT == S_IFDIR,
      let folder = try parent.folder(name)
    else { return nil }
    if folder.status(mark) != nil { return try ClaimedFolder(folder, name, parent, mark) }
    do {
      // The process was killed before it was marked, or after. Folders of other kinds are not empty.
      return try folder.isEmpty() ? ClaimedFolder(folder, name, parent, mark) : nil
    } catch  where parent.status(name) == nil {
      // Its owner has just removed it.
      return nil
    }
  }

  /// Returns whether ``abandoned(_:in:mark:)`` would claim it. Changes nothing.
  ///
  /// - Parameter whereEmpty: whether an empty folder without a marker counts too, once no process can be about to mark
  ///   it.
  package static func isAbandoned(_ name: String, in parent: OpenFolder, mark: String, whereEmpty: Bool = true) -> Bool
  {
    guard let status = parent.status(name), status.st_mode & S_IFMT == S_IFDIR, let folder = try? parent.folder(name)
    else { return false }
    if folder.status(mark) != nil { return FileLock.isFree(mark, in: folder) }
    return whereEmpty && time(nil) - status.st_mtim.tv_sec > 60 && (try? folder.isEmpty()) == true
  }

  private init?(_ folder: OpenFolder, _ name: String, _ parent: OpenFolder, _ mark: String) throws {
    self.folder = folder
    self.name = name
    self.parent = parent
    self.mark = mark
    do {
      guard let lock = try FileLock(mark, in: folder) else { return nil }
      self.lock = lock
    } catch {
      // Another process treated the empty folder as abandoned and removed it.
      if parent.status(name) == nil { return nil }
      throw error
    }
    // The same can happen between opening and locking the marker: another process may have created a new marker since.
    guard lock?.isStill(mark, in: folder) == true else { return nil }
  }

  /// Releases the folder: it is finished and no longer claimed.
  func release() {
    unlinkat(folder.descriptor, mark, 0)
    lock = nil
  }

  /// Deletes the folder with its content.
  package func remove() throws {
    try folder.removeContents(sparing: mark)
    try folder.removeFile(mark)
    // Another entry of that name may have replaced it: only an empty folder is deleted. Without its marker, any process
    // that cleans up may claim the folder: the one that has marked it since deletes it.
    while unlinkat(parent.descriptor, name, AT_REMOVEDIR) != 0, errno != ENOENT, errno != ENOTDIR {
      let code = errno
      if code == ENOTEMPTY, folder.status(mark) != nil { break }
      guard code == ENOTEMPTY, (try? folder.isEmpty()) != false else {
        throw PlainFailure.system(SafeText.clean(path, limit: .path), "cannot be removed", errno: code)
      }
    }
    lock = nil
  }

  /// Ends the claim and leaves the folder unchanged, for the next search for abandoned folders.
  func abandon() { lock = nil }
}
