import Common

/// The events of a running operation, for all front ends.
///
/// A job's journal and `--json` contain them as one object per line, see ``EventLine``. Cases can be added and must not
/// be changed.
public enum ProgressEvent: Sendable, Equatable {
  /// A phase of the plan starts. `total` is counted in `unit`; nil if it is not known.
  case phaseStarted(id: String, title: String, total: Int64?, unit: Unit)
  /// The progress of a phase. `done` never decreases within a phase.
  case advanced(id: String, done: Int64, total: Int64?, unit: Unit)
  /// A line for the log.
  case note(String)
  /// A warning for the operator; it is also in the summary.
  case warning(String)
  case phaseEnded(id: String)
  case finished(Summary)
  /// The operation failed; the failure describes the remaining state.
  case failed(FailureReport)

  public enum Unit: String, Sendable, Codable {
    case rows, messages, files, bytes, steps
  }
}

extension ProgressEvent {
  /// Returns the event as one of a part of an operation.
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

/// A failure as text, for front ends in other processes.
public struct FailureReport: Sendable, Codable, Equatable {
  public var subject: String
  public var reason: String
  public var remedy: String?
  public var exitCode: Int32
  /// True if checks refused the operation before it changed anything; otherwise nil.
  public var refused: Bool?

  public init(_ error: any Error) {
    if let failure = error as? any Failure {
      subject = SafeText.clean(failure.subject)
      reason = SafeText.clean(failure.reason)
      remedy = failure.remedy.map { SafeText.clean($0) }
      exitCode = failure.family.rawValue
      refused = failure is Blocked ? true : nil
    } else {
      subject = Program.name
      reason = SafeText.clean(String(describing: error))
      remedy = nil
      exitCode = FailureFamily.unexpected.rawValue
    }
  }
}
