import Common

/// Work in three steps that every front end shows: check, plan, run.
///
/// It runs on the caller's thread and prints nothing. Front ends start it with ``perform(_:)``.
public protocol Runnable: Sendable {
  /// Returns what could prevent success or needs attention. Changes nothing.
  ///
  /// - Throws: only if a check is impossible, for example without access to the server.
  func check() throws -> [Finding]

  /// Returns what the run would do. Changes nothing.
  func plan() throws -> Plan

  /// Runs the operation. It starts with its own checks, see ``Progress/pass(_:)``. A cancelled or failed run leaves
  /// everything unchanged, until the plan's point of no return.
  ///
  /// - Returns: the result without warnings and without an end event: ``perform(_:)`` adds both.
  func run(progress: Progress) throws -> Summary
}

extension Runnable {
  /// Runs the operation for a front end: adds the warnings of the run to the summary, and sends the end event.
  public func perform(_ progress: Progress) throws -> Summary {
    var summary = try run(progress: progress)
    if summary.warnings.isEmpty { summary.warnings = progress.warnings }
    progress.finished(summary)
    return summary
  }
}

/// An operation of this program on servers: a plain value with everything that other parts need to know about it.
///
/// It is stored in a job's folder, created from the wizard's answers, and parsed from and printed as a command line. To
/// add one, write a folder with such a type and list it in ``OperationCatalog/standard``.
public protocol Operation: Runnable, Codable, Equatable {
  /// The short, stable name in `job.json`, for example "export".
  static var kind: String { get }

  /// The servers that no other job may use at the same time. Jobs are listed with the first one.
  var servers: [ServerReference] { get }

  /// A short imperative title, used where no plan is available: "Deactivate 'lunar'". Accesses nothing.
  var title: String { get }

  /// The equivalent commands of this program, in order; empty if there are none.
  var commands: [ProgramCommand] { get }

  /// Returns how the finished operation is undone, or why it cannot be. Accesses nothing.
  ///
  /// - Parameter context: the job that has run it.
  func undo(_ context: UndoContext) -> UndoRule

  /// The files and folders that the operation uses, for later operations.
  var traces: OperationTraces { get }

  /// The handling of leftovers of interrupted commands before the operation runs as a job.
  static var leftovers: LeftoverPolicy { get }

  /// Why a failed or interrupted job of this operation cannot be repeated; nil if it can. May access the server.
  var rerunObstacle: String? { get }

  /// What to do instead of an undo after an interrupted job; nil if an interrupted job leaves no visible changes.
  var interruptionAdvice: String? { get }

  /// Returns whether a failed or interrupted job of this operation needs no decision any more because of a later job.
  ///
  /// - Parameter hasFinished: whether the later job succeeded.
  func isSuperseded(by later: any Operation, hasFinished: Bool) -> Bool
}

extension Operation {
  public var commands: [ProgramCommand] { [] }
  public var traces: OperationTraces { OperationTraces() }
  public static var leftovers: LeftoverPolicy { .removed }
  public var rerunObstacle: String? { nil }
  public var interruptionAdvice: String? { nil }
  public func isSuperseded(by later: any Operation, hasFinished: Bool) -> Bool { isEqual(to: later) }

  /// Returns whether both are the same operation with the same decisions.
  public func isEqual(to other: any Operation) -> Bool { (other as? Self) == self }
}

/// The handling of leftovers of interrupted commands before a job starts.
public enum LeftoverPolicy: Sendable {
  /// They are deleted, and interrupted deletions are completed.
  case removed
  /// They are deleted; the operation completes interrupted deletions itself.
  case removedExceptDeletions
  /// The operation handles them itself.
  case left
}

/// Files and folders of an operation that later operations need.
public struct OperationTraces: Sendable, Equatable {
  /// The archive of an import, and the subdomain on the last server of the operation.
  public var imported: (archive: String, subdomain: String)?
  /// The folder that receives backups.
  public var backupFolder: String?
  /// The archives that it writes.
  public var written: [WrittenArchive]
  /// Folders for temporary files and archives, which are searched for leftovers.
  public var workFolders: [String]

  public init(
    imported: (archive: String, subdomain: String)? = nil, backupFolder: String? = nil,
    written: [WrittenArchive] = [], workFolders: [String?] = []
  ) {
    self.imported = imported
    self.backupFolder = backupFolder
    self.written = written
    self.workFolders = workFolders.compactMap(\.self)
  }

  public static func == (left: OperationTraces, right: OperationTraces) -> Bool {
    left.imported?.archive == right.imported?.archive && left.imported?.subdomain == right.imported?.subdomain
      && left.backupFolder == right.backupFolder && left.written == right.written
      && left.workFolders == right.workFolders
  }

  /// An archive that an operation writes.
  public struct WrittenArchive: Sendable, Equatable {
    public let path: String
    /// The subdomain of the exported organization; nil for a backup.
    public let subdomain: String?

    /// - Returns: nil without a path.
    public init?(_ path: String?, subdomain: String? = nil) {
      guard let path else { return nil }
      self.path = path
      self.subdomain = subdomain
    }
  }

  /// Returns the folder of a file; nil for relative paths.
  package static func folder(of path: String?) -> String? {
    guard let path, path.hasPrefix("/"), let slash = path.lastIndex(of: "/") else { return nil }
    return slash == path.startIndex ? "/" : String(path[..<slash])
  }
}
