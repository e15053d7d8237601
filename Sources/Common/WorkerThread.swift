import CSystem
import Glibc

/// A plain thread that leaves all signals to the threads that want them, but for those that say that it has itself gone
/// wrong: a crash is handled where it happens, on a stack of its own, so that one that has run out of stack can be too.
public final class WorkerThread: Sendable {
  private let handle: pthread_t

  private final class Work {
    let body: @Sendable () -> Void
    init(_ body: @escaping @Sendable () -> Void) { self.body = body }
  }

  public init(_ body: @escaping @Sendable () -> Void) throws {
    let work = Unmanaged.passRetained(Work(body))
    var every = sigset_t()
    var before = sigset_t()
    sigfillset(&every)
    // Blocked, these would kill the process without a word, and leave the terminal as it is.
    for signal in [SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGTRAP, SIGSYS] { sigdelset(&every, signal) }
    pthread_sigmask(SIG_BLOCK, &every, &before)
    var handle = pthread_t()
    let code = pthread_create(
      &handle, nil,
      { argument in
        guard let argument else { return nil }
        let stack = csystem_begin_crash_stack()
        Unmanaged<Work>.fromOpaque(argument).takeRetainedValue().body()
        csystem_end_crash_stack(stack)
        return nil
      }, work.toOpaque())
    pthread_sigmask(SIG_SETMASK, &before, nil)
    guard code == 0 else {
      work.release()
      throw PlainFailure.system("thread", "cannot be started", errno: code, family: .unexpected)
    }
    self.handle = handle
  }

  /// Lets it end by itself; nobody waits for it. Instead of ``join()``, once.
  public func detach() { pthread_detach(handle) }

  /// Waits for its end. To be called once.
  public func join() { pthread_join(handle, nil) }

  /// Processor time that the calling thread has used.
  public static var processorSeconds: Double {
    var used = timespec()
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used)
    return Double(used.tv_sec) + Double(used.tv_nsec) / 1e9
  }

  /// Processors that this machine has online.
  public static var processors: Int { max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN))) }
}
