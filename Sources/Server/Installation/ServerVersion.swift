import Common
import Postgres

/// The version of the server that an installation or an archive comes from.
public struct ServerVersion: Sendable, Codable, Equatable {
  /// For example "9.0-dev+git"; nil if version.py is missing.
  public var name: String?
  public var featureLevel: Int?
  /// The applied migrations by app, in the order in which they were applied.
  public var migrations: [String: [String]]
  /// The installed squashed migrations by app, applied or not; empty without an installation.
  public var squashed: [String: [String]] = [:]

  public init(name: String? = nil, featureLevel: Int? = nil, migrations: [String: [String]] = [:]) {
    self.name = name
    self.featureLevel = featureLevel
    self.migrations = migrations
  }

  /// Reads the version and the feature level of the installed program.
  ///
  /// version.py assigns its name twice: first as plain text, then the content of the file `…-git-version` beside it,
  /// which unreleased versions have.
  ///
  /// - Throws: `.file` if a file cannot be read.
  public static func installed(_ installation: Installation) throws -> ServerVersion {
    let folder = installation.deploymentFolder
    let path = "\(folder)/version.py"
    guard FileSystem.exists(path) else { return ServerVersion() }
    let source = String(decoding: try FileSystem.read(path), as: UTF8.self)
    let git = "\(folder)/\(installation.brand.rawValue)-git-version"
    let described =
      FileSystem.exists(git)
      ? String(decoding: try FileSystem.read(git), as: UTF8.self).split(separator: "\n").first.map { $0.trimmed } : nil
    let plain = source.split(separator: "\n").lazy.compactMap {
      SettingsFile(String($0)).text(installation.brand.versionVariable)
    }.first
    let name = described.flatMap { $0.isEmpty ? nil : String($0) } ?? plain
    return ServerVersion(
      name: name.map { SafeText.clean($0, limit: .word) },
      featureLevel: SettingsFile(source).number("API_FEATURE_LEVEL"))
  }

  /// Reads the version of the installed program, and the migrations in its database (`django_migrations`).
  ///
  /// - Throws: `.file` if a file cannot be read, ``DatabaseFailure`` if the query fails.
  public static func read(_ installation: Installation, _ connection: Connection) throws -> ServerVersion {
    var version = try installed(installation)
    var migrations: [String: [String]] = [:]
    for row in try connection.query("SELECT app, name FROM django_migrations ORDER BY app, id") {
      migrations[row[0] ?? "", default: []].append(row[1] ?? "")
    }
    version.migrations = migrations
    for app in migrations.keys where !app.contains("/") {
      let folder = "\(installation.deploymentFolder)/\(app)/migrations"
      guard FileSystem.isFolder(folder) else { continue }
      let names = try FileSystem.names(in: folder).filter { $0.contains("_squashed_") && $0.hasSuffix(".py") }
      version.squashed[app] = names.map { String($0.dropLast(3)) }
    }
    return version
  }

  /// The version as texts name it.
  public var label: String { name ?? "an unknown version" }
}
