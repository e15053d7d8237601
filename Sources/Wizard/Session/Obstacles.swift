import Operations

/// Why the current step cannot be completed, and where that is changed.
extension FlowSession {
  enum Refusal: Sendable, Equatable {
    /// The answer to a field is invalid.
    case field(String, reason: String)
    case looking
    /// There is no lookup result for these answers; the lookup has started.
    case lookupStarted
    case failed
    case blocked(Int)
    /// The step is not left by continuing.
    case notHere
  }

  /// Why the current step cannot be completed; nil if it can.
  var obstacle: Refusal? { obstacle(in: step) }

  func obstacle(in step: Step) -> Refusal? {
    for field in fields(of: step) {
      if let reason = field.problem(step.key(field), answers) { return .field(step.key(field), reason: reason) }
    }
    guard let lookup = step.lookup else { return nil }
    guard let state = lookups[step.id], state.key == lookup.key(answers) else { return .lookupStarted }
    switch state.phase {
    case .looking: return .looking
    case .failed: return .failed
    case .ready(let result): return result.blockers > 0 ? .blocked(result.blockers) : nil
    }
  }

  /// The earlier steps whose questions decide about the blockers of this step, in the order of the blockers.
  var stepsOfBlockers: [Step] {
    guard let result = lookupResult(of: step) else { return [] }
    let earlier = steps.prefix { $0.id != step.id }
    var found: [Step] = []
    for blocker in result.findings where blocker.severity == .blocker {
      guard let concern = blocker.about, let step = earlier.last(where: { $0.decides.contains(concern) }),
        !found.contains(where: { $0.id == step.id })
      else { continue }
      found.append(step)
    }
    return found
  }

  /// The field of this step that the blockers are about: the last one on which the lookup depends; nil without such a
  /// field, and where earlier steps decide.
  var fieldOfBlockers: Field? {
    guard let lookup = step.lookup, (lookupResult(of: step)?.blockers ?? 0) > 0, stepsOfBlockers.isEmpty else {
      return nil
    }
    let present = lookup.key(answers)
    return fields.last { field in
      var others = answers
      others[step.key(field)] = nil
      return lookup.key(others) != present
    }
  }
}
