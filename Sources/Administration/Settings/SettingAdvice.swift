import Common
import Operations
import Server

/// The decision about a setting or a secret of the old server.
public enum SettingDecision: String, Sendable, Codable, CaseIterable {
  /// Use the old server's value on the new server.
  case copy
  /// Keep the new server's value.
  case keep
  /// Remove it on the new server, so that the server's default applies.
  case drop
  /// Join both lists, with the new server's entries first.
  case merge
}

/// A setting or secret, or a group of them, in which the servers differ: its purpose, the consequence of each decision,
/// and the recommended one.
public struct SettingAdvice: Sendable, Codable, Equatable {
  public enum File: String, Sendable, Codable, CaseIterable {
    case settings, configuration, secrets
  }

  public enum State: String, Sendable, Codable {
    case same, different
    /// Only the old server has it.
    case onlySource
    /// Only the new server has it.
    case onlyTarget
  }

  /// For example "settings.EXTERNAL_HOST", "configuration.machine.puppet_classes", "secrets.camo_key" or "settings.py".
  public let id: String
  public let file: File
  /// The names on the old server.
  public let keys: [String]
  public let title: String
  public let state: State
  /// The values of both servers, cleaned for a terminal; for secrets a fingerprint; nil without a value.
  public let sourceValue: String?
  public let targetValue: String?
  public let purpose: String
  public let ifCopied: String
  public let ifKept: String
  /// The possible decisions; never empty.
  public let choices: [SettingDecision]
  public let recommended: SettingDecision
  public let why: String
  /// Whether this program knows its purpose. Unknown settings are copied only on request.
  public let isKnown: Bool
  /// The follow-ups of copying it.
  public let followUps: [FollowUp]
  /// The keys without the file, joined: "camo_key", "aloha_org_id+aloha_org_key". Answers of a move, `--set` and jobs
  /// use this name for secrets.
  public var key: String { keys.joined(separator: "+") }

  /// For a key of the machine's configuration: its section, whose name can contain dots.
  var section: String?

  /// The section and the key of a key of the machine's configuration; nil for others.
  var place: (section: String, key: String)? {
    guard let section, let name = keys.first, name.hasPrefix(section + ".") else { return nil }
    return (section, String(name.dropFirst(section.count + 1)))
  }
}

/// An action that a decision requires, by a script of the server or by the operator.
public enum FollowUp: String, OperationPhase, Codable, CaseIterable {
  case configureQueue, applyConfiguration, databasePassword, restart, reregister, hostname, flushCache

  /// For example "Give the message queue its new password".
  public var title: String {
    switch self {
    case .configureQueue: "Give the message queue its new password"
    case .applyConfiguration: "Apply the configuration of the machine"
    case .databasePassword: "Give the database's role its new password"
    case .restart: "Restart the server"
    case .reregister: "Register with the push notification service"
    case .hostname: "Point the host name to this machine"
    case .flushCache: "Empty the cache"
    }
  }

  public var explanation: String {
    switch self {
    case .configureQueue:
      "The server's script sets the password of RabbitMQ to the one among the secrets; it must run as root."
    case .applyConfiguration:
      "The server's script generates the configuration of nginx, memcached, Redis and others from the conf file and "
        + "the secrets; it must run as root."
    case .databasePassword:
      "PostgreSQL still has the old password. Set the new one there: ALTER ROLE … PASSWORD."
    case .restart: "Settings and secrets are read when the server starts."
    case .reregister:
      "The server must be known to the service under its own identity, or phones get no notifications. The command "
        + "asks whether you agree to the service's terms."
    case .hostname:
      "The name's DNS entry must point to this machine, and its TLS certificate must be installed here."
    case .flushCache: "The cache contains values that were computed with the old settings."
    }
  }

  /// The script for it; nil if the operator must do or allow it.
  public var script: ServerScripts.Script? {
    switch self {
    case .configureQueue: .configureQueue
    case .applyConfiguration: .applyConfiguration
    case .restart: .restart
    case .flushCache: .flushCache
    case .databasePassword, .reregister, .hostname: nil
    }
  }

  /// Returns whether the server runs in a container that does this at its start; its services are in other containers.
  func isDoneByContainer(_ installation: Installation) -> Bool {
    (self == .configureQueue || self == .applyConfiguration) && Container.find(installation) != nil
  }

  /// Returns the command for a shell on the server; nil if there is none.
  public func command(_ installation: Installation) -> String? {
    if isDoneByContainer(installation) { return "docker compose up -d \(installation.brand.rawValue)" }
    let scripts = ServerScripts(installation)
    if let script { return scripts.commandLine(script) }
    return self == .reregister ? scripts.commandLine(.registerForPush) : nil
  }
}
