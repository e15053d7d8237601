import Common
import Operations

extension LinearRunner {
  /// Prints every decision with its number, the effects, and the continuations.
  mutating func review() throws {
    announce()
    let step = session.step
    let place = session.place
    if let lookup = step.lookup {
      if case .looking? = session.lookupState?.phase { voice.say("\(lookup.busy) …") }
      while session.place == place, case .looking? = session.lookupState?.phase { try waitForNews() }
    }
    let lines = session.review
    tell(lines)
    if case .failed(let trouble)? = session.lookupState?.phase {
      tell(trouble)
    } else {
      if let result = session.lookupResult(of: step) { tell(result) }
      tell(session.lookupResult(of: step)?.plan)
    }
    let commands = session.flow.commands(session.answers)
    if !commands.isEmpty {
      voice.say("Equivalent commands:")
      for command in commands { voice.command(command) }
    }
    while session.place == place {
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

  /// - Returns: whether the review must be printed again.
  private mutating func choose(among lines: [ReviewLine]) throws -> Bool {
    let step = session.step
    let failed = session.obstacle == .failed
    // A destructive operation is never started by Enter alone.
    let plan = session.lookupResult(of: step)?.plan
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
        session.jump(to: lines[number - 1].step)
        return true
      }
      guard line == "start" || line.isEmpty && !destroys else {
        let begin = destroys && !failed ? "Type start" : "Press Enter"
        voice.say("\(begin), or type \(lines.isEmpty ? "" : "a number from 1 to \(lines.count), w, ")?, b or q.")
        return false
      }
      if failed {
        session.look()
      } else if let refusal = session.start(now: .now) {
        tell(refusal)
      }
      carryOut()
      return true
    }
  }

  /// A line of a file or a pipe starts no destructive operation without the command line's confirmation.
  private func checkConsent() throws {
    guard !consent.destroys, consent.name == nil else { return }
    throw PlainFailure(
      .usage, session.flow.title,
      "data would be deleted or replaced, and the order to start is not read from a file or a pipe",
      remedy: "give --yes, or run the wizard on a terminal")
  }

  private func tell(_ refusal: FlowSession.Refusal) {
    switch refusal {
    case .field(_, let reason): voice.say("Invalid: \(reason).")
    case .blocked: voice.say("Resolve the blockers first: go back to the checks.")
    case .looking, .lookupStarted, .failed, .notHere: voice.say("Not ready yet. Try again.")
    }
  }

  private mutating func saveAnswers() throws {
    let path = SavedFile.unused("aloha-\(session.flow.id)-answers", ".toml")
    guard case .text(let line) = try ask("Write the answers, without secrets, into [\(path)]:") else { return }
    voice.say(SavedFile.save(session.answersText, to: line.isEmpty ? path : FileSystem.absolute(line)))
  }
}
