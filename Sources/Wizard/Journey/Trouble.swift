import Common

/// An error as a step shows it: calm words, and whether it is one at all.
struct Trouble: Error, Sendable, Equatable {
  let subject: String
  let reason: String
  let remedy: String?
  /// The operator wanted it.
  let isCancelled: Bool

  init(_ error: any Error) {
    if let failure = error as? any Failure {
      subject = SafeText.clean(failure.subject, limit: 200)
      reason = SafeText.clean(failure.reason, limit: 600)
      remedy = failure.remedy.map { SafeText.clean($0, limit: 400) }
      isCancelled = failure.family == .cancelled
    } else {
      subject = "unexpected error"
      reason = SafeText.clean("\(error)", limit: 600)
      remedy = nil
      isCancelled = false
    }
  }
}
