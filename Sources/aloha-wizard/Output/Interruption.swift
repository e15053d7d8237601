import Common
import Glibc

/// Ctrl-C and similar signals cancel the running operation, which rolls its changes back. A second one ends the program
/// immediately: the next run then cleans up.
enum Interruption {
  static let cancellation = Cancellation()

  static func prepare() {
    signal(SIGPIPE, SIG_IGN)
    // Created before a signal handler needs it.
    _ = cancellation.isCancelled
    for number in [SIGINT, SIGTERM, SIGHUP] {
      signal(number) { number in
        if Interruption.cancellation.isCancelled {
          signal(number, SIG_DFL)
          raise(number)
        }
        Interruption.cancellation.cancel()
      }
    }
  }
}
