import Common
import Glibc

/// One rename of a swap, which can be done and taken back any number of times: what has been done is seen from the disk.
///
/// The path that carries the restore's own mark tells: nobody else makes or removes it.
struct Move: Sendable, Codable, Equatable {
  enum Direction: String, Sendable, Codable {
    /// The old state leaves its place.
    case out
    /// The new state takes it.
    case into
  }

  /// Where the server looks.
  let live: String
  /// Where the old state is kept, or the new one waits: on the same file system.
  let aside: String
  let direction: Direction

  func perform() throws {
    switch direction {
    case .out: if !Self.isThere(aside), Self.isThere(live) { try Self.rename(live, aside) }
    case .into: if Self.isThere(aside) { try Self.rename(aside, live) }
    }
  }

  func takeBack() throws {
    switch direction {
    case .out: if Self.isThere(aside) { try Self.rename(aside, live) }
    case .into: if !Self.isThere(aside), Self.isThere(live) { try Self.rename(live, aside) }
    }
  }

  /// Links count as what they are.
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
