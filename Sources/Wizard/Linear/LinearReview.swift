import Common
import Engine

extension LinearRunner {
  /// Every decision as a numbered line, what is going to happen, and the ways on.
  mutating func review() throws {
    announce()
    let step = journey.step
    let place = journey.place
    if let lookup = step.lookup {
      if case .looking? = journey.lookupState?.phase { voice.say("\(lookup.busy) …") }
      while journey.place == place, case .looking? = journey.lookupState?.phase { try waitForNews() }
    }
    let lines = journey.review
    tell(lines)
    if case .failed(let trouble)? = journey.lookupState?.phase {
      tell(trouble)
    } else {
      if let material = journey.material(of: step) { tell(material) }
      tell(journey.material(of: step)?.plan)
    }
    let commands = journey.flow.commands(journey.answers)
    if !commands.isEmpty {
      voice.say("Equivalent commands:")
      for command in commands { voice.command(command) }
    }
    while journey.place == place {
      if try choose(among: lines) { return }
    }
  }

  func tell(_ lines: [ReviewLine]) {
    for (index, line) in lines.enumerated() {
      voice.say("\(index + 1). \(line.title): \(line.answer.isEmpty ? "(empty)" : line.answer)", indent: 2, hanging: 3)
    }
  }

  func tell(_ plan: Plan?) {
    guard let plan else { return }
    voice.report(.of(plan, mostDeleted: Plan.mostShown))
  }

  /// - Returns: whether something happened after which the review has to be said anew.
  private mutating func choose(among lines: [ReviewLine]) throws -> Bool {
    let step = journey.step
    let failed = journey.obstacle == .failed
    // What destroys, or takes a server's place, is never begun by Enter alone.
    let plan = journey.material(of: step)?.plan
    let destroys = plan?.destroys.isEmpty == false || plan?.replaces != nil
    if destroys, !failed, !voice.conversation.isAttended { try checkConsent() }
    let go = failed ? "Enter looks again" : destroys ? "start begins" : "Enter: \(step.proceed)"
    let more = lines.isEmpty ? "" : " A number changes that decision, w writes an answers file,"
    switch try ask("\(go).\(more) b goes back, q leaves:", afresh: true) {
    case .back:
      goBack()
      return true
    case .text("w") where !lines.isEmpty:
      try saveAnswers()
      return false
    case .text(let line):
      if let number = Int(line), lines.indices.contains(number - 1) {
        journey.jump(to: lines[number - 1].step)
        return true
      }
      guard line == "start" || line.isEmpty && !destroys else {
        let begin = destroys && !failed ? "Type start" : "Press Enter"
        voice.say("\(begin), or type \(lines.isEmpty ? "" : "a number from 1 to \(lines.count), w, ")?, b or q.")
        return false
      }
      if failed {
        journey.look()
      } else if let refusal = journey.start(now: .now) {
        tell(refusal)
      }
      carryOut()
      return true
    }
  }

  /// A line of a file or a pipe begins nothing that destroys, unless the command line says so too.
  private func checkConsent() throws {
    guard !consent.destroys, consent.name == nil else { return }
    throw PlainFailure(
      .usage, journey.flow.title,
      "data would be deleted or replaced, and the order to start is not read from a file or a pipe",
      remedy: "give --yes, or run the wizard on a terminal")
  }

  private func tell(_ refusal: Journey.Refusal) {
    switch refusal {
    case .field(_, let reason): voice.say("Invalid: \(reason).")
    case .blocked: voice.say("Resolve the blockers first: go back to the checks.")
    case .looking, .looksFirst, .failed, .notHere: voice.say("Not ready yet. Try again.")
    }
  }

  private mutating func saveAnswers() throws {
    let path = journey.answersPath
    guard case .text(let line) = try ask("Write the answers, without secrets, into [\(path)]:") else { return }
    voice.say(SavedAnswers.save(journey.answersText, to: line.isEmpty ? path : FileSystem.absolute(line)))
  }
}
