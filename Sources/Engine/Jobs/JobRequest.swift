import Common
import Glibc
import Operations

/// A job that someone asks for: its folder, from before its process starts until it has begun or its end was read.
///
/// A request that is refused by checks leaves no job: ``settle()`` removes its folder. A process that ends without it
/// leaves a folder that is not listed, and that ``JobStore/sweep()`` removes.
public final class JobRequest: Sendable {
  public let folder: JobFolder
  /// Tells other processes that the end of the job will be read.
  private let lock: FileLock
  /// The folders that did not exist before the request, the outermost first.
  private let created: [String]

  /// Creates the folder of a job.
  ///
  /// - Throws: `.conflict` if another job is running on one of the servers, `.configuration` if the root of a server is
  ///   not a folder. Both leave no folder.
  public init(_ operation: any Operation, plan: Plan?, catalog: OperationCatalog = .standard) throws {
    try JobStore.refuseWhereBusy(operation)
    var created: [String] = []
    for server in operation.servers {
      guard FileSystem.isFolder(server.root) else {
        throw PlainFailure(
          .configuration, SafeText.clean(server.root, limit: .path), "there is no such folder",
          remedy: "correct --root; on the server itself it is /")
      }
      created += JobStore(root: server.root, catalog: catalog).missingFolders
    }
    self.created = created
    let store = try JobStore(of: operation, catalog: catalog)
    store.sweep()
    folder = try store.make(operation, plan: plan)
    guard let lock = try FileLock(folder.request) else {
      throw PlainFailure(.unexpected, "job \(folder.id)", "was taken by another process")
    }
    self.lock = lock
    try JobToken.record(in: folder)
    store.removeOldJobs()
  }

  /// Starts the process of the job.
  public func start(executable: String = "/proc/self/exe") throws {
    do {
      try JobProcess.start(folder, executable: executable)
    } catch {
      try? FileSystem.removeTree(folder.path)
      removeCreatedFolders()
      throw error
    }
  }

  /// Waits until the job has begun or ended.
  ///
  /// Checks that read a large archive can take long: after `patience` the job counts as begun, and is kept however it
  /// ends.
  ///
  /// - Returns: the summary if the job has already finished.
  /// - Throws: the failure of the job. Cancelling `cancellation` stops the job.
  public func awaitBegin(cancellation: Cancellation, patience: Duration = .seconds(20)) throws -> Summary? {
    let start = ContinuousClock.now
    var outcome: ProgressEvent?
    var stop = StopRequest(folder)
    do {
      try JobFollower(folder).follow { event in
        if event.isEnd { outcome = event }
      } wait: {
        try stop.send(if: cancellation)
        if !stop.isWanted, folder.hasBegun || ContinuousClock.now - start > patience { throw Enough() }
        usleep(20_000)
      }
    } catch is Enough {
      try folder.markAnnounced()
      switch folder.state() {
      case .waiting, .running: return nil
      case .finished(let summary): return summary
      case .failed(let failure):
        // It ended before the mark was written: its end is reported at once.
        folder.removeAnnouncement()
        throw JobFailure(failure)
      case .lost: throw LostJob(folder)
      }
    }
    return try outcome.result(of: folder)
  }

  private struct Enough: Error {}

  // MARK: The end

  /// Removes the folder of a refused job, after its end was read.
  public func settle() {
    guard folder.isRefused else { return }
    try? FileSystem.removeTree(folder.path)
    removeCreatedFolders()
  }

  /// A mistyped `--root` must not leave folders behind.
  private func removeCreatedFolders() {
    for path in created.reversed() {
      if rmdir(path) == 0 || errno == ENOENT { continue }
      let lock = "\(path)/\(JobStore.lockName)"
      guard (try? FileSystem.names(in: path)) == [JobStore.lockName], let held = try? FileLock(lock) else { continue }
      unlink(lock)
      rmdir(path)
      withExtendedLifetime(held) {}
    }
  }
}

/// A request to stop a job, repeated until its process can receive it: a process that is about to start cannot.
public struct StopRequest {
  private let folder: JobFolder
  public private(set) var isWanted = false
  private var isSent = false

  public init(_ folder: JobFolder) { self.folder = folder }

  /// - Returns: true once, when the stop is first wanted.
  /// - Throws: if this user may not stop the job.
  @discardableResult
  public mutating func send(if cancellation: Cancellation) throws -> Bool {
    guard cancellation.isCancelled, !isSent else { return false }
    let isFirst = !isWanted
    isWanted = true
    do {
      try JobProcess.stop(folder)
      isSent = true
    } catch let failure as PlainFailure where failure.family == .notFound {}
    return isFirst
  }
}

extension ProgressEvent {
  /// Whether it is the last event of a job.
  public var isEnd: Bool {
    switch self {
    case .finished, .failed: true
    case .phaseStarted, .advanced, .note, .warning, .phaseEnded: false
    }
  }
}

extension ProgressEvent? {
  /// Returns the result in the last event of a job.
  ///
  /// - Throws: the failure in it; ``LostJob`` if there is none.
  func result(of folder: JobFolder) throws -> Summary {
    switch self {
    case .finished(let summary): return summary
    case .failed(let report): throw JobFailure(report)
    default: throw LostJob(folder)
    }
  }
}
