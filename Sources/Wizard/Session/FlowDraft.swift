import Common

extension FlowSession {
  /// Returns the draft of this flow; nil if there is nothing to continue: nothing was answered, or
  /// the operation has started.
  func draft(now: Int64 = Timestamp.now()) -> Draft? {
    guard flow.keepsDrafts, !hasExited, run?.isRunning != true, run?.outcome?.isSuccess != true,
      position.number > 1 || !givenByOperator.isEmpty
    else { return nil }
    var accepted: [String: Answer] = [:]
    for step in steps.prefix(while: { $0.id != self.step.id }) {
      for field in fields(of: step) where field.canBeWritten { accepted[step.key(field)] = answers[step.key(field)] }
    }
    accepted[FlowContext.serverKey] = given.values[FlowContext.serverKey]
    return Draft(
      flow: flow.id, moment: now, step: step.title, accepted: accepted,
      typed: givenByOperator.filter { key, _ in accepted[key] == nil && isWritable(key) })
  }

  /// Whether something was typed that no draft contains.
  var hasUnwritableAnswers: Bool {
    flow.steps.contains { step in
      step.isVisible(answers)
        && fields(of: step).contains { field in
          let key = step.key(field)
          return !field.canBeWritten && (answers.secret(key) != nil || answers.text(key)?.isEmpty == false)
        }
    }
  }

  private func isWritable(_ key: String) -> Bool {
    !flow.steps.contains { step in fields(of: step).contains { step.key($0) == key && !$0.canBeWritten } }
  }
}
