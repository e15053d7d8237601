import Common
import Glibc

/// The system user that runs a private cluster: the current user, but for root `postgres` or else `nobody`, because
/// PostgreSQL does not run as root.
struct ClusterUser: Sendable {
  /// nil if the cluster runs as the user of this program.
  let name: String?
  let id: uid_t
  let group: gid_t

  /// Returns the user for a new cluster.
  ///
  /// - Throws: `.configuration` for root if the machine has neither of the two users.
  static func choose() throws -> ClusterUser {
    guard geteuid() == 0 else { return ClusterUser(name: nil, id: geteuid(), group: getegid()) }
    for name in ["postgres", "nobody"] {
      if let entry = getpwnam(name) {
        return ClusterUser(name: name, id: entry.pointee.pw_uid, group: entry.pointee.pw_gid)
      }
    }
    throw PlainFailure(
      .configuration, "PostgreSQL", "it does not run as root, and this machine has neither a user postgres nor nobody",
      remedy: "run this as another user than root")
  }

  /// Returns whether this user can enter every folder of the path.
  func canEnter(_ folder: String) -> Bool {
    guard name != nil else { return true }
    let test = Subprocess("/usr/bin/test", ["-x", folder], directory: "/", user: name)
    return (try? test.run().status) == 0
  }

  /// Creates a folder with mode 0700 that this user owns, or reuses one.
  ///
  /// - Throws: `.conflict` if the path exists and is not a folder which only this user can access.
  func makeOwnFolder(_ path: String) throws {
    if mkdir(path, 0o700) == 0 {
      guard chown(path, id, group) == 0 else { throw PlainFailure.system(path, "cannot be given away", errno: errno) }
      return
    }
    var status = stat()
    guard errno == EEXIST, lstat(path, &status) == 0 else {
      throw PlainFailure.system(path, "the folder cannot be made", errno: errno)
    }
    guard status.st_mode & S_IFMT == S_IFDIR, status.st_uid == id, status.st_mode & 0o077 == 0 else {
      throw PlainFailure(
        .conflict, path, "is there already and does not belong to \(name ?? "this user") alone",
        remedy: "remove it, or choose another folder")
    }
  }
}
