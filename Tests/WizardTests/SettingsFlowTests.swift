import Common
import Glibc
import Postgres
import Sandbox
import Synchronization
import Terminal
import Testing

@testable import Administration
@testable import Operations
@testable import Server
@testable import Wizard

@Suite("Settings and secrets, as a flow")
struct SettingsFlowTests {
  private typealias Key = SettingsKey

  static func advice(
    _ file: SettingAdvice.File, _ key: String, _ recommended: SettingDecision, choices: [SettingDecision],
    isKnown: Bool = true
  ) -> SettingAdvice {
    SettingAdvice(
      id: file == .settings && key.contains(".") ? key : "\(file.rawValue).\(key)", file: file, keys: [key], title: key,
      state: .different, sourceValue: "old", targetValue: "new",
      purpose: isKnown ? "What \(key) is for." : "This program does not know this setting.",
      ifCopied: "What happens then.", ifKept: "What happens otherwise.", choices: choices, recommended: recommended,
      why: isKnown ? "it is better so" : "what is not known is never copied without you", isKnown: isKnown,
      followUps: [.restart])
  }

  static let all = [
    advice(.settings, "settings.py", .keep, choices: [.copy, .keep]),
    advice(.secrets, "avatar_salt", .keep, choices: [.copy, .keep]),
    advice(.secrets, "camo_key", .copy, choices: [.copy, .keep]),
    advice(.secrets, "plugin_secret", .keep, choices: [.copy, .keep], isKnown: false),
    advice(.settings, "EXTERNAL_HOST", .keep, choices: [.copy, .keep, .drop]),
    advice(.settings, "ALLOWED_HOSTS", .merge, choices: [.copy, .merge, .keep, .drop]),
    advice(.settings, "COMPUTED", .keep, choices: [.keep]),
    advice(.configuration, "machine.deploy_type", .keep, choices: [.copy, .keep, .drop]),
  ]

  /// The facts for which advice was requested.
  final class Asked: Sendable {
    let facts = Mutex<[MigrationFacts]>([])
  }

  static func queries(
    _ facts: MigrationFacts = MigrationFacts(
      kind: .import, usersRenumbered: true, replacesSource: false, sourceHost: "old.example.com",
      targetHost: "chat.example.com"),
    canRun: Bool = true, asked: Asked = Asked()
  ) -> SettingsQueries {
    SettingsQueries(
      source: { path in
        .init(
          label: "old.example.com", kind: path.hasSuffix(".tar.gz") ? .backup : .server,
          facts: [Summary.Fact("What it is", "a server, of Aloha")])
      },
      facts: { _ in facts },
      advice: { _, facts in
        asked.facts.withLock { $0.append(facts) }
        return all
      },
      diff: { _, choices in
        choices.decisions.isEmpty
          ? []
          : ["--- /etc/aloha/settings.py", "+++ /etc/aloha/settings.py", "@@ -3,1 +3,4 @@"]
            + choices.decisions.keys.sorted().map { "+\($0)" }
      },
      followUps: { _, _ in
        [
          .init(
            title: "Restart the server", explanation: "Settings are read when it starts.",
            command: "sudo -u aloha restart-server", canRun: canRun)
        ]
      })
  }

  private func walker(_ engine: FakeEngine, _ queries: SettingsQueries = queries()) -> Walker {
    Walker(.settings(engine.context(target: "/old"), queries))
  }

  private func begun(_ engine: FakeEngine) -> (from: String, CopySettingsOperation.Choices)? {
    (engine.begun as? CopySettingsOperation).map { ($0.source, $0.choices) }
  }

  @Test("Enter alone copies the recommended settings and runs the scripts")
  func asAdvised() throws {
    let engine = FakeEngine()
    let walker = walker(engine)
    walker.walk(to: "run")
    let (from, choices) = try #require(begun(engine))
    #expect(from == "/old")
    #expect(choices.decisions == ["secrets.camo_key": .copy, "settings.ALLOWED_HOSTS": .merge])
    #expect(!choices.followsAdvice && choices.runsFollowUps)
    #expect(choices.facts.usersRenumbered == true && choices.facts.kind == .import && !choices.facts.replacesSource)
    #expect(
      walker.model.session.flow.commands(walker.answers) == [
        "aloha-wizard settings copy --from /old --migration import --beside --without-advice "
          + "--set secrets.camo_key=copy --set settings.ALLOWED_HOSTS=merge --follow-up --root /srv/chat"
      ])
  }

  @Test("The advice follows the operator's statements about both servers")
  func situation() throws {
    let asked = Asked()
    let walker = walker(FakeEngine(), Self.queries(asked: asked))
    walker.walk(to: "situation")
    walker.press(.down, .enter, .up, .enter)
    #expect(walker.step == "secrets")
    let facts = try #require(asked.facts.withLock { $0.last })
    #expect(facts.kind == .restore && facts.replacesSource && facts.usersRenumbered == true)
    #expect(facts.sourceHost == "old.example.com")
  }

  @Test("Only possible decisions are offered, and unknown statements are explained")
  func possibleDecisions() {
    let walker = walker(FakeEngine())
    walker.walk(to: "secrets")
    #expect(walker.sees("plugin_secret"))
    #expect(walker.sees("different, unknown"))
    walker.walk(to: "settings")
    walker.press(.down)
    #expect(walker.sees("take out: It is removed here"))
    #expect(!walker.sees("join:"))
    walker.press(.right, .right, .right)
    #expect(walker.answers[Key.settings]["settings.EXTERNAL_HOST"] == "drop")
    walker.press(.left, .left, .left)
    #expect(walker.answers[Key.settings]["settings.EXTERNAL_HOST"] == "copy")
    walker.press(.down)
    #expect(walker.sees("join: Both lists in one"))
    walker.press(.down, .character(" "))
    #expect(walker.answers[Key.settings]["settings.COMPUTED"] == "keep")
    #expect(walker.sees("It cannot be changed here"))
  }

  @Test("Without changes the flow ends, and the operation does not start")
  func nothing() {
    let walker = walker(FakeEngine())
    walker.walk(to: "secrets")
    walker.press(.down, .character(" "))
    walker.walk(to: "settings")
    walker.press(.down, .down, .right)
    walker.walk(to: "changes")
    #expect(walker.sees("Nothing is to be changed: this server keeps its settings and secrets."))
    // There is no menu here to return to.
    walker.press(.enter)
    #expect(walker.hasEnded && walker.model.session.run == nil)
  }

  @Test("Without the server's scripts their commands are shown")
  func noScripts() throws {
    let engine = FakeEngine()
    let walker = walker(engine, Self.queries(canRun: false))
    walker.walk(to: "follow")
    #expect(walker.sees("sudo -u aloha restart-server"))
    #expect(walker.sees("Not possible: the server's scripts are not here"))
    walker.walk(to: "run")
    #expect(try #require(begun(engine)).1.runsFollowUps == false)
    walker.end(.success(FakeWork.summary))
    #expect(
      walker.model.session.continuations.prefix(2) == [
        Continuation("Restart the server", .flow("server", given: ["action.which": .text("restart")])),
        Continuation("Undo it", .flow("settings-undo"), proposed: false),
      ])
  }

  @Test("The server itself is refused as the source")
  func itself() {
    let walker = Walker(.settings(FakeEngine().context(target: "/srv//chat/"), Self.queries()))
    walker.walk(to: "source")
    #expect(walker.sees("this is the server itself"))
    walker.press(.enter)
    #expect(walker.step == "source")
  }

  @Test("After a move the settings of both servers can be compared")
  func afterMove() {
    let walker = Walker.move(FakeEngine.move())
    walker.walk(to: "run")
    walker.end(.success(FakeMove.summary))
    #expect(
      walker.model.session.continuations.first?.destination
        == .flow(
          "settings",
          given: [
            "server.root": .text("/target"), "source.path": .text("/source"), "situation.data": .text("import"),
          ]))
  }

  @Test("Undoing copied settings is a separate flow")
  func undo() throws {
    let engine = FakeEngine()
    let walker = Walker(.undoSettings(engine.context()))
    walker.walk(to: "run")
    #expect(engine.begun == UndoSettingsOperation(.init(root: "/srv/chat"), overwritesEdits: false))
  }

  static let ways = [
    FlowWay("as advised", lines: Array(repeating: "", count: 11), keys: { _ in }),
    FlowWay(
      "everything otherwise",
      lines: ["/b.tar.gz", "2", "1", "1", "1", "", "2", "3", "", "", "", "2", "", ""],
      keys: { walker in
        walker.press(.control("u"))
        walker.type("/b.tar.gz")
        walker.walk(to: "situation")
        walker.press(.down, .enter, .up)
        walker.walk(to: "secrets")
        walker.press(.left)
        walker.walk(to: "settings")
        walker.press(.down, .right, .right)
        walker.walk(to: "follow")
        walker.press(.down)
      }),
  ]

  @Test("The screen, the linear mode and an answers file start the same operation", arguments: ways)
  func threeWays(_ way: FlowWay) throws {
    try way.check { .settings($0.context(target: "/old"), Self.queries()) }
  }

  @Test("The screens of all steps are unchanged", arguments: GoldenTests.queries)
  func goldens(_ look: GoldenTests.Look) throws {
    try GoldenTests.expect(
      .settings(FakeEngine().context(target: "/old"), Self.queries()), look,
      steps: ["source", "situation", "secrets", "settings", "changes", "follow", "checks", "review"]
    ) { walker, step in
      if step == "settings" { walker.press(.down, .down) }
    }
  }
}

@Suite("Settings and secrets, on real servers", .serialized)
struct RealSettingsTests {
  private func secret(_ real: RealFlows, _ name: String) throws -> Secret? {
    try Installation(root: real.server.root).secrets[name]
  }

  @Test("Only decided settings are copied, the scripts run, and one step undoes it")
  func copies() throws {
    let (old, new) = (try RealFlows(messages: 0), try RealFlows(messages: 0))
    let before = (try secret(new, "camo_key"), try secret(new, "avatar_salt"))
    let queries = SettingsQueries.real(new.context)
    let facts = try queries.facts(old.server.root)
    var decisions: [SettingAdvice.File: [String: String]] = [:]
    for advice in try queries.advice(old.server.root, facts) {
      decisions[advice.file, default: [:]][advice.id] = advice.id == "secrets.camo_key" ? "copy" : "keep"
    }
    let text = try new.run(
      .settings(new.context, queries),
      [
        "source.path": .text(old.server.root), "situation.data": .text("import"), "situation.place": .text("beside"),
        "secrets.each": .map(decisions[.secrets] ?? [:]), "settings.each": .map(decisions[.settings] ?? [:]),
        "settings.machine": .map(decisions[.configuration] ?? [:]), "follow.up": .text("run"),
      ])
    #expect(text.contains("camo_key"))
    #expect(try secret(new, "camo_key") == secret(old, "camo_key"))
    #expect(try secret(new, "avatar_salt") == before.1)
    #expect(new.scriptLog.contains("[restart-server]"))
    if let value = try secret(old, "camo_key")?.reveal() { #expect(!text.contains(value)) }
    try new.run(.undoSettings(new.context), ["none": .flag(true)])
    #expect(try secret(new, "camo_key") == before.0)
  }

  @Test("A path below the old server's root is not recommended for the new one")
  func foreignFolder() throws {
    let (old, new) = (try RealFlows(messages: 0), try RealFlows(messages: 0))
    let advice = try SettingsQueries.real(new.context).advice(
      old.server.root, MigrationFacts(kind: .restore, replacesSource: true))
    let uploads = try #require(advice.first { $0.keys == ["LOCAL_UPLOADS_DIR"] })
    #expect(uploads.recommended == .keep && uploads.why.contains("another root"))
    #expect(advice.first { $0.keys == ["EXTERNAL_HOST"] }?.recommended == .copy)
  }

  @Test("No value of a secret is shown")
  func nothingShown() throws {
    let (old, new) = (try RealFlows(messages: 0), try RealFlows(messages: 0))
    let queries = SettingsQueries.real(new.context)
    let advice = try queries.advice(old.server.root, queries.facts(old.server.root))
    var choices = CopySettingsOperation.Choices(facts: try queries.facts(old.server.root), followsAdvice: false)
    choices.decisions = Dictionary(
      uniqueKeysWithValues: advice.filter { $0.file == .secrets && $0.choices.contains(.copy) }.map { ($0.id, .copy) })
    let shown =
      "\(Field.settingDecisions("each", "", advice, secrets: false))\(try queries.diff(old.server.root, choices))"
    for server in [old, new] {
      let secrets = try Installation(root: server.server.root).secrets
      for name in secrets.names {
        guard let value = secrets[name]?.reveal(), value.count >= 8 else { continue }
        #expect(!shown.contains(value), "\(name) is shown")
      }
    }
    #expect(shown.contains("camo_key"))
  }
}
