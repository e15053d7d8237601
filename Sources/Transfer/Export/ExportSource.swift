import Postgres
import Server

/// The facts about a server that every export from it needs.
package struct ExportSource: Sendable {
  let model: DataModel
  let version: ServerVersion
  let traits: ServerTraits

  package init(_ installation: Installation, _ connection: Connection) throws {
    model = DataModel(try Catalog.read(connection, schema: installation.brand.schema))
    version = try ServerVersion.read(installation, connection)
    traits = ServerTraits(model.catalog, migrations: version.migrations)
  }
}
