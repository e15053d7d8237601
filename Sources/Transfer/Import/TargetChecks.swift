import Common
import Operations
import Postgres
import Server

/// Checks the target of a move before there is an archive, as far as it is possible then.
public enum TargetChecks {
  /// What the checks need to know of the server that an organization is moved from.
  public struct Source: Sendable, Codable {
    let version: String?
    /// The content of the archive's list of migrations.
    let migrations: [UInt8]
    /// About the size of all members of the archive.
    let bytes: Int64

    /// Opens and closes a session.
    public init(_ source: Installation) throws {
      let connection = try source.connect()
      defer { connection.close() }
      let version = try ServerVersion.read(source, connection)
      let size = try connection.value(
        "SELECT coalesce(sum(size), 0) + (SELECT count(*) * 1500 FROM zerver_message) FROM zerver_attachment")
      self.version = version.name
      migrations = MigrationStatus.encode(version, brand: source.brand)
      bytes = size.flatMap { Int64($0) } ?? 0
    }
  }

  /// Returns the findings about the target; opens and closes a session with it.
  ///
  /// - Parameters:
  ///   - target: the server that the organization is moved to.
  ///   - source: the server that it is moved from; its migrations and the size of its files are compared.
  public static func findings(
    _ target: Installation, subdomain: String, allowsReservedSubdomain: Bool = false, source: Source
  ) throws -> [Finding] {
    let connection = try target.connect()
    defer { connection.close() }
    let model = DataModel(try Catalog.read(connection, schema: target.brand.schema))
    var options = ImportOperation.Options(subdomain: subdomain, archive: "")
    options.allowsReservedSubdomain = allowsReservedSubdomain
    return try ImportChecks(
      installation: target, options: options,
      connection: connection, model: model
    ).serverFindings(memberBytes: source.bytes, migrations: source.migrations, sourceVersion: source.version)
  }
}
