import Common
import Glibc
import Postgres
import Synchronization

/// Brings a dump into an empty database.
struct DumpRestore: Sendable {
  let dump: DumpFile
  /// Nil for plain SQL, which has no table of contents.
  let contents: DumpContents?
  let tools: PostgresTools
  let access: AdministratorAccess
  let database: String
  /// The role that is to own everything where the dump's own owners do not exist here.
  let owner: String
  let workers: Int

  /// - Parameter scratch: a folder that the program's user can read.
  func run(scratch: String, meter: Meter, cancellation: Cancellation) throws {
    switch dump.form {
    case .plain, .gzippedPlain: try runScript(cancellation: cancellation)
    case .directory, .custom, .tar: try runArchive(scratch: scratch, meter: meter, cancellation: cancellation)
    }
    try analyze(cancellation)
  }

  /// Nothing here need be durable by itself: the transaction that gives the database its name comes after it in the
  /// write-ahead log, and takes it to the disk.
  private var tool: ToolRun {
    ToolRun(
      tools: tools, parameters: access.parameters,
      settings: ["synchronous_commit": "off", "maintenance_work_mem": "128MB"])
  }

  private func runArchive(scratch: String, meter: Meter, cancellation: Cancellation) throws {
    let contents = try contents ?? DumpContents.read(dump.path, tools: tools, user: tool.user)
    var words = ["--exit-on-error", "--verbose"]
    // pg_restore cannot read a tar file from several sessions.
    if dump.form != .tar { words.append("--jobs=\(workers)") }
    if try !missingRoles(contents.owners).isEmpty {
      // As another role: it owns all, and what only an administrator may do is done before.
      let list = "\(scratch)/contents.list"
      let kept = contents.entries.filter {
        $0.kind != "EXTENSION" && !($0.kind == "COMMENT" && $0.name.hasPrefix("EXTENSION "))
      }
      try FileSystem.replace(list, with: (kept.map(\.line).joined(separator: "\n") + "\n").utf8, mode: 0o644)
      try makeExtensions(contents.extensions)
      words += ["--no-owner", "--no-privileges", "--role=\(owner)", "--use-list=\(list)"]
    }
    meter.setTotal(Int64(contents.entries.count))
    let failure = Mutex<(any Error)?>(nil)
    var listener = PgRestoreListener()
    try tool.run("pg_restore", words + [dump.path], database: database, cancellation: cancellation) { line in
      guard listener.countsAsStep(line) else { return }
      do { try meter.advance() } catch { failure.withLock { $0 = error } }
    }
    if let error = failure.withLock({ $0 }) { throw error }
  }

  /// Plain SQL goes through psql, which takes no orders from it: what is not SQL is refused.
  private func runScript(cancellation: Cancellation) throws {
    var words = ["--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", "--single-transaction", "--output=/dev/null"]
    // A dump that restricts psql itself must be left to it; psql knows the order since the releases of August 2025.
    if try !restrictsItself(), tools.resistsHostileDumps {
      words.append("--command=\\restrict \(RandomText.alphanumeric(24))")
    }
    try tool.run("psql", words + ["--file=\(dump.path)"], database: database, cancellation: cancellation)
  }

  private func restrictsItself() throws -> Bool {
    let head = try Subprocess("/usr/bin/head", ["-c", "4096", dump.path], directory: "/", user: tool.user).run()
    return head.output.contains("\\restrict ")
  }

  private func missingRoles(_ owners: [String]) throws -> [String] {
    let connection = try access.connect()
    defer { connection.close() }
    let known = Set(try connection.query("SELECT rolname FROM pg_roles").compactMap { $0[0] })
    return owners.filter { !known.contains($0) }
  }

  private func makeExtensions(_ names: [String]) throws {
    let connection = try access.connect(database: database)
    defer { connection.close() }
    for name in names { try connection.execute("CREATE EXTENSION IF NOT EXISTS \(Identifier.quote(name)) CASCADE") }
  }

  /// A dump carries no statistics: without them the first hours after a restore are slow.
  private func analyze(_ cancellation: Cancellation) throws {
    let connection = try access.connect(database: database, cancellation: cancellation)
    defer { connection.close() }
    try connection.execute("ANALYZE")
  }
}

/// Counts the entries of a dump in what pg_restore says.
///
/// It begins alone and names each entry once, when it makes it; its parallel sessions name theirs too, and it says when
/// each is done.
private struct PgRestoreListener {
  private var isParallel = false

  mutating func countsAsStep(_ line: String) -> Bool {
    if line.contains(": entering main parallel loop") { isParallel = true }
    if isParallel { return line.contains(": finished item ") }
    return line.contains(": creating ") || line.contains(": processing data for") || line.contains(": executing ")
  }
}
