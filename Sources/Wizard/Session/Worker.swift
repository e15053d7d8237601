import Common
import Engine
import Operations
import Synchronization
import Terminal

/// Runs tasks, each on its own thread.
enum Worker {
  static func start(_ task: BackgroundTask, _ mailbox: Mailbox<TaskEvent>) {
    do {
      _ = try WorkerThread { perform(task) { mailbox.post($0) } }
    } catch {
      mailbox.post(failure(of: task, Trouble(error)))
    }
  }

  /// Runs a task on the caller's thread.
  static func perform(_ task: BackgroundTask, _ tell: @escaping @Sendable (TaskEvent) -> Void) {
    do {
      switch task.work {
      case .list(let list): tell(.listed(ticket: task.ticket, list()))
      case .open(let create): tell(.opened(ticket: task.ticket, .success(create())))
      case .save(let save): tell(.saved(save()))
      case .look(let find):
        let percent = Atomic(0)
        let observer = CheckObserver(cancellation: task.cancellation) { fraction in
          let now = Int(min(1, max(0, fraction)) * 100)
          // One event for each percent.
          if percent.exchange(now, ordering: .relaxed) != now { tell(.looked(ticket: task.ticket, fraction)) }
        }
        let result = try find(observer)
        tell(.found(ticket: task.ticket, .success(result)))
      case .run(let make):
        let operation = try make()
        tell(.planned(ticket: task.ticket, try operation.plan(), age: (operation as? JobAttachment)?.age))
        let progress = Progress(cancellation: task.cancellation) {
          tell(.progressed(ticket: task.ticket, $0))
        }
        let summary = try operation.perform(progress)
        if let job = (operation as? any JobWork)?.job {
          tell(.job(ticket: task.ticket, job, done: JobChecklist(job).done()))
        }
        tell(.ended(ticket: task.ticket, .success(summary)))
      }
    } catch {
      tell(failure(of: task, Trouble(error)))
    }
  }

  private static func failure(of task: BackgroundTask, _ trouble: Trouble) -> TaskEvent {
    switch task.work {
    case .look: .found(ticket: task.ticket, .failure(trouble))
    case .run: .ended(ticket: task.ticket, .failure(trouble))
    case .list: .listed(ticket: task.ticket, PathListing("", [], trouble: trouble.reason))
    case .open: .opened(ticket: task.ticket, .failure(trouble))
    case .save: .saved("It could not be saved: \(trouble.reason)")
    }
  }
}
