import Common

/// The folder of this program's state on a server: jobs, records of restores, settings to be set by hand.
public enum StateFolder {
  private static let usual = "/var/lib/\(Program.name)"

  /// Returns `/var/lib/aloha-wizard` below the root; in a container `/data/aloha-wizard`, because all else is lost with
  /// it.
  ///
  /// - Parameter root: "/" in production. The server's settings are not needed.
  public static func path(root: String) -> String {
    let root = RootFolder(root).prefix
    return place(Container.find(root: root)?.hasVolume == true ? "\(Container.volume)/\(Program.name)" : usual, root)
  }

  /// Returns other folders that may contain state: from before a server was recognized as a container, and vice versa.
  package static func others(root: String) -> [String] {
    let root = RootFolder(root).prefix
    let own = path(root: root)
    return [usual, "\(Container.volume)/\(Program.name)"].map { place($0, root) }.filter {
      $0 != own && FileSystem.isFolder($0)
    }
  }

  private static func place(_ path: String, _ root: String) -> String {
    ServerLink.destination(root + path, root: root)
  }
}
