import CSystem
import Glibc

extension FileSystem {
  /// Returns the absolute path of the same file or folder without `.`, `..`, repeated or trailing slashes and symbolic
  /// links. Two paths of one folder have the same result, except through bind mounts, see ``FileIdentity``.
  ///
  /// Names that do not exist are kept; `..` after such a name removes it. A path with too many links is only cleaned.
  ///
  /// - Parameter root: the root folder of a server, itself resolved, without a trailing slash; empty for `/`. For a path
  ///   below it, links are followed as the server follows them: an absolute target is below the root if it exists there,
  ///   and `..` does not leave the root.
  public static func resolved(_ path: String, root: String = "") -> String {
    var walk = LinkWalk(root: root)
    let path = TypedPath.resolved(path)
    return walk.follow(path) ?? LinkWalk.cleaned(path)
  }

  /// Returns the same as ``resolved(_:root:)``, or, as root, the cleaned path if a link of another user leads to a folder
  /// of a different user: ``OpenFolder`` refuses such a path.
  public static func resolvedForOpening(_ path: String, root: String = "") -> String {
    var walk = LinkWalk(root: root)
    let path = TypedPath.resolved(path)
    guard let real = walk.follow(path) else { return LinkWalk.cleaned(path) }
    guard geteuid() == 0, !walk.strangers.isEmpty else { return real }
    var status = stat()
    guard stat(real, &status) == 0, walk.strangers.contains(where: { $0 != status.st_uid }) else { return real }
    return LinkWalk.cleaned(path)
  }
}

/// A file or folder on this machine, whatever its path: links, `..` and bind mounts lead to the same identity.
public struct FileIdentity: Sendable, Hashable, Codable {
  private let device: UInt64
  private let inode: UInt64

  /// - Returns: nil if the path does not exist.
  public init?(_ path: String) {
    var status = stat()
    guard stat(path, &status) == 0 else { return nil }
    device = UInt64(status.st_dev)
    inode = UInt64(status.st_ino)
  }
}

/// The root folder of a server, resolved once: every path of one folder gives an equal value.
public struct RootFolder: Sendable, Hashable {
  /// "/" in production, otherwise without a trailing slash.
  public let path: String

  /// - Parameter path: absolute, or relative to the working directory; empty for `/`.
  public init(_ path: String) {
    self.path = path.isEmpty ? "/" : FileSystem.resolved(path)
  }

  /// The beginning of all paths of the server: empty for `/`.
  public var prefix: String { path == "/" ? "" : path }

  /// Whether this is `/`, also through a bind mount.
  public var isMachine: Bool { path == "/" || FileIdentity(path) == FileIdentity("/") }

  /// Returns the part of a path of this machine below this folder, with a leading slash; empty for the folder itself.
  ///
  /// - Returns: nil if the path does not lead into this folder.
  public func part(below path: String) -> String? {
    guard self.path != "/" else { return LinkWalk.cleaned(path) }
    // The names after the root are kept: links among them are the server's, not this machine's.
    if let own = FileIdentity(self.path) {
      let names = LinkWalk.names(path)
      for count in stride(from: names.count, through: 1, by: -1)
      where FileIdentity("/" + names.prefix(count).joined(separator: "/")) == own {
        let rest = names.dropFirst(count)
        if !Self.leaves(rest) { return rest.map { "/\($0)" }.joined() }
      }
    }
    let real = FileSystem.resolved(path)
    guard real == self.path || real.hasPrefix(self.path + "/") else { return nil }
    return String(real.dropFirst(self.path.count))
  }

  /// Whether `..` leads out of the folder that the names begin in.
  private static func leaves(_ names: ArraySlice<String>) -> Bool {
    var depth = 0
    for name in names {
      depth += name == ".." ? -1 : 1
      if depth < 0 { return true }
    }
    return false
  }
}

/// Follows a path name by name. The kernel and `realpath` cannot be used: they follow absolute links from `/`, and
/// `realpath` takes `/proc/1/root` for `/`.
private struct LinkWalk {
  /// More than the kernel follows, because targets are tried below the root first.
  private static let mostLinks = 80
  private static let procFileSystem = 0x9FA0

  let root: String
  /// The owners of followed links, except root.
  private(set) var strangers: [uid_t] = []
  private var links = 0

  init(root: String) { self.root = root }

  static func names(_ path: String) -> [String] {
    path.split(separator: "/").map(String.init).filter { $0 != "." }
  }

  /// Returns the path without `.` and superfluous slashes. `..` is kept: its meaning depends on links.
  static func cleaned(_ path: String) -> String { "/" + names(path).joined(separator: "/") }

  /// - Returns: nil if there are too many links.
  mutating func follow(_ path: String) -> String? {
    var (current, names) = start(path)
    // Links of `/proc` whose target has no path here.
    var kept: Set<String> = []
    while let name = names.popLast() {
      if name == ".." {
        if !root.isEmpty, current == root { continue }
        if kept.contains(current) || current.hasSuffix("/..") {
          current += "/.."
        } else if let slash = current.lastIndex(of: "/") {
          current = String(current[..<slash])
        }
        continue
      }
      let next = "\(current)/\(name)"
      guard let target = FileSystem.linkTarget(next) else {
        current = next
        continue
      }
      guard !Self.isWithoutPath(target, of: next, in: current) else {
        kept.insert(next)
        current = next
        continue
      }
      links += 1
      guard links <= Self.mostLinks else { return nil }
      var status = stat()
      if lstat(next, &status) == 0, status.st_uid != 0 { strangers.append(status.st_uid) }
      guard target.hasPrefix("/") else {
        names += Self.names(target).reversed()
        continue
      }
      let rest = names
      (current, names) = start(target)
      if !root.isEmpty, current != root, let inside = follow(root + target), FileSystem.lexists(inside) {
        (current, names) = (inside, [])
      }
      names = rest + names
    }
    return current.isEmpty ? "/" : current
  }

  /// Returns where an absolute path starts, and its names from there, the last one first.
  private func start(_ path: String) -> (current: String, names: [String]) {
    guard !root.isEmpty, let below = Self.below(path, root) else { return ("", Self.names(path).reversed()) }
    return (root, Self.names(below).reversed())
  }

  private static func below(_ path: String, _ root: String) -> String? {
    let path = cleaned(path)
    return path == root ? "" : path.hasPrefix(root + "/") ? String(path.dropFirst(root.count)) : nil
  }

  /// Returns whether a link of `/proc` leads to a folder that its target does not name here: that of a process in a
  /// container.
  private static func isWithoutPath(_ target: String, of link: String, in folder: String) -> Bool {
    guard target.hasPrefix("/"), csystem_filesystem_type(folder) == procFileSystem else { return false }
    return FileIdentity(target) != FileIdentity(link)
  }
}
