import ArgumentParser
import Common
import Glibc
import Operations
import Postgres
import Sandbox
import Server
import Transfer

/// Measures the export of a large organization. For comparison: the same rows as JSON through gzip, and the same
/// members through pigz.
struct ExportBenchmark: ParsableCommand {
  static let configuration = CommandConfiguration(commandName: "export", abstract: "Export of a large organization.")

  @Option(help: "Messages of the sample organization.")
  var messages = 200_000

  @Option(help: "Compression, 1 (fast) to 9 (small).")
  var level = 1

  @Option(name: .customLong("repeat"), help: "Runs of the export; the fastest is shown, and the spread.")
  var runs = 3

  @Option(help: "A folder with servers of the reference data, already inflated (see its load and inflate).")
  var reference: String?

  @Flag(help: "Leave out the comparisons.")
  var alone = false

  func run() throws {
    let place = try reference.map { try Place.reference($0) } ?? Place.sample(messages: messages)
    defer { place.sandbox?.stop() }
    let folder = "/tmp/aloha-benchmark-\(RandomText.alphanumeric(8))"
    try FileSystem.makeFolder(folder)
    defer { try? FileSystem.removeTree(folder) }
    let archive = "\(folder)/export.tar.gz"

    print("Export of \(place.label), level \(level), \(WorkerThread.processors) processors")
    let first = try export(place, to: archive)
    var results = [first]
    while results.count < runs { results.append(try export(place, to: archive)) }
    let best = results.min { $0.cost.wall < $1.cost.wall } ?? first
    show(best, all: results)
    if !alone { try compare(best, place, archive, folder) }
  }

  // MARK: The export

  private struct Result {
    let cost: Cost
    let rows: Double
    let memberBytes: Double
    let archiveBytes: Double
    let compression: Double
    let peak: Int64
  }

  /// Runs one export in a separate process, so that its peak memory can be measured.
  private func export(_ place: Place, to archive: String) throws -> Result {
    unlink(archive)
    var numbers: [Double] = []
    let cost = try Measuring.cost(postmaster: place.postmaster) {
      let text = try Subprocess(
        CommandLine.arguments[0], ["export-once", place.root, place.subdomain, archive, String(level)]
      ).runChecked()
      numbers = text.split(separator: " ").compactMap { Double($0.filter { $0 != "\n" }) }
    }
    guard numbers.count == 5 else { throw PlainFailure(.unexpected, "export", "said nothing") }
    return Result(
      cost: cost, rows: numbers[0], memberBytes: numbers[1], archiveBytes: numbers[2], compression: numbers[3],
      peak: Int64(numbers[4]))
  }

  private func show(_ best: Result, all: [Result]) {
    line("wall, read back included", seconds(best.cost.wall))
    line("  of all runs", all.map { seconds($0.cost.wall) }.joined(separator: ", "))
    line("rows", Amount.count(Int64(best.rows)))
    line("rows a second", Amount.count(Int64(best.rows / best.cost.wall)))
    line("bytes a second", "\(Amount.bytes(Int64(best.memberBytes / best.cost.wall))) of JSON and files")
    line("archive", "\(Amount.bytes(Int64(best.archiveBytes))) of \(Amount.bytes(Int64(best.memberBytes)))")
    line("processor, PostgreSQL", seconds(best.cost.server))
    line("processor, compression", seconds(best.compression))
    line("processor, all else of ours", seconds(best.cost.client - best.compression))
    line("peak memory", Amount.bytes(best.peak))
  }

  // MARK: For comparison

  private func compare(_ best: Result, _ place: Place, _ archive: String, _ folder: String) throws {
    let raw = try Measuring.cost(postmaster: place.postmaster) {
      try Subprocess("/bin/sh", ["-c", "\(place.rawExport) | gzip -6 > \(folder)/raw.gz"]).runChecked()
    }
    print("psql COPY of the same rows as JSON | gzip -6")
    line("wall", seconds(raw.wall))
    line("processor", seconds(raw.processor))
    line(
      "ours to it", "wall \(ratio(best.cost.wall, raw.wall)), processor \(ratio(best.cost.processor, raw.processor))")
    guard let pigz = Subprocess.find("pigz") else { return print("pigz is not installed: not compared.") }
    try Subprocess("/bin/sh", ["-c", "gzip -dc \(archive) > \(folder)/members.tar"]).runChecked()
    let packed = try Measuring.cost(postmaster: nil) {
      try Subprocess("/bin/sh", ["-c", "\(pigz) -\(level) -c \(folder)/members.tar > \(folder)/pigz.gz"]).runChecked()
    }
    print("pigz -\(level) of the same members alone")
    line("wall", seconds(packed.wall))
    line("processor", seconds(packed.client))
    line(
      "ours to it",
      "wall of everything \(ratio(best.cost.wall, packed.wall)), "
        + "processor of compression \(ratio(best.compression, packed.client))")
  }

  private func ratio(_ ours: Double, _ theirs: Double) -> String { decimal(theirs > 0 ? ours / theirs : 0) }

  /// Runs one export in a separate process. Prints rows, bytes of members, bytes of the archive, seconds of
  /// compression, bytes of memory.
  struct Once: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "export-once", shouldDisplay: false)

    @Argument var root: String
    @Argument var subdomain: String
    @Argument var archive: String
    @Argument var level: Int

    func run() throws {
      var options = ExportOperation.Options(subdomain: subdomain, output: archive)
      options.level = level
      let measured = try ExportOperation(ServerReference(root: root), options).measured(progress: .silent)
      print(
        Double(measured.rows), Double(measured.memberBytes), Double(measured.archiveBytes),
        measured.compressionSeconds, Double(Measuring.peakMemory))
    }
  }
}

/// A server with a large organization.
private struct Place {
  let root: String
  let subdomain: String
  let label: String
  let postmaster: Int?
  /// The command line of psql that prints the rows of messages, user-messages and reactions as JSON.
  let rawExport: String
  /// The sandbox of the server; nil for existing servers.
  let sandbox: Sandbox?

  static func sample(messages: Int) throws -> Place {
    print("Making a server with \(Amount.count(Int64(messages))) messages …")
    let sandbox = try Sandbox.temporary(servers: ["benchmark"])
    guard let server = sandbox.servers.first else { throw PlainFailure(.unexpected, "sandbox", "made no server") }
    let organization = SampleOrganization(messages: messages)
    try server.add(organization)
    return try Place(root: server.root, subdomain: organization.subdomain, sandbox: sandbox)
  }

  static func reference(_ folder: String) throws -> Place {
    try Place(root: "\(folder)/source", subdomain: "zulip", sandbox: nil)
  }

  private init(root: String, subdomain: String, sandbox: Sandbox?) throws {
    let installation = try Installation(root: root)
    let connection = try installation.connect()
    defer { connection.close() }
    let count = try connection.value(
      """
      SELECT count(*) FROM zerver_message m JOIN zerver_realm r ON r.id = m.realm_id WHERE r.string_id = $1
      """, [subdomain])
    self.root = root
    self.subdomain = subdomain
    self.sandbox = sandbox
    label = "\(Amount.count(count.flatMap { Int64($0) } ?? 0)) messages"
    postmaster = Measuring.parent(of: connection.backendProcess)
    let parameters = installation.databaseParameters()
    let realm = "(SELECT id FROM zerver_realm WHERE string_id = \(Identifier.literal(subdomain)))"
    let messages = "SELECT id FROM zerver_message WHERE realm_id = \(realm)"
    let queries = [
      "SELECT * FROM zerver_message WHERE realm_id = \(realm)",
      "SELECT * FROM zerver_usermessage WHERE message_id IN (\(messages))",
      "SELECT * FROM zerver_reaction WHERE message_id IN (\(messages))",
    ]
    let commands = queries.map { "-c \"COPY (SELECT row_to_json(t) FROM (\($0)) t) TO STDOUT\"" }
    rawExport =
      "psql -qX -h \(parameters.host ?? "") -U \(parameters.user) -d \(parameters.database) "
      + "-c \"SET search_path TO \(installation.brand.schema)\" " + commands.joined(separator: " ")
  }
}
