import Common
import Engine
import Terminal

/// Runs errands, each on a thread of its own.
enum Worker {
  static func start(_ errand: Errand, _ mailbox: Mailbox<News>) {
    do {
      _ = try WorkerThread { perform(errand) { mailbox.post($0) } }
    } catch {
      mailbox.post(failure(of: errand, Trouble(error)))
    }
  }

  /// Does it on the caller's thread.
  static func perform(_ errand: Errand, _ tell: @escaping @Sendable (News) -> Void) {
    do {
      switch errand.work {
      case .list(let list): tell(.listed(ticket: errand.ticket, list()))
      case .look(let find): tell(.found(ticket: errand.ticket, .success(try find())))
      case .run(let make):
        let operation = try make()
        tell(.planned(ticket: errand.ticket, try operation.plan(), age: (operation as? JobAttachment)?.age))
        let progress = Progress(cancellation: errand.cancellation) {
          tell(.progressed(ticket: errand.ticket, $0))
        }
        tell(.ended(ticket: errand.ticket, .success(try operation.perform(progress))))
      }
    } catch {
      tell(failure(of: errand, Trouble(error)))
    }
  }

  private static func failure(of errand: Errand, _ trouble: Trouble) -> News {
    switch errand.work {
    case .look: .found(ticket: errand.ticket, .failure(trouble))
    case .run: .ended(ticket: errand.ticket, .failure(trouble))
    case .list: .listed(ticket: errand.ticket, PathListing("", [], trouble: trouble.reason))
    }
  }
}
