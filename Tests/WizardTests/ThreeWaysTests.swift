import Terminal
import Testing

@testable import Wizard

/// The screen, the linear mode and the answers file use one definition, and lead to the same decisions.
@Suite("Three ways to the same decisions")
struct ThreeWaysTests {
  /// A way through the flow, as keys and as lines.
  struct Way: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let keys: @Sendable (Walker) -> Void
    let lines: [String]
  }

  static let ways = [
    Way(testDescription: "as advised", keys: { _ in }, lines: Array(repeating: "", count: 11)),
    Way(
      testDescription: "everything otherwise",
      keys: { walker in
        walker.walk(to: "target")
        walker.press(.enter, .control("u"))
        walker.type("/other")
        walker.press(.enter, .control("u"))
        walker.type("/tmp/a b.tar.gz")
        walker.walk(to: "address")
        walker.press(.control("u"))
        walker.type("port")
        walker.walk(to: "deactivate")
        walker.press(.down, .enter)
        walker.walk(to: "secrets")
        walker.press(.character(" "), .down, .character(" "))
      },
      lines: ["", "", "", "1", "/other", "/tmp/a b.tar.gz", "port", "2", "1", "2", "2", "1", "", "", ""]),
    Way(
      testDescription: "to another machine",
      keys: { walker in
        walker.walk(to: "target")
        walker.press(.down, .down, .enter)
      }, lines: ["", "", "", "3", "", "", "", "", ""]),
    Way(
      testDescription: "to another machine over SSH",
      keys: { walker in
        walker.walk(to: "target")
        walker.press(.down, .enter)
        walker.type("root@chat.example.com")
        walker.press(.enter)
      }, lines: ["", "", "", "2", "root@chat.example.com", "", "", "", "", "", "", ""]),
    Way(
      testDescription: "a closed organization at the root domain",
      keys: { walker in
        walker.walk(to: "organization")
        walker.press(.down, .enter)
      }, lines: ["", "", "3", "", "", "", "", "", "", ""]),
    Way(
      testDescription: "a reserved name",
      keys: { walker in
        walker.walk(to: "address")
        walker.press(.control("u"))
        walker.type("www")
        walker.press(.enter, .up, .enter)
      }, lines: ["", "", "", "", "", "", "www", "y", "", "", "", ""]),
  ]

  @Test("The screen, the linear mode and an answers file start the same operation", arguments: ways)
  func same(way: Way) throws {
    let onScreen = FakeEngine.move()
    let walker = Walker.move(onScreen)
    way.keys(walker)
    walker.walk(to: "review")
    let file = try AnswersFile.parse(walker.model.session.answersText, path: "a.toml")
    walker.walk(to: "run")
    let wanted = try #require(onScreen.begunMove)

    let byLines = FakeEngine.move()
    var walk = LinearWalk(byLines.moveFlow(), way.lines)
    _ = try walk.runner.run()
    #expect(walk.script.leftOver == 0)
    #expect(byLines.begunMove == wanted)
    #expect(walk.runner.session.answersText == walker.model.session.answersText)

    let byFile = FakeEngine.move()
    #expect(file.faults(for: byFile.moveFlow()).isEmpty)
    var runner = AnswersRunner(
      // Answers of the file take precedence over proposed ones.
      byFile.moveFlow(target: nil), given: GivenAnswers(values: file.values), options: .init(path: "a.toml"),
      voice: LinearVoice(conversation: Script([]), width: nil), executor: PromptExecutor())
    guard case .done(let text) = try runner.run() else {
      Issue.record("something is missing")
      return
    }
    #expect(byFile.begunMove == wanted)
    #expect(text != nil)
  }
}
