import Common
import Operations
import Postgres
import Server

/// Reports before a restore the parts of a dump that PostgreSQL, or the administrator, cannot restore.
struct DumpFitChecks {
  let head: BackupHeader
  let access: AdministratorAccess
  /// The server's database, and the role that owns its tables.
  let database: String
  let owner: String

  func findings(_ connection: Connection) -> [Finding] {
    var findings = access.isSuperuser ? [] : rights(connection)
    guard let demands = head.dump?.demands ?? head.plain?.demands else { return findings }
    do {
      let fit = try DumpFit(
        demands, isScript: head.plain != nil, isSuperuser: access.isSuperuser, connection)
      findings += fit.omissions(owner: owner).map { Finding(.warning, "dump", $0 + made) }
      findings += obstacle(fit).map { [$0] } ?? []
      findings += fit.impossible.map { Finding(.blocker, "dump", $0.reason + made, remedy: $0.remedy) }
      findings += encoding(connection).map { [$0] } ?? []
      findings += plainVersion(connection).map { [$0] } ?? []
      findings += program(connection).map { [$0] } ?? []
    } catch {
      let reason = (error as? any Failure)?.reason ?? "\(error)"
      findings.append(Finding(.warning, "dump", "what it asks of this PostgreSQL could not be looked up: \(reason)"))
    }
    return findings
  }

  private var clientVersion: String? { head.dump?.clientVersion ?? head.plain?.clientVersion }

  private var made: String { clientVersion.map { " (the dump was made by pg_dump \($0))" } ?? "" }

  private var user: String { SafeText.clean(access.parameters.user, limit: .word) }

  private func obstacle(_ fit: DumpFit) -> Finding? {
    guard !fit.obstacles.isEmpty else { return nil }
    let names = fit.obstacles.joined(separator: ", ")
    guard access.isSuperuser else {
      return Finding(
        .blocker, "superuser", "\(user) is not a superuser of PostgreSQL, and cannot create: \(names)",
        remedy: "name a superuser with --database-administrator, or make a dump without these")
    }
    let roles = fit.replacedOwners.sorted().map { SafeText.clean($0, limit: .word) }.joined(separator: ", ")
    return Finding(
      .blocker, "superuser",
      "the dump is restored as \(owner), who is not a superuser and cannot create: \(names)",
      remedy: roles.isEmpty ? "make the dump without --no-owner" : "create the missing roles first: \(roles)")
  }

  /// Compares the encodings: text of one does not always fit into a database of another.
  private func encoding(_ connection: Connection) -> Finding? {
    guard let there = head.plain?.encoding ?? head.dump?.schema?.encoding, !there.isEmpty else { return nil }
    let own = try? connection.value(
      "SELECT pg_encoding_to_char(encoding) FROM pg_database WHERE datname = $1", [database])
    let here = own ?? "UTF8"
    guard there.uppercased() != here.uppercased() else { return nil }
    if there.uppercased() == "SQL_ASCII" {
      return Finding(
        .warning, "encoding",
        "the dump's text has no encoding (SQL_ASCII), the restored database has \(here): the restore fails at the first "
          + "text that is not \(here)\(made)",
        remedy: "rehearse it first: --rehearse; else make the dump again with pg_dump --encoding=UTF8")
    }
    return Finding(
      here.uppercased() == "UTF8" ? .ok : .warning, "encoding",
      "the dump's text is \(there) and is converted to \(here), the encoding of this server's database\(made)",
      remedy: here.uppercased() == "UTF8" ? nil : "rehearse it first: characters that \(here) lacks make it fail")
  }

  /// Plain SQL of a newer PostgreSQL works if it uses no new features; only a restore can tell.
  private func plainVersion(_ connection: Connection) -> Finding? {
    let here = connection.serverVersion / 10_000
    guard let there = head.plain?.serverMajor, there > here else { return nil }
    return Finding(
      .warning, "PostgreSQL",
      "the dump is of PostgreSQL \(there), here is \(here): the restore fails where the dump uses what came later\(made)",
      remedy: "rehearse it first: --rehearse; else install PostgreSQL \(there)")
  }

  /// pg_restore 17 and later begins with a parameter that older servers reject.
  private func program(_ connection: Connection) -> Finding? {
    let major = connection.serverVersion / 10_000
    guard head.dump != nil,
      let tools = try? DumpRestore.tools(for: head.dump, major: major, having: ["pg_dump", "pg_restore"]),
      DumpRestore.setsUnknownParameters(tools, major: major)
    else { return nil }
    return Finding(
      .warning, "dump",
      "only pg_restore \(tools.version) can read it, which sets parameters that PostgreSQL \(major) does not know "
        + "(transaction_timeout): these are skipped, and the restore runs in one session\(made)")
  }

  /// Returns what a role without superuser rights lacks: the right to give databases and tables to the server's role,
  /// and to rename the server's database.
  private func rights(_ connection: Connection) -> [Finding] {
    func isMember(_ role: String) -> Bool {
      (try? connection.query("SELECT pg_has_role(current_user, $1::name, 'USAGE')", [role]).first?.bool(0)) == true
    }
    var missing: [(role: String, why: String)] = []
    let roles = (try? connection.query("SELECT 1 FROM pg_roles WHERE rolname = $1", [owner])) ?? []
    if !roles.isEmpty, !isMember(owner) { missing.append((owner, "the server's tables have to belong to \(owner)")) }
    let holder = try? connection.value(
      "SELECT r.rolname FROM pg_database d JOIN pg_roles r ON r.oid = d.datdba WHERE d.datname = $1", [database])
    if let holder, holder != owner, !isMember(holder) {
      missing.append(
        (holder, "the database \(database) belongs to \(SafeText.clean(holder, limit: .word)) and has to be renamed"))
    }
    return missing.map { role, why in
      Finding(
        .blocker, "administrator",
        "\(user) is neither a superuser nor a member of \(SafeText.clean(role, limit: .word)): \(why)",
        remedy: "GRANT \(Identifier.quote(role)) TO \(Identifier.quote(access.parameters.user)), or name a superuser "
          + "with --database-administrator")
    }
  }
}
