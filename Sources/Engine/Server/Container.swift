import Common
import Glibc

/// A server that runs in a container of the server's own image.
///
/// Such a container differs from a machine in four ways: only the volume `/data` outlives it; settings.py is written again
/// at each start from the container's environment; the services beside the server (database, RabbitMQ, memcached, Redis)
/// are other containers; and nothing starts or stops it but supervisor inside, or whoever runs the container outside.
public struct Container: Sendable, Equatable {
  /// Without a slash at the end; empty for `/`.
  public let root: String
  public let brand: Brand
  /// What it was recognised by, in words.
  public let signs: [String]
  /// Whether the volume is there.
  public let hasVolume: Bool
  /// What the container was started with; nil where this user or this place cannot know it.
  public let environment: ContainerVariables?
  /// Whether the whole configuration folder is a link into the volume.
  public let keepsConfigurationInVolume: Bool

  /// The volume's place in the container.
  public static let volume = "/data"

  /// Files that container engines leave at the top of every container.
  private static let markers = ["/.dockerenv", "/run/.containerenv"]
  /// The machine's role in the conf file, without the brand; the second one is the name of old versions.
  private static let puppetClasses = ["::profile::docker", "::dockervoyager"]

  /// Recognises the container that the server below `root` runs in.
  ///
  /// One of these is enough: the conf file's puppet class for containers; settings, secrets or uploads behind a link into
  /// `/data`; an engine's mark together with a folder `/data`. A mark alone is none: other containers have it too.
  ///
  /// - Parameters:
  ///   - root: "/" in production; tests and mounted containers have others.
  ///   - brand: nil: the one whose configuration is there.
  /// - Returns: nil where the server runs on a machine of its own.
  public static func find(root: String, brand: Brand? = nil) -> Container? {
    let root = root == "/" ? "" : root
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

  /// Whether a conf file gives its machine the role of a container.
  static func isOfImage(_ conf: ConfFile) -> Bool {
    guard let classes = conf.value("machine", "puppet_classes") else { return false }
    return classes.split { $0 == "," || $0.isWhitespace }.contains { name in
      puppetClasses.contains { name.hasSuffix($0) }
    }
  }

  private static func isOfImage(_ path: String) -> Bool {
    // One that the server would refuse says nothing here; who uses it tells of it.
    guard let conf = try? ConfFile.read(path) else { return false }
    return isOfImage(conf)
  }

  /// Whether a path is a link whose target is in the volume, be that as the container sees it or as this process does.
  private static func leadsToVolume(_ path: String, root: String) -> Bool {
    guard let target = FileSystem.linkTarget(root + path) else { return false }
    return ["\(volume)/", "\(root)\(volume)/"].contains { target.hasPrefix($0) }
  }

  // MARK: Where things are

  /// The folder for backups: what else is written into a container is lost with it.
  public var backupFolder: String { root + (hasVolume ? "\(Self.volume)/backups" : "/tmp") }

  /// What becomes of the files of the configuration folder.
  public enum Settings: Sendable, Equatable {
    /// They are written again from the environment at each start.
    case madeAtEachStart
    /// They are the operator's own, and outlive the container.
    case kept
    /// They are the operator's own, but lie in the container itself: they are lost when it is replaced.
    case lostWithTheContainer
  }

  /// Told from MANUAL_CONFIGURATION; where the environment cannot be known, a configuration folder in the volume is taken
  /// for one that the operator keeps there by hand.
  public var settings: Settings {
    let isManual = environment.map { $0.isTrue("MANUAL_CONFIGURATION") } ?? keepsConfigurationInVolume
    guard isManual else { return .madeAtEachStart }
    let folder = root + brand.configurationFolder
    let isMounted = MountTable.points().contains { $0 == folder || $0.hasPrefix(folder + "/") }
    return keepsConfigurationInVolume || isMounted ? .kept : .lostWithTheContainer
  }
}
