import Common

/// Links as a server below another root sees them.
enum ServerLink {
  /// Where a path leads to: itself, unless it is a link. A link to an absolute path means a path below the server's root,
  /// as for the server itself: below `/proc/1/root`, or in a folder that a container's file system was copied to.
  ///
  /// - Parameter root: empty for `/`: then the kernel does it.
  static func destination(_ path: String, root: String) -> String {
    guard !root.isEmpty else { return path }
    var path = path
    // As many as the kernel follows.
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
