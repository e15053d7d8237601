/// The answers of a flow that was left before its operation started, so that it can be continued later. Secrets and
/// typed confirmations are never in it.
struct Draft: Sendable, Equatable, Codable {
  /// The id of the flow.
  let flow: String
  /// When the flow was left, in microseconds since 1970.
  let moment: Int64
  /// The title of the step where it was left.
  let step: String
  /// The answers of the earlier steps: these steps are skipped if nothing needs attention.
  let accepted: [String: Answer]
  /// The answers of that step, and of later ones: they are shown again, and asked.
  let typed: [String: Answer]
}
