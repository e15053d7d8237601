import Common
import Engine
import Operations

/// The next steps of a finished operation as a list of things to do, with those that are done. Kept with the job, if
/// there is one.
struct Checklist: Sendable {
  struct Item: Sendable, Equatable {
    let step: Summary.Step
    var isDone: Bool
    /// The flow that does it; nil if the operator does it by other means.
    let destination: Destination?

    /// The text without a colon if its commands are not shown.
    var text: String { isDone && step.text.hasSuffix(":") ? String(step.text.dropLast()) : step.text }
  }

  private(set) var items: [Item] = []
  private var job: JobFolder?
  private var done: Set<Int> = []

  var isEmpty: Bool { items.isEmpty }

  mutating func belongs(to job: JobFolder, done: Set<Int>) {
    self.job = job
    self.done = done
  }

  mutating func begin(_ steps: [Summary.Step], _ destination: (Summary.Step.Action) -> Destination?) {
    items = steps.enumerated().map { index, step in
      Item(step: step, isDone: done.contains(index), destination: step.action.flatMap(destination))
    }
  }

  /// Marks a step as done, or as open again.
  ///
  /// - Returns: the work that keeps the marks; nil without a job.
  mutating func mark(_ index: Int, isDone: Bool) -> BackgroundTask.Work? {
    guard items.indices.contains(index), items[index].isDone != isDone else { return nil }
    items[index].isDone = isDone
    if isDone { done.insert(index) } else { done.remove(index) }
    guard let job else { return nil }
    let done = done
    return .save {
      do { try JobChecklist(job).save(done) } catch {
        return "The list could not be kept with the job: \(Trouble(error).reason)"
      }
      return nil
    }
  }
}
