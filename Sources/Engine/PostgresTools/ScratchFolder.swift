import Common
import Glibc

/// A private folder for what an operation needs on the way; gone with the object.
///
/// Whoever uses one holds a lock in it, which the kernel lets go of with the process, `kill -9` included: a folder whose
/// lock is free belongs to nobody any more. The next operation that wants one in the same place removes it, and the
/// beginning of imports, backups and rehearsals in the places where they are by default.
final class ScratchFolder: Sendable {
  let path: String
  private let lock: FileLock

  static let prefix = ".aloha-wizard-work-"
  /// Where folders are made unless the operator names another place.
  static let places = ["/var/tmp", "/tmp"]
  /// How old a folder without a lock is before nobody can be about to lock it, in seconds.
  private static let settled = 60

  /// - Parameters:
  ///   - parent: made where it is missing.
  ///   - user: the system user whom it is to belong to; nil for this one.
  init(in parent: String, for user: String? = nil) throws {
    try FileSystem.makeFolder(parent)
    Self.removeLeftOvers(in: [parent], of: user)
    (path, lock) = try Self.make(in: parent)
    if let user, let entry = getpwnam(user) {
      guard chown(path, entry.pointee.pw_uid, entry.pointee.pw_gid) == 0 else {
        let failure = PlainFailure.system(path, "cannot be given to \(user)", errno: errno)
        try? FileSystem.removeTree(path)
        throw failure
      }
    }
  }

  /// Between making the folder and locking it somebody may take it for a left-over: then another one is made.
  private static func make(in parent: String) throws -> (String, FileLock) {
    for _ in 0..<20 {
      let path = "\(parent)/\(prefix)\(RandomText.alphanumeric(10))"
      guard mkdir(path, 0o700) == 0 else {
        throw PlainFailure.system(path, "the folder cannot be made", errno: errno)
      }
      do {
        if let lock = try FileLock("\(path)/.lock"), lock.isStill("\(path)/.lock") { return (path, lock) }
      } catch  where FileSystem.isFolder(path) {
        try? FileSystem.removeTree(path)
        throw error
      } catch {}
    }
    throw PlainFailure(.conflict, parent, "no folder for this work stays here", remedy: "name one with --work-folder")
  }

  deinit { remove() }

  func remove() { try? FileSystem.removeTree(path) }

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
  static func removeLeftOvers(in parents: [String] = places, of user: String? = nil) {
    let users = [user, "postgres"].compactMap { $0 }
    let owners = users.compactMap { (name: String) in getpwnam(name)?.pointee.pw_uid } + [geteuid()]
    for parent in parents {
      for name in (try? FileSystem.names(in: parent)) ?? [] where name.hasPrefix(prefix) {
        removeLeftOver("\(parent)/\(name)", owners)
      }
    }
  }

  /// Others can write where these folders are: only what is a folder of ours is touched.
  private static func removeLeftOver(_ path: String, _ owners: [uid_t]) {
    var status = stat()
    guard lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR, status.st_mode & 0o077 == 0,
      owners.contains(status.st_uid)
    else { return }
    let file = "\(path)/.lock"
    guard FileSystem.exists(file) else {
      // Killed before it could lock it. What has been put into it since goes only with a lock.
      if time(nil) - status.st_mtim.tv_sec > settled { rmdir(path) }
      return
    }
    // Who holds the lock is alive.
    guard let lock = try? FileLock(file) else { return }
    try? FileSystem.removeTree(path)
    withExtendedLifetime(lock) {}
  }
}
