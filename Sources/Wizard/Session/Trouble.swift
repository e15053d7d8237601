import Common

/// An error as a step shows it.
struct Trouble: Error, Sendable, Equatable {
  let subject: String
  let reason: String
  let remedy: String?
  let family: FailureFamily

  /// Whether the operator cancelled the operation.
  var isCancelled: Bool { family == .cancelled }

  init(_ error: any Error) {
    if let failure = error as? any Failure {
      subject = SafeText.clean(failure.subject, limit: .line)
      reason = SafeText.clean(failure.reason, limit: 600)
      remedy = failure.remedy.map { SafeText.clean($0, limit: 400) }
      family = failure.family
    } else {
      subject = "unexpected error"
      reason = SafeText.clean("\(error)", limit: 600)
      remedy = nil
      family = .unexpected
    }
  }

  /// The error as one that ends a command.
  var failure: PlainFailure { PlainFailure(family, subject, reason, remedy: remedy) }
}
