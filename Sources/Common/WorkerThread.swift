import CSystem
import Glibc

/// A POSIX thread that blocks all signals except those of crashes, which are handled on their own stack, so that a
/// stack overflow is handled too.
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
    // If these were blocked, the kernel would kill the process and leave the terminal unrestored.
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

  /// Releases the thread without waiting for its end; instead of ``join()``, once.
  public func detach() { pthread_detach(handle) }

  /// Waits for the end of the thread. Must be called once.
  public func join() { pthread_join(handle, nil) }

  /// The processor time of the calling thread.
  public static var processorSeconds: Double {
    var used = timespec()
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used)
    return Double(used.tv_sec) + Double(used.tv_nsec) / 1e9
  }

  /// The number of online processors.
  public static var processors: Int { max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN))) }
}
