import Testing

@testable import Terminal

@Suite("Frames")
struct FrameTests {
  private func frame(_ columns: Int, _ rows: Int, _ glyphs: Glyphs = .unicode) -> Frame {
    Frame(size: Size(columns: columns, rows: rows), glyphs: glyphs)
  }

  private func at(_ column: Int, _ row: Int) -> Point { Point(column: column, row: row) }

  @Test("Text is drawn at its place, in its role, and inside its area")
  func puts() {
    var frame = frame(10, 3)
    #expect(frame.put("abc", at: at(2, 1), role: .title) == 3)
    #expect(frame.text == "\n  abc\n")
    #expect(frame.role(at: at(2, 1)) == .title)
    #expect(frame.role(at: at(1, 1)) == .background)
    #expect(frame.character(at: at(10, 1)) == nil)
    #expect(frame.role(at: at(0, -1)) == nil)
  }

  @Test("Content outside a frame is clipped")
  func clips() {
    var frame = frame(4, 2)
    frame.put("abcdef", at: at(-2, 0), role: .text)
    frame.put("xyz", at: at(2, 1), role: .text)
    frame.put("no", at: at(0, 2), role: .text)
    frame.put("no", at: at(0, -1), role: .text)
    #expect(frame.text == "cdef\n  xy")
    frame.put("12345", at: at(0, 0), role: .text, clip: Rect(column: 1, row: 0, columns: 2, rows: 1))
    #expect(frame.line(0) == "c23f")
  }

  @Test("A wide character is never drawn by half")
  func wide() {
    var frame = frame(5, 1)
    frame.put("漢字漢", at: at(0, 0), role: .text)
    #expect(frame.line(0) == "漢字")
    #expect(frame.character(at: at(1, 0)) == "")
    frame.put("x", at: at(1, 0), role: .text)
    #expect(frame.line(0) == " x字")
    frame.put("y", at: at(2, 0), role: .text)
    #expect(frame.line(0) == " xy")
    frame.put("漢", at: at(-1, 0), role: .text)
    #expect(frame.line(0) == " xy")
    frame.put("漢", at: at(1, 0), role: .text)
    #expect(frame.line(0) == " 漢")
  }

  @Test("Combining marks stay with their letter")
  func marks() {
    var frame = frame(3, 1)
    frame.put("e\u{301}x", at: at(0, 0), role: .text)
    #expect(frame.character(at: at(0, 0)) == "e\u{301}")
    #expect(frame.character(at: at(1, 0)) == "x")
  }

  @Test("A box has a border, a title and an empty inside")
  func box() {
    var frame = frame(16, 4)
    frame.fill(frame.bounds, with: "x", role: .text)
    let inside = frame.box(Rect(column: 1, row: 0, columns: 14, rows: 4), title: "Title")
    #expect(
      frame.text == """
        x┌─ Title ────┐x
        x│            │x
        x│            │x
        x└────────────┘x
        """)
    #expect(inside == Rect(column: 3, row: 1, columns: 10, rows: 2))
  }

  @Test("An overlong title and a tiny box are drawn without errors")
  func smallBoxes() {
    var frame = frame(12, 4, .ascii)
    frame.box(Rect(column: 0, row: 0, columns: 12, rows: 3), title: "A long title")
    #expect(frame.line(0) == "+- A l... -+")
    for columns in 0...3 {
      for rows in 0...3 { frame.box(Rect(column: 11, row: 3, columns: columns, rows: rows), title: "T") }
    }
  }

  @Test("A part of a taller frame is shown with its cursor")
  func scrolls() {
    var tall = frame(6, 10)
    for row in 0..<10 { tall.put("row \(row)", at: at(0, row), role: .text) }
    tall.cursor = Frame.Cursor(at(1, 4), visible: true)
    var frame = frame(8, 4)
    frame.draw(tall, from: Rect(column: 0, row: 3, columns: 6, rows: 2), at: at(1, 1))
    #expect(frame.text == "\n row 3\n row 4\n")
    #expect(frame.cursor == Frame.Cursor(at(2, 2), visible: true))
    frame.cursor = nil
    frame.draw(tall, from: Rect(column: 0, row: 5, columns: 6, rows: 2), at: at(1, 1))
    #expect(frame.cursor == nil)
  }

  @Test("A wide character at the edge of a shown part becomes spaces")
  func scrollsWide() {
    var source = frame(6, 1)
    source.put("漢字漢", at: at(0, 0), role: .text)
    var frame = frame(6, 1)
    frame.fill(frame.bounds, with: ".", role: .text)
    frame.draw(source, from: Rect(column: 1, row: 0, columns: 4, rows: 1), at: at(0, 0))
    #expect(frame.line(0) == ".字 ..")
  }

  @Test("A progress bar is full only at the end and empty only at the start")
  func bars() {
    func bar(_ fraction: Double, _ glyphs: Glyphs = .unicode) -> String {
      let bar = Frame.bar(columns: 4, fraction: fraction, glyphs: glyphs)
      return bar.done + bar.todo
    }
    #expect(bar(0) == "░░░░")
    #expect(bar(0.5) == "██░░")
    #expect(bar(0.05) == "▏░░░")
    #expect(bar(0.999) == "███▉")
    #expect(bar(1) == "████")
    #expect(bar(7) == "████")
    #expect(bar(-1) == "░░░░")
    #expect(bar(.nan) == "░░░░")
    #expect(bar(0.6, .ascii) == "##..")
  }

  @Test("The key bar omits keys from the end, with a mark")
  func keyBar() {
    let hints: [Frame.KeyHint] = [.init("Enter", "go on"), .init("Esc", "back"), .init("?", "help", enabled: false)]
    var wide = frame(34, 1)
    wide.keyBar(hints, in: wide.bounds)
    #expect(wide.line(0) == "Enter go on   Esc back   ? help")
    #expect(wide.role(at: at(0, 0)) == .key)
    #expect(wide.role(at: at(6, 0)) == .keyLabel)
    #expect(wide.role(at: at(25, 0)) == .disabled)
    var close = frame(29, 1)
    close.keyBar(hints, in: close.bounds)
    #expect(close.line(0) == "Enter go on  Esc back  ? help")
    var narrow = frame(26, 1)
    narrow.keyBar(hints, in: narrow.bounds)
    #expect(narrow.line(0) == "Enter go on  Esc back  …")
  }

  @Test("The key bar omits the least important keys first, and never the key to leave")
  func importance() {
    let hints: [Frame.KeyHint] = [
      .init("Enter", "continue", importance: 1), .init("Space", "change", importance: 4),
      .init("?", "help", importance: 3),
      .init("Ctrl-C", "leave", importance: 0),
    ]
    var lines: [String] = []
    for columns in stride(from: 60, through: 12, by: -1) {
      var frame = frame(columns, 1)
      frame.keyBar(hints, in: frame.bounds)
      #expect(frame.line(0).contains("Ctrl-C leave"), "\(columns)")
      if frame.line(0) != lines.last { lines.append(frame.line(0)) }
    }
    #expect(
      lines == [
        "Enter continue   Space change   ? help   Ctrl-C leave", "Enter continue  Space change  ? help  Ctrl-C leave",
        "Enter continue  ? help  Ctrl-C leave  …", "Enter continue  Ctrl-C leave  …", "Ctrl-C leave  …",
        "Ctrl-C leave",
      ])
  }

  @Test("The columns of a table are as wide as needed, and shrink if necessary")
  func table() {
    let table = Table(
      columns: [.init("Name", grows: true), .init("Rows", alignment: .trailing)],
      rows: [[Span("messages"), Span("1234567")], [Span("漢字"), Span("9")], [Span("last"), Span("0")]])
    var frame = frame(22, 4)
    #expect(frame.table(table, in: frame.bounds, focused: 1) == 2)
    #expect(
      frame.text == """
        Name              Rows
        ──────────────────────
        messages       1234567
        漢字                 9
        """)
    #expect(frame.role(at: at(21, 3)) == .focus)
    #expect(frame.cursor == Frame.Cursor(at(0, 3), visible: false))
    var narrow = self.frame(12, 5)
    narrow.table(table, in: narrow.bounds, first: 1)
    #expect(narrow.text == "Name    Rows\n────────────\n漢字       9\nlast       0\n")
  }

  @Test("The thumb of a scroll bar is at an end only if the text is")
  func scrollBar() {
    func thumb(_ first: Int) -> String {
      var frame = frame(1, 4, .ascii)
      frame.scrollBar(column: 0, row: 0, rows: 4, first: first, total: 20)
      return frame.text.replacing("\n", with: "")
    }
    #expect(thumb(0) == "#|||")
    #expect(thumb(16) == "|||#")
    #expect(thumb(8) == "||#|")
    var all = frame(1, 4)
    all.scrollBar(column: 0, row: 0, rows: 4, first: 0, total: 4)
    #expect(all.text == "\n\n\n")
  }

  @Test("Text is shown in a centred column of at most 79 characters")
  func centered() {
    #expect(Rect(column: 0, row: 0, columns: 120, rows: 5).centered() == Rect(column: 20, row: 0, columns: 79, rows: 5))
    #expect(Rect(column: 0, row: 0, columns: 60, rows: 5).centered().columns == 60)
    #expect(
      Rect(column: 0, row: 0, columns: 80, rows: 24).centered(Size(columns: 40, rows: 10))
        == Rect(column: 20, row: 7, columns: 40, rows: 10))
  }

  @Test("A map of roles describes the look of a screen")
  func roleMap() {
    var frame = frame(4, 1)
    frame.put("ab", at: at(1, 0), role: .error)
    #expect(frame.roleMap == ".oo.\n. background\no error")
  }
}
