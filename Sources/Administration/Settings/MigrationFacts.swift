import Common
import Postgres
import Server

/// The facts that determine whether a setting of the old server is right on the new one.
public struct MigrationFacts: Sendable, Codable, Equatable {
  public enum Kind: String, Sendable, Codable, CaseIterable {
    /// An organization was exported and imported: users and messages have new ids.
    case `import`
    /// A whole server was restored: all ids are unchanged.
    case restore
  }

  public var kind: Kind
  /// Whether users have other ids or UUIDs on the new server; nil if this is unknown.
  public var usersRenumbered: Bool?
  /// Whether this server replaces the old one.
  public var replacesSource: Bool
  /// Whether organizations of other servers exist on this server.
  public var targetHostsOthers: Bool
  public var sourceHost: String?
  public var targetHost: String?
  /// Whether the old server is registered with the push notification service.
  public var pushRegistered: Bool
  /// Whether the message queue runs on the new server's machine.
  public var queueIsLocal: Bool
  /// Whether both servers use the same database on a separate host.
  public var sharesDatabase: Bool

  public init(
    kind: Kind, usersRenumbered: Bool? = nil, replacesSource: Bool = true, targetHostsOthers: Bool = false,
    sourceHost: String? = nil, targetHost: String? = nil, pushRegistered: Bool = false, queueIsLocal: Bool = true,
    sharesDatabase: Bool = false
  ) {
    self.kind = kind
    self.usersRenumbered = usersRenumbered
    self.replacesSource = replacesSource
    self.targetHostsOthers = targetHostsOthers
    self.sourceHost = sourceHost
    self.targetHost = targetHost
    self.pushRegistered = pushRegistered
    self.queueIsLocal = queueIsLocal
    self.sharesDatabase = sharesDatabase
  }

  /// Whether users have the same identity for external services. An import creates new identities even if their ids
  /// happen to be equal.
  public var keepsUserIDs: Bool { kind == .restore && usersRenumbered != true }

  public var hasSameHost: Bool { sourceHost != nil && sourceHost == targetHost }
}

extension MigrationFacts {
  /// Determines the facts from both servers, as far as possible.
  ///
  /// - Parameters:
  ///   - kind: nil: determined by whether an organization was imported here.
  ///   - replacesSource: nil: true if both servers have the same host name.
  public static func detect(
    from source: ConfigurationSource, to target: Installation, kind: Kind? = nil, replacesSource: Bool? = nil
  ) -> MigrationFacts {
    let there = source.settings.map { SettingsFile($0) }
    let here = Look(target)
    let other = source.root.flatMap { try? Installation(root: $0, brand: source.brand) }
    let isOneDatabase = other.flatMap { Self.isOneDatabase($0, target) }
    // A copy of an old machine's folders names no host, and leads to the database of this machine: it tells nothing.
    let isOwn = isOneDatabase == true && there?.text("REMOTE_POSTGRES_HOST") == nil
    let renumbered = isOwn ? nil : other.flatMap { Self.renumbered($0, target) }
    let isSameHost = source.host != nil && source.host == target.host
    let found: Kind =
      kind
      ?? (renumbered == false ? .restore : renumbered == true || here.hasImported || !isSameHost ? .import : .restore)
    let queue = target.settings.text("RABBITMQ_HOST")
    let database = (source: there?.text("REMOTE_POSTGRES_HOST"), target: target.settings.text("REMOTE_POSTGRES_HOST"))
    return MigrationFacts(
      kind: found, usersRenumbered: renumbered, replacesSource: replacesSource ?? isSameHost,
      targetHostsOthers: found == .import && here.organizations > 1, sourceHost: source.host, targetHost: target.host,
      pushRegistered: Self.isPushRegistered(source, there),
      queueIsLocal: queue.map { ["localhost", "127.0.0.1", "::1"].contains($0) } ?? true,
      sharesDatabase: database.source != nil && database.target != nil
        && isOneDatabase
          ?? (database.source == database.target
            && source.configuration.map { $0.value("postgresql", "database_name") }
              == target.configuration.value("postgresql", "database_name"))
    )
  }

  /// - Returns: nil if one of the databases cannot be queried.
  private static func isOneDatabase(_ source: Installation, _ target: Installation) -> Bool? {
    guard let there = try? source.connect() else { return nil }
    defer { there.close() }
    guard let here = try? target.connect() else { return nil }
    defer { here.close() }
    guard let one = try? DatabaseIdentity(there), let other = try? DatabaseIdentity(here) else { return nil }
    return one.isSame(as: other)
  }

  /// The facts from the target's database; empty if it cannot be queried.
  private struct Look {
    var hasImported = false
    var organizations = 0

    init(_ target: Installation) {
      guard let connection = try? target.connect() else { return }
      defer { connection.close() }
      let imported = try? connection.query(
        "SELECT 1 FROM zerver_realmauditlog WHERE event_type = $1 LIMIT 1", [String(AuditLog.Event.imported.rawValue)])
      hasImported = imported?.isEmpty == false
      let count = try? connection.query(
        "SELECT count(*) FROM zerver_realm WHERE string_id <> $1", [target.brand.internalSubdomain])
      organizations = count?.first?.int(0) ?? 0
    }
  }

  /// Compares users by email address: an address with different ids on both servers shows new ids; nil if no address is
  /// on both. Ids of small servers can be equal by chance; UUIDs, which an import generates, cannot.
  private static func renumbered(_ source: Installation, _ target: Installation) -> Bool? {
    let query = """
      SELECT lower(u.delivery_email), concat_ws(' ', u.id, to_jsonb(u) ->> 'uuid') FROM zerver_userprofile u JOIN zerver_realm r ON r.id = u.realm_id
      WHERE NOT u.is_bot AND r.string_id <> $1
      """
    func people(_ server: Installation) -> [String: Set<String>]? {
      guard let connection = try? server.connect() else { return nil }
      defer { connection.close() }
      guard let rows = try? connection.query(query, [server.brand.internalSubdomain]) else { return nil }
      return Dictionary(rows.map { ($0[0] ?? "", Set([$0[1] ?? ""])) }) { $0.union($1) }
    }
    guard let there = people(source), let here = people(target) else { return nil }
    let shared = there.keys.filter { here[$0] != nil }
    guard !shared.isEmpty else { return nil }
    return shared.contains { there[$0]?.isDisjoint(with: here[$0] ?? []) ?? false }
  }

  private static func isPushRegistered(_ source: ConfigurationSource, _ settings: SettingsFile?) -> Bool {
    let prefix = source.brand.rawValue.uppercased()
    let isOn =
      settings?["\(prefix)_SERVICE_PUSH_NOTIFICATIONS"] == .bool(true)
      || settings?.text("PUSH_NOTIFICATION_BOUNCER_URL") != nil
    return isOn && source.secrets[source.brand.organizationIDSecret] != nil
      && source.secrets[source.brand.organizationKeySecret] != nil
  }
}
