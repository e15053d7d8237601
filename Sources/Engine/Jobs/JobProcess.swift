import Common
import Glibc
import Operations
import Remote

/// The process of a job: its own session, no terminal, all output in its folder.
public enum JobProcess {
  /// The hidden command that makes this program the process of a job.
  public static let command = "run-job"

  /// Starts a job and returns immediately. The job does not depend on this process.
  ///
  /// - Parameter executable: the path of this program.
  public static func start(_ folder: JobFolder, executable: String = "/proc/self/exe") throws {
    let log = open(folder.log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
    guard log >= 0 else { throw PlainFailure.system(folder.log, "cannot be written", errno: errno) }
    defer { close(log) }
    let child = Subprocess(
      program(executable), [command, folder.path], environment: inherited, directory: "/")
    let pid = try child.start(output: log, newSession: true)
    // The result is read from the folder; this thread only reaps the child.
    let reaper = try WorkerThread { _ = Subprocess.wait(pid) }
    reaper.detach()
  }

  /// The variables that a job keeps of its starter: what ssh needs, and by which address another machine has called it.
  static var inherited: [String: String] {
    var variables = SSHEnvironment.variables
    variables[Program.callerVariable] = getenv(Program.callerVariable).map { String(cString: $0) }
    return variables
  }

  /// Returns the target of a link to this program: a link of `/proc` is another program's in a child.
  static func program(_ executable: String) -> String {
    var path = [CChar](repeating: 0, count: Int(PATH_MAX) + 1)
    let length = readlink(executable, &path, Int(PATH_MAX))
    return length > 0 ? String(decoding: path[0..<length].map { UInt8(bitPattern: $0) }, as: UTF8.self) : executable
  }

  /// Runs as the process of a job until its end: locks the servers, runs the operation, writes the journal.
  ///
  /// - Parameters:
  ///   - preparation: what checks of this process have left.
  ///   - show: receives each event too, for a command that runs the job in its own process.
  /// - Throws: the failure of the job, which is in the journal too.
  @discardableResult
  public static func run(
    _ folder: JobFolder, cancellation: Cancellation, preparation: Preparation = Preparation(),
    show: @escaping @Sendable (ProgressEvent) -> Void = { _ in }
  ) throws -> Summary {
    guard let life = try FileLock(folder.lock) else {
      throw PlainFailure(.conflict, "job \(folder.id)", "is running already")
    }
    defer { withExtendedLifetime(life) {} }
    let journal = try Journal(folder)
    let tell: @Sendable (ProgressEvent) -> Void = { event in
      journal.append(event)
      show(event)
    }
    let progress = Progress(
      cancellation: cancellation, recordFolder: folder.path, onBegin: { folder.markBegun() }, tell)
    do {
      let operation = try folder.readHeader().operation
      try FileSystem.replace("\(folder.path)/pid", with: Array("\(getpid())\n".utf8))
      let servers = try JobStore.claim(operation, for: folder, catalog: folder.catalog)
      defer { withExtendedLifetime(servers) {} }
      clean(before: operation, Progress(tell))
      return try operation.perform(progress.prepared(by: preparation))
    } catch {
      // The mark is written before the last event, so that every reader of that event sees whether the job is kept.
      if !progress.hasBegun, JobFolder.isRefusal(error) { folder.markRefused() }
      journal.append(.failed(FailureReport(error)))
      throw error
    }
  }

  /// Deletes leftovers of interrupted commands, except where the operation handles them itself.
  private static func clean(before operation: any Operation, _ progress: Progress) {
    let policy = type(of: operation).leftovers
    guard policy != .left else { return }
    for server in operation.servers {
      Leftovers.remove(server, finishesDeletions: policy == .removed, progress: progress)
    }
  }

  /// Cancels a running job. It rolls its changes back, which can take some time.
  public static func stop(_ folder: JobFolder) throws {
    guard folder.isLocked,
      let text = try? FileSystem.read("\(folder.path)/pid"),
      let pid = pid_t(String(decoding: text, as: UTF8.self).trimmed.filter(\.isNumber)), pid > 1
    else {
      throw PlainFailure(
        .notFound, "job \(folder.id)", "is not running", remedy: "see how it ended: \(folder.command("attach"))")
    }
    guard kill(pid, SIGTERM) == 0 else {
      throw PlainFailure.system("job \(folder.id)", "cannot be stopped", errno: errno, family: .command)
    }
  }
}

/// The journal of a running job. Lines are written completely or not at all.
private final class Journal: Sendable {
  private let descriptor: Int32
  private let ended = Monitor(false)

  init(_ folder: JobFolder) throws {
    descriptor = open(folder.journal, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw PlainFailure.system(folder.journal, "cannot be written", errno: errno) }
  }

  deinit { close(descriptor) }

  var hasEnded: Bool { ended.now { $0 } }

  /// Errors are ignored: a full disk must not end the operation.
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
