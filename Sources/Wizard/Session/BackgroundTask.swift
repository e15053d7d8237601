import Common
import Engine
import Operations

/// Work for another thread.
struct BackgroundTask: Sendable {
  enum Work: Sendable {
    case look(@Sendable (CheckObserver) throws -> LookupResult)
    case run(@Sendable () throws -> any Runnable)
    /// Lists the possible continuations of a path.
    case list(@Sendable () -> PathListing)
    /// Creates another flow, or the menu; nil if it does not exist.
    case open(@Sendable () -> Flow?)
    /// Writes a file; returns the outcome as a sentence, nil if there is nothing to say.
    case save(@Sendable () -> String?)
  }

  let ticket: Int
  let cancellation: Cancellation
  let work: Work
}

/// The events of other threads. The session ignores those that are for its owner.
enum TaskEvent: Sendable {
  /// How far a lookup is, from 0 to 1.
  case looked(ticket: Int, Double)
  case found(ticket: Int, Result<LookupResult, Trouble>)
  case planned(ticket: Int, Plan, age: Duration? = nil)
  case progressed(ticket: Int, ProgressEvent)
  /// The job that does or did the work, with the next steps that are marked as done. Precedes the end.
  case job(ticket: Int, JobFolder, done: Set<Int>)
  case ended(ticket: Int, Result<Summary, Trouble>)
  /// For the field that completes a path.
  case listed(ticket: Int, PathListing)
  /// For the ``WizardSession``.
  case opened(ticket: Int, Result<Flow?, Trouble>)
  /// For the renderer: a sentence about a file; nil if there is nothing to say.
  case saved(String?)
}

extension Result {
  var isSuccess: Bool {
    if case .success = self { true } else { false }
  }
}
