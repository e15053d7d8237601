import Common
import Glibc

/// The process of a job: its own session, no terminal, everything that it says in its folder.
public enum JobProcess {
  /// The words with which this program is asked to be a job's process.
  public static let command = "run-job"

  /// Starts a job and comes back at once. The job goes on whatever becomes of this process.
  ///
  /// - Parameter executable: this program.
  public static func start(_ folder: JobFolder, executable: String = "/proc/self/exe") throws {
    var path = [CChar](repeating: 0, count: Int(PATH_MAX) + 1)
    let length = readlink(executable, &path, Int(PATH_MAX))
    let program =
      length > 0 ? String(decoding: path[0..<length].map { UInt8(bitPattern: $0) }, as: UTF8.self) : executable
    let log = open(folder.log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
    guard log >= 0 else { throw PlainFailure.system(folder.log, "cannot be written", errno: errno) }
    defer { close(log) }
    let child = Subprocess(program, [command, folder.path], directory: "/")
    let pid = try child.start(output: log, newSession: true)
    // Its end is read from its folder; nobody else waits for it.
    let reaper = try WorkerThread { _ = Subprocess.wait(pid) }
    reaper.detach()
  }

  /// Is a job's process, to the end: claims the server, runs the operation, writes its journal.
  ///
  /// - Parameter show: gets every event too: what a command shows that is the job's process itself.
  /// - Throws: what ended the job; it stands in the journal already.
  @discardableResult
  public static func run(
    _ folder: JobFolder, cancellation: Cancellation, show: @escaping @Sendable (ProgressEvent) -> Void = { _ in }
  ) throws -> Summary {
    guard let life = try FileLock(folder.lock) else {
      throw PlainFailure(.conflict, "job \(folder.id)", "is running already")
    }
    defer { withExtendedLifetime(life) {} }
    let journal = try Journal(folder)
    do {
      let operation = try folder.readHeader().operation
      try FileSystem.replace("\(folder.path)/pid", with: Array("\(getpid())\n".utf8))
      let servers = try operation.servers.map {
        try JobStore(root: $0.root, catalog: folder.catalog).claim(for: folder)
      }
      defer { withExtendedLifetime(servers) {} }
      let tell: @Sendable (ProgressEvent) -> Void = { event in
        journal.append(event)
        show(event)
      }
      clean(before: operation, Progress(tell))
      let summary = try operation.perform(Progress(cancellation: cancellation, recordFolder: folder.path, tell))
      return summary
    } catch {
      journal.append(.failed(FailureReport(error)))
      throw error
    }
  }

  /// Removes leftovers of interrupted commands, as far as the operation does not do it itself.
  private static func clean(before operation: any Operation, _ progress: Progress) {
    let policy = type(of: operation).leftovers
    guard policy != .left else { return }
    for server in operation.servers {
      Leftovers.remove(server, finishesDeletions: policy == .removed, progress: progress)
    }
  }

  /// Asks a running job to stop. It takes back what it has done; that may take a moment.
  public static func stop(_ folder: JobFolder) throws {
    guard folder.isLocked,
      let text = try? FileSystem.read("\(folder.path)/pid"),
      let pid = pid_t(String(decoding: text, as: UTF8.self).trimmed.filter(\.isNumber)), pid > 1
    else { throw PlainFailure(.notFound, "job \(folder.id)", "is not running") }
    guard kill(pid, SIGTERM) == 0 else {
      throw PlainFailure.system("job \(folder.id)", "cannot be stopped", errno: errno, family: .command)
    }
  }
}

/// The journal of a running job. A line is written whole or not at all.
private final class Journal: Sendable {
  private let descriptor: Int32
  private let ended = Monitor(false)

  init(_ folder: JobFolder) throws {
    descriptor = open(folder.journal, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw PlainFailure.system(folder.journal, "cannot be written", errno: errno) }
  }

  deinit { close(descriptor) }

  var hasEnded: Bool { ended.now { $0 } }

  /// What cannot be written is lost to those who watch, and nothing else: a full disk must not end the work.
  func append(_ event: ProgressEvent) {
    let line = Array((EventLine.encode(event, at: Timestamp.iso(microseconds: Timestamp.now())) + "\n").utf8)
    _ = write(descriptor, line, line.count)
    switch event {
    case .finished, .failed:
      ended.now { $0 = true }
      fsync(descriptor)
    default: break
    }
  }
}
