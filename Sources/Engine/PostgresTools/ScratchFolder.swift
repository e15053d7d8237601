import Common
import Glibc

/// A private folder for what an operation needs on the way; gone with the object.
///
/// Whoever uses one holds a lock in it, which the kernel lets go of with the process, `kill -9` included: a folder whose
/// lock is free belongs to nobody any more. The lock is removed last, when nothing else is in the folder: whatever moment
/// the process dies at, the next command finds what is left. It looks in the places where such folders are by default
/// and in those that were named by an operator, which ``ScratchPlaces`` remembers.
final class ScratchFolder: Sendable {
  private let place: OpenFolder
  private let folder: OpenFolder
  private let lock: FileLock

  var path: String { folder.path }

  private static let mark = ".lock"
  static let prefix = ".aloha-wizard-work-"
  /// Where folders are made unless the operator names another place.
  static let places = ["/var/tmp", "/tmp"]
  /// - Parameters:
  ///   - parent: made where it is missing.
  ///   - user: the system user whom it is to belong to; nil for this one.
  init(in parent: String, for user: String? = nil) throws {
    try FileSystem.makeFolder(parent)
    let place = try OpenFolder(parent)
    Self.removeLeftOvers(in: place, of: user)
    ScratchPlaces.remember(place.path)
    (folder, lock) = try Self.make(in: place)
    self.place = place
    // Another command may have forgotten the place while there was nothing in it.
    ScratchPlaces.remember(place.path)
    if let user, let entry = getpwnam(user) {
      guard fchown(folder.descriptor, entry.pointee.pw_uid, entry.pointee.pw_gid) == 0 else {
        let failure = PlainFailure.system(folder.path, "cannot be given to \(user)", errno: errno)
        remove()
        throw failure
      }
    }
  }

  /// Between making the folder and locking it somebody may take it for a left-over: then another one is made.
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

  func remove() { try? Self.remove(folder, name, in: place) }

  /// Removes a folder with all that is in it, its lock last.
  ///
  /// - Parameter removed: called after each entry that was removed.
  static func remove(
    _ folder: OpenFolder, _ name: String, in place: OpenFolder, removed: () throws -> Void = {}
  ) throws {
    try folder.removeContents(sparing: mark, removed: removed)
    try folder.removeFile(mark)
    try removed()
    // Something else of that name may have taken its place: only what is empty goes.
    guard unlinkat(place.descriptor, name, AT_REMOVEDIR) == 0 || errno == ENOENT || errno == ENOTDIR else {
      throw PlainFailure.system(SafeText.clean(folder.path, limit: 300), "cannot be removed", errno: errno)
    }
  }

  private var name: String { path.split(separator: "/").last.map(String.init) ?? path }

  /// The first of some places that `user` can get to, through every folder on the way.
  static func place(among candidates: [String], for user: String?) -> String? {
    candidates.first { candidate in
      guard FileSystem.isFolder(candidate), access(candidate, W_OK) == 0 else { return false }
      return canEnter(candidate, user: user)
    }
  }

  /// Whether a system user gets through every folder of the path.
  static func canEnter(_ folder: String, user: String?) -> Bool {
    guard let user else { return access(folder, X_OK) == 0 }
    return (try? Subprocess("/usr/bin/test", ["-x", folder], directory: "/", user: user).run().status) == 0
  }

  /// The first folder on the way to `path` that a system user cannot enter.
  static func obstacle(to path: String, user: String?) -> String? {
    var way = ""
    for part in path.split(separator: "/") {
      way += "/\(part)"
      guard FileSystem.isFolder(way) else { return nil }
      if !canEnter(way, user: user) { return way }
    }
    return nil
  }

  /// Removes what killed processes of this program have left.
  ///
  /// - Parameter user: folders that were given to this system user count as ours too.
  static func removeLeftOvers(in parents: [String]? = nil, of user: String? = nil) {
    for parent in parents ?? places + ScratchPlaces.remembered() {
      guard let place = try? OpenFolder(parent) else { continue }
      removeLeftOvers(in: place, of: user)
    }
  }

  private static func removeLeftOvers(in place: OpenFolder, of user: String?) {
    for leftover in abandoned(in: place, of: user) { try? leftover.remove() }
  }

  /// A folder that a killed process has left. It is claimed for as long as this value lives.
  struct Abandoned {
    let name: String
    let place: OpenFolder
    let folder: OpenFolder
    fileprivate let lock: FileLock?

    var path: String { folder.path }

    /// Removes it, and ends the throw-away PostgreSQL that may still work in it.
    func remove() throws {
      ThrowawayCluster.endAbandoned(in: folder)
      // Killed before it could lock it, or after all was removed: what has been put into it since goes only with a lock.
      if lock == nil {
        unlinkat(place.descriptor, name, AT_REMOVEDIR)
      } else {
        try ScratchFolder.remove(folder, name, in: place)
      }
    }
  }

  /// Folders of ours that are filled and have no lock, for longer than any command needs to make one: commands of earlier
  /// versions that were killed while they removed them. An operator decides about these.
  static func unlocked(in place: OpenFolder) -> [String] {
    ours(in: place, of: nil).filter { _, folder, changed in
      folder.status(mark) == nil && (try? folder.isEmpty()) == false && time(nil) - changed > 60
    }.map(\.name)
  }

  /// What killed processes of this program have left in a folder. Others can write there: only what is a folder of ours
  /// counts.
  static func abandoned(in place: OpenFolder, of user: String? = nil) -> [Abandoned] {
    ours(in: place, of: user).compactMap { name, folder, _ in
      guard folder.status(mark) != nil else {
        // Who has just made it and is about to lock it makes another one.
        return (try? folder.isEmpty()) == true ? Abandoned(name: name, place: place, folder: folder, lock: nil) : nil
      }
      // Who holds the lock is alive.
      guard let lock = try? FileLock(mark, in: folder) else { return nil }
      return Abandoned(name: name, place: place, folder: folder, lock: lock)
    }
  }

  private static func ours(
    in place: OpenFolder, of user: String?
  ) -> [(name: String, folder: OpenFolder, changed: Int)] {
    // Root keeps nobody else's folders: besides its own there are those that were given to the database's user.
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
