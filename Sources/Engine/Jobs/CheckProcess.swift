import Common
import Glibc
import Operations
import Synchronization

/// A process that checks operations, and then becomes the process of the job, so that the run uses what the checks have
/// read.
///
/// The first check starts it. It ends with the process that started it, unless it has become a job. The other side is
/// ``CheckServer``.
///
/// Thread-safe; one request is handled at a time.
public final class CheckProcess: Sendable {
  private struct Connection {
    let child: Child
    /// The other end is the child's standard input and output.
    let socket: Int32
  }

  private let executable: String
  /// Locked while a request is handled.
  private let connection = Mutex<Connection?>(nil)
  /// The present child, for signals while a request is handled.
  private let target = Mutex<(child: Child?, hasEnded: Bool)>((nil, false))

  /// - Parameter executable: the path of this program.
  public init(executable: String = "/proc/self/exe") {
    self.executable = executable
  }

  deinit {
    end()
    connection.withLock { release(&$0) }
  }

  /// The running process; nil if there is none.
  var pid: pid_t? { target.withLock { $0.child?.pid } }

  /// Checks an operation in the process, which is started if there is none.
  ///
  /// - Returns: nil if the process could not be started, or has died.
  /// - Throws: the failure of the check, as a ``JobFailure``; `.cancelled` after a request of the observer, which ends
  ///   the process, and after ``clear()`` or ``end()``.
  public func check(_ operation: any PreparedOperation, _ observer: CheckObserver) throws -> [Finding]? {
    switch try connection.withLock({ try ask(.check(operation), &$0, observer) }) {
    case .findings(let findings)?: return findings
    case .failure(let report)?: throw JobFailure(report)
    case .started?, .fraction?, nil: return nil
    }
  }

  /// Makes the process that of a job. Afterwards the next check starts another process.
  ///
  /// - Returns: false if there is no process; then the job has not been started.
  func become(_ folder: JobFolder) -> Bool {
    connection.withLock { connection in
      guard connection != nil else { return false }
      // From now on ``end()`` must not stop it: a job continues.
      target.withLock { $0.child = nil }
      guard case .started? = try? ask(.run(folder.path), &connection, CheckObserver()) else { return false }
      release(&connection)
      return true
    }
  }

  /// Ends the process with what its checks have left, for example temporary files. The next check starts another one.
  public func clear() {
    target.withLock { $0.child?.terminate() }
    connection.withLockIfAvailable { release(&$0) }
  }

  /// Ends the process, and starts no other.
  public func end() {
    target.withLock { target in
      target.hasEnded = true
      target.child?.terminate()
    }
  }

  // MARK: Requests

  /// - Returns: nil if there is no process that answers.
  private func ask(
    _ request: CheckRequest, _ connection: inout Connection?, _ observer: CheckObserver
  ) throws -> CheckAnswer? {
    try observer.cancellation.check()
    if connection == nil { connection = try start() }
    guard let present = connection else { return nil }
    let answer = CheckLine.write(request, to: present.socket) ? Self.answer(from: present.socket, observer) : nil
    let wasTerminated = present.child.isTerminated || observer.cancellation.isCancelled
    if answer == nil || wasTerminated {
      present.child.terminate()
      release(&connection)
    }
    if wasTerminated { throw Cancelled() }
    return answer
  }

  /// Waits for the last line of an answer.
  private static func answer(from socket: Int32, _ observer: CheckObserver) -> CheckAnswer? {
    var lines = CheckLineReader(socket)
    while let answer: CheckAnswer = lines.next(isCancelled: { observer.cancellation.isCancelled }) {
      guard case .fraction(let fraction) = answer else { return answer }
      observer.advance(to: fraction)
    }
    return nil
  }

  /// - Returns: nil if it cannot be started.
  private func start() throws -> Connection? {
    guard !target.withLock({ $0.hasEnded }) else { throw Cancelled() }
    // Not a pipe: writing to one whose reader has died would end this process.
    var ends: [Int32] = [-1, -1]
    guard socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, &ends) == 0 else { return nil }
    defer { close(ends[1]) }
    let program = Subprocess(
      JobProcess.program(executable), [JobProcess.command, CheckServer.argument],
      environment: JobProcess.inherited, directory: "/")
    guard let pid = try? program.start(input: ends[1], output: ends[1], newSession: true) else {
      close(ends[0])
      return nil
    }
    let child = Child(pid)
    target.withLock { target in
      target.child = child
      if target.hasEnded { child.terminate() }
    }
    return Connection(child: child, socket: ends[0])
  }

  /// Closes the connection, without ending the process.
  private func release(_ connection: inout Connection?) {
    guard let present = connection else { return }
    target.withLock { if $0.child === present.child { $0.child = nil } }
    close(present.socket)
    connection = nil
  }
}

/// A child process that is reaped as soon as it ends, by a thread of its own.
private final class Child: Sendable {
  let pid: pid_t
  private let state = Mutex<(isAlive: Bool, isTerminated: Bool)>((true, false))

  init(_ pid: pid_t) {
    self.pid = pid
    if let reaper = try? WorkerThread({ [self] in reap() }) { reaper.detach() }
  }

  /// Whether it was asked to end.
  var isTerminated: Bool { state.withLock { $0.isTerminated } }

  /// Asks it to delete its temporary files and to end, once: a second signal would end it at once.
  func terminate() {
    state.withLock { state in
      guard state.isAlive, !state.isTerminated else { return }
      state.isTerminated = true
      kill(pid, SIGTERM)
    }
  }

  private func reap() {
    var status = siginfo_t()
    while waitid(P_PID, id_t(pid), &status, WEXITED | WNOWAIT) < 0 && errno == EINTR {}
    // Its number can be another process's afterwards.
    state.withLock { state in
      state.isAlive = false
      _ = Subprocess.wait(pid)
    }
  }
}
