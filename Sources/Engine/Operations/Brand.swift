/// The differences between Aloha's server and Zulip's, which is the same server under another name.
///
/// Everything else in this package is written once and applies to both.
public enum Brand: String, Sendable, Codable, CaseIterable {
  case aloha, zulip

  /// The name in texts.
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

  /// Database, schema and role, unless the configuration says otherwise.
  public var databaseName: String { rawValue }
  public var schema: String { rawValue }

  /// The subdomain of the internal organization, home of the system bots.
  public var internalSubdomain: String { "\(rawValue)internal" }

  /// The default domain of the system bots' addresses.
  public var botDomain: String { "\(rawValue).com" }

  /// The names of settings and secrets that contain the brand.
  public var organizationIDSecret: String { "\(rawValue)_org_id" }
  public var organizationKeySecret: String { "\(rawValue)_org_key" }

  /// The variable of version.py, and the key of migration_status.json.
  public var versionVariable: String { "\(rawValue.uppercased())_VERSION" }
  public var versionKey: String { "\(rawValue)_version" }
}
