import Common
import Operations
import Terminal
import Testing

@testable import Wizard

@Suite("Answers files")
struct AnswersTests {
  private let complete = """
    flow = "move"
    [source]
    root = "/source"
    [organization]
    which = "harbour"
    [target]
    place = "here"
    root = "/target"
    archive = "/tmp/move.tar.gz"
    [address]
    subdomain = "port"
    [deactivate]
    old = false
    [secrets.each]
    camo_key = "copy"
    avatar_salt = "copy"
    """

  private func runner(
    _ text: String, _ servers: FakeEngine = FakeEngine.move(), flow: Flow? = nil, confirmed: String? = nil,
    destroys: Bool = false, canAsk: Bool = false, script: Script = Script([])
  ) throws -> AnswersRunner {
    let file = try AnswersFile.parse(text, path: "a.toml")
    let flow = flow ?? servers.moveFlow()
    let faults = file.faults(for: flow)
    guard faults.isEmpty else { throw AnswersFault.error("a.toml", faults) }
    return AnswersRunner(
      flow, given: GivenAnswers(values: file.values, confirmedName: confirmed),
      options: .init(path: "a.toml", destroys: destroys, canAsk: canAsk),
      voice: LinearVoice(conversation: script, width: nil), executor: PromptExecutor())
  }

  private func failure(_ text: String, _ servers: FakeEngine = FakeEngine.move(), flow: Flow? = nil) -> PlainFailure? {
    do {
      var runner = try runner(text, servers, flow: flow)
      _ = try runner.run()
      return nil
    } catch { return error as? PlainFailure }
  }

  @Test("A complete answers file runs without a question and reports its steps")
  func unattended() throws {
    let servers = FakeEngine.move()
    let script = Script([])
    var runner = try runner(complete, servers, script: script)
    guard case .done(let text) = try runner.run() else {
      Issue.record("something is missing")
      return
    }
    #expect(text?.contains("is moved") == true)
    let begun = try #require(servers.begunMove)
    #expect(begun.subdomain == "port")
    #expect(!begun.deactivates)
    #expect(begun.secrets == ["camo_key": .copy, "avatar_salt": .copy])
    #expect(!script.says("->"))
    #expect(script.says("6. Subdomain: port"))
    #expect(script.says("Warning: uploads: 3 files are missing on the disk"))
  }

  @Test("Missing answers are refused as a list before anything starts, without a terminal")
  func missing() throws {
    let servers = FakeEngine.move()
    let failure = failure("[source]\nroot = \"/source\"\n[secrets.each]\ncamo_key = \"keep\"\n", servers)
    #expect(failure?.family == .usage)
    let reason = try #require(failure?.reason)
    for key in [
      "organization.which (Organization)", "target.place", "target.root", "target.archive", "address.subdomain",
      "deactivate.old", "secrets.each.avatar_salt",
    ] { #expect(reason.contains(key), "\(key) is not in: \(reason)") }
    for key in ["source.root", "address.reserved", "camo_key"] { #expect(!reason.contains(key)) }
    #expect(servers.moves(\.begun).allSatisfy { $0.subdomain == "harbour" })
  }

  @Test("The list of missing answers includes later steps")
  func missingUnseen() throws {
    let failure = failure(
      "[target]\nplace = \"here\"\n", FakeEngine.move(), flow: FakeEngine.move().moveFlow(target: nil))
    let reason = try #require(failure?.reason)
    for key in ["source.root", "target.root", "target.archive", "address.subdomain", "secrets.each"] {
      #expect(reason.contains(key), "\(key) is not in: \(reason)")
    }
  }

  @Test("On a terminal only missing answers are asked for")
  func asked() throws {
    let servers = FakeEngine.move()
    let text = complete.replacing("subdomain = \"port\"", with: "")
    var runner = try runner(text, servers, canAsk: true)
    #expect(try runner.run() == .incomplete)
    let given = GivenAnswers(values: try AnswersFile.parse(text, path: "a.toml").values)
    let walker = Walker(servers.moveFlow(), given: given)
    #expect(walker.step == "address")
    walker.press(.control("u"))
    walker.type("pier")
    walker.press(.enter)
    // The checks have a warning: an operator who is present must see it.
    #expect(walker.step == "checks")
    walker.press(.enter)
    #expect(walker.step == "review")
    walker.walk(to: "run")
    #expect(servers.begunMove?.subdomain == "pier")
    #expect(servers.begunMove?.deactivates == false)
    var linear = LinearWalk(servers.moveFlow(), ["dock", "", ""], given: given)
    _ = try linear.runner.run()
    #expect(linear.script.leftOver == 0)
    #expect(servers.begunMove?.subdomain == "dock")
  }

  @Test("A step answered by the file can be opened and shows the answer")
  func backToGiven() throws {
    let given = GivenAnswers(values: try AnswersFile.parse(complete, path: "a.toml").values)
    let walker = Walker(FakeEngine.move().moveFlow(), given: given)
    #expect(walker.step == "checks")
    walker.press(.escape)
    #expect(walker.step == "secrets")
    walker.press(.escape)
    #expect(walker.step == "deactivate")
    #expect(walker.answers.flag("deactivate.old") == false)
    walker.press(.up, .enter, .enter)
    #expect(walker.step == "checks")
    #expect(walker.answers.flag("deactivate.old") == true)
  }

  @Test("Unknown keys, secrets and confirmations are errors, all named at once")
  func unknown() throws {
    let reason = try #require(
      failure("shiny = 1\n[source]\nroot = \"/source\"\nrot = \"/\"\n[sauce]\nroot = \"/\"\n")?.reason)
    #expect(reason.contains("shiny: there is no such key"))
    let second = try #require(failure("[source]\nrot = \"/\"\n[sauce]\nroot = \"/\"\n")?.reason)
    #expect(second.contains("source.rot: there is no such key"))
    #expect(second.contains("sauce.root: there is no such key"))
    let flow = destroying(["everything"])
    let third = try #require(failure("flow = \"burn\"\n[ask]\nkey = \"x\"\nname = \"harbour\"\n", flow: flow)?.reason)
    #expect(third.contains("ask.key: a secret is never read from a file"))
    #expect(third.contains("ask.name: no file can confirm this"))
    #expect(failure("flow = \"burn\"\n")?.reason.contains("flow: it is for \"burn\", and this is \"move\"") == true)
    #expect(failure("flow = \n")?.reason.contains("line 1") == true)
  }

  @Test(
    "Invalid answers are errors with the possible values",
    arguments: [
      (
        "which = \"harbour\"", "which = \"harbor\"",
        "organization.which: there is no \"harbor\"; possible: \"harbour\", \"\""
      ),
      ("which = \"harbour\"", "which = \"alohainternal\"", "\"alohainternal\" is not possible: it is the home"),
      (
        "place = \"here\"", "place = \"there\"",
        "target.place: there is no \"there\"; possible: \"here\", \"remote\", \"elsewhere\""
      ),
      ("old = false", "old = \"no\"", "deactivate.old: must be true or false"),
      ("subdomain = \"port\"", "subdomain = 7", "address.subdomain: must be a text in quotes"),
      ("subdomain = \"port\"", "subdomain = \"Port\"", "address.subdomain: Use only small letters; port is free"),
      ("camo_key = \"copy\"", "camo_key = \"move\"", "camo_key: \"move\" is no decision; \"copy\" or \"keep\""),
      ("camo_key = \"copy\"", "camo_key = \"copy\"\ncamo_kee = \"keep\"", "nothing to decide about \"camo_kee\" here"),
    ])
  func faults(line: String, instead: String, says: String) throws {
    let failure = failure(complete.replacing(line, with: instead))
    #expect(failure?.family == .usage)
    #expect(failure?.reason.contains(says) == true, "\(failure?.reason ?? "no error")")
  }

  @Test("A blocker is reported with its own exit code")
  func blocked() {
    let servers = FakeEngine.move()
    servers.change { $0.findings = [Finding(.blocker, "space", "there is too little", remedy: "make room")] }
    let failure = failure(complete, servers)
    #expect(failure?.family == .blocked)
    #expect(failure?.reason == "there is too little")
    servers.change { $0.overviewFailure = PlainFailure(.connection, "/source", "nobody answers") }
    #expect(self.failure(complete, servers)?.family == .connection)
  }

  // MARK: Confirmations

  /// Returns a destructive flow; if `names` is true, a name must be typed.
  private func destroying(_ destroys: [String], names: Bool = true) -> Flow {
    let fields =
      names
      ? [
        Field("key", "Key", .secret, isVisible: { _ in false }), Field("name", "Name", .confirmation(name: "harbour")),
      ]
      : []
    return Flow(
      id: "burn", title: "Burn it", badge: .production,
      steps: [
        Step("ask", "Ask", heading: { _ in "Sure?" }, fields: { _ in fields }),
        Step(
          "review", "Review", heading: { _ in "Ready?" }, kind: .review,
          lookup: Lookup("Planning", key: { _ in "" }) { _, _ in
            LookupResult(plan: Plan(title: "Burn", phases: [], destroys: destroys))
          }),
        Step("run", "Run", heading: { _ in "Burning" }, kind: .run(Runner(operation: { _ in FakeWork() }))),
        Step("end", "End", heading: { _ in "Burnt" }, kind: .result),
      ])
  }

  @Test("A required name is given on the command line, and only the right one is accepted")
  func confirmed() throws {
    let flow = destroying(["12 channels"])
    var without = try runner("", flow: flow)
    let failure = #expect(throws: PlainFailure.self) { try without.run() }
    #expect(failure?.reason.contains("--confirm-delete harbour") == true)
    var wrong = try runner("", flow: flow, confirmed: "port")
    #expect(throws: PlainFailure.self) { try wrong.run() }
    var right = try runner("", flow: flow, confirmed: "harbour")
    guard case .done = try right.run() else {
      Issue.record("it was not done")
      return
    }
  }

  @Test("A destructive operation without a name requires --yes, and others do not")
  func saidTwice() throws {
    let flow = destroying(["12 channels"], names: false)
    var without = try runner("", flow: flow)
    let failure = #expect(throws: PlainFailure.self) { try without.run() }
    #expect(failure?.reason == "this deletes: 12 channels")
    #expect(failure?.remedy?.contains("--yes") == true)
    var with = try runner("", flow: flow, destroys: true)
    guard case .done = try with.run() else {
      Issue.record("it was not done")
      return
    }
    var harmless = try runner("", flow: destroying([], names: false))
    guard case .done = try harmless.run() else {
      Issue.record("it was not done")
      return
    }
  }

  @Test("In the linear mode a destructive operation is never started by Enter alone")
  func linearSecondWord() throws {
    var walk = LinearWalk(destroying(["12 channels"], names: false), ["", "", "start"])
    _ = try walk.runner.run()
    #expect(walk.script.says("Will be deleted: 12 channels"))
    #expect(walk.script.leftOver == 0)
  }

  // MARK: Writing

  @Test("Written answers are read back unchanged, without secrets and confirmations")
  func written() throws {
    let walker = Walker.move(FakeEngine.move())
    walker.walk(to: "review")
    let text = walker.model.session.answersText
    let file = try AnswersFile.parse(text, path: "a.toml")
    #expect(file.flow == "move")
    #expect(file.faults(for: walker.model.session.flow).isEmpty)
    #expect(
      file.values.keys.sorted() == [
        "address.subdomain", "deactivate.old", "organization.which", "secrets.each", "source.root", "target.archive",
        "target.place", "target.root",
      ])
    for (key, answer) in file.values { #expect(walker.answers[key] == answer) }
    var answers = Answers(["ask.name": .text("harbour")])
    answers.set(secret: Secret("s3cret"), for: "ask.key")
    let other = AnswersText.file(destroying([]), answers)
    #expect(!other.contains("s3cret"))
    #expect(try AnswersFile.parse(other, path: "b.toml").values.isEmpty)
  }

  @Test(
    "Any text is written and read back unchanged",
    arguments: ["", "a\"b\\c", "tab\tline\nend", "\u{1B}[31m", "Café 港 🏝", "# no comment"])
  func quoting(text: String) throws {
    let file = try AnswersFile.parse("[a]\n\(TOMLText.key(text)) = \(TOMLText.quoted(text))\n", path: "a.toml")
    #expect(file.values == ["a.\(text)": .text(text)])
  }

  @Test("The tables of a step are written after its other keys")
  func tablesLast() throws {
    let item = Field.Item(id: "x y", title: "X", state: "", purpose: "", consequences: [:], advice: "keep", why: "")
    let fields = [
      Field("each", "Each", .decisions([item], among: [.init(id: "keep", title: "keep")])),
      Field("note", "Note", .text(placeholder: "")), Field("many", "Many", .multipleChoice([.init("a", "A")])),
    ]
    let flow = Flow(
      id: "t", title: "T", badge: .test, steps: [Step("s", "S", heading: { _ in "" }, fields: { _ in fields })])
    let answers: [String: Answer] = ["s.each": .map(["x y": "keep"]), "s.note": .text("n"), "s.many": .list(["a"])]
    #expect(try AnswersFile.parse(AnswersText.file(flow, Answers(answers)), path: "a.toml").values == answers)
  }

  @Test("The template lists every key, contains no decision, and can be read")
  func template() throws {
    let flow = FakeEngine.move().moveFlow()
    let text = AnswersText.template(flow)
    #expect(try AnswersFile.parse(text, path: "a.toml") == AnswersFile(flow: "move"))
    for known in flow.knownFields {
      if case .decisions = known.field.kind {
        #expect(text.contains("[\(known.key)]"))
      } else {
        #expect(text.contains("\n#\(known.field.id) = "))
      }
    }
    let open = text.split(separator: "\n").map {
      $0.hasPrefix("#") && !$0.hasPrefix("# ") ? String($0.dropFirst()) : String($0)
    }
    let file = try AnswersFile.parse(open.joined(separator: "\n"), path: "a.toml")
    #expect(file.faults(for: flow).isEmpty)
    #expect(file.values["target.place"] == .text("here"))
  }

  @Test("Every field of a lookup is declared by the flow")
  func announced() {
    let walker = Walker.move(FakeEngine.move())
    walker.walk(to: "review")
    let known = Set(walker.model.session.flow.knownFields.map(\.key))
    for line in walker.model.session.review { #expect(known.contains(line.key)) }
  }

  @Test("A key in the review writes the answers and reports the file")
  func saveKey() {
    let walker = Walker.move(FakeEngine.move())
    walker.walk(to: "address")
    walker.type("w")
    #expect(walker.saves == 0)
    walker.press(.control("u"))
    walker.type("port")
    walker.walk(to: "review")
    walker.type("w")
    #expect(walker.saves == 0)
    walker.press(.control("w"))
    #expect(walker.saves == 1)
    walker.send(.events(.saved("The answers are saved in /tmp/x.toml")))
    #expect(walker.sees("The answers are saved in /tmp/x.toml"))
  }
}
