import Common
import Operations
import Postgres

/// The template of each server's database: the schema and the rows of the framework. It is created once per cluster and
/// copied for each server.
struct TemplateDatabase: Sendable {
  let brand: Brand

  private var name: String { "template_\(brand.rawValue)" }

  /// Creates a database for a server; an existing one with this name is replaced.
  func makeDatabase(_ database: String, in cluster: PrivateCluster) throws {
    let connection = try cluster.connect()
    try prepare(in: cluster, connection)
    try connection.execute("DROP DATABASE IF EXISTS \(Identifier.quote(database)) WITH (FORCE)")
    try connection.execute(
      "CREATE DATABASE \(Identifier.quote(database)) OWNER \(brand.rawValue) TEMPLATE \(Identifier.quote(name))")
  }

  private func prepare(in cluster: PrivateCluster, _ connection: Connection) throws {
    // Only one of several concurrent processes may create the template.
    try connection.execute("SELECT pg_advisory_lock(20240521)")
    let isThere = try connection.query("SELECT 1 FROM pg_database WHERE datname = $1 AND datistemplate", [name])
    guard isThere.isEmpty else { return try connection.execute("SELECT pg_advisory_unlock(20240521)") }
    if try connection.query("SELECT 1 FROM pg_roles WHERE rolname = $1", [brand.rawValue]).isEmpty {
      try connection.execute("CREATE ROLE \(brand.rawValue) LOGIN")
      try connection.execute("ALTER ROLE \(brand.rawValue) SET search_path TO \(brand.rawValue), public")
    }
    // A database that is not marked as a template is incomplete.
    try connection.execute("DROP DATABASE IF EXISTS \(name)")
    try connection.execute("CREATE DATABASE \(name) OWNER \(brand.rawValue) TEMPLATE template0 ENCODING 'UTF8'")
    try load(into: cluster)
    try connection.execute("ALTER DATABASE \(name) IS_TEMPLATE true")
    try connection.execute("SELECT pg_advisory_unlock(20240521)")
  }

  private func load(into cluster: PrivateCluster) throws {
    let connection = try cluster.connect(database: name, user: brand.rawValue)
    defer { connection.close() }
    try connection.transaction {
      try connection.execute("CREATE SCHEMA \(brand.rawValue)")
      try connection.execute("SET search_path TO \(brand.rawValue)")
      for file in try Resources.names(in: "schema") {
        try connection.execute(brand.applied(to: Resources.text("schema/\(file)")))
      }
    }
  }
}
