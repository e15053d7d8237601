import Common
import Glibc
import Operations

/// A server that runs in a container of the server's own image.
///
/// Such a container differs from a machine in four ways: only the volume `/data` outlives it; each start writes
/// settings.py again from the container's environment; the services beside the server (database, RabbitMQ, memcached,
/// Redis) are in other containers; and only supervisor inside, or the container's operator outside, can start or stop
/// it.
public struct Container: Sendable, Equatable {
  /// Without a trailing slash; empty for `/`.
  public let root: String
  public let brand: Brand
  /// The signs by which it was recognized, as texts.
  public let signs: [String]
  /// Whether the volume exists.
  public let hasVolume: Bool
  /// The variables that the container was started with; nil if they cannot be read from here.
  public let environment: ContainerVariables?
  /// Whether the whole configuration folder is a link into the volume.
  public let keepsConfigurationInVolume: Bool

  /// The path of the volume in the container.
  public static let volume = "/data"

  /// Files that container engines create at the root of each container.
  private static let markers = ["/.dockerenv", "/run/.containerenv"]
  /// The machine's role in the conf file, without the brand; the second one is the name in old versions.
  private static let puppetClasses = ["::profile::docker", "::dockervoyager"]

  /// Recognizes the container that the server below `root` runs in.
  ///
  /// One of these signs is sufficient: the conf file's puppet class for containers; settings, secrets or uploads behind
  /// a link into `/data`; an engine's marker file together with a folder `/data`. A marker file alone is not
  /// sufficient, because other containers have it too.
  ///
  /// - Parameters:
  ///   - root: "/" in production; tests and mounted containers have others.
  ///   - brand: nil: the brand of the existing configuration.
  /// - Returns: nil if the server does not run in a container.
  public static func find(root: String, brand: Brand? = nil) -> Container? {
    let root = RootFolder(root).prefix
    let candidates = brand.map { [$0] } ?? Brand.allCases
    let known = candidates.first { FileSystem.lexists(root + $0.configurationFolder) }
    let brand =
      known ?? candidates.first { FileSystem.exists("\(root)\(volume)/\($0.rawValue)-secrets.conf") } ?? candidates[0]
    let hasVolume = FileSystem.isFolder(root + volume)
    var signs: [String] = []
    if isOfImage(root + brand.configurationFile) { signs.append("the puppet class of the conf file") }
    let linked = [brand.configurationFolder, brand.secretsFile, "\(brand.homeFolder)/uploads"].filter {
      leadsToVolume($0, root: root)
    }
    signs += linked.map { "\($0) is a link into \(volume)" }
    if hasVolume, let marker = markers.first(where: { FileSystem.exists(root + $0) }) {
      signs.append("\(marker) and the volume \(volume)")
    }
    guard !signs.isEmpty else { return nil }
    return Container(
      root: root, brand: brand, signs: signs, hasVolume: hasVolume,
      environment: ContainerVariables.read(root: root),
      keepsConfigurationInVolume: linked.contains(brand.configurationFolder))
  }

  public static func find(_ installation: Installation) -> Container? {
    find(root: installation.root, brand: installation.brand)
  }

  /// Returns whether a conf file gives its machine the role of a container.
  package static func isOfImage(_ conf: ConfFile) -> Bool {
    guard let classes = conf.value("machine", "puppet_classes") else { return false }
    return classes.split { $0 == "," || $0.isWhitespace }.contains { name in
      puppetClasses.contains { name.hasSuffix($0) }
    }
  }

  private static func isOfImage(_ path: String) -> Bool {
    // A file that the server would refuse is no sign here; the code that uses it reports it.
    guard let conf = try? ConfFile.read(path) else { return false }
    return isOfImage(conf)
  }

  /// Returns whether a path is a link with a target in the volume, as seen by the container or by this process.
  private static func leadsToVolume(_ path: String, root: String) -> Bool {
    guard let target = FileSystem.linkTarget(root + path) else { return false }
    if ["\(volume)/", "\(root)\(volume)/"].contains(where: { target.hasPrefix($0) }) { return true }
    let real = ServerLink.destination(root + path, root: root)
    return real.hasPrefix(ServerLink.destination(root + volume, root: root) + "/")
  }

  // MARK: Locations

  /// The folder for backups: any other files in a container are lost with it.
  public var backupFolder: String { root + (hasVolume ? "\(Self.volume)/backups" : "/tmp") }

  /// The lifetime of the files in the configuration folder.
  public enum Settings: Sendable, Equatable {
    /// Each start writes them again from the environment.
    case madeAtEachStart
    /// The operator maintains them, and they outlive the container.
    case kept
    /// The operator maintains them, but they are in the container itself: they are lost when it is replaced.
    case lostWithTheContainer
  }

  /// Derived from MANUAL_CONFIGURATION; if the environment is not known, a configuration folder in the volume is
  /// assumed to be maintained by the operator.
  public var settings: Settings {
    let isManual = environment.map { $0.isTrue("MANUAL_CONFIGURATION") } ?? keepsConfigurationInVolume
    guard isManual else { return .madeAtEachStart }
    let folder = ServerLink.destination(root + brand.configurationFolder, root: root)
    let isMounted = MountTable.points().contains { $0 == folder || $0.hasPrefix(folder + "/") }
    return keepsConfigurationInVolume || isMounted ? .kept : .lostWithTheContainer
  }
}
