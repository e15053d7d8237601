import Common
import Operations
import Terminal
import Testing

@testable import Wizard

/// Keys are for the screen on which they were typed.
@Suite("Keys typed before a screen appeared")
struct BlindTypingTests {
  private static func flow() -> Flow {
    Flow(
      id: "list", title: "A list", badge: .test,
      steps: [
        Step(
          "which", "Which", heading: { _ in "Which one?" },
          lookup: Lookup("Looking", key: { _ in "" }) { _, _ in
            LookupResult(fields: [Field("one", "One", .choice([.init("a", "The first"), .init("b", "The second")]))])
          }),
        Step(
          "sure", "Sure", heading: { _ in "Are you sure?" },
          fields: { _ in [Field("yes", "Sure", .choice([.init("x", "Yes"), .init("y", "No")]))] }),
        Step("end", "End", heading: { _ in "The end" }),
      ])
  }

  @Test("Keys typed while a list loads choose nothing, and neither do those that follow without a pause")
  func loading() {
    let walker = Walker(Self.flow(), answersAtOnce: false)
    walker.press(.down, .enter)
    walker.answer()
    #expect(walker.sees("The first"))
    walker.press(.down, .enter, .enter)
    #expect(walker.step == "which" && walker.focusedLine.contains("The first"))
    #expect(walker.sees("Keys typed before this screen appeared are ignored"))
    walker.pass(.milliseconds(300))
    walker.press(.enter)
    #expect(walker.step == "which", "typing has not paused")
    walker.pass(.milliseconds(600))
    walker.press(.enter)
    #expect(walker.step == "sure")
  }

  @Test("Without keys during the wait the first key counts")
  func quiet() {
    let walker = Walker(Self.flow(), answersAtOnce: false)
    walker.answer()
    walker.press(.down, .enter)
    #expect(walker.step == "sure" && walker.answers.text("which.one") == "b")
  }

  @Test("Keys for leaving and for help are never ignored")
  func safe() {
    let walker = Walker(Self.flow(), answersAtOnce: false)
    walker.press(.enter)
    walker.answer()
    walker.press(.control("c"))
    #expect(walker.sees("Leave the wizard?"))
  }

  @Test("Keys typed while work runs do not reach its result")
  func running() {
    let walker = Walker.move(.move())
    walker.walk(to: "run")
    walker.press(.enter, .down)
    walker.end(.success(FakeMove.summary))
    walker.press(.down, .down, .enter)
    #expect(walker.step == "result" && !walker.hasEnded)
    walker.pass(.seconds(1))
    walker.press(.enter)
    #expect(walker.hasEnded)
  }

  @Test("Ctrl-C twice leaves, and the question says so")
  func twice() {
    let walker = Walker.move(.move())
    walker.press(.control("c"))
    #expect(walker.sees("Ctrl-C again leaves."))
    walker.press(.control("c"))
    #expect(walker.hasEnded)
  }

  @Test("Ctrl-C twice during work that ends with the wizard stops it")
  func twiceRunning() {
    let walker = Walker.move(.move())
    walker.walk(to: "run")
    walker.press(.control("c"), .control("c"))
    #expect(walker.model.isEnding && walker.model.session.run?.isStopping == true)
  }
}
