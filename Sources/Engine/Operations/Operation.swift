import Common

/// Work in the three steps that every front end shows: check, plan, run.
///
/// It runs on the caller's thread, prints nothing and knows no screen. Front ends begin it with ``perform(_:)``.
public protocol Runnable: Sendable {
  /// Returns what could prevent success or deserves attention. Changes nothing.
  ///
  /// - Throws: only where it cannot even look.
  func check() throws -> [Finding]

  /// Returns what would be done. Changes nothing.
  func plan() throws -> Plan

  /// Does it. Begins with its own checks, see ``Progress/pass(_:)``. Cancelling or failing leaves everything as it was
  /// before, as far as the plan's point of no return allows.
  ///
  /// - Returns: the result, without warnings and without telling anyone: ``perform(_:)`` does both.
  func run(progress: Progress) throws -> Summary
}

extension Runnable {
  /// Runs it for a front end: the warnings that were given on the way become part of the summary, and followers are told
  /// the end.
  public func perform(_ progress: Progress) throws -> Summary {
    var summary = try run(progress: progress)
    if summary.warnings.isEmpty { summary.warnings = progress.warnings }
    progress.finished(summary)
    return summary
  }
}

/// One thing that this program does to servers: a plain value that tells its whole story.
///
/// It is what a job's process is given as text, what the wizard's answers become and what a command line stands for. To
/// add one, write a folder with a type like this and name it in ``OperationCatalog/standard``.
public protocol Operation: Runnable, Codable, Equatable {
  /// Short and stable: what `job.json` calls it. "export".
  static var kind: String { get }

  /// The servers that no other job may work on at the same time. Jobs are listed on the first one.
  var servers: [ServerReference] { get }

  /// A few words, as an order, for where no plan says more: "Deactivate 'lunar'". Reads nothing.
  var title: String { get }

  /// The same as commands of this program, in order. Empty where there is no command for it.
  var commands: [ProgramCommand] { get }

  /// How the finished operation is reversed, or why it cannot be. Reads nothing.
  ///
  /// - Parameter context: what is known of the job that has run it.
  func undo(_ context: UndoContext) -> UndoRule

  /// The files and folders that it works with, for other operations to find later.
  var traces: OperationTraces { get }

  /// What becomes of leftovers of interrupted commands before it begins as a job.
  static var leftovers: LeftoverPolicy { get }

  /// Why a job of it that failed or was interrupted cannot be run once more; nil where it can. May read the server.
  var rerunObstacle: String? { get }

  /// What to do instead of an undo where a job of it was interrupted; nil where nothing of it is visible then.
  var interruptionAdvice: String? { get }

  /// Whether a later job leaves nothing to be decided about a broken job of this operation.
  ///
  /// - Parameter hasFinished: whether the later job did its work.
  func isSuperseded(by later: any Operation, hasFinished: Bool) -> Bool
}

extension Operation {
  public var commands: [ProgramCommand] { [] }
  public var traces: OperationTraces { OperationTraces() }
  public static var leftovers: LeftoverPolicy { .removed }
  public var rerunObstacle: String? { nil }
  public var interruptionAdvice: String? { nil }
  public func isSuperseded(by later: any Operation, hasFinished: Bool) -> Bool { isEqual(to: later) }

  /// Whether both are the same operation with the same decisions.
  public func isEqual(to other: any Operation) -> Bool { (other as? Self) == self }
}

/// What becomes of leftovers of interrupted commands before a job begins.
public enum LeftoverPolicy: Sendable {
  /// They are removed, and interrupted deletions are finished.
  case removed
  /// They are removed, but the operation finishes interrupted deletions itself.
  case removedExceptDeletions
  /// The operation does it itself.
  case left
}

/// Files and folders of an operation that others ask for later.
public struct OperationTraces: Sendable, Equatable {
  /// The archive that an organization was imported from, and the subdomain that it got on the last of the servers.
  public var imported: (archive: String, subdomain: String)?
  /// The folder that backups are written to.
  public var backupFolder: String?
  /// Folders in which it works or puts archives; leftovers are looked for there.
  public var workFolders: [String]

  public init(
    imported: (archive: String, subdomain: String)? = nil, backupFolder: String? = nil, workFolders: [String?] = []
  ) {
    self.imported = imported
    self.backupFolder = backupFolder
    self.workFolders = workFolders.compactMap(\.self)
  }

  public static func == (left: OperationTraces, right: OperationTraces) -> Bool {
    left.imported?.archive == right.imported?.archive && left.imported?.subdomain == right.imported?.subdomain
      && left.backupFolder == right.backupFolder && left.workFolders == right.workFolders
  }

  /// The folder of a file; nil for a path that does not begin at the root.
  static func folder(of path: String?) -> String? {
    guard let path, path.hasPrefix("/"), let slash = path.lastIndex(of: "/") else { return nil }
    return slash == path.startIndex ? "/" : String(path[..<slash])
  }
}
