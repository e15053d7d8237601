import Common
import Postgres

/// Which version of the server an installation or an archive comes from.
public struct ServerVersion: Sendable, Codable, Equatable {
  /// "9.0-dev+git"; nil where no version.py is there.
  public var name: String?
  public var featureLevel: Int?
  /// The applied migrations by app, in the order in which they were applied.
  public var migrations: [String: [String]]
  /// The migrations by app that stand for others and are installed, applied or not; none where nothing is installed.
  public var squashed: [String: [String]] = [:]

  public init(name: String? = nil, featureLevel: Int? = nil, migrations: [String: [String]] = [:]) {
    self.name = name
    self.featureLevel = featureLevel
    self.migrations = migrations
  }

  /// Reads version.py of the installation, and what its database says of its migrations.
  public static func read(_ installation: Installation, _ connection: Connection) throws -> ServerVersion {
    let file = try SettingsFile.read(installation.deploymentFolder + "/version.py")
    var migrations: [String: [String]] = [:]
    for row in try connection.query("SELECT app, name FROM django_migrations ORDER BY app, id") {
      migrations[row[0] ?? "", default: []].append(row[1] ?? "")
    }
    var version = ServerVersion(
      name: file?.text(installation.brand.versionVariable).map { SafeText.clean($0, limit: 60) },
      featureLevel: file?.number("API_FEATURE_LEVEL"), migrations: migrations)
    for app in migrations.keys where !app.contains("/") {
      let folder = "\(installation.deploymentFolder)/\(app)/migrations"
      guard FileSystem.isFolder(folder) else { continue }
      let names = try FileSystem.names(in: folder).filter { $0.contains("_squashed_") && $0.hasSuffix(".py") }
      version.squashed[app] = names.map { String($0.dropLast(3)) }
    }
    return version
  }

  /// How texts name it.
  public var label: String { name ?? "an unknown version" }
}
