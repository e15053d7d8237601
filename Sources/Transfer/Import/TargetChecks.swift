import Common
import Operations
import Postgres
import Server

/// Checks the target of a move before there is an archive, as far as it is possible then.
public enum TargetChecks {
  /// Returns the findings about the target; opens and closes a session with each server.
  ///
  /// - Parameters:
  ///   - target: the server that the organization is moved to.
  ///   - source: the server that it is moved from; its migrations and the size of its files are compared.
  public static func findings(
    _ target: Installation, subdomain: String, allowsReservedSubdomain: Bool = false, source: Installation
  ) throws -> [Finding] {
    let connection = try target.connect()
    defer { connection.close() }
    let there = try source.connect()
    defer { there.close() }
    let model = DataModel(try Catalog.read(connection, schema: target.brand.schema))
    let version = try ServerVersion.read(source, there)
    let size = try there.value(
      "SELECT coalesce(sum(size), 0) + (SELECT count(*) * 1500 FROM zerver_message) FROM zerver_attachment")
    var options = ImportOperation.Options(subdomain: subdomain, archive: "")
    options.allowsReservedSubdomain = allowsReservedSubdomain
    return try ImportChecks(
      installation: target, options: options,
      connection: connection, model: model
    ).serverFindings(
      memberBytes: size.flatMap { Int64($0) } ?? 0,
      migrations: MigrationStatus.encode(version, brand: source.brand), sourceVersion: version.name)
  }
}
