import Glibc

/// State shared by threads, with waiting for a condition.
///
/// `Synchronization.Mutex` cannot wait; this is a POSIX mutex with one condition variable, signalled after every
/// change.
public final class Monitor<State>: @unchecked Sendable {
  private var state: State
  private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
  private let changed = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)

  public init(_ state: State) {
    self.state = state
    pthread_mutex_init(mutex, nil)
    pthread_cond_init(changed, nil)
  }

  deinit {
    pthread_cond_destroy(changed)
    pthread_mutex_destroy(mutex)
    changed.deallocate()
    mutex.deallocate()
  }

  /// Waits until `ready` returns true, then runs `body` exclusively.
  public func when<Value>(_ ready: (State) -> Bool, _ body: (inout State) throws -> Value) rethrows -> Value {
    pthread_mutex_lock(mutex)
    defer {
      pthread_cond_broadcast(changed)
      pthread_mutex_unlock(mutex)
    }
    while !ready(state) { pthread_cond_wait(changed, mutex) }
    return try body(&state)
  }

  /// Runs `body` exclusively.
  public func now<Value>(_ body: (inout State) throws -> Value) rethrows -> Value {
    try when({ _ in true }, body)
  }
}
