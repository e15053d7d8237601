import Common
import Terminal
import Testing

@testable import Wizard

private func flow(_ field: Field) -> Flow {
  Flow(
    id: "test", title: "Test", badge: .restore,
    steps: [
      Step(
        "ask", "Ask", heading: { _ in "Well?" },
        fields: { _ in [field, Field("note", "Note", .text(placeholder: ""))] }),
      Step("end", "End", heading: { _ in "The end" }),
    ])
}

private func table(_ count: Int, locked: Set<Int> = []) -> Field {
  Field(
    "which", "Which",
    .table(
      columns: [.init("Name", grows: true), .init("Subdomain")],
      rows: (0..<count).map {
        Field.Row(
          id: "org\($0)", cells: ["Organization \($0)", "sub-\($0 * 7)"], label: "org \($0)",
          disabled: locked.contains($0) ? "it is locked" : nil)
      }))
}

@Suite("Filters of long lists")
struct FilterTests {
  @Test("Typing filters a table by any cell and shows the number of rows")
  func narrows() {
    let walker = Walker(flow(table(2000)))
    #expect(walker.sees("/ filter"))
    walker.press(.character("/"))
    #expect(walker.model.picture.cursor?.visible == true)
    walker.type("ORGANIZATION 199")
    // 199, and 1990 to 1999.
    #expect(walker.sees("11 of 2,000"))
    #expect(walker.sees("Organization 1990") && !walker.sees("Organization 1899"))
    walker.press(.backspace, .backspace, .backspace)
    #expect(walker.sees("2,000 of 2,000"))
    walker.press(.control("u"))
    walker.type("sub-13993")
    #expect(walker.sees("1 of 2,000") && walker.sees("▸ ○ Organization 1999"))
  }

  @Test("Enter moves from the filter to the rows, and Esc shows all rows without losing the choice")
  func choosing() {
    let walker = Walker(flow(table(300)))
    walker.press(.character("/"))
    walker.type("tion 29")
    walker.press(.down, .enter)
    #expect(walker.step == "ask" && walker.answers.text("ask.which") == "org0")
    #expect(walker.sees("Enter next"))
    #expect(walker.focusedLine.hasPrefix("▸ ○ Organization 290"))
    // The space is a key again, not filter text.
    walker.press(.down, .character(" "))
    #expect(walker.answers.text("ask.which") == "org291")
    walker.press(.escape)
    #expect(walker.step == "ask" && walker.model.filter == nil)
    #expect(walker.focusedLine.hasPrefix("▸ ● Organization 291") && walker.sees("Organization 288"))
  }

  @Test("A filter without a match is reported, and nothing can be chosen")
  func nothing() {
    let walker = Walker(flow(table(300)))
    walker.press(.character("/"))
    walker.type("zzz")
    #expect(walker.sees("nothing matches; Esc shows all 300"))
    walker.press(.down, .enter, .enter)
    #expect(walker.sees("No row matches; Esc shows all"))
    #expect(walker.step == "ask" && walker.answers.text("ask.which") == "org0")
    walker.press(.escape)
    #expect(walker.sees("Organization 3") && walker.focusedLine.hasPrefix("▸ ● Organization 0"))
  }

  @Test("Command letters are text in a filter, and / returns to it")
  func letters() {
    let walker = Walker(flow(table(30)))
    walker.press(.character("/"))
    walker.type("q?j/")
    #expect(walker.model.overlay == nil && walker.sees("q?j/"))
    walker.press(.control("u"))
    walker.type("2")
    walker.press(.enter, .character("/"))
    walker.type("9")
    #expect(walker.sees("29"))
    #expect(walker.sees("1 of 30") || walker.sees("2 of 30"))
  }

  @Test("Another question, step or list clears the filter")
  func leaving() {
    let walker = Walker(flow(table(30)))
    walker.press(.character("/"))
    walker.type("2")
    walker.press(.tab)
    #expect(walker.model.filter == nil && walker.model.focus == .input(field: "ask.note"))
  }

  @Test("Leaving an empty filter removes it")
  func empty() {
    let walker = Walker(flow(table(30)))
    walker.press(.character("/"), .enter)
    #expect(walker.model.filter == nil && walker.step == "ask")
  }

  @Test("Only long choices and decisions can be filtered")
  func kinds() {
    func choice(_ count: Int) -> Field {
      Field("c", "C", .choice((0..<count).map { .init("o\($0)", "Option \($0)", $0 == 5 ? "the odd one" : nil) }))
    }
    let short = Walker(flow(choice(8)))
    short.press(.character("/"))
    #expect(short.model.filter == nil)
    let long = Walker(flow(choice(20)))
    long.press(.character("/"))
    long.type("odd")
    #expect(long.sees("1 of 20") && long.sees("Option 5") && !long.sees("Option 4"))
    let items = (0..<12).map {
      Field.Item(
        id: "i\($0)", title: "key_\($0)", state: "different", purpose: "p", consequences: [:], advice: "keep", why: "w")
    }
    let decisions = Walker(
      flow(
        Field("d", "D", .decisions(items, among: [.init(id: "copy", title: "copy"), .init(id: "keep", title: "keep")])))
    )
    decisions.press(.character("/"))
    decisions.type("key_11")
    decisions.press(.enter, .character(" "))
    #expect(decisions.answers.map("ask.d")["i11"] == "copy")
    #expect(decisions.answers.map("ask.d").count == 12)
  }

  @Test("Only visible rows of a long table are laid out")
  func windows() {
    let walker = Walker(flow(table(5000)))
    for keys in [[Key.end], [.pageUp, .pageUp], [.home], [.pageDown, .down]] {
      for key in keys { walker.press(key) }
      let picture = walker.model.picture
      let all = walker.model.page()
      let height = walker.model.layout.body.rows
      let whole = all.rows.dropFirst(walker.model.scroll.first).prefix(height).map { $0.spans.map(\.text).joined() }
      for line in whole { #expect(line.isEmpty || picture.text.contains(line.prefix(60))) }
    }
    let seen = walker.model.page(100..<110).rows
    #expect(seen.count == walker.model.page().rows.count)
    #expect(seen.count { $0 == .unseen } > 4900)
  }
}
