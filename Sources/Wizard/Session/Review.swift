/// A line of the review: one decision.
struct ReviewLine: Sendable, Equatable {
  /// The key of the answer.
  let key: String
  let step: String
  let title: String
  let answer: String
}

extension FlowSession {
  /// All decisions in the order of the flow.
  var review: [ReviewLine] {
    steps.prefix { $0.id != step.id }.filter { $0.proposes == nil }.flatMap { step in
      fields(of: step).map { field in
        let key = step.key(field)
        return ReviewLine(key: key, step: step.id, title: field.name, answer: answers.label(key))
      }
    }
  }
}
