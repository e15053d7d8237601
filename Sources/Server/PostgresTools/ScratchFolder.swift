import Common
import Glibc

/// A private folder for the temporary files of an operation; deleted with the object.
///
/// Its process holds a lock in it, which the kernel releases when the process ends, even after `kill -9`: a folder with
/// a free lock is abandoned. The lock alone decides, whatever the user, the server's root and the number of the process:
/// the folders of all servers of a machine are in the same places, and each command deletes the abandoned ones. The lock is deleted last, when the folder is otherwise empty: whenever the process dies,
/// the next command finds the leftovers. It searches the default places, and those that an operator has named, which
/// ``ScratchPlaces`` remembers.
package final class ScratchFolder: Sendable {
  private let place: OpenFolder
  private let folder: OpenFolder
  private let lock: FileLock

  package var path: String { folder.path }

  private static let mark = ".lock"
  static let prefix = ".aloha-wizard-work-"
  /// The places for folders unless the operator names another one.
  package static let places = ["/var/tmp", "/tmp"]
  /// - Parameters:
  ///   - parent: created if it is missing.
  ///   - user: the system user who gets the folder; nil for the current user.
  package init(in parent: String, for user: String? = nil) throws {
    try FileSystem.makeFolder(parent)
    let place = try OpenFolder(parent)
    Self.removeLeftOvers(in: place, of: user)
    ScratchPlaces.remember(place.path)
    (folder, lock) = try Self.make(in: place)
    self.place = place
    // Another command may have forgotten the place while it was empty.
    ScratchPlaces.remember(place.path)
    if let user, let entry = getpwnam(user) {
      guard fchown(folder.descriptor, entry.pointee.pw_uid, entry.pointee.pw_gid) == 0 else {
        let failure = PlainFailure.system(folder.path, "cannot be given to \(user)", errno: errno)
        remove()
        throw failure
      }
    }
  }

  /// Creates and locks a folder. Another process may take it for a leftover before it is locked: then another one is
  /// created.
  private static func make(in place: OpenFolder) throws -> (OpenFolder, FileLock) {
    var failure: (any Error)?
    for _ in 0..<20 {
      let name = "\(prefix)\(RandomText.alphanumeric(10))"
      do {
        guard let folder = try place.make(name) else { continue }
        if let lock = try FileLock(mark, in: folder), lock.isStill(mark, in: folder) { return (folder, lock) }
      } catch  where place.status(name) != nil {
        unlinkat(place.descriptor, name, AT_REMOVEDIR)
        throw error
      } catch { failure = error }
    }
    throw failure
      ?? PlainFailure(
        .conflict, place.path, "no folder for this work stays here", remedy: "name one with --work-folder")
  }

  deinit { remove() }

  package func remove() { try? Self.remove(folder, name, in: place) }

  /// Deletes a folder with its content, its lock last.
  ///
  /// - Parameter removed: called after each deleted entry.
  static func remove(
    _ folder: OpenFolder, _ name: String, in place: OpenFolder, removed: () throws -> Void = {}
  ) throws {
    try folder.removeContents(sparing: mark, removed: removed)
    try folder.removeFile(mark)
    try removed()
    // Another entry of that name may have replaced it: only an empty folder is deleted.
    guard unlinkat(place.descriptor, name, AT_REMOVEDIR) == 0 || errno == ENOENT || errno == ENOTDIR else {
      throw PlainFailure.system(SafeText.clean(folder.path, limit: .path), "cannot be removed", errno: errno)
    }
  }

  private var name: String { FileSystem.name(of: path) }

  /// Returns the first place that `user` can access, through each folder of the path.
  package static func place(among candidates: [String], for user: String?) -> String? {
    candidates.first { candidate in
      guard FileSystem.isFolder(candidate), access(candidate, W_OK) == 0 else { return false }
      return canEnter(candidate, user: user)
    }
  }

  /// Returns whether a system user can enter each folder of the path.
  static func canEnter(_ folder: String, user: String?) -> Bool {
    guard let user else { return access(folder, X_OK) == 0 }
    return (try? Subprocess("/usr/bin/test", ["-x", folder], directory: "/", user: user).run().status) == 0
  }

  /// Returns the first folder on the way to `path` that a system user cannot enter.
  static func obstacle(to path: String, user: String?) -> String? {
    var way = ""
    for part in path.split(separator: "/") {
      way += "/\(part)"
      guard FileSystem.isFolder(way) else { return nil }
      if !canEnter(way, user: user) { return way }
    }
    return nil
  }

  /// Deletes the leftovers of killed processes of this program.
  ///
  /// - Parameter user: folders of this system user are included.
  package static func removeLeftOvers(in parents: [String]? = nil, of user: String? = nil) {
    for parent in parents ?? places + ScratchPlaces.remembered() {
      guard let place = try? OpenFolder(parent) else { continue }
      removeLeftOvers(in: place, of: user)
    }
  }

  private static func removeLeftOvers(in place: OpenFolder, of user: String?) {
    for leftover in abandoned(in: place, of: user) { try? leftover.remove() }
  }

  /// A folder that a killed process has left. It stays claimed as long as this value exists.
  package struct Abandoned {
    package let name: String
    let place: OpenFolder
    let folder: OpenFolder
    fileprivate let lock: FileLock?

    package var path: String { folder.path }

    /// Deletes it, and stops a throw-away PostgreSQL that still runs in it.
    package func remove() throws {
      // The process was killed before it could lock it, or after all was deleted. Meanwhile another process may work in
      // it: without the lock neither its content nor its PostgreSQL is touched.
      guard lock != nil else {
        unlinkat(place.descriptor, name, AT_REMOVEDIR)
        return
      }
      ThrowawayCluster.endAbandoned(in: folder)
      try ScratchFolder.remove(folder, name, in: place)
    }
  }

  /// Returns folders of this program that are not empty and have no lock, for longer than any command needs to create
  /// one: the leftovers of earlier versions that were killed while deleting them. An operator decides about these.
  package static func unlocked(in place: OpenFolder) -> [String] {
    ours(in: place, of: nil).filter { _, folder, changed in
      folder.status(mark) == nil && (try? folder.isEmpty()) == false && time(nil) - changed > 60
    }.map(\.name)
  }

  /// Returns the leftovers of killed processes of this program in a folder. Other users can write there: only folders
  /// of this program's users count.
  package static func abandoned(in place: OpenFolder, of user: String? = nil) -> [Abandoned] {
    ours(in: place, of: user).compactMap { name, folder, _ in
      guard folder.status(mark) != nil else {
        // A process that has just created it and is about to lock it creates another one.
        return (try? folder.isEmpty()) == true ? Abandoned(name: name, place: place, folder: folder, lock: nil) : nil
      }
      // The holder of the lock is alive.
      guard let lock = try? FileLock(mark, in: folder) else { return nil }
      return Abandoned(name: name, place: place, folder: folder, lock: lock)
    }
  }

  private static func ours(
    in place: OpenFolder, of user: String?
  ) -> [(name: String, folder: OpenFolder, changed: Int)] {
    // Root ignores folders of other users, except its own and those given to the database's user.
    let users = geteuid() == 0 ? [user, "postgres"].compactMap { $0 } : []
    let owners = users.compactMap { (name: String) in getpwnam(name)?.pointee.pw_uid } + [geteuid()]
    return ((try? place.names()) ?? []).filter { $0.hasPrefix(prefix) }.compactMap { name in
      guard let folder = try? place.folder(name) else { return nil }
      var status = stat()
      guard fstat(folder.descriptor, &status) == 0, status.st_mode & 0o077 == 0, owners.contains(status.st_uid) else {
        return nil
      }
      return (name, folder, status.st_mtim.tv_sec)
    }
  }
}
