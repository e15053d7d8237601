import Common

extension LinearRunner {
  /// Prints the outcome and asks for the continuation, if there is a choice; without an answer the wizard is left.
  mutating func askForContinuation() throws {
    let continuations = session.continuations
    guard !continuations.isEmpty else { return wizardSession.follow(.leave) }
    voice.gap()
    for line in (session.spokenText ?? "").split(separator: "\n", omittingEmptySubsequences: false) {
      voice.say(String(line))
    }
    hasToldResult = true
    voice.say("What next:")
    for (index, continuation) in continuations.enumerated() {
      voice.say("\(index + 1). \(continuation.title)", indent: 2, hanging: 3)
    }
    let leaving = continuations.count + 1
    voice.say("\(leaving). Leave the wizard", indent: 2, hanging: 3)
    // Like on the screen, the flow's proposal is first, otherwise leaving.
    let proposed =
      session.flow.continuations(session.answers).firstIndex(where: \.isProposed).map { $0 + 1 } ?? leaving
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
        return wizardSession.follow(number == leaving ? .leave : continuations[number - 1].destination)
      }
    }
  }
}
