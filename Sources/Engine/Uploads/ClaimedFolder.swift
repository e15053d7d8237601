import Common
import Glibc

/// A folder that one process works in, told from one that a process left behind when it was killed by a mark in it that
/// the living one keeps locked.
///
/// The mark is made first and removed last: whatever the moment of a kill, what is left is either empty or marked. The
/// folder and the one that it is in are held open, so that a link that takes the place of either redirects nothing.
final class ClaimedFolder {
  let folder: OpenFolder
  private let parent: OpenFolder
  private let name: String
  private let mark: String
  private var lock: FileLock?

  var path: String { folder.path }

  /// Makes the folder and claims it. Nil where there is one already, or where someone was quicker.
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

  /// Claims what a dead process left behind. Nil where its owner lives, where it is nobody's, and where it is no folder.
  static func abandoned(_ name: String, in parent: OpenFolder, mark: String) throws -> ClaimedFolder? {
    guard let status = parent.status(name), status.st_mode & S_IFMT == S_IFDIR,
      let folder = try parent.folder(name)
    else { return nil }
    if folder.status(mark) != nil { return try ClaimedFolder(folder, name, parent, mark) }
    do {
      // Killed before it was marked, or after. Of another kind are only folders with something in them.
      return try folder.isEmpty() ? ClaimedFolder(folder, name, parent, mark) : nil
    } catch  where parent.status(name) == nil {
      // Its owner has just removed it.
      return nil
    }
  }

  /// Whether ``abandoned(_:in:mark:)`` would claim it, without touching anything.
  ///
  /// - Parameter whereEmpty: whether an empty folder without a mark counts too, once nobody can be about to mark it.
  static func isAbandoned(_ name: String, in parent: OpenFolder, mark: String, whereEmpty: Bool = true) -> Bool {
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
      // Someone took the empty folder for an abandoned one, and has removed it.
      if parent.status(name) == nil { return nil }
      throw error
    }
    // The same, between the opening of the mark and its locking: others may have made a new mark since.
    guard lock?.isStill(mark, in: folder) == true else { return nil }
  }

  /// The folder is finished, and nobody's any more.
  func release() {
    unlinkat(folder.descriptor, mark, 0)
    lock = nil
  }

  /// Removes the folder with all that is in it.
  func remove() throws {
    try folder.removeContents(sparing: mark)
    try folder.removeFile(mark)
    // Something else of that name may have taken its place: only what is empty by now goes. Without its mark the folder
    // is anybody's who cleans up: whoever has marked it since removes it.
    while unlinkat(parent.descriptor, name, AT_REMOVEDIR) != 0, errno != ENOENT, errno != ENOTDIR {
      let code = errno
      if code == ENOTEMPTY, folder.status(mark) != nil { break }
      guard code == ENOTEMPTY, (try? folder.isEmpty()) != false else {
        throw PlainFailure.system(SafeText.clean(path, limit: 300), "cannot be removed", errno: code)
      }
    }
    lock = nil
  }

  /// Stops working in it and leaves it as it is, for the next one who looks for abandoned folders.
  func abandon() { lock = nil }
}
