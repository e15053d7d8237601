import Common

/// Everything that a running operation says, as one type that every front end follows.
///
/// It is also what a job's journal and `--json` write, one object a line, see ``EventLine``: add cases, never change one.
public enum ProgressEvent: Sendable, Equatable {
  /// A phase of the plan begins. `total` counts in `unit`; nil where it is not known.
  case phaseStarted(id: String, title: String, total: Int64?, unit: Unit)
  /// So much of the phase is done. `done` never goes backwards within a phase.
  case advanced(id: String, done: Int64, total: Int64?, unit: Unit)
  /// Something worth a line in the log.
  case note(String)
  /// Something that the operator should read afterwards; it is in the summary too.
  case warning(String)
  case phaseEnded(id: String)
  case finished(Summary)
  /// It ended without doing what it should; everything is as the failure says.
  case failed(FailureReport)

  public enum Unit: String, Sendable, Codable {
    case rows, messages, files, bytes, steps
  }
}

extension ProgressEvent {
  /// The same as an event of a part of an operation.
  func inPart(_ name: String) -> ProgressEvent {
    switch self {
    case .phaseStarted(let id, let title, let total, let unit):
      .phaseStarted(id: "\(name).\(id)", title: title, total: total, unit: unit)
    case .advanced(let id, let done, let total, let unit):
      .advanced(id: "\(name).\(id)", done: done, total: total, unit: unit)
    case .phaseEnded(let id): .phaseEnded(id: "\(name).\(id)")
    case .note, .warning, .finished, .failed: self
    }
  }
}

/// A failure as text: what front ends in other processes see of one.
public struct FailureReport: Sendable, Codable, Equatable {
  public var subject: String
  public var reason: String
  public var remedy: String?
  public var exitCode: Int32

  public init(_ error: any Error) {
    if let failure = error as? any Failure {
      subject = SafeText.clean(failure.subject)
      reason = SafeText.clean(failure.reason)
      remedy = failure.remedy.map { SafeText.clean($0) }
      exitCode = failure.family.rawValue
    } else {
      subject = Program.name
      reason = SafeText.clean(String(describing: error))
      remedy = nil
      exitCode = FailureFamily.unexpected.rawValue
    }
  }
}
