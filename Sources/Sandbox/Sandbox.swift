import Common
import Glibc
import Operations
import Postgres
import Synchronization

/// Throw-away servers in one folder, with one private PostgreSQL for all.
///
/// All its processes are stopped by ``stop()``, when it is released, and when the owning process ends for any reason.
public final class Sandbox: Sendable {
  public let directory: String
  public let cluster: PrivateCluster
  private let made = Mutex<[SandboxServer]>([])

  /// Starts a new cluster in `directory/cluster`; existing data in it is deleted. Servers are created beside it.
  ///
  /// - Parameter isTemporary: whether `directory` is deleted after the cluster has stopped.
  init(directory: String, isTemporary: Bool) throws {
    self.directory = directory
    var options = PrivateCluster.Options()
    options.startsFresh = true
    options.serversFolder = directory
    options.removedAtEnd = isTemporary ? [directory] : []
    cluster = try PrivateCluster(folder: "\(directory)/cluster", options: options)
  }

  deinit { stop() }

  /// Stops the servers and the cluster, and waits for their end.
  public func stop() { cluster.stop() }

  public var servers: [SandboxServer] { made.withLock { $0 } }

  /// Creates a freshly installed server in `directory/name-server`; an existing one is replaced. It is not started.
  public func makeServer(_ name: String, brand: Brand = .aloha) throws -> SandboxServer {
    let server = try SandboxServer(
      name: name, brand: brand, root: "\(directory)/\(name)-server", database: "\(brand.rawValue)_\(name)",
      cluster: cluster)
    made.withLock { $0.append(server) }
    return server
  }

  /// Creates fresh servers with these names in a new folder below `$TMPDIR` or `/tmp`, which is deleted at the end.
  public static func temporary(servers: [String] = [], brand: Brand = .aloha) throws -> Sandbox {
    let base = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
    let directory = "\(base)/aloha-sandbox-\(RandomText.alphanumeric(12))"
    let isRoot = geteuid() == 0
    try FileSystem.makeFolder(directory, mode: isRoot ? 0o711 : 0o700)
    do {
      let sandbox = try Sandbox(directory: directory, isTemporary: true)
      for name in servers { _ = try sandbox.makeServer(name, brand: brand) }
      return sandbox
    } catch {
      try? FileSystem.removeTree(directory)
      throw error
    }
  }
}
