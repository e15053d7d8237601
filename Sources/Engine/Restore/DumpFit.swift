import Common
import Postgres

/// What of a dump this PostgreSQL, or this administrator, cannot take: found out before anything is changed, and again
/// when it is done.
///
/// A superuser may do everything, but settings that a PostgreSQL does not know it does not know from anybody. Another
/// role can make neither an extension that is not trusted, nor change one that is there, nor give objects to roles that
/// it is no member of. What can be left out without a loss is left out and named; for the rest a superuser is needed.
struct DumpFit: Sendable, Equatable {
  /// What the dump asks for.
  struct Demands: Sendable, Equatable {
    var settings: [String] = []
    var extensions: [String] = []
    var extensionComments: [String] = []
    var hasPublicComment = false
    /// "event trigger audit".
    var superuserObjects: [String] = []
    var owners: [String] = []
    /// Roles whose default privileges are set.
    var defaultPrivileges: [String] = []
  }

  /// Settings that this PostgreSQL does not know.
  private(set) var unknownSettings: Set<String> = []
  /// Extensions whose comment is left out: it is theirs by default, and only their owner may set it.
  private(set) var omittedComments: Set<String> = []
  private(set) var omitsPublicComment = false
  /// Owners that do not exist here, or whom this administrator cannot give anything.
  private(set) var replacedOwners: Set<String> = []
  /// What only a superuser can do, by name.
  private(set) var obstacles: [String] = []
  /// Whether everything is made as the role that is to own it.
  private(set) var actsAsOwner: Bool

  /// - Parameters:
  ///   - isScript: whether statements can be changed one by one; an archive is restored by pg_restore.
  ///   - connection: of the administrator; to the database that the dump goes into, or before that exists to another.
  init(_ demands: Demands, isScript: Bool, isSuperuser: Bool, _ connection: Connection) throws {
    for name in demands.settings where try !Self.knows(name, connection) { unknownSettings.insert(name) }
    let roles = Set(try connection.query("SELECT rolname FROM pg_roles").compactMap { $0[0] })
    let own = Set(
      try connection.query("SELECT rolname FROM pg_roles WHERE pg_has_role(current_user, oid, 'MEMBER')")
        .compactMap { $0[0] })
    // The owner of a database is its member, in that database alone.
    let implied = "pg_database_owner"
    for role in Set(demands.owners + demands.defaultPrivileges)
    where !roles.contains(role) || !isSuperuser && !own.contains(role) && role != implied {
      replacedOwners.insert(role)
    }
    actsAsOwner = demands.owners.isEmpty || !isScript && !replacedOwners.isEmpty
    guard !isSuperuser || actsAsOwner else { return }
    omittedComments = Set(demands.extensionComments)
    omitsPublicComment = demands.hasPublicComment
    obstacles = demands.superuserObjects
    guard !isSuperuser else { return }
    let there = Set(try connection.query("SELECT extname FROM pg_extension").compactMap { $0[0] })
    for name in Set(demands.extensions).subtracting(there).sorted() where try !Self.isTrusted(name, connection) {
      obstacles.append("extension \(SafeText.clean(name, limit: 60))")
    }
  }

  /// A value that only a superuser may see is one that is known.
  private static func knows(_ setting: String, _ connection: Connection) throws -> Bool {
    do {
      return try connection.query("SELECT current_setting($1, true) IS NOT NULL", [setting]).first?.bool(0) ?? false
    } catch let failure as DatabaseFailure where failure.sqlState == "42501" {
      return true
    }
  }

  /// Whether who may create things in a database may make it.
  private static func isTrusted(_ name: String, _ connection: Connection) throws -> Bool {
    try connection.query(
      "SELECT v.trusted FROM pg_available_extensions e JOIN pg_available_extension_versions v "
        + "ON v.name = e.name AND v.version = e.default_version WHERE e.name = $1", [name]
    ).first?.bool(0) ?? false
  }

  /// Whether privileges are left out: those of roles that cannot be given anything could not be set.
  var omitsPrivileges: Bool { !replacedOwners.isEmpty }

  /// For a script that says by itself as whom it works.
  mutating func ignoresOwners() { actsAsOwner = false }

  /// What is left out or changed, each named, for people.
  func omissions(owner: String) -> [String] {
    var said = unknownSettings.sorted().map {
      "SET \(SafeText.clean($0, limit: 60)) is skipped: this PostgreSQL does not know the setting"
    }
    said += omittedComments.sorted().map {
      "COMMENT ON EXTENSION \(SafeText.clean($0, limit: 60)) is skipped: only the extension's owner can set it"
    }
    if omitsPublicComment { said.append("COMMENT ON SCHEMA public is skipped: only the schema's owner can set it") }
    guard !replacedOwners.isEmpty else { return said }
    let names = replacedOwners.sorted().map { SafeText.clean($0, limit: 60) }.joined(separator: ", ")
    said.append(
      "Objects of \(names) will belong to \(owner), and GRANT, REVOKE and ALTER DEFAULT PRIVILEGES are skipped: the role "
        + "does not exist here, or the administrator is not a member of it")
    return said
  }
}

extension DumpContents {
  /// What the table of contents asks for.
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
        demands.superuserObjects.append("\(kind.lowercased()) \(SafeText.clean(entry.name, limit: 80))")
      default: break
      }
    }
    return demands
  }

  private static let superuserKinds: Set = [
    "EVENT TRIGGER", "FOREIGN DATA WRAPPER", "SUBSCRIPTION", "ACCESS METHOD", "TEXT SEARCH PARSER",
    "TEXT SEARCH TEMPLATE", "OPERATOR CLASS", "OPERATOR FAMILY", "PROCEDURAL LANGUAGE",
  ]
}

extension PlainContents {
  /// What the script asks for.
  var demands: DumpFit.Demands {
    var demands = DumpFit.Demands()
    demands.settings = settings
    demands.extensions = extensions
    demands.owners = owners
    for item in items {
      switch item.kind {
      case .commentOnExtension(let name): demands.extensionComments.append(name)
      case .commentOnPublicSchema: demands.hasPublicComment = true
      case .privileges(let role?): demands.defaultPrivileges.append(role)
      case .superuserObject(let name): demands.superuserObjects.append(name)
      default: break
      }
    }
    return demands
  }
}
