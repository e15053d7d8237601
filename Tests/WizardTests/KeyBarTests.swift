import Common
import Terminal
import Testing

@testable import Wizard

/// The key bar on every kind of page, in every width from the smallest to a wide one.
@Suite("The key bar")
struct KeyBarTests {
  private static let widths = 60...200

  /// Checks the last row of the screen in each width.
  private func expect(_ keys: [String], _ walker: Walker, _ page: String) {
    for columns in Self.widths {
      walker.send(.resized(Size(columns: columns, rows: 16)))
      let line = walker.model.picture.line(15)
      for key in keys where !line.contains(key) {
        Issue.record("\(page), \(columns) columns: no '\(key)' in: \(line)")
      }
    }
    walker.send(.resized(Size(columns: 80, rows: 24)))
  }

  @Test("The key to leave is shown on every page of a flow in every width")
  func pages() {
    for glyphs in [Glyphs.unicode, .ascii] {
      let servers = FakeEngine.move()
      let walker = Walker.move(servers, glyphs: glyphs)
      for step in [
        "welcome", "source", "organization", "target", "address", "deactivate", "secrets", "checks", "review",
      ] {
        walker.walk(to: step)
        expect(["Ctrl-C leave"], walker, step)
        walker.press(.function(1))
        expect(["Ctrl-C leave", "Esc"], walker, "help of \(step)")
        walker.press(.escape)
      }
    }
  }

  @Test("The keys to stop and to leave are shown while an operation runs, stops, fails and is done")
  func running() {
    let walker = Walker.move(FakeEngine.move())
    walker.walk(to: "run")
    expect(["Esc stop", "Ctrl-C leave"], walker, "running")
    walker.press(.control("o"))
    expect(["Esc", "close", "Ctrl-C leave"], walker, "log")
    walker.press(.escape, .escape)
    expect(["Enter choose", "Esc"], walker, "question")
    walker.press(.down, .enter)
    expect(["Ctrl-C leave"], walker, "stopping")
    walker.end(.failure(Trouble(PlainFailure(.cancelled, "the move", "it was stopped"))))
    expect(["Ctrl-C leave"], walker, "stopped")
    let other = Walker.move(FakeEngine.move())
    other.walk(to: "run")
    other.end(.success(FakeMove.summary))
    expect(["Ctrl-C leave"], other, "result")
  }

  @Test("The key to leave is shown beside a filter, a list of names and a table")
  func lists() {
    let rows = (0..<30).map { Field.Row(id: "r\($0)", cells: ["N\($0)"], label: "n") }
    let flow = Flow(
      id: "test", title: "Test", badge: .restore,
      steps: [
        Step(
          "ask", "Ask", heading: { _ in "Well?" },
          fields: { _ in [Field("row", "Row", .table(columns: [.init("Name", grows: true)], rows: rows))] },
          proceed: "look for everything that could go wrong")
      ])
    let walker = Walker(flow)
    expect(["Ctrl-C leave"], walker, "table")
    walker.press(.character("/"))
    walker.type("2")
    expect(["Ctrl-C leave", "Esc"], walker, "filter")
    walker.press(.enter)
    expect(["Ctrl-C leave", "Esc"], walker, "filtered rows")
    let paths = Walker.move(FakeEngine.move())
    paths.walk(to: "source")
    paths.answersAtOnce = false
    paths.press(.control("u"))
    paths.type("/srv/")
    paths.press(.tab)
    let names = ["aloha", "backups", "containers"]
    paths.send(.events(.listed(ticket: 1, PathListing("/srv/", names.map { .init(name: $0, isFolder: true) }))))
    paths.press(.down)
    expect(["Ctrl-C leave", "Esc"], paths, "names")
  }

  @Test("The menu shows how to leave")
  func menu() {
    let context = FakeEngine().context()
    let catalog = FlowCatalog(menu: { .menu(context, goals: Goal.all, waiting: [], obstacle: nil) }) { _, _ in nil }
    expect(["Ctrl-C leave"], Walker(WizardSession(nil, catalog: catalog)), "menu")
  }

  @Test("A too small window says how to leave, unless an operation would be lost")
  func tooSmall() {
    let walker = Walker.move(FakeEngine.move(), size: Size(columns: 59, rows: 16))
    #expect(walker.sees("Ctrl-C leaves"))
    walker.send(.resized(Size(columns: 80, rows: 24)))
    walker.walk(to: "run")
    walker.send(.resized(Size(columns: 59, rows: 16)))
    #expect(!walker.sees("Ctrl-C leaves"))
  }
}
