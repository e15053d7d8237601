import Common
import Engine

/// What is known of work that is a job.
struct KnownJob: Sendable {
  let description: JobDescription
  /// How long it has been running already; nil where it begins now.
  let age: Duration?

  init(_ description: JobDescription, age: Duration? = nil) {
    self.description = description
    self.age = age
  }

  /// nil where it is no job. Reads the job's folder.
  init?(_ operation: any Operation) {
    switch operation {
    case let job as JobOperation: self.init(job.description)
    case let job as AttachOperation:
      guard let header = try? job.folder.readHeader() else { return nil }
      let begun = Moment.microseconds(iso: header.started)
      self.init(header.description, age: begun.map { .microseconds(max(0, Moment.now() - $0)) })
    default: return nil
    }
  }
}
