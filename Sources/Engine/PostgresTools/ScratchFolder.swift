import Common
import Glibc

/// A private folder for what an operation needs on the way; gone with the object.
///
/// One that a killed process left behind is removed by the next operation that wants one in the same place.
final class ScratchFolder: Sendable {
  let path: String
  private let lock: FileLock

  private static let prefix = ".aloha-wizard-work-"

  /// - Parameters:
  ///   - parent: made where it is missing.
  ///   - user: the system user whom it is to belong to; nil for this one.
  init(in parent: String, for user: String? = nil) throws {
    try FileSystem.makeFolder(parent)
    Self.removeLeftOvers(in: parent)
    path = "\(parent)/\(Self.prefix)\(RandomText.alphanumeric(10))"
    guard mkdir(path, 0o700) == 0 else {
      throw PlainFailure.system(path, "the folder cannot be made", errno: errno)
    }
    do {
      guard let lock = try FileLock("\(path)/.lock") else {
        throw PlainFailure(.conflict, path, "another process uses this folder")
      }
      self.lock = lock
      if let user, let entry = getpwnam(user) {
        guard chown(path, entry.pointee.pw_uid, entry.pointee.pw_gid) == 0 else {
          throw PlainFailure.system(path, "cannot be given to \(user)", errno: errno)
        }
      }
    } catch {
      try? FileSystem.removeTree(path)
      throw error
    }
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

  private static func removeLeftOvers(in parent: String) {
    for name in (try? FileSystem.names(in: parent)) ?? [] where name.hasPrefix(prefix) {
      let path = "\(parent)/\(name)"
      // Who holds the lock is alive.
      if let lock = try? FileLock("\(path)/.lock") {
        try? FileSystem.removeTree(path)
        withExtendedLifetime(lock) {}
      }
    }
  }
}
