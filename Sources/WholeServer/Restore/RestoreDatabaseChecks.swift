import Archive
import Common
import Glibc
import Operations
import Postgres
import Server

/// The checks of the database that a backup is restored into.
extension RestoreChecks {
  /// Returns all findings about PostgreSQL here, and about the dump.
  func database() -> [Finding] {
    let administrator: AdministratorAccess
    switch access {
    case .success(let found): administrator = found
    case .failure(let error):
      let failure = error as? any Failure
      return [
        Finding(.blocker, "administrator", failure?.reason ?? "\(error)", remedy: failure?.remedy)
      ]
    }
    guard let connection = try? administrator.connect() else {
      return [Finding(.blocker, "administrator", "the database server went away", remedy: "start PostgreSQL")]
    }
    defer { connection.close() }
    let first = [
      head.dump.flatMap(FullDumpCheck.finding), postgres(connection), role(connection),
      extensions(connection, administrator),
    ]
    let fit = DumpFitChecks(
      head: head, access: administrator, database: installation.databaseParameters().database,
      owner: installation.databaseParameters().user
    ).findings(connection)
    return first.compactMap { $0 } + fit + [dictionaries(connection), sessions(connection)].compactMap { $0 }
  }

  private func postgres(_ connection: Connection) -> Finding {
    let here = connection.serverVersion / 10_000
    let there = head.dump?.serverMajor ?? head.postgresMajor
    if let there, there > here {
      return Finding(
        .blocker, "PostgreSQL", "the backup is of PostgreSQL \(there), here is \(here): older versions cannot read it",
        remedy: "install PostgreSQL \(there), or upgrade to it with the server's upgrade-postgresql")
    }
    do {
      let tools = try DumpRestore.tools(
        for: head.dump, major: max(here, there ?? here), having: ["pg_dump", "pg_restore"])
      let list = head.dump.map { ", the dump lists \(Amount.of(Int64($0.tables.count), "table"))" } ?? ""
      if let there, there < here {
        return Finding(
          .warning, "PostgreSQL", "the backup is of version \(there), here is \(here)\(list)",
          remedy: "this works for most; rehearse it first: --rehearse")
      }
      guard tools.resistsHostileDumps else {
        return Finding(
          .warning, "PostgreSQL",
          "pg_restore \(tools.version) can be made by a hostile backup to run its maker's orders",
          remedy: "upgrade PostgreSQL's client programs, unless you made this backup yourself")
      }
      return Finding(.ok, "PostgreSQL", "version \(here), pg_restore of \(tools.version)\(list)")
    } catch let failure as any Failure {
      return Finding(.blocker, "PostgreSQL", failure.reason, remedy: failure.remedy)
    } catch {
      return Finding(.blocker, "PostgreSQL", "\(error)")
    }
  }

  private func role(_ connection: Connection) -> Finding? {
    let user = installation.databaseParameters().user
    guard (try? connection.query("SELECT 1 FROM pg_roles WHERE rolname = $1", [user]))?.isEmpty == true else {
      return nil
    }
    return Finding(
      .blocker, "role", "PostgreSQL has no role \(user), whom the server's tables belong to",
      remedy: "install the server first. Installed with --no-init-db it has no role yet, then: sudo -u postgres psql "
        + "-c 'CREATE ROLE \(Identifier.quote(user)) LOGIN' "
        + "-c 'ALTER ROLE \(Identifier.quote(user)) SET search_path = \(Identifier.quote(brand.schema)), public'")
  }

  private func extensions(_ connection: Connection, _ administrator: AdministratorAccess) -> Finding? {
    guard let wanted = head.dump?.extensions ?? head.plain?.extensions, !wanted.isEmpty else { return nil }
    let available = Set(
      (try? connection.query("SELECT name FROM pg_available_extensions"))?.compactMap { $0[0] } ?? [])
    let missing = wanted.filter { !available.contains($0) }
    if !missing.isEmpty {
      return Finding(
        .blocker, "extensions",
        "this PostgreSQL lacks \(missing.map { SafeText.clean($0, limit: .word) }.joined(separator: ", "))",
        remedy: Self.remedy(missing, major: connection.serverVersion / 10_000))
    }
    // Extensions that this role cannot create are reported with everything else that requires a superuser.
    guard administrator.isSuperuser else { return nil }
    return Finding(.ok, "extensions", "\(wanted.joined(separator: ", ")) can be installed")
  }

  private static func remedy(_ missing: [String], major: Int) -> String {
    missing.map { name in
      switch name {
      case "pgroonga": "apt-get install postgresql-\(major)-pgdg-pgroonga, or set pgroonga = true and apply puppet"
      case "tsearch_extras": "an old server's: upgrade the old server, then make the backup again"
      default: "install the package that brings \(SafeText.clean(name, limit: .word)) for PostgreSQL \(major)"
      }
    }.joined(separator: "; ")
  }

  /// Checks the dictionary files that the server's search needs and that no dump contains.
  private func dictionaries(_ connection: Connection) -> Finding? {
    guard let dump = head.dump else { return nil }
    let usesHunspell = dump.entries.contains { $0.kind == "TEXT SEARCH DICTIONARY" && $0.name.contains("hunspell") }
    guard usesHunspell, let folder = try? connection.value("SELECT setting FROM pg_config WHERE name = 'SHAREDIR'")
    else { return nil }
    let file = try? connection.value(
      "SELECT (pg_stat_file($1 || '/tsearch_data/en_us.dict', true)).size", [folder])
    if file != nil { return Finding(.ok, "search", "the dictionaries are installed") }
    return Finding(
      .warning, "search", "the dictionary en_us, which the server's search uses, is not in \(folder)/tsearch_data",
      remedy: "apply the server's puppet configuration, or apt-get install hunspell-en-us and link it there")
  }

  private func sessions(_ connection: Connection) -> Finding {
    let own = installation.databaseParameters()
    let rows =
      (try? connection.query(
        "SELECT coalesce(nullif(application_name, ''), usename, 'unknown'), count(*) FROM pg_stat_activity "
          + "WHERE datname = $1 GROUP BY 1 ORDER BY 2 DESC", [own.database])) ?? []
    let count = rows.reduce(0) { $0 + ($1.int(1) ?? 0) }
    guard count > 0 else { return Finding(.ok, "sessions", "the database is not in use") }
    let list = rows.prefix(4).map { SafeText.clean($0[0] ?? "", limit: .short) }.joined(separator: ", ")
    return Finding(
      .ok, "sessions", "\(Amount.of(Int64(count), "session")) (\(list)); they end when the server is stopped")
  }
}
