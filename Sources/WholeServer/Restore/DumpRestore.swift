import Common
import Glibc
import Operations
import Postgres
import Server
import Synchronization

/// Restores a dump into an empty database.
struct DumpRestore: Sendable {
  let dump: DumpFile
  /// Nil for plain SQL, which has no table of contents.
  let contents: DumpContents?
  let tools: PostgresTools
  let access: AdministratorAccess
  let database: String
  /// The role that owns everything if the dump's own owners do not exist here.
  let owner: String
  let workers: Int

  /// Returns the programs to restore a dump with: not older than the pg_dump that made it, if those are installed.
  ///
  /// - Parameter major: the version of the target PostgreSQL.
  static func tools(for contents: DumpContents?, major: Int, having programs: [String]) throws -> PostgresTools {
    let needed = max(major, contents?.serverMajor ?? major)
    if let client = contents?.clientMajor, client > needed,
      let tools = try? PostgresTools.find(major: client, having: programs)
    {
      return tools
    }
    return try PostgresTools.find(major: needed, having: programs)
  }

  /// - Parameter scratch: a folder that the program's user can read.
  /// - Returns: what was omitted or changed because this PostgreSQL or this administrator cannot restore it, one
  ///   sentence each.
  func run(scratch: String, meter: Meter, cancellation: Cancellation) throws -> [String] {
    let omissions: [String]
    switch dump.form {
    case .plain, .gzippedPlain, .archivedPlain: omissions = try runScript(dump, cancellation: cancellation)
    case .directory, .custom, .tar:
      omissions = try runArchive(scratch: scratch, meter: meter, cancellation: cancellation)
    }
    try analyze(cancellation)
    return omissions
  }

  /// The restoring program. Its commits need not be durable: the later transaction that renames the database follows
  /// them in the write-ahead log and flushes them.
  private var tool: ToolRun {
    ToolRun(
      tools: tools, parameters: access.parameters,
      settings: ["synchronous_commit": "off", "maintenance_work_mem": "128MB"])
  }

  private func runArchive(scratch: String, meter: Meter, cancellation: Cancellation) throws -> [String] {
    let contents = try contents ?? DumpContents.read(dump.path, tools: tools, user: tool.user)
    let demands = contents.demands
    let (fit, major) = try fit(demands, isScript: false)
    var words = try arguments(contents, fit, scratch: scratch)
    if Self.setsUnknownParameters(tools, major: major) {
      let script = "\(scratch)/script.sql"
      try Subprocess(
        tools.path("pg_restore"), words + ["--file=\(script)", dump.path], directory: "/", user: tool.user
      ).runChecked()
      defer { unlink(script) }
      return try runScript(DumpFile(path: script, form: .plain), isMade: true, cancellation: cancellation)
        + fit.omissions(owner: owner)
    }
    words += ["--exit-on-error", "--verbose"]
    // pg_restore cannot read a tar file in several sessions.
    if dump.form != .tar { words.append("--jobs=\(workers)") }
    meter.setTotal(Int64(contents.entries.count))
    let failure = Mutex<(any Error)?>(nil)
    var listener = PgRestoreListener()
    try tool.run("pg_restore", words + [dump.path], database: database, cancellation: cancellation) { line in
      guard listener.countsAsStep(line) else { return }
      do { try meter.advance() } catch { failure.withLock { $0 = error } }
    }
    if let error = failure.withLock({ $0 }) { throw error }
    return fit.omissions(owner: owner)
  }

  /// Whether pg_restore would set parameters that the server rejects. Version 17 and later begins with one, and older
  /// servers stop there. The restore then uses a script without that parameter.
  static func setsUnknownParameters(_ tools: PostgresTools, major: Int) -> Bool { tools.major >= 17 && major < 17 }

  /// Returns the arguments of pg_restore: what to omit, and the role to use.
  private func arguments(_ contents: DumpContents, _ fit: DumpFit, scratch: String) throws -> [String] {
    let omittedNames = Set(
      fit.subscriptions.map { "SUBSCRIPTION \($0)" } + fit.omittedPublications.map { "PUBLICATION \($0)" })
    // One entry contains all privileges of an object.
    let omittedPrivileges = Set(
      (contents.schema?.items ?? []).compactMap { item -> PlainContents.Header? in
        guard case .privileges(_, let grantees) = item.kind, !fit.missingGrantees.isDisjoint(with: grantees) else {
          return nil
        }
        return item.header
      })
    func isOmitted(_ entry: DumpContents.Entry) -> Bool {
      switch entry.kind {
      // Objects that only an administrator may create are created before.
      case "EXTENSION": fit.actsAsOwner
      case "COMMENT" where entry.name.hasPrefix("EXTENSION "):
        fit.omittedComments.contains(String(entry.name.dropFirst("EXTENSION ".count)))
      case "COMMENT" where entry.name == "SCHEMA public": fit.omitsPublicComment
      case "COMMENT": omittedNames.contains(entry.name)
      case "ACL", "DEFAULT ACL":
        omittedPrivileges.contains(
          PlainContents.Header(name: entry.name, type: entry.kind, schema: entry.schema))
      case "PUBLICATION", "PUBLICATION TABLE", "PUBLICATION TABLES IN SCHEMA":
        fit.omittedPublications.contains { entry.name == $0 || entry.name.hasPrefix("\($0) ") }
      default: false
      }
    }
    let kept = contents.entries.filter { !isOmitted($0) }
    var words: [String] = []
    if kept.count < contents.entries.count {
      let list = "\(scratch)/contents.list"
      try FileSystem.replace(list, with: (kept.map(\.line).joined(separator: "\n") + "\n").utf8, mode: 0o644)
      words.append("--use-list=\(list)")
    }
    if !fit.missingTablespaces.isEmpty { words.append("--no-tablespaces") }
    if !fit.missingLabelProviders.isEmpty { words.append("--no-security-labels") }
    if !fit.subscriptions.isEmpty { words.append("--no-subscriptions") }
    if fit.actsAsOwner {
      try makeExtensions(contents.extensions)
      words += ["--no-owner", "--no-privileges", "--role=\(owner)"]
    }
    return words
  }

  private func fit(_ demands: DumpFit.Demands, isScript: Bool) throws -> (DumpFit, major: Int) {
    let connection = try access.connect(database: database)
    defer { connection.close() }
    let fit = try DumpFit(demands, isScript: isScript, isSuperuser: access.isSuperuser, connection)
    return (fit, connection.serverVersion / 10_000)
  }

  /// Restores plain SQL with psql, which executes no meta-commands from it: anything but SQL is refused.
  ///
  /// - Parameter isMade: whether pg_restore has just written the script, so that only its settings can be unsupported.
  private func runScript(_ script: DumpFile, isMade: Bool = false, cancellation: Cancellation) throws -> [String] {
    var contents = try script.plainContents(cancellation: cancellation) ?? PlainContents()
    if isMade { contents.items.removeAll { if case .setting = $0.kind { false } else { true } } }
    var fit = try fit(contents.demands, isScript: true).0
    var words = ["--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", "--single-transaction", "--output=/dev/null"]
    // A dump that restricts psql itself is left as it is; psql supports `\restrict` since the releases of August 2025.
    if try !restrictsItself(script), tools.resistsHostileDumps {
      words.append("--command=\\restrict \(RandomText.alphanumeric(24))")
    }
    if isMade {
      fit.ignoresOwners()
    } else if fit.actsAsOwner {
      // The dump names no owner: everything must belong to the server's role, not to the restoring role.
      try makeExtensions(contents.extensions)
      words.append("--command=SET ROLE \(Identifier.quote(owner))")
    }
    let edited = EditedScript(path: script.path, contents, fit, owner: owner)
    if edited.edits.isEmpty {
      try tool.run("psql", words + ["--file=\(script.path)"], database: database, cancellation: cancellation)
    } else {
      try edited.read { input in
        try tool.run("psql", words + ["--file=-"], database: database, input: input, cancellation: cancellation)
      }
    }
    return fit.omissions(owner: owner)
  }

  private func restrictsItself(_ script: DumpFile) throws -> Bool {
    let head = try Subprocess("/usr/bin/head", ["-c", "4096", script.path], directory: "/", user: tool.user).run()
    return head.output.contains("\\restrict ")
  }

  private func makeExtensions(_ names: [String]) throws {
    let connection = try access.connect(database: database)
    defer { connection.close() }
    for name in names { try connection.execute("CREATE EXTENSION IF NOT EXISTS \(Identifier.quote(name)) CASCADE") }
  }

  /// Computes statistics, which a dump does not contain: without them the server is slow in the first hours after a
  /// restore.
  private func analyze(_ cancellation: Cancellation) throws {
    let connection = try access.connect(database: database, cancellation: cancellation)
    defer { connection.close() }
    try connection.execute("ANALYZE")
  }
}

/// Counts the restored entries of a dump by the output of pg_restore.
///
/// In the beginning, one session names each entry when it creates it; later the parallel sessions name theirs too, and
/// pg_restore reports when each is finished.
private struct PgRestoreListener {
  private var isParallel = false

  mutating func countsAsStep(_ line: String) -> Bool {
    if line.contains(": entering main parallel loop") { isParallel = true }
    if isParallel { return line.contains(": finished item ") }
    return line.contains(": creating ") || line.contains(": processing data for") || line.contains(": executing ")
  }
}
