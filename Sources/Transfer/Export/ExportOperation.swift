import Administration
import Common
import Operations

/// Exports one organization into an archive that the server's own importer and this program's read.
///
/// All rows are read from one snapshot of the database, the list of files too. The archive gets its name when it is
/// complete and has been read back; until then no file of that name exists.
public struct ExportOperation: Operation {
  public struct Options: Sendable, Codable, Equatable {
    /// The organization's subdomain; empty for the root domain.
    public var subdomain: String
    /// The archive to write; nil for a generated name in /tmp.
    public var output: String?
    /// Ends all sessions first, so that messages stop; in the archive the organization is active.
    public var deactivates = false
    public var publicOnly = false
    /// Only public channels, and the private data of people who have consented; nil for everything.
    public var consent: Consent?
    /// Sessions that read at the same time; nil: one for each processor, four at most.
    public var parallel: Int?
    /// Compression, 1 (fast) to 9 (small).
    public var level = 1
    /// Stops at a file that cannot be read instead of skipping it.
    public var strict = false
    /// The archive is made for an import in the cloud; nil where it is not.
    public var handOver: CloudTransfer?
    /// The archive is streamed instead of being written into a file; nil: it is not.
    public var stream: Stream?
    /// The private folder for the socket of an outlet; nil: the folder of the job.
    public var streamFolder: String?

    /// Where an archive is streamed to.
    public enum Stream: String, Sendable, Codable {
      /// The standard output of this process.
      case standardOutput
      /// The program on another machine, which connects to the job; see ``Remote/StreamOutlet``.
      case outlet
      /// The same for a receiver that cannot change what it has received.
      case plainOutlet = "plain-outlet"
    }

    public init(subdomain: String, output: String? = nil) {
      self.subdomain = subdomain
      self.output = output
    }
  }

  public enum Phase: String, OperationPhase, CaseIterable {
    case deactivate, read, messages, tables, files, verify, deliver

    public var title: String {
      switch self {
      case .deactivate: "Deactivate the organization"
      case .read: "Find out what belongs to the organization"
      case .messages: "Export messages"
      case .tables: "Export people, channels and settings"
      case .files: "Export uploaded files"
      case .verify: "Read the archive back"
      case .deliver: "Send the end of the archive"
      }
    }

    public var weight: Double {
      switch self {
      case .read: 3
      case .messages: 20
      case .tables: 2
      case .verify: 6
      case .deactivate, .files, .deliver: 1
      }
    }
  }

  public static let kind = "export"
  public let server: ServerReference
  public let options: Options

  public init(_ server: ServerReference, _ options: Options) {
    self.server = server
    var options = options
    options.output = options.stream != nil ? nil : options.output ?? Self.newOutput(server.brand ?? .aloha)
    self.options = options
  }

  /// Returns a generated name for an archive in /tmp.
  public static func newOutput(_ brand: Brand) -> String {
    "/tmp/\(brand.rawValue)-export-\(RandomText.alphanumeric(8)).tar.gz"
  }

  /// The archive to write.
  public var output: String? {
    options.stream == nil ? options.output ?? Self.newOutput(server.brand ?? .aloha) : nil
  }

  // MARK: The operation as others see it

  public var servers: [ServerReference] { [server] }
  public var title: String { "Export '\(options.subdomain)' into \(options.output ?? "an archive")" }
  public var traces: OperationTraces {
    OperationTraces(
      written: [.init(options.output, subdomain: options.subdomain)].compactMap(\.self),
      workFolders: [OperationTraces.folder(of: options.output)])
  }

  public var commands: [ProgramCommand] {
    var words = ["export", "-r", options.subdomain]
    if let output = options.output { words += ["--output", output] }
    switch options.stream {
    case .standardOutput?: words += ["--output", "-"]
    case .outlet?, .plainOutlet?: words += ["--stream", options.stream?.rawValue ?? ""]
    case nil: break
    }
    if options.deactivates { words.append("--deactivate") }
    if options.publicOnly { words.append("--public-only") }
    switch options.consent {
    case .bySetting?: words.append("--with-consent")
    case .byReactions(let message)?: words += ["--with-consent", "--consent-message", "\(message)"]
    case nil: break
    }
    if let parallel = options.parallel { words += ["--parallel", "\(parallel)"] }
    if options.level != 1 { words += ["--level", "\(options.level)"] }
    if options.strict { words.append("--strict") }
    if let handOver = options.handOver { words += ["--for-cloud", handOver.subdomain] }
    return [ProgramCommand(words, on: server)]
  }

  public func undo(_ context: UndoContext) -> UndoRule {
    let archive = options.output
    var operations: [any Runnable] = archive.map { [RemoveFile($0, context)] } ?? []
    if options.deactivates {
      operations.append(ReactivationPart(ReactivateOperation(server, subdomain: options.subdomain)))
    }
    return .operations(operations, confirmation: archive.map { .file($0) })
  }

  // MARK: Check, plan, run

  public func check() throws -> [Finding] { try ExportRun(server.installation(), options).check() }
  public func plan() throws -> Plan { try ExportRun(server.installation(), options).plan() }
  public func run(progress: Progress) throws -> Summary { try measured(progress: progress).summary }

  /// The amounts of an export, for benchmarks.
  public struct Measurements: Sendable {
    public let summary: Summary
    public let rows: Int64
    /// Bytes of all members, and of the archive.
    public let memberBytes: Int64
    public let archiveBytes: Int64
    /// Processor time of the compression.
    public let compressionSeconds: Double
  }

  /// A streamed archive cannot be made again for the same receiver.
  public var rerunObstacle: String? {
    options.stream == nil ? nil : "its archive was streamed to a receiver that has ended; run the command again"
  }

  /// Does the same as ``run(progress:)``.
  public func measured(progress: Progress) throws -> Measurements {
    try ExportRun(server.installation(), options).run(progress)
  }
}
