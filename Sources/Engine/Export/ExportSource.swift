import Postgres

/// What an export must know of its server before it looks at a single organization.
struct ExportSource: Sendable {
  let model: DataModel
  let version: ServerVersion
  let traits: ServerTraits

  init(_ installation: Installation, _ connection: Connection) throws {
    model = DataModel(try Catalog.read(connection, schema: installation.brand.schema))
    version = try ServerVersion.read(installation, connection)
    traits = ServerTraits(model.catalog, migrations: version.migrations)
  }
}
