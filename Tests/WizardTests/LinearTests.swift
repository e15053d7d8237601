import Common
import Operations
import Terminal
import Testing
import Transfer

@testable import Wizard

/// Returns a flow of one step with these fields.
private func flow(_ fields: [Field]) -> Flow {
  Flow(
    id: "test", title: "Test", badge: .restore,
    steps: [
      Step("ask", "Ask", heading: { _ in "Well?" }, help: [.paragraph("This is the help.")], fields: { _ in fields })
    ])
}

@Suite("The linear mode")
struct LinearTests {
  private let colours = Field(
    "colour", "Colour",
    .choice([
      .init("red", "Red", "Like a rose."), .init("green", "Green", disabled: "it is sold out"),
      .init("blue", "Blue", recommended: true),
    ]))

  @Test("Enter alone completes the linear flow, with numbered steps and one result")
  func enterAlone() throws {
    let servers = FakeEngine.move()
    var walk = LinearWalk(servers.moveFlow(), Array(repeating: "", count: 11))
    #expect(try walk.runner.run() == nil, "what was said already is not said again")
    #expect(walk.script.says("Harbour Café 港 is moved"))
    #expect(walk.script.leftOver == 0)
    for title in ["1 of 11: Welcome", "3 of 11: Organization", "9 of 11: Review", "10 of 11: Move"] {
      #expect(walk.script.says("Step \(title)"))
    }
    #expect(walk.script.says("Folder of the old server [/source]: ->"))
    #expect(walk.script.says("Server: target.example.com"))
    #expect(walk.script.says("  Warning: uploads: 3 files are missing on the disk"))
    #expect(walk.script.says("    What to do: look for them in an older backup"))
    #expect(!walk.script.says("\u{1B}"))
    // Keys of the full screen are not mentioned.
    #expect(!walk.script.says("Esc"))
    #expect(!walk.script.says("Space changes"))
  }

  @Test("Options are numbered with explanations, and an invalid line asks again")
  func choosing() throws {
    var walk = LinearWalk(flow([colours]), ["4", "x", "2", "1"])
    _ = try walk.runner.run()
    #expect(walk.answers.text("ask.colour") == "red")
    #expect(
      walk.script.says(
        "  1. Red\n     Like a rose.\n  2. Green\n     Not possible: it is sold out\n  3. Blue (recommended)"))
    #expect(walk.script.says("Choose 1 to 3 [3]: ->"))
    #expect(walk.script.transcript.contains("Enter a number from 1 to 3."))
    #expect(walk.script.transcript.contains("\nNot possible: it is sold out\n"))
  }

  @Test("Yes and no can be typed as words")
  func yesNo() throws {
    let field = Field("sure", "Sure?", .yesNo(yes: .init("yes", "Yes"), no: .init("no", "No", recommended: true)))
    var walk = LinearWalk(flow([field]), [""])
    _ = try walk.runner.run()
    #expect(walk.answers.flag("ask.sure") == false)
    walk = LinearWalk(flow([field]), ["yes"])
    _ = try walk.runner.run()
    #expect(walk.answers.flag("ask.sure") == true)
  }

  @Test("Several options are chosen by their numbers")
  func several() throws {
    let field = Field(
      "parts", "Parts", .multipleChoice([.init("a", "A"), .init("b", "B", recommended: true), .init("c", "C")]))
    for (line, answer) in [("", ["b"]), ("3, 1", ["a", "c"]), ("none", [])] {
      var walk = LinearWalk(flow([field]), [line])
      _ = try walk.runner.run()
      #expect(walk.answers.list("ask.parts") == answer)
    }
  }

  @Test("Invalid input is asked for again with the reason, and two quotes are an empty answer")
  func typing() throws {
    let servers = FakeEngine.move()
    var walk = LinearWalk(servers.moveFlow(), ["", "", "", "", "", "", "Upper", "''", "q", "y"])
    #expect(try walk.runner.run() == nil)
    #expect(walk.script.says("Invalid: Use only small letters; upper is free."))
    #expect(walk.answers.text("address.subdomain") == "")
    #expect(walk.script.says("Subdomain, '' for (root domain) [harbour]: ->"))
    #expect(walk.script.says("People will open https://target.example.com"))
  }

  @Test("A refused answer does not replace the proposed one")
  func refused() throws {
    var walk = LinearWalk(FakeEngine.move().moveFlow(), ["", "", "", "3", "relative\u{7}", "", "", "q", "y"])
    _ = try walk.runner.run()
    let questions = walk.script.transcript.split(separator: "\n").filter { $0.hasPrefix("Archive to be made [") }
    #expect(questions.count == 2 && Set(questions).count == 1, "\(walk.script.transcript)")
  }

  @Test("A letter that could be a command or an answer is clarified")
  func ambiguous() throws {
    let servers = FakeEngine.move()
    var walk = LinearWalk(servers.moveFlow(), ["", "", "", "", "", "", "b", "y", "q", "y"])
    _ = try walk.runner.run()
    #expect(walk.answers.text("address.subdomain") == "b")
    walk = LinearWalk(servers.moveFlow(), ["", "", "", "", "", "", "b", "", "q", "y"])
    _ = try walk.runner.run()
    #expect(walk.runner.session.step.id == "target")
  }

  @Test("b returns to the previous question or step without losing answers")
  func back() throws {
    let servers = FakeEngine.move()
    let lines = ["", "", "", "3", "/tmp/other.tar.gz", "b", "", "", "b", "b", "b", "", "", "q", "y"]
    var walk = LinearWalk(servers.moveFlow(), lines)
    _ = try walk.runner.run()
    #expect(walk.answers.text("target.archive") == "/tmp/other.tar.gz")
    #expect(walk.answers.text("target.place") == "elsewhere")
    #expect(walk.script.says("Archive to be made [/tmp/other.tar.gz]: ->"))
    var first = LinearWalk(servers.moveFlow(), ["b", "q", "y"])
    _ = try first.runner.run()
    #expect(first.script.says("This is the first step."))
  }

  @Test("? explains and asks again, and leaving needs a confirmation")
  func leaving() throws {
    var walk = LinearWalk(
      flow([colours]), script: Script(answers: [.text("?"), .text("q"), .text(""), .interrupted, .text("y")]))
    #expect(try walk.runner.run() == nil)
    #expect(walk.script.says("This is the help."))
    #expect(walk.script.says("Leave the wizard? Nothing has been changed so far."))
    #expect(walk.script.leftOver == 0)
  }

  @Test("The end of the input is an error with the step, and nothing changes")
  func endOfInput() throws {
    let servers = FakeEngine.move()
    var walk = LinearWalk(servers.moveFlow(), ["", ""])
    let failure = #expect(throws: PlainFailure.self) { try walk.runner.run() }
    #expect(failure?.family == .usage)
    #expect(failure?.reason == "the input ended at step 3 of 11, Organization; nothing was started")
    #expect(servers.state.withLock { $0.begun.isEmpty })
  }

  @Test("A secret is typed hidden and stored nowhere")
  func secret() throws {
    var walk = LinearWalk(flow([Field("key", "Key", .secret)]), ["", "", "s3cret"])
    _ = try walk.runner.run()
    #expect(walk.answers.secret("ask.key")?.reveal() == "s3cret")
    #expect(!walk.script.says("s3cret"))
    #expect(walk.script.says("Invalid: Nothing has been typed yet."))
  }

  @Test("A required name must match exactly, and Enter confirms nothing")
  func confirmation() throws {
    var walk = LinearWalk(
      flow([Field("name", "Type harbour to delete it", .confirmation(name: "harbour"))]), ["", "Harbour", "harbour"])
    _ = try walk.runner.run()
    #expect(walk.answers.text("ask.name") == "harbour")
    #expect(walk.script.says("Type the name exactly: harbour"))
    #expect(walk.script.leftOver == 0)
  }

  @Test("Confirmations, and questions after something was awaited, ignore earlier input; others accept it")
  func afresh() throws {
    var walk = LinearWalk(
      flow([colours, Field("name", "Type harbour to delete it", .confirmation(name: "harbour"))]), ["1", "harbour"])
    _ = try walk.runner.run()
    #expect(walk.script.freshQuestions.withLock { $0 } == ["Type harbour to delete it:"])
    var move = LinearWalk(FakeEngine.move().moveFlow(), Array(repeating: "", count: 11))
    _ = try move.runner.run()
    let questions = move.script.freshQuestions.withLock { $0 }
    #expect(questions.last?.contains("Start the move") == true)
    #expect(questions.contains { $0.contains("Choose 1 to") }, "the list of organizations was awaited")
    #expect(!questions.contains { $0.contains("Enter: begin") })
  }

  @Test("Only the command line confirms a deletion without a terminal")
  func unattendedConfirmation() throws {
    let field = Field("name", "Type harbour to delete it", .confirmation(name: "harbour"))
    func walk(_ name: String?) -> LinearWalk {
      let script = Script(["harbour", "harbour"])
      script.isAttended = false
      return LinearWalk(flow([field]), script: script, consent: LinearRunner.Consent(name: name))
    }
    var without = walk(nil)
    let refusal = #expect(throws: PlainFailure.self) { try without.runner.run() }
    #expect(refusal?.family == .usage && refusal?.remedy?.contains("--confirm-delete harbour") == true)
    #expect(without.answers.text("ask.name") == nil)
    var other = walk("Harbour")
    #expect(#expect(throws: PlainFailure.self) { try other.runner.run() }?.family == .usage)
    var given = walk("harbour")
    _ = try given.runner.run()
    #expect(given.answers.text("ask.name") == "harbour")
    #expect(given.script.says("harbour, as the command line says."))
  }

  @Test("Decisions are listed with recommendations and changed by number")
  func decisions() throws {
    let servers = FakeEngine.move()
    var walk = LinearWalk(servers.moveFlow(), Array(repeating: "", count: 8) + ["2", "1", "", "q", "y"])
    _ = try walk.runner.run()
    #expect(walk.script.says("  1. camo_key, different: copy, recommended: it is better so"))
    #expect(walk.script.says("What avatar_salt is for."))
    #expect(
      walk.script.says(
        "  1. copy\n     What happens then.\n  2. keep, recommended: it is better so\n     What happens otherwise."))
    #expect(walk.script.says("Decided: camo_key: copy, avatar_salt: copy."))
    #expect(walk.answers.map("secrets.each") == ["camo_key": "copy", "avatar_salt": "copy"])
  }

  @Test("A blocker is shown, checked again, and left by going back")
  func blocked() throws {
    let servers = FakeEngine.move()
    servers.change { $0.findings = [Finding(.blocker, "space", "there is too little", remedy: "make room")] }
    var walk = LinearWalk(servers.moveFlow(), Array(repeating: "", count: 9) + ["", "b", "q", "y"])
    _ = try walk.runner.run()
    #expect(
      walk.script.says(
        "1 blocker.\n  Blocked: space: there is too little\n    What to do: make room"))
    #expect(walk.runner.session.step.id == "secrets")
    #expect(servers.state.withLock { $0.checked.count } == 2)
  }

  @Test("An unreadable server is reported, and another one can be given")
  func failedLook() throws {
    let servers = FakeEngine.move()
    servers.change { $0.overviewFailure = PlainFailure(.connection, "/source", "nobody answers", remedy: "start it") }
    var walk = LinearWalk(servers.moveFlow(), ["", "", "c", "/elsewhere", "q", "y"])
    _ = try walk.runner.run()
    #expect(walk.script.says("Failed. /source: nobody answers\n  What to do: start it"))
    #expect(walk.answers.text("source.root") == "/elsewhere")
  }

  @Test("The review lists every decision, opens it by number, and writes the answers with w")
  func review() throws {
    let path = "/tmp/aloha-answers-\(RandomText.alphanumeric(10)).toml"
    defer { try? FileSystem.removeTree(path) }
    let servers = FakeEngine.move()
    // Go to the review; open line 7 and change its answer; write the answers; write them again, which must not
    // overwrite the file.
    var walk = LinearWalk(
      servers.moveFlow(), Array(repeating: "", count: 10) + ["7", "2", "", "w", path, "w", path, "q", "y"])
    _ = try walk.runner.run()
    #expect(walk.script.says("  7. Deactivate the old one: Yes, deactivate it"))
    #expect(walk.script.says("  7. Deactivate the old one: No, leave it open"))
    #expect(walk.script.says("Not changed: All data on the old server"))
    #expect(walk.script.says("Saved without secrets in \(path)."))
    #expect(walk.script.says("there is a file of that name already"))
    #expect(try AnswersFile.read(path).values["deactivate.old"] == .flag(false))
    #expect(walk.runner.session.step.id == "review")
  }

  @Test("Control characters from a database never reach the terminal")
  func hostileNames() throws {
    let servers = FakeEngine.move()
    servers.change { $0.organizations[1].name = "A\u{1B}[31m\u{202E}B" }
    var walk = LinearWalk(servers.moveFlow(), ["", "", "", "", "", "", "", "q", "y"])
    _ = try walk.runner.run()
    #expect(!walk.script.says("\u{1B}"))
    #expect(!walk.script.says("\u{202E}"))
  }

  @Test("Lines are wrapped between words, and commands are not")
  func wrapping() throws {
    let servers = FakeEngine.move()
    var walk = LinearWalk(servers.moveFlow(), Array(repeating: "", count: 10) + ["q", "y"], width: 60)
    _ = try walk.runner.run()
    let long = walk.script.transcript.split(separator: "\n").filter { $0.count > 60 && !$0.hasSuffix("->") }
    #expect(long.allSatisfy { $0.hasPrefix("    aloha-wizard ") })
    #expect(!long.isEmpty)
  }
}

@Suite("A running operation in the linear mode")
struct LinearRunningTests {
  private func walk(_ lines: [String] = [], _ events: @escaping (Int) -> [ExecutorEvent]) -> LinearWalk {
    let walk = LinearWalk(FakeEngine.move().moveFlow(), Array(repeating: "", count: 11) + lines)
    walk.executor.insteadOfRunning = events
    return walk
  }

  private func progress(_ ticket: Int, _ events: ProgressEvent...) -> ExecutorEvent {
    .events(events.map { .progressed(ticket: ticket, $0) })
  }

  private let begun = ProgressEvent.phaseStarted(
    id: "export.messages", title: "Export messages", total: 1000, unit: .messages)

  @Test("Phases print a line at their start and end, and a progress line during silence")
  func lines() throws {
    var walk = walk { ticket in
      [
        progress(ticket, begun, .advanced(id: "export.messages", done: 250, total: 1000, unit: .messages)), .nothing,
        progress(ticket, .note("Something happened"), .warning("Look here"), .phaseEnded(id: "export.messages")),
        .events([.ended(ticket: ticket, .success(FakeMove.summary))]),
      ]
    }
    _ = try walk.runner.run()
    #expect(walk.script.says("is moved"))
    let transcript = walk.script.transcript
    #expect(
      transcript.contains(
        "Begun: Export messages, 1,000 messages\nStill running: Export messages, 250 of 1,000 messages; "))
    #expect(
      transcript.contains("\nNote: Something happened\nWARNING: Look here\nDone: Export messages, 1,000 messages"))
    let silence = walk.executor.timeouts.compactMap { $0 }
    #expect(!silence.isEmpty && silence.allSatisfy { $0 <= .seconds(30) })
  }

  @Test("Ctrl-C asks once, Enter continues, and y cancels")
  func stopping() throws {
    var walk = walk(["", "y"]) { ticket in
      [
        .events([.planned(ticket: ticket, FakeMove.plan)]), progress(ticket, begun), .interrupted, .interrupted,
        .interrupted,
        .events([.ended(ticket: ticket, .failure(Trouble(Cancelled())))]),
      ]
    }
    let failure = #expect(throws: PlainFailure.self) { try walk.runner.run() }
    #expect(failure?.family == .cancelled)
    #expect(walk.executor.cancellation?.isCancelled == true)
    #expect(walk.script.says("It continues."))
    #expect(walk.script.says("Until the organization is visible on the new server, everything can be taken back."))
    #expect(walk.script.says("It is already stopping; this may take a moment."))
    #expect(walk.script.says("Stopped at your request. All changes were rolled back."))
  }

  @Test("A failed operation can be repeated")
  func again() throws {
    let trouble = Trouble(PlainFailure(.file, "/tmp", "the disk is full", remedy: "make room"))
    var attempts = 0
    var walk = walk([""]) { ticket in
      attempts += 1
      return [.events([.ended(ticket: ticket, attempts == 1 ? .failure(trouble) : .success(FakeMove.summary))])]
    }
    _ = try walk.runner.run()
    #expect(walk.script.says("is moved"))
    #expect(attempts == 2)
    #expect(walk.script.says("Failed. /tmp: the disk is full"))
  }

  @Test("A failure without an operator is reported as the error")
  func failed() throws {
    let trouble = Trouble(PlainFailure(.file, "/tmp", "the disk is full"))
    var walk = walk { [.events([.ended(ticket: $0, .failure(trouble))])] }
    #expect(throws: PlainFailure.self) { try walk.runner.run() }
    #expect(#expect(throws: PlainFailure.self) { try walk.runner.run() }?.family == .file)
  }

  @Test("A lost terminal cancels the operation that depends on it")
  func gone() throws {
    var walk = walk { ticket in
      [progress(ticket, begun), .gone, .events([.ended(ticket: ticket, .failure(Trouble(Cancelled())))])]
    }
    #expect(throws: PlainFailure.self) { try walk.runner.run() }
    #expect(walk.executor.cancellation?.isCancelled == true)
  }
}
