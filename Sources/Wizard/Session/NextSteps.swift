/// The offers with a result.
extension FlowSession {
  /// The offers with the result, apart from leaving.
  var continuations: [Continuation] {
    (hasChecklist ? [Continuation("Back to the next steps", .checklist)] : []) + offers
      + (hasMenu ? [Continuation("Back to the menu", .menu)] : [])
  }

  /// The continuation that Enter selects; nil: it leaves.
  var proposedContinuation: Int? {
    if hasChecklist { return 0 }
    return offers.firstIndex(where: \.isProposed)
  }

  /// The next step that Enter does, because it replaces the flow's proposal; nil if there is none.
  var proposedStep: Int? {
    let next = checklist.items.firstIndex { !$0.isDone && $0.destination != nil }
    // The operator is going through the list.
    if isInChecklist || checklist.items.contains(where: \.isDone) { return next }
    guard !hasChecklist, let proposal = flow.continuations(answers).first(where: \.isProposed) else { return nil }
    return checklist.items.contains { $0.destination?.flow == proposal.destination.flow } ? next : nil
  }

  /// The flow's own offers, without what the check-list contains.
  private var offers: [Continuation] {
    flow.continuations(answers).filter { offer in
      guard let flow = offer.destination.flow else { return true }
      return !checklist.items.contains { $0.destination?.flow == flow }
    }
  }
}
