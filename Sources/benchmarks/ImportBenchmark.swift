import ArgumentParser
import Common
import Glibc
import Operations
import Postgres
import Sandbox
import Synchronization
import Transfer

/// Measures the import of a large organization into a freshly installed server, and into one with another organization.
/// For comparison: plain COPY of the same messages, user-messages and reactions, with indexes, foreign keys and
/// triggers.
struct ImportBenchmark: ParsableCommand {
  static let configuration = CommandConfiguration(commandName: "import", abstract: "Import of a large organization.")

  @Option(help: "Messages of the sample organization.")
  var messages = 200_000

  @Flag(help: "Leave out the comparison with plain COPY.")
  var alone = false

  func run() throws {
    print("Making servers and an archive with \(Amount.count(Int64(messages))) messages …")
    let sandbox = try Sandbox.temporary(servers: ["source", "empty", "shared", "plain"])
    defer { sandbox.stop() }
    func server(_ name: String) throws -> SandboxServer {
      guard let found = sandbox.servers.first(where: { $0.name == name }) else {
        throw PlainFailure(.unexpected, "sandbox", "made no server \(name)")
      }
      return found
    }
    let source = try server("source")
    let organization = SampleOrganization(messages: messages)
    try source.add(organization)
    try server("shared").add(SampleOrganization(.bookclub, subdomain: "others", messages: max(1000, messages / 10)))
    let archive = "\(sandbox.directory)/benchmark.tar.gz"
    _ = try ExportOperation(
      ServerReference(root: source.root), ExportOperation.Options(subdomain: organization.subdomain, output: archive)
    ).run(progress: .silent)

    print("Import of \(Amount.count(Int64(messages))) messages, \(WorkerThread.processors) processors")
    let empty = try measure(try server("empty"), archive, "into a freshly installed server")
    let shared = try measure(try server("shared"), archive, "into a server with another organization")
    guard !alone else { return }
    let plain = try copyPlainly(from: source, to: try server("plain"))
    print("plain COPY of messages, user-messages and reactions, with indexes, foreign keys and triggers")
    line("wall", seconds(plain))
    line("ours to it, fresh server", decimal(empty / plain))
    line("ours to it, shared server", decimal(shared / plain))
  }

  private func measure(_ server: SandboxServer, _ archive: String, _ label: String) throws -> Double {
    let connection = try server.connect()
    func position() throws -> String { try connection.value("SELECT pg_current_wal_lsn()") ?? "0/0" }
    let before = try position()
    var output = ""
    let postmaster = Measuring.parent(of: connection.backendProcess)
    let cost = try Measuring.cost(postmaster: postmaster) {
      output = try Subprocess(CommandLine.arguments[0], ["import-once", server.root, archive]).runChecked()
    }
    let log = try connection.query("SELECT pg_wal_lsn_diff($1::pg_lsn, $2::pg_lsn)", [try position(), before]).first?[0]
    var lines = output.split(separator: "\n").map(String.init)
    let last = lines.popLast()?.split(separator: " ").compactMap { Double($0) } ?? []
    guard last.count == 2 else { throw PlainFailure(.unexpected, "import", "said nothing") }
    print(label)
    line("wall", seconds(cost.wall))
    for phase in lines { print("    \(phase)") }
    line("rows", Amount.count(Int64(last[0])))
    line("rows a second", Amount.count(Int64(last[0] / cost.wall)))
    line("processor, PostgreSQL", seconds(cost.server))
    line("processor, ours", seconds(cost.client))
    line("peak memory", Amount.bytes(Int64(last[1])))
    line("write-ahead log", Amount.bytes(log.flatMap { Double($0) }.map { Int64($0) } ?? 0))
    return cost.wall
  }

  /// Copies the large tables from one database to the other with `COPY`. Returns the seconds; the rows that these
  /// tables refer to are copied before and not counted.
  private func copyPlainly(from source: SandboxServer, to target: SandboxServer) throws -> Double {
    let large = ["zerver_message", "zerver_usermessage", "zerver_reaction"]
    let reader = try source.connect()
    let writer = try target.connectAsSuperuser()
    let schema = Identifier.quote(source.brand.schema)
    try writer.execute("SET search_path TO \(schema), public")
    // The small tables are copied without checks and without being measured.
    let catalog = try Catalog.read(reader, schema: source.brand.schema)
    try writer.execute("SET session_replication_role = replica")
    for table in catalog.tables.keys.sorted() where !large.contains(table) && table != "fts_update_log" {
      try writer.execute("TRUNCATE \(Identifier.quote(table)) CASCADE")
    }
    for table in catalog.tables.keys.sorted() where !large.contains(table) && table != "fts_update_log" {
      try copy(table, reader, writer)
    }
    try writer.execute("SET session_replication_role = origin; CHECKPOINT")
    let cost = try Measuring.cost(postmaster: nil) {
      try writer.transaction {
        for table in large { try copy(table, reader, writer) }
      }
    }
    return cost.wall
  }

  private func copy(_ table: String, _ reader: Connection, _ writer: Connection) throws {
    let name = Identifier.quote(table)
    try writer.copyIn("COPY \(name) FROM STDIN (FORMAT binary)") { sink in
      try reader.copyOut("COPY \(name) TO STDOUT (FORMAT binary)") { try sink.write($0) }
    }
  }

  /// Runs one import in a separate process. Prints a line per phase, then rows and bytes of memory.
  struct Once: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "import-once", shouldDisplay: false)

    @Argument var root: String
    @Argument var archive: String

    private struct Watch {
      var phase: (title: String, began: ContinuousClock.Instant)?
      var rows: Int64 = 0
      var current: Int64 = 0
    }

    func run() throws {
      let watch = Mutex(Watch())
      let progress = Progress { event in
        watch.withLock { watch in
          switch event {
          case .phaseStarted(_, let title, _, _): watch.phase = (title, .now)
          case .advanced(_, let done, _, .rows): watch.current = done
          case .phaseEnded:
            guard let phase = watch.phase else { return }
            let passed = (ContinuousClock.now - phase.began).components
            print("\(decimal(Double(passed.seconds) + Double(passed.attoseconds) / 1e18)) s  \(phase.title)")
            watch.rows += watch.current
            watch.current = 0
          default: break
          }
        }
      }
      _ = try ImportOperation(
        ServerReference(root: root), ImportOperation.Options(subdomain: "benchmark", archive: archive)
      ).run(progress: progress)
      print(Double(watch.withLock { $0.rows }), Double(Measuring.peakMemory))
    }
  }
}
