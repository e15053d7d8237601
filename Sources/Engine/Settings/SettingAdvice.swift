import Common

/// What to do with a setting or a secret of the old server.
public enum SettingDecision: String, Sendable, Codable, CaseIterable {
  /// The old server's value is written here.
  case copy
  /// This server goes on as it is.
  case keep
  /// It is taken out here, so that the server's default counts.
  case drop
  /// Both lists joined: this server's first.
  case merge
}

/// One setting or secret, or several that go together, in which the two servers differ: what it is for, what each
/// decision leads to, and which one is advised.
public struct SettingAdvice: Sendable, Codable, Equatable {
  public enum File: String, Sendable, Codable, CaseIterable {
    case settings, configuration, secrets
  }

  public enum State: String, Sendable, Codable {
    case same, different
    /// Only the old server has it.
    case onlySource
    /// Only this server has it.
    case onlyTarget
  }

  /// "settings.EXTERNAL_HOST", "configuration.machine.puppet_classes", "secrets.camo_key", "settings.py".
  public let id: String
  public let file: File
  /// As the old server calls them.
  public let keys: [String]
  public let title: String
  public let state: State
  /// What each side has, cleaned for a terminal: of a secret never the value, a fingerprint only; nil where it has none.
  public let sourceValue: String?
  public let targetValue: String?
  public let purpose: String
  public let ifCopied: String
  public let ifKept: String
  /// Never empty; what is not among them cannot be done by this program.
  public let choices: [SettingDecision]
  public let recommended: SettingDecision
  public let why: String
  /// Whether this program knows what it is for. What it does not know is copied only where somebody asks for it.
  public let isKnown: Bool
  /// What copying makes necessary afterwards.
  public let followUps: [FollowUp]
  /// The keys without the file, joined: "camo_key", "aloha_org_id+aloha_org_key". Answers of a move, `--set` and jobs
  /// name secrets so.
  public var key: String { keys.joined(separator: "+") }

  /// Of a key of the machine's configuration: its section, which may have dots in its name.
  var section: String?

  /// The section and the key of a key of the machine's configuration; nil for all else.
  var place: (section: String, key: String)? {
    guard let section, let name = keys.first, name.hasPrefix(section + ".") else { return nil }
    return (section, String(name.dropFirst(section.count + 1)))
  }
}

/// What a decision makes necessary: a step that the server's scripts do, or a person.
public enum FollowUp: String, OperationPhase, Codable, CaseIterable {
  case configureQueue, applyConfiguration, databasePassword, restart, reregister, hostname, flushCache

  /// "Give the message queue its password".
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

  /// The script that does it; nil where a person must, or has to allow it.
  public var script: ServerScripts.Script? {
    switch self {
    case .configureQueue: .configureQueue
    case .applyConfiguration: .applyConfiguration
    case .restart: .restart
    case .flushCache: .flushCache
    case .databasePassword, .reregister, .hostname: nil
    }
  }

  /// Whether the server is in a container, which does this by itself when it starts; its services are in others.
  func isDoneByContainer(_ installation: Installation) -> Bool {
    (self == .configureQueue || self == .applyConfiguration) && Container.find(installation) != nil
  }

  /// The exact command, to be run where the server is; nil where there is none.
  public func command(_ installation: Installation) -> String? {
    if isDoneByContainer(installation) { return "docker compose up -d \(installation.brand.rawValue)" }
    let scripts = ServerScripts(installation)
    if let script { return scripts.commandLine(script) }
    return self == .reregister ? scripts.commandLine(.registerForPush) : nil
  }
}
