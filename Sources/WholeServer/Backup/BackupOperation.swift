import Common
import Operations

/// Backs up a whole server into one archive, laid out as the server's own backups: its own restore reads ours.
///
/// The database is dumped by several sessions from one snapshot; the files are listed at that same moment. The archive
/// gets its name when it is complete and has been read back.
public struct BackupOperation: Operation {
  public struct Options: Sendable, Codable, Equatable {
    /// The archive to write; nil for a generated name in ``folder``.
    public var output: String?
    /// The folder of a generated name; nil for /tmp, in a container for ``Container/backupFolder``.
    public var folder: String?
    public var skipsDatabase = false
    public var skipsUploads = false
    /// Sessions that dump at the same time; nil: one for each processor, four at most.
    public var parallel: Int?
    /// Compression, 1 (fast) to 9 (small).
    public var level = 1
    /// The folder of the dump until it is in the archive; nil: beside the archive, or /var/tmp.
    public var workFolder: String?
    /// age's public key to encrypt to; nil: not encrypted.
    public var recipient: String?

    public init(output: String? = nil) { self.output = output }
  }

  public enum Phase: String, OperationPhase, CaseIterable {
    case dump, count, settings, database, uploads, verify, encrypt

    public var title: String {
      switch self {
      case .dump: "Dump the database"
      case .count: "Count the rows of every table"
      case .settings: "Add the settings and the secrets"
      case .database: "Add the database"
      case .uploads: "Add uploaded files"
      case .verify: "Read the archive back"
      case .encrypt: "Encrypt the archive"
      }
    }

    public var weight: Double {
      switch self {
      case .dump: 15
      case .count: 2
      default: 1
      }
    }
  }

  public static let kind = "backup"
  public let server: ServerReference
  public let options: Options

  public init(_ server: ServerReference, _ options: Options = Options()) {
    self.server = server
    self.options = options
  }

  /// The same with a generated name for the archive, where none was given. Reads the server's settings.
  public func named() throws -> BackupOperation {
    var options = options
    options.output = try work().output
    return BackupOperation(server, options)
  }

  // MARK: The operation as others see it

  public var servers: [ServerReference] { [server] }
  public var title: String { "Back up the server" }

  public var traces: OperationTraces {
    OperationTraces(
      backupFolder: options.output.map { FileSystem.folder(of: $0) } ?? options.folder,
      written: [.init(options.output)].compactMap(\.self),
      workFolders: [OperationTraces.folder(of: options.output), options.folder, options.workFolder])
  }

  public var commands: [ProgramCommand] {
    var words = ["backup"]
    if let output = options.output {
      words += ["--output", output]
    } else if let folder = options.folder {
      words += ["--folder", folder]
    }
    if options.skipsDatabase { words.append("--skip-db") }
    if options.skipsUploads { words.append("--skip-uploads") }
    if let parallel = options.parallel { words += ["--parallel", "\(parallel)"] }
    if options.level != 1 { words += ["--level", "\(options.level)"] }
    if let recipient = options.recipient { words += ["--encrypt-to", recipient] }
    if let workFolder = options.workFolder { words += ["--work-folder", workFolder] }
    return [ProgramCommand(words, on: server)]
  }

  public func undo(_ context: UndoContext) -> UndoRule {
    .impossible("a backup changes nothing; delete its file where you do not want it")
  }

  /// A later backup that succeeded replaces a failed one, under whichever file name.
  public func isSuperseded(by later: any Operation, hasFinished: Bool) -> Bool {
    isEqual(to: later) || (hasFinished && later is BackupOperation)
  }

  // MARK: Check, plan, run

  public func check() throws -> [Finding] { try work().check() }
  public func plan() throws -> Plan { try work().plan() }
  public func run(progress: Progress) throws -> Summary { try work().run(progress) }

  private func work() throws -> BackupRun { BackupRun(try server.installation(), options) }
}
