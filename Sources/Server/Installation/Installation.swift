import Common
import Glibc
import Operations
import Postgres

/// A server installed below a root folder: `/` in production, any folder for throw-away servers.
public struct Installation: Sendable {
  /// Resolved, see ``Common/RootFolder``; empty for `/`.
  public let root: String
  public let brand: Brand
  public let configuration: ConfFile
  public let settings: SettingsFile
  public let secrets: Secrets

  /// Finds the server below `root`.
  ///
  /// - Parameter brand: nil: the brand of the existing configuration; Aloha takes precedence.
  /// - Throws: `.configuration` if there is no server, or if its files cannot be read.
  public init(root: String, brand: Brand? = nil) throws {
    let root = RootFolder(root).prefix
    let candidates = brand.map { [$0] } ?? Brand.allCases
    guard
      let found = try candidates.first(where: {
        try Self.isFolder(ServerLink.destination(root + $0.configurationFolder, root: root))
      })
    else {
      let looked = candidates.map { root + $0.configurationFolder }.joined(separator: " or ")
      throw PlainFailure(
        .configuration, root.isEmpty ? "this machine" : root, "no server is installed here: there is no \(looked)",
        remedy: "give the server's root folder with --root, or run it on the server itself")
    }
    self.root = root
    self.brand = found
    func path(_ file: String) -> String { Self.path(of: file, root: root, brand: found) }
    let conf = try ConfFile.read(path(found.configurationFile)) ?? ConfFile()
    let settings = try SettingsFile.read(path(found.settingsFile))
    configuration = conf
    self.settings = settings ?? SettingsFile(container: Container.find(root: root, brand: found))
    // A container links its secrets into place when it starts; until then they are in its volume.
    let kept = "\(root)\(Container.volume)/\(found.rawValue)-secrets.conf"
    guard let secretsFile = try ConfFile.read(path(found.secretsFile)) ?? ConfFile.read(kept) else {
      throw PlainFailure(
        .configuration, root + found.secretsFile, "is missing",
        remedy: "a server cannot run without it: restore it from a backup")
    }
    secrets = Secrets(secretsFile)
  }

  /// - Throws: `.configuration` if that cannot be found out: without the right to do so, every server seems to be missing.
  private static func isFolder(_ path: String) throws -> Bool {
    var status = stat()
    if stat(path, &status) == 0 { return status.st_mode & S_IFMT == S_IFDIR }
    guard errno == EACCES || errno == EIO else { return false }
    throw PlainFailure.system(path, "cannot be read", errno: errno, family: .configuration)
  }

  /// Creates the installation of a server whose own settings are lost, from the description in a backup.
  package init(root: String, brand: Brand, configuration: ConfFile, settings: SettingsFile, secrets: Secrets) {
    self.root = RootFolder(root).prefix
    self.brand = brand
    self.configuration = configuration
    self.settings = settings
    self.secrets = secrets
  }

  /// The server as texts name it: its host name, otherwise its folder.
  public var label: String { host ?? (root.isEmpty ? "this server" : root) }

  /// `EXTERNAL_HOST`.
  public var host: String? { settings.text("EXTERNAL_HOST").map { SafeText.clean($0, limit: .name) } }

  /// Whether uploads are stored in S3 instead of a folder.
  public var storesUploadsInS3: Bool { settings.keepsUploadsInS3 }

  /// The folder that contains `files` and `avatars`, without links; it need not exist, see ``UploadsPresence``.
  public var uploadsFolder: String { FileSystem.resolvedForOpening(configuredUploads, root: root) }

  /// The path of the uploads as the settings name it: it may be a link.
  package var configuredUploads: String {
    path(settings.text("LOCAL_UPLOADS_DIR") ?? "\(brand.homeFolder)/uploads")
  }

  public var messageFilesFolder: String { uploadsFolder + "/files" }
  public var avatarsFolder: String { uploadsFolder + "/avatars" }

  /// The folder of settings.py and the conf files, without links.
  public var configurationFolder: String { ServerLink.destination(root + brand.configurationFolder, root: root) }

  /// The folder of the installed version. Its last name is a link that an upgrade changes, and stays one where the system
  /// can follow it.
  public var deploymentFolder: String {
    let path = root + brand.deploymentFolder
    let parent = ServerLink.destination(FileSystem.folder(of: path), root: root)
    let link = "\(parent)/\(FileSystem.name(of: path))"
    return FileSystem.exists(link) ? link : ServerLink.destination(link, root: root)
  }

  /// Returns the path of a file in the configuration folder, for example of ``Operations/Brand/settingsFile``.
  package func file(_ path: String) -> String { Self.path(of: path, root: root, brand: brand) }

  /// Returns a path of the configuration, as seen from outside of the root. Paths of throw-away servers contain their
  /// root already, in any notation.
  public func path(_ configured: String) -> String {
    guard !root.isEmpty else { return configured }
    let path = configured.hasPrefix("/") ? configured : "/\(configured)"
    return root + (RootFolder(root).part(below: path) ?? path)
  }

  /// Returns the parameters with which the server itself connects to its database.
  public func databaseParameters(applicationName: String = "aloha-wizard") -> ConnectionParameters {
    let user = configuration.value("postgresql", "database_user") ?? brand.databaseName
    let host = settings.text("REMOTE_POSTGRES_HOST")
    return ConnectionParameters(
      host: host, port: settings.number("REMOTE_POSTGRES_PORT"),
      database: configuration.value("postgresql", "database_name") ?? brand.databaseName, user: user,
      password: secrets["postgres_password"],
      sslMode: host == nil ? nil : settings.text("REMOTE_POSTGRES_SSLMODE"), applicationName: applicationName,
      // With peer authentication, PostgreSQL requires the system user of the same name.
      systemUser: host == nil ? user : nil)
  }

  /// The database as texts name it: "aloha at /var/run/postgresql".
  public var databaseLabel: String {
    let parameters = databaseParameters()
    let name = SafeText.clean(parameters.database, limit: .name)
    return parameters.host.map { "\(name) at \(SafeText.clean($0, limit: .path))" } ?? name
  }

  /// Opens a session with the server's schema first in the search path and the time zone UTC.
  ///
  /// - Throws: ``DatabaseFailure`` if the connection fails.
  public func connect(cancellation: Cancellation? = nil) throws -> Connection {
    let connection = try Connection(databaseParameters(), cancellation: cancellation)
    try connection.execute("SET search_path TO \(Identifier.quote(brand.schema)), public; SET TIME ZONE 'UTC'")
    return connection
  }

  /// Opens a session with the rights of the database's administrator, which uses the server's own role by default; nil
  /// if this is not possible: usually only root on the database's own machine can.
  public func connectAsAdministrator(cancellation: Cancellation? = nil) -> Connection? {
    var parameters = databaseParameters()
    guard parameters.host?.hasPrefix("/") ?? true else { return nil }
    let role = parameters.user
    parameters.user = "postgres"
    parameters.systemUser = "postgres"
    parameters.password = nil
    guard let connection = try? Connection(parameters, cancellation: cancellation) else { return nil }
    do {
      guard try connection.value("SELECT rolsuper FROM pg_roles WHERE rolname = current_user") == "t" else {
        return nil
      }
      try connection.execute(
        """
        SET ROLE \(Identifier.quote(role)); SET search_path TO \(Identifier.quote(brand.schema)), public;
        SET TIME ZONE 'UTC'
        """)
      return connection
    } catch {
      return nil
    }
  }

  /// Returns the salt of the names of avatar files.
  ///
  /// - Throws: `.configuration` if the secrets have none.
  public func avatarSalt() throws -> Secret {
    guard let salt = secrets["avatar_salt"] else {
      throw PlainFailure(
        .configuration, root + brand.secretsFile, "has no avatar_salt",
        remedy: "the server makes one when it is installed: run its installer's secrets step")
    }
    return salt
  }

  /// Returns the path of a file in the configuration folder, following the links of containers: of the folder, the
  /// file, or both.
  package static func path(of file: String, root: String, brand: Brand) -> String {
    let folder = ServerLink.destination(root + brand.configurationFolder, root: root)
    return ServerLink.destination(folder + file.dropFirst(brand.configurationFolder.count), root: root)
  }

  /// Returns whether there is a configuration folder of a server below `root`, of any state.
  ///
  /// - Parameter brand: nil: of any brand.
  public static func exists(root: String, brand: Brand? = nil) -> Bool {
    let root = RootFolder(root).prefix
    return (brand.map { [$0] } ?? Brand.allCases).contains {
      FileSystem.isFolder(ServerLink.destination(root + $0.configurationFolder, root: root))
    }
  }
}
