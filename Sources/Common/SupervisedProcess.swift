import Glibc
import Synchronization

/// A child process that does not outlive its owner, even one that was killed by `kill -9`.
///
/// Its standard input is a pipe that only this process holds open: at the end of that pipe the child stops what it has
/// started and exits. It writes "ready" to its standard output once it works, and closes it then.
public final class SupervisedProcess: Sendable {
  /// The id of the child, for a mark on the disk.
  public let id: pid_t

  private struct Ends {
    /// The owner's end of the pipe; -1 once it is closed. The kernel closes it for an owner that was killed.
    var lifeline: Int32
    /// Where the child reports; -1 once it was read.
    var report: Int32
  }

  private let ends: Mutex<Ends>

  /// Starts the child. It is not ready yet, see ``waitUntilReady()``.
  ///
  /// - Parameter subject: names it in errors.
  /// - Throws: `.command` if it cannot be started.
  public init(_ child: Subprocess, subject: String) throws {
    let life = try Handshake.pipe(subject)
    let report: (read: Int32, write: Int32)
    do { report = try Handshake.pipe(subject) } catch {
      close(life.read)
      close(life.write)
      throw error
    }
    defer {
      close(life.read)
      close(report.write)
    }
    do {
      id = try child.start(input: life.read, output: report.write)
    } catch {
      close(life.write)
      close(report.read)
      throw error
    }
    ends = Mutex(Ends(lifeline: life.write, report: report.read))
  }

  deinit { end() }

  /// Waits until the child works, or has given up. To be called once.
  ///
  /// - Returns: whether it works.
  public func waitUntilReady() -> Bool {
    let report = ends.withLock { ends in
      defer { ends.report = -1 }
      return ends.report
    }
    guard report >= 0 else { return false }
    defer { close(report) }
    return Handshake.saysReady(report)
  }

  /// Ends the child and waits for it. Does nothing the second time.
  public func end() {
    let (lifeline, report) = ends.withLock { ends in
      defer { ends = Ends(lifeline: -1, report: -1) }
      return (ends.lifeline, ends.report)
    }
    if report >= 0 { close(report) }
    guard lifeline >= 0 else { return }
    close(lifeline)
    _ = Subprocess.wait(id)
  }
}
