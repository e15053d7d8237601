import Common

/// Paths of a server below another root, with symbolic links as the server sees them.
package enum ServerLink {
  /// Returns the path without any links. An absolute link target is a path below the server's root, as for the server
  /// itself: below `/proc/1/root`, or in a folder with a copy of a container's file system. See
  /// ``Common/FileSystem/resolved(_:root:)``.
  ///
  /// - Parameter root: empty for `/`, otherwise resolved.
  package static func destination(_ path: String, root: String) -> String { FileSystem.resolved(path, root: root) }
}
