import Common

extension LinearRunner {
  /// Prints the outcome with its next steps, and asks for the continuation; without an answer the wizard is left.
  mutating func askForContinuation() throws {
    let place = session.place
    voice.gap()
    for line in (session.spokenText ?? "").split(separator: "\n", omittingEmptySubsequences: false) {
      voice.say(String(line))
    }
    hasToldResult = true
    guard !session.checklist.isEmpty || !session.continuations.isEmpty else { return wizardSession.follow(.leave) }
    while session.place == place, !wizardSession.isOpening, !wizardSession.isOver {
      carryOut()
      try askOnce()
    }
  }

  /// Lists the choices again, because a step that was marked is shown as done.
  private mutating func askOnce() throws {
    let steps = session.checklist.items
    let continuations = session.continuations
    if !steps.isEmpty { voice.say("Next steps; a number does the step, or marks what is done by other means:") }
    for (index, item) in steps.enumerated() {
      voice.say("\(index + 1). \(item.isDone ? "Done: " : "")\(item.text)", indent: 2, hanging: 3)
    }
    voice.say("What next:")
    for (index, continuation) in continuations.enumerated() {
      voice.say("\(steps.count + index + 1). \(continuation.title)", indent: 2, hanging: 3)
    }
    let leaving = steps.count + continuations.count + 1
    voice.say("\(leaving). Leave the wizard", indent: 2, hanging: 3)
    // Like on the screen, the flow's proposal is first, otherwise leaving.
    let proposed =
      session.proposedStep.map { $0 + 1 } ?? session.proposedContinuation.map { steps.count + $0 + 1 } ?? leaving
    while true {
      switch voice.ask("Choose 1 to \(leaving) [\(proposed)]:") {
      case .end, .interrupted: return wizardSession.follow(.leave)
      case .text(let line):
        let line = line.trimmedSpaces
        if line == "q" { return wizardSession.follow(.leave) }
        guard let number = line.isEmpty ? proposed : Int(line), (1...leaving).contains(number) else {
          voice.say("Enter a number from 1 to \(leaving).")
          continue
        }
        if number == leaving { return wizardSession.follow(.leave) }
        if number <= steps.count { return wizardSession.doStep(number - 1) }
        return wizardSession.follow(continuations[number - steps.count - 1].destination)
      }
    }
  }
}
