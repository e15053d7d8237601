/// One decision, as the review lists it.
struct ReviewLine: Sendable, Equatable {
  /// Of its answer.
  let key: String
  let step: String
  let title: String
  let answer: String
}

extension FlowSession {
  /// Every decision so far, in the order in which they were asked.
  var review: [ReviewLine] {
    steps.prefix { $0.id != step.id }.flatMap { step in
      fields(of: step).map { field in
        let key = step.key(field)
        return ReviewLine(key: key, step: step.id, title: field.name, answer: answers.label(key))
      }
    }
  }
}
