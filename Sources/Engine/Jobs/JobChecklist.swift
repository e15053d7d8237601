import Common
import FoundationEssentials
import Operations

/// The next steps of a finished job that an operator has marked as done.
public struct JobChecklist: Sendable {
  private let path: String
  private static let largest = 1 << 16

  public init(_ job: JobFolder) { path = "\(job.path)/checklist.json" }

  private struct Content: Codable {
    /// The indices in ``Summary/nextSteps``.
    let done: [Int]
  }

  /// Returns the indices of the done steps; empty if there is no readable list.
  public func done() -> Set<Int> {
    guard let bytes = try? FileSystem.read(path, limit: Self.largest),
      let content = try? JSONDecoder().decode(Content.self, from: Data(bytes))
    else { return [] }
    return Set(content.done)
  }

  /// Returns a summary whose done steps say so, without their commands.
  public static func marked(_ summary: Summary, done: Set<Int>) -> Summary {
    var marked = summary
    for index in summary.nextSteps.indices where done.contains(index) {
      let text = summary.nextSteps[index].text
      marked.nextSteps[index] = Summary.Step("Done: \(text.hasSuffix(":") ? String(text.dropLast()) : text)")
    }
    return marked
  }

  public func save(_ done: Set<Int>) throws {
    try FileSystem.replace(path, with: Array(try JSONEncoder().encode(Content(done: done.sorted()))))
  }
}

/// Work that is done by a job, or was.
public protocol JobWork: Runnable {
  /// Nil before the job has a folder.
  var job: JobFolder? { get }
}

extension JobAttachment: JobWork {
  public var job: JobFolder? { folder }
}
