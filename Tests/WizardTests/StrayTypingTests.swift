import Common
import Terminal
import Testing

@testable import Wizard

private func flow(_ fields: [Field], kind: Step.Kind = .questions) -> Flow {
  Flow(
    id: "test", title: "Test", badge: .restore,
    steps: [
      Step("ask", "Ask", heading: { _ in "Well?" }, kind: kind, fields: { _ in fields }),
      Step("end", "End", heading: { _ in "The end" }),
    ])
}

private let subdomain = Field("name", "Subdomain", .text(placeholder: ""))
private let colours = Field(
  "colour", "Colour", .choice([.init("red", "Red"), .init("green", "Green"), .init("blue", "Blue")]))
private let parts = Field("parts", "Parts", .multipleChoice([.init("a", "A"), .init("b", "B")]))
private let decisions = Field(
  "keys", "Keys",
  .decisions(
    (0..<3).map {
      Field.Item(
        id: "i\($0)", title: "key_\($0)", state: "different", purpose: "p", consequences: [:], advice: "keep", why: "w")
    }, among: [.init(id: "copy", title: "copy"), .init(id: "keep", title: "keep")]))
private let table = Field(
  "row", "Row",
  .table(
    columns: [.init("Name", grows: true)], rows: (0..<5).map { .init(id: "r\($0)", cells: ["N\($0)"], label: "n") }))

/// Texts that begin with every kind of key: unused, moving, for help, for a filter, for a decision.
private let texts = [
  "harbour", "jolly good company", "kilo", "good job", "Great", "list of h", "quit", "backup", "west", "red team",
  "/srv/aloha", "hello world", "yes", "x   y", "n?/ q",
]

@Suite("Text typed one field too low")
struct StrayTypingTests {
  @Test("Text typed on a list of a step with a text field changes nothing and moves nothing", arguments: texts)
  func besideField(text: String) {
    for field in [colours, parts, decisions, table] where !(text.hasPrefix("/") && field.id == "row") {
      let walker = Walker(flow([field, subdomain]))
      let (answers, focus) = (walker.answers, walker.model.focus)
      walker.type(text)
      #expect(walker.answers == answers && walker.model.focus == focus, "\(field.id)")
      #expect(walker.model.overlay == nil && walker.model.filter == nil && !walker.hasEnded)
      #expect(walker.sees("Typed text has no effect: the text field does not have the focus"))
      walker.press(.enter)
      #expect(walker.model.focus == focus && walker.sees("The typed text had no effect. Enter again: next"))
      walker.press(.enter)
      #expect(walker.model.isTyping)
    }
  }

  @Test("Text typed in a step without a text field changes no answer and continues nothing", arguments: texts)
  func withoutField(text: String) {
    for field in [colours, parts, decisions] {
      let walker = Walker(flow([field]))
      let (answers, focus) = (walker.answers, walker.model.focus)
      walker.type(text)
      walker.press(.enter)
      #expect(walker.answers == answers && walker.model.focus == focus && walker.step == "ask", "\(field.id)")
      #expect(walker.model.overlay == nil && !walker.hasEnded)
      walker.press(.enter)
      #expect(walker.step == "end")
    }
  }

  @Test("Text typed on the review starts nothing, saves nothing and opens no line", arguments: texts + ["w", "start"])
  func review(text: String) {
    let walker = Walker.move(FakeEngine.move())
    walker.walk(to: "review")
    let focus = walker.model.focus
    walker.type(text)
    walker.press(.enter)
    #expect(walker.step == "review" && walker.model.focus == focus && walker.saves == 0)
    #expect(walker.sees("Enter again: start"))
    walker.press(.enter)
    #expect(walker.step == "run")
  }

  @Test("Text typed in a question leaves nothing and stops nothing", arguments: texts + ["y", "l", "jl"])
  func question(text: String) {
    let walker = Walker.move(FakeEngine.move())
    walker.walk(to: "run")
    for key in [Key.escape, .control("c")] {
      walker.press(key)
      walker.type(text)
      walker.press(.enter)
      guard case .question(let question)? = walker.model.overlay else {
        Issue.record("the question has gone")
        return
      }
      #expect(question.focused == 0 && walker.model.isRunning && !walker.hasEnded)
      #expect(walker.model.session.run?.isStopping == false)
      walker.press(.escape)
    }
  }

  @Test("Text typed while an operation runs has no effect on it, nor on its result", arguments: texts)
  func running(text: String) {
    let walker = Walker.move(FakeEngine.move())
    walker.walk(to: "run")
    walker.type(text.filter { $0 != "?" })
    walker.press(.enter)
    #expect(walker.model.isRunning && walker.model.overlay == nil)
  }

  @Test("A paste where no text field has the focus changes nothing, and its Enter does not count")
  func paste() {
    for paste in ["harbour", "y\n", " ", "j", "?", "/x\n\n", String(repeating: "start\n", count: 10_000)] {
      let walker = Walker.move(FakeEngine.move())
      walker.walk(to: "review")
      walker.press(.paste(paste), .enter)
      #expect(walker.step == "review" && walker.model.overlay == nil)
      walker.press(.control("c"), .paste(paste), .enter)
      #expect(walker.model.overlay != nil && !walker.hasEnded)
    }
    let walker = Walker(flow([colours, subdomain]))
    let answers = walker.answers
    walker.press(.down, .paste(" "), .paste("x\n"))
    #expect(walker.answers == answers && walker.step == "ask")
  }

  @Test("Without a text field, single keys still move, select, filter and explain")
  func keys() {
    let walker = Walker(flow([colours]))
    walker.press(.character("j"), .character(" "))
    #expect(walker.answers.text("ask.colour") == "green")
    walker.press(.character("k"), .character(" "))
    #expect(walker.answers.text("ask.colour") == "red")
    walker.press(.character("?"))
    #expect(walker.sees("Help"))
  }

  @Test("Another key ends the typed text, so that the next Enter counts")
  func ends() {
    let walker = Walker(flow([colours]))
    walker.type("harbour")
    walker.press(.down, .enter)
    #expect(walker.step == "end" && walker.answers.text("ask.colour") == "green")
  }

  @Test("No letter is bound to an action with an effect, on any page")
  func bindings() {
    let walker = Walker.move(FakeEngine.move())
    let harmless: Set<Action> = [
      .up, .down, .top, .bottom, .pageDown, .lookAgain, .help, .filter, .toggle, .close,
    ]
    for step in ["welcome", "source", "organization", "target", "address", "deactivate", "secrets", "review", "run"] {
      walker.walk(to: step)
      for keys in [[], [Key.control("c")], [.function(1)]] {
        for key in keys { walker.press(key) }
        for binding in walker.model.bindings where !harmless.contains(binding.action) {
          for key in binding.keys {
            if case .character = key { Issue.record("\(step): \(key) is bound to \(binding.action)") }
          }
        }
        if !keys.isEmpty { walker.press(.escape) }
      }
    }
  }

  @Test("The help states the rule")
  func help() {
    let walker = Walker(flow([colours]))
    let text = walker.model.helpRows.map { $0.spans.map(\.text).joined() }.joined(separator: " ")
    #expect(text.contains("Typed or pasted text changes nothing where no text field has the focus"))
  }
}

@Suite("Long text in fields")
struct LongTextTests {
  @Test("A field accepts no more than the longest path, typed or pasted, and says so")
  func limit() {
    let walker = Walker(flow([subdomain]))
    walker.press(.paste(String(repeating: "x", count: 65_536)))
    #expect(walker.answers.text("ask.name") ?? "" == "" && walker.sees("Not accepted: the text would be longer"))
    walker.press(.paste(String(repeating: "x", count: 4096)))
    #expect(walker.answers.text("ask.name")?.count == 4096)
    walker.type("yz")
    #expect(walker.answers.text("ask.name")?.count == 4096 && walker.sees("Not accepted: the text would be longer"))
    walker.press(.backspace, .character("z"))
    #expect(walker.answers.text("ask.name")?.hasSuffix("xz") == true)
    walker.press(.control("u"), .paste("harbour\n"))
    #expect(walker.answers.text("ask.name") == "harbour" && walker.step == "ask")
  }

  @Test("A filter accepts no longer text than a field")
  func filter() {
    let rows = (0..<30).map { Field.Row(id: "r\($0)", cells: ["N\($0)"], label: "n") }
    let walker = Walker(flow([Field("row", "Row", .table(columns: [.init("Name", grows: true)], rows: rows))]))
    walker.press(.character("/"), .paste(String(repeating: "x", count: 65_536)))
    #expect(walker.model.filter?.editor.characters.isEmpty == true && walker.sees("Not accepted"))
    walker.press(.paste("N29\n"))
    #expect(walker.sees("1 of 30"))
  }

  @Test("The visible part of a long text contains the cursor, and wide characters are counted")
  func window() {
    let window = InputWindow(Array(repeating: "漢", count: 4000), caret: 3999, width: 10)
    #expect(window.caretColumn == 8 && window.text == "漢漢漢漢漢")
    let start = InputWindow(["a", "b"], caret: 0, width: 1)
    #expect(start.caretColumn == 0 && start.text == "a")
  }
}
