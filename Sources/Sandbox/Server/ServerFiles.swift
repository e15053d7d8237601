import Common
import Glibc
import Operations

/// The files of a server below its root, with the layout of a production machine.
struct ServerFiles: Sendable {
  let root: String
  let brand: Brand

  var configuration: String { root + brand.configurationFolder }
  var home: String { root + brand.homeFolder }
  var uploads: String { "\(home)/uploads" }
  var deployment: String { root + brand.deploymentFolder }
  var secrets: String { root + brand.secretsFile }

  /// Writes all files of an installation, and returns its secrets. Fails if one of the files exists.
  func write(host: String, socketFolder: String, database: String) throws -> ServerSecrets {
    try FileSystem.makeFolder(configuration, mode: 0o755)
    try FileSystem.makeFolder("\(uploads)/files", mode: 0o755)
    try FileSystem.makeFolder("\(uploads)/avatars", mode: 0o755)
    let secrets = ServerSecrets(brand: brand)
    try SampleFile.write(secrets.text.utf8, to: self.secrets, mode: 0o600)
    try SampleFile.write(conf(database: database).utf8, to: root + brand.configurationFile)
    try SampleFile.write(settings(host: host, socketFolder: socketFolder).utf8, to: root + brand.settingsFile)
    try writeDeployment()
    return secrets
  }

  /// Writes the installed version, and the link `current` to it.
  private func writeDeployment() throws {
    let version = "2024-05-21-08-30-00"
    let folder = "\(home)/deployments/\(version)"
    try FileSystem.makeFolder("\(folder)/scripts/setup", mode: 0o755)
    try FileSystem.makeFolder("\(folder)/scripts/lib", mode: 0o755)
    guard symlink(version, deployment) == 0 else {
      throw PlainFailure.system(deployment, "the link cannot be made", errno: errno)
    }
    let programs = [
      "manage.py": "manage.py", "start-server": "scripts/start-server", "stop-server": "scripts/stop-server",
      "restart-server": "scripts/restart-server", "flush-memcached": "scripts/setup/flush-memcached",
      "configure-rabbitmq": "scripts/setup/configure-rabbitmq",
      "generate-secrets": "scripts/setup/generate_secrets.py",
      "puppet-apply": "scripts/\(brand.rawValue)-puppet-apply",
    ]
    for (resource, path) in programs { try install(resource, at: "\(folder)/\(path)", mode: 0o755) }
    try install("common.sh", at: "\(folder)/scripts/lib/common.sh", mode: 0o644)
    try install("heartbeat.sh", at: "\(folder)/scripts/lib/heartbeat.sh", mode: 0o644)
    try install("version.py", at: "\(folder)/version.py", mode: 0o644)
  }

  private func install(_ resource: String, at path: String, mode: mode_t) throws {
    try SampleFile.write(brand.applied(to: Resources.text("server/\(resource)")).utf8, to: path, mode: mode)
  }

  private func conf(database: String) -> String {
    """
    [machine]
    puppet_classes = \(brand.rawValue)::profile::standalone
    deploy_type = production

    [postgresql]
    database_name = \(database)
    database_user = \(brand.rawValue)

    """
  }

  private func settings(host: String, socketFolder: String) -> String {
    """
    # Settings of a throw-away \(brand.title) server.

    # The host name that users type.
    EXTERNAL_HOST = "\(host)"

    # Whom users turn to with problems of this installation.
    \(brand.constant)_ADMINISTRATOR = "admin@\(host)"

    AUTHENTICATION_BACKENDS: tuple = (
        "zproject.backends.EmailAuthBackend",
    )

    LOCAL_UPLOADS_DIR = "\(uploads)"

    REMOTE_POSTGRES_HOST = "\(socketFolder)"
    REMOTE_POSTGRES_PORT = 5432
    REMOTE_POSTGRES_SSLMODE = "disable"

    """
  }
}
