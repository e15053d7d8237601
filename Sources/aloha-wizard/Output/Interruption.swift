import Common
import Glibc

/// Ctrl-C and its relatives ask the running operation to stop; it takes back what it has done. A second one ends the
/// program at once: then the next run takes back what is left.
enum Interruption {
  static let cancellation = Cancellation()

  static func prepare() {
    signal(SIGPIPE, SIG_IGN)
    // Made before a signal can need it.
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
