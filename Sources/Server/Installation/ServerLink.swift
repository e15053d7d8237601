import Common

/// Symbolic links as seen by a server below another root.
package enum ServerLink {
  /// Returns the destination of a path: itself, unless it is a link. An absolute link target is a path below the
  /// server's root, as for the server itself: below `/proc/1/root`, or in a folder with a copy of a container's file
  /// system.
  ///
  /// - Parameter root: empty for `/`: then links are left to the kernel.
  package static func destination(_ path: String, root: String) -> String {
    guard !root.isEmpty else { return path }
    var path = path
    // The same limit as the kernel's.
    for _ in 0..<40 {
      guard let target = FileSystem.linkTarget(path) else { return path }
      if target.hasPrefix("/") {
        let isBelow = target == root || target.hasPrefix(root + "/")
        path = !isBelow && FileSystem.lexists(root + target) ? root + target : target
      } else {
        let folder = path.lastIndex(of: "/").map { String(path[...$0]) } ?? ""
        path = folder + target
      }
    }
    return path
  }
}
