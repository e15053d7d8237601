/// The differences between Aloha's server and Zulip's, the same server under another name.
///
/// All other code of this package applies to both.
public enum Brand: String, Sendable, Codable, CaseIterable {
  case aloha, zulip

  /// The name in messages.
  public var title: String { self == .aloha ? "Aloha" : "Zulip" }

  /// The folder of the configuration.
  public var configurationFolder: String { "/etc/\(rawValue)" }
  public var configurationFile: String { "\(configurationFolder)/\(rawValue).conf" }
  public var secretsFile: String { "\(configurationFolder)/\(rawValue)-secrets.conf" }
  public var settingsFile: String { "\(configurationFolder)/settings.py" }

  /// The system user who runs the server and owns its files.
  public var systemUser: String { rawValue }
  public var homeFolder: String { "/home/\(rawValue)" }
  public var deploymentFolder: String { "\(homeFolder)/deployments/current" }

  /// The default name of the database, its schema and its role.
  public var databaseName: String { rawValue }
  public var schema: String { rawValue }

  /// The subdomain of the internal organization, which contains the system bots.
  public var internalSubdomain: String { "\(rawValue)internal" }

  /// The default domain of the system bots' email addresses.
  public var botDomain: String { "\(rawValue).com" }

  /// Names of settings and secrets that contain the brand.
  public var organizationIDSecret: String { "\(rawValue)_org_id" }
  public var organizationKeySecret: String { "\(rawValue)_org_key" }

  /// The variable in version.py, and the key in migration_status.json.
  public var versionVariable: String { "\(rawValue.uppercased())_VERSION" }
  public var versionKey: String { "\(rawValue)_version" }
}
