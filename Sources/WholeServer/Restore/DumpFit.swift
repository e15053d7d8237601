import Common
import Postgres
import Server

/// The parts of a dump that PostgreSQL, or the administrator, cannot restore: determined before anything is changed,
/// and again during the restore.
///
/// A superuser may do everything, but settings unknown to this PostgreSQL fail for all roles. Another role can neither
/// create an untrusted extension, nor alter an existing one, nor give objects to roles that it is not a member of.
/// Statements that can be omitted without a loss are omitted and reported; the rest requires a superuser.
struct DumpFit: Sendable {
  /// The requirements of a dump.
  struct Demands: Sendable {
    var settings: [String] = []
    var extensions: [String] = []
    var extensionComments: [String] = []
    var hasPublicComment = false
    /// For example "event trigger audit".
    var superuserObjects: [String] = []
    var owners: [String] = []
    /// The roles whose default privileges are set.
    var defaultPrivileges: [String] = []
    /// The roles that privileges are granted to or revoked from.
    var grantees: [String] = []
    var policies: [(name: String, roles: [String])] = []
    var tablespaces: [String] = []
    var labelProviders: [String] = []
    var subscriptions: [String] = []
    /// The publications that only a superuser can create.
    var publications: [String] = []
    var collations: [(name: String, provider: String, hasRules: Bool)] = []

    /// Adds the requirements of the definitions, whatever format the dump has.
    mutating func take(_ items: [PlainContents.Item]) {
      for item in items {
        switch item.kind {
        case .privileges(_, let roles): grantees += roles
        case .policy(let name, let roles): policies.append((name, roles))
        case .tablespace(let name): tablespaces.append(name)
        case .securityLabel(let provider): labelProviders.append(provider)
        case .subscription(let name): subscriptions.append(name)
        case .publication(let name, let needsSuperuser): if needsSuperuser { publications.append(name) }
        case .collation(let name, let provider, let hasRules): collations.append((name, provider, hasRules))
        default: break
        }
      }
    }
  }

  /// Settings that this PostgreSQL does not know.
  private(set) var unknownSettings: Set<String> = []
  /// Extensions whose comment is omitted: it equals the default, and only the extension's owner may set it.
  private(set) var omittedComments: Set<String> = []
  private(set) var omitsPublicComment = false
  /// Owners that do not exist here, or that this administrator cannot give objects to.
  private(set) var replacedOwners: Set<String> = []
  /// Roles that privileges are for and that do not exist here.
  private(set) var missingGrantees: Set<String> = []
  private(set) var missingTablespaces: Set<String> = []
  /// Providers of security labels that this PostgreSQL has not loaded.
  private(set) var missingLabelProviders: Set<String> = []
  private(set) var subscriptions: Set<String> = []
  private(set) var omittedPublications: Set<String> = []
  /// The operations that require a superuser, by name.
  private(set) var obstacles: [String] = []
  /// The parts that this PostgreSQL cannot restore with any role, each with a remedy.
  private(set) var impossible: [(reason: String, remedy: String)] = []
  /// Whether everything is created as the future owner's role.
  private(set) var actsAsOwner: Bool

  /// - Parameters:
  ///   - isScript: whether statements can be edited individually; an archive is restored by pg_restore.
  ///   - connection: a session of the administrator; with the target database, or before that exists with another.
  init(_ demands: Demands, isScript: Bool, isSuperuser: Bool, _ connection: Connection) throws {
    for name in demands.settings where try !Self.knows(name, connection) { unknownSettings.insert(name) }
    let roles = Set(try connection.query("SELECT rolname FROM pg_roles").compactMap { $0[0] })
    let own = Set(
      try connection.query("SELECT rolname FROM pg_roles WHERE pg_has_role(current_user, oid, 'MEMBER')")
        .compactMap { $0[0] })
    // The owner of a database is a member of this role, in that database only.
    let implied = "pg_database_owner"
    for role in Set(demands.owners + demands.defaultPrivileges)
    where !roles.contains(role) || !isSuperuser && !own.contains(role) && role != implied {
      replacedOwners.insert(role)
    }
    actsAsOwner = demands.owners.isEmpty || !isScript && !replacedOwners.isEmpty
    missingGrantees = Set(demands.grantees).subtracting(roles).subtracting(Self.roleWords)
    let tablespaces = Set(try connection.query("SELECT spcname FROM pg_tablespace").compactMap { $0[0] })
    missingTablespaces = Set(demands.tablespaces).subtracting(tablespaces)
    subscriptions = Set(demands.subscriptions)
    for provider in Set(demands.labelProviders) where try !Self.isLoaded(provider, connection) {
      missingLabelProviders.insert(provider)
    }
    impossible = try Self.impossible(demands, roles: roles, connection)
    guard !isSuperuser || actsAsOwner else { return }
    omittedComments = Set(demands.extensionComments)
    omitsPublicComment = demands.hasPublicComment
    omittedPublications = Set(demands.publications)
    obstacles = demands.superuserObjects
    guard !isSuperuser else { return }
    let there = Set(try connection.query("SELECT extname FROM pg_extension").compactMap { $0[0] })
    for name in Set(demands.extensions).subtracting(there).sorted() where try !Self.isTrusted(name, connection) {
      obstacles.append("extension \(SafeText.clean(name, limit: .word))")
    }
  }

  /// Keywords that are allowed in the place of a role.
  private static let roleWords: Set = ["public", "current_user", "session_user", "current_role"]

  /// Whether the provider is loaded. PostgreSQL reports a missing provider before anything else; the object does not
  /// exist, so nothing is changed.
  private static func isLoaded(_ provider: String, _ connection: Connection) throws -> Bool {
    do {
      try connection.execute(
        "SECURITY LABEL FOR \(Identifier.quote(provider)) ON TABLE pg_catalog.aloha_wizard_has_no_such_table IS NULL")
      return true
    } catch let failure as DatabaseFailure where failure.sqlState != nil {
      return failure.sqlState != "22023"
    }
  }

  private static func impossible(
    _ demands: Demands, roles: Set<String>, _ connection: Connection
  ) throws -> [(reason: String, remedy: String)] {
    var found: [(reason: String, remedy: String)] = []
    func clean(_ name: String) -> String { SafeText.clean(name, limit: .word) }
    for policy in demands.policies {
      let missing = policy.roles.filter { !roles.contains($0) && !roleWords.contains($0) }
      guard !missing.isEmpty else { continue }
      found.append(
        (
          "the policy \(clean(policy.name)) is for \(missing.map(clean).joined(separator: ", ")), which does not exist here",
          "create the role first: " + missing.map { "CREATE ROLE \(Identifier.quote($0))" }.joined(separator: "; ")
        ))
    }
    let major = connection.serverVersion / 10_000
    for collation in demands.collations {
      func needs(_ what: String, _ remedy: String) {
        found.append(("the collation \(clean(collation.name)) needs \(what)", remedy))
      }
      if collation.provider == "builtin", major < 17 {
        needs("the provider builtin, which came with PostgreSQL 17; here is \(major)", "restore it on PostgreSQL 17")
      } else if collation.hasRules, major < 16 {
        needs("rules of its own, which came with PostgreSQL 16; here is \(major)", "restore it on PostgreSQL 16")
      } else if collation.provider == "icu",
        try connection.query("SELECT 1 FROM pg_collation WHERE collprovider = 'i' LIMIT 1").isEmpty
      {
        needs("ICU, without which this PostgreSQL was built", "install a PostgreSQL that has it, as Debian's")
      }
    }
    return found
  }

  /// Whether the setting is known. A value that only a superuser may read belongs to a known setting.
  private static func knows(_ setting: String, _ connection: Connection) throws -> Bool {
    do {
      return try connection.query("SELECT current_setting($1, true) IS NOT NULL", [setting]).first?.bool(0) ?? false
    } catch let failure as DatabaseFailure where failure.sqlState == "42501" {
      return true
    }
  }

  /// Whether a role that may create objects in the database may create the extension.
  private static func isTrusted(_ name: String, _ connection: Connection) throws -> Bool {
    try connection.query(
      "SELECT v.trusted FROM pg_available_extensions e JOIN pg_available_extension_versions v "
        + "ON v.name = e.name AND v.version = e.default_version WHERE e.name = $1", [name]
    ).first?.bool(0) ?? false
  }

  /// Whether privileges are omitted: those of roles that cannot be given objects could not be set.
  var omitsPrivileges: Bool { !replacedOwners.isEmpty }

  /// For a script that sets its roles itself.
  mutating func ignoresOwners() { actsAsOwner = false }

  /// Returns what is omitted or changed, one sentence each, for an operator.
  func omissions(owner: String) -> [String] {
    var said = unknownSettings.sorted().map {
      "SET \(SafeText.clean($0, limit: .word)) is skipped: this PostgreSQL does not know the setting"
    }
    said += omittedComments.sorted().map {
      "COMMENT ON EXTENSION \(SafeText.clean($0, limit: .word)) is skipped: only the extension's owner can set it"
    }
    if omitsPublicComment { said.append("COMMENT ON SCHEMA public is skipped: only the schema's owner can set it") }
    func names(_ set: Set<String>) -> String {
      set.sorted().map { SafeText.clean($0, limit: .word) }.joined(separator: ", ")
    }
    if !missingTablespaces.isEmpty {
      said.append(
        "The tablespace \(names(missingTablespaces)) does not exist here: its tables and indexes go to the database's own"
      )
    }
    if !missingLabelProviders.isEmpty {
      said.append(
        "Security labels of \(names(missingLabelProviders)) are skipped: this PostgreSQL has not loaded that provider")
    }
    if !subscriptions.isEmpty {
      said.append(
        "The subscription \(names(subscriptions)) is skipped: two servers must not use one replication slot; create it "
          + "again where it is needed")
    }
    if !omittedPublications.isEmpty {
      said.append("The publication \(names(omittedPublications)) is skipped: only a superuser can create it")
    }
    if replacedOwners.isEmpty, !missingGrantees.isEmpty {
      said.append(
        "GRANT and REVOKE for \(names(missingGrantees)) are skipped: the role does not exist here")
    }
    guard !replacedOwners.isEmpty else { return said }
    said.append(
      "Objects of \(names(replacedOwners)) will belong to \(owner), and GRANT, REVOKE and ALTER DEFAULT PRIVILEGES are skipped: the role "
        + "does not exist here, or the administrator is not a member of it")
    return said
  }
}

extension DumpContents {
  /// The requirements by the table of contents.
  var demands: DumpFit.Demands {
    var demands = DumpFit.Demands()
    demands.extensions = extensions
    demands.owners = owners
    for entry in entries {
      switch entry.kind {
      case "COMMENT":
        if entry.name.hasPrefix("EXTENSION ") { demands.extensionComments.append(String(entry.name.dropFirst(10))) }
        if entry.name == "SCHEMA public" { demands.hasPublicComment = true }
      case "DEFAULT ACL": demands.defaultPrivileges.append(entry.owner)
      case let kind where Self.superuserKinds.contains(kind):
        demands.superuserObjects.append("\(kind.lowercased()) \(SafeText.clean(entry.name, limit: .label))")
      default: break
      }
    }
    demands.take(schema?.items ?? [])
    // Without the definitions, at least their names are known.
    demands.subscriptions += entries.filter { $0.kind == "SUBSCRIPTION" }.map(\.name)
    return demands
  }

  private static let superuserKinds: Set = [
    "EVENT TRIGGER", "FOREIGN DATA WRAPPER", "ACCESS METHOD", "TEXT SEARCH PARSER",
    "TEXT SEARCH TEMPLATE", "OPERATOR CLASS", "OPERATOR FAMILY", "PROCEDURAL LANGUAGE",
  ]
}

extension PlainContents {
  /// The requirements of the script.
  var demands: DumpFit.Demands {
    var demands = DumpFit.Demands()
    demands.settings = settings
    demands.extensions = extensions
    demands.owners = owners
    for item in items {
      switch item.kind {
      case .commentOnExtension(let name): demands.extensionComments.append(name)
      case .commentOnPublicSchema: demands.hasPublicComment = true
      case .privileges(let role?, _): demands.defaultPrivileges.append(role)
      case .superuserObject(let name): demands.superuserObjects.append(name)
      default: break
      }
    }
    demands.take(items)
    return demands
  }
}
