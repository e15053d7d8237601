import Common
import Glibc
import Operations

/// A request that is refused before anything has changed is not a job: it is neither listed nor offered. Its folder
/// exists until the requesting process has read the reason; if that process ends first, the next list or start removes
/// the folder.
///
/// Files in the folder of a job:
/// - `request`: locked by the requesting process, until the job has begun or its end was read, see ``JobRequest``.
/// - `begun`: the first phase that is not a check has started.
/// - `refused`: the job ended before that, for a reason of ``isRefusal(_:)``.
/// - `announced`: the requesting process has reported that the job is running, and ended. Such a job is kept, however it
///   ends.
extension JobFolder {
  var request: String { "\(path)/request" }
  private var begunMark: String { "\(path)/begun" }
  private var refusedMark: String { "\(path)/refused" }
  private var announcedMark: String { "\(path)/announced" }

  /// Whether the failure of an operation that has changed nothing is the answer to its request. Other failures, for
  /// example of a database or a disk, are kept as failed jobs.
  static func isRefusal(_ error: any Error) -> Bool {
    switch (error as? any Failure)?.family {
    case .usage, .configuration, .blocked, .conflict, .notFound, .archive, .damagedArchive, .unsuitableArchive,
      .cancelled:
      true
    case .unexpected, .connection, .database, .file, .command, nil: false
    }
  }

  // MARK: Marks

  /// Errors are ignored: a full disk must not end the operation.
  func markBegun() { try? FileSystem.replace(begunMark, with: []) }
  func markRefused() { try? FileSystem.replace(refusedMark, with: []) }
  func markAnnounced() throws { try FileSystem.replace(announcedMark, with: []) }

  func removeAnnouncement() { unlink(announcedMark) }

  public var hasBegun: Bool { FileSystem.exists(begunMark) }

  /// Whether the job was refused, and no command has reported that it is running.
  public var isRefused: Bool { FileSystem.exists(refusedMark) && !FileSystem.exists(announcedMark) }

  /// Whether the requesting process still waits for the start or the end of the job.
  var isRequested: Bool { FileSystem.exists(request) && (try? FileLock(request)) == nil }

  /// Whether the folder is not that of a job: it was refused, or its process was never started.
  var isVoid: Bool { isRefused || isAbandoned }

  /// Whether the requesting process ended before it had started the process of the job.
  private var isAbandoned: Bool {
    !FileSystem.exists(journal) && FileSystem.exists(request) && !isRequested
  }

  /// Whether a failed job changed nothing: it failed before its first phase, or its checks refused it.
  var changedNothing: Bool {
    if case .failed(let failure) = state(),
      failure.refused == true || failure.exitCode == FailureFamily.blocked.rawValue
    {
      return true
    }
    return !hasStartedPhase
  }

  // MARK: Removal

  /// The age in seconds from which a process that was started must have written its first file.
  private static let longestStart: Int = 60

  /// Removes the folder if it is not that of a job and no process uses it.
  func removeIfVoid() {
    guard isRefused || (isAbandoned && age > Self.longestStart), !isLocked, !isRequested else { return }
    try? FileSystem.removeTree(path)
  }

  /// The age of the folder in seconds.
  private var age: Int {
    var status = stat()
    guard stat(request, &status) == 0 else { return 0 }
    return time(nil) - status.st_mtim.tv_sec
  }
}
