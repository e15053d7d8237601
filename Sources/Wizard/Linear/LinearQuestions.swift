import Common

extension LinearRunner {
  /// Asks the questions of a step, runs its lookup, reports the result, and continues to the next step.
  mutating func askQuestions() throws {
    let step = session.step
    let place = session.place
    announce()
    // A choice from a list is not asked for once more; going back here does.
    var asked = session.proposedFields.map { field in
      let key = step.key(field)
      voice.say("\(field.name): \(SafeText.clean(session.answers.label(key), limit: .path))")
      return key
    }
    var told: String?
    while session.place == place, !wizardSession.isOpening {
      carryOut()
      let fixed = step.fields(session.answers).filter { $0.isVisible(session.answers) }
      if let field = fixed.first(where: { !asked.contains(step.key($0)) }) {
        try ask(field, of: step, &asked)
        continue
      }
      if try lookUp(step, &asked) { continue }
      if let result = session.lookupResult(of: step), told != session.lookupState?.key {
        told = session.lookupState?.key
        tell(result)
      }
      if let field = session.fields.first(where: { !asked.contains(step.key($0)) }) {
        try ask(field, of: step, &asked)
        continue
      }
      try leaveForwards(step, &asked)
    }
  }

  private mutating func ask(_ field: Field, of step: Step, _ asked: inout [String]) throws {
    switch try answer(field, key: step.key(field)) {
    case .answered: asked.append(step.key(field))
    case .back:
      if asked.popLast() == nil { goBack() }
    }
  }

  /// Waits for the lookup of the step.
  ///
  /// - Returns: whether the step must be shown again.
  private mutating func lookUp(_ step: Step, _ asked: inout [String]) throws -> Bool {
    guard let lookup = step.lookup else { return false }
    let place = session.place
    session.startLookupIfNeeded()
    carryOut()
    switch session.lookupState?.phase {
    case .looking?:
      voice.say("\(lookup.busy) …")
      var told = 0
      while session.place == place, case .looking? = session.lookupState?.phase {
        try waitForNews()
        // A quarter at a time: each line is read aloud.
        guard let quarter = session.lookupFraction.map({ Int($0 * 4) }), quarter > told, quarter < 4 else { continue }
        told = quarter
        voice.say("\(quarter * 25) %")
      }
      return true
    case .failed(let trouble)?:
      tell(trouble)
      try chooseWayOn(&asked)
      return true
    case .ready?, nil: return false
    }
  }

  /// Asks for the continuation after a failure or a blocker: retry, other answers, or back.
  private mutating func chooseWayOn(_ asked: inout [String]) throws {
    let canChange = !asked.isEmpty
    let causes = session.stepsOfBlockers
    for (index, step) in causes.enumerated() { voice.say("\(index + 1). Change: \(step.title)", indent: 2, hanging: 3) }
    var ways = canChange ? "Enter checks again, c changes the answers of this step" : "Enter looks again"
    if !causes.isEmpty { ways = "A number goes to that step, \(ways.lowercasedFirst)" }
    switch try ask("\(ways), b goes back, q leaves:") {
    case .back: goBack()
    case .text("c") where canChange: asked = []
    case .text(""): session.look()
    case .text(let line):
      if let number = Int(line), causes.indices.contains(number - 1) { return session.correct(causes[number - 1].id) }
      voice.say(
        "Press Enter to check again, or type \(causes.isEmpty ? "" : "a number, ")\(canChange ? "c, " : "")?, b or q.")
    }
  }

  private mutating func leaveForwards(_ step: Step, _ asked: inout [String]) throws {
    switch session.obstacle {
    case .field(let key, let reason)?:
      voice.say("Invalid: \(reason).")
      // A blocker can depend on any answer of the step.
      if session.field(key)?.isTyped == true { asked.removeAll { $0 == key } } else { asked = [] }
    case .blocked(let count)?:
      voice.say(count == 1 ? "1 blocker has to be resolved first." : "\(count) blockers have to be resolved first.")
      try chooseWayOn(&asked)
    case .lookupStarted?, .looking?, .failed?: session.startLookupIfNeeded()
    case .notHere?, nil:
      if asked.isEmpty || deservesAttention(step), !step.isBranch {
        switch try ask("Enter: \(step.proceed).") {
        case .text(""): break
        case .text: return voice.say("Press Enter to continue, or type ?, b or q.")
        case .back:
          if asked.popLast() == nil { goBack() }
          return
        }
      }
      let isLast = session.position.number == session.position.count
      _ = wizardSession.advance()
      if isLast, !step.isBranch { throw Exit.requested }
    }
  }

  private func deservesAttention(_ step: Step) -> Bool {
    session.lookupResult(of: step)?.findings.contains { $0.severity != .ok } ?? false
  }

  // MARK: What was found

  func tell(_ result: LookupResult) {
    for fact in result.facts { voice.say("\(fact.name): \(fact.value)") }
    voice.report(.of(result.findings))
    if let remark = result.remark { voice.say(remark) }
    voice.blocks(result.text)
    tell(result.difference)
  }

  /// Describes a diff in words: not all screen readers read signs at the start of a line.
  func tell(_ difference: Difference) {
    for line in difference.lines {
      switch line.kind {
      case .name: voice.say("Changes in \(line.text):")
      case .place: voice.say("At \(line.text):", indent: 2)
      case .same: voice.say("same: \(line.text)", indent: 4, hanging: 4)
      case .added: voice.say("added: \(line.text)", indent: 4, hanging: 4)
      case .removed: voice.say("removed: \(line.text)", indent: 4, hanging: 4)
      }
    }
  }

  func tell(_ trouble: Trouble) {
    if trouble.isCancelled { return voice.say("\(session.cancellationText) All changes were rolled back.") }
    voice.say("Failed. \(trouble.subject): \(trouble.reason)")
    if let remedy = trouble.remedy { voice.say("What to do: \(remedy)", indent: 2, hanging: 4) }
  }
}
