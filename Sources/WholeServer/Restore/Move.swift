import Common
import Glibc

/// One rename of an exchange. It can be done and undone any number of times: its state is read from the disk.
///
/// The state is determined by the path with the restore's own mark, which nothing else creates or deletes.
struct Move: Sendable, Codable, Equatable {
  enum Direction: String, Sendable, Codable {
    /// The old state is moved out of its place.
    case out
    /// The new state is moved into it.
    case into
  }

  /// The path that the server uses.
  let live: String
  /// The path of the old or the new state, on the same file system.
  let aside: String
  let direction: Direction

  func perform() throws {
    switch direction {
    case .out: if !Self.isThere(aside), Self.isThere(live) { try Self.rename(live, aside) }
    case .into: if Self.isThere(aside) { try Self.rename(aside, live) }
    }
  }

  func undo() throws {
    switch direction {
    case .out: if Self.isThere(aside) { try Self.rename(aside, live) }
    case .into: if !Self.isThere(aside), Self.isThere(live) { try Self.rename(live, aside) }
    }
  }

  /// Returns whether the path exists; links are not followed.
  static func isThere(_ path: String) -> Bool {
    var status = stat()
    return lstat(path, &status) == 0
  }

  private static func rename(_ from: String, _ to: String) throws {
    guard FileSystem.renameNew(from, to: to) else {
      let code = errno
      if code == EEXIST {
        throw PlainFailure(
          .conflict, to, "is in the way: it was created during the restore",
          remedy: "look at it, move it elsewhere, then go on")
      }
      throw PlainFailure.system(from, "cannot be renamed to \(to)", errno: code)
    }
    try FileSystem.syncFolder(of: from)
    try FileSystem.syncFolder(of: to)
  }
}
