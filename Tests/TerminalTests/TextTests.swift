import Testing

@testable import Terminal

@Suite("Text in columns")
struct TextTests {
  @Test(
    "Columns are counted like terminals do",
    arguments: [
      ("", 0), ("abc", 3), ("漢字", 4), ("e\u{301}", 1), ("é", 1), ("한국", 4), ("ｱ", 1), ("Ａ", 2), ("─", 1),
      ("\u{1112}\u{1161}\u{11AB}", 2),
      ("a\u{300}\u{301}\u{302}\u{303}\u{304}\u{305}", 1), ("👍", 2),
    ])
  func columns(text: String, columns: Int) {
    #expect(TextWidth.columns(text) == columns)
  }

  @Test(
    "Text that terminals render differently is normalized",
    arguments: [
      ("👍🏽", "👍"), ("👨‍👩‍👧‍👦", "👨"), ("❤️", "❤"), ("🇩🇪", "DE"), ("a\u{200B}b", "ab"), ("x\u{202E}y", "xy"), ("a\tb\nc", "a b c"),
      ("a\r\nb", "a b"), ("\u{1B}[31mred", "[31mred"), ("a\u{7F}\u{9B}b", "ab"), ("\u{E0001}", ""),
      ("\u{10FFFF}", "\u{FFFD}"),
      ("soft\u{AD}hyphen", "softhyphen"),
    ])
  func safeForm(text: String, shown: String) {
    #expect(TextWidth.joined(TextWidth.cells(text)) == shown)
  }

  @Test("The number of combining marks per character is limited")
  func marks() {
    let cells = TextWidth.cells("a" + String(repeating: "\u{301}", count: 9))
    #expect(cells.count == 1)
    #expect(cells[0].text.unicodeScalars.count == 5)
  }

  @Test("A long text ends with an ellipsis, never within a wide character")
  func truncates() {
    #expect(TextWidth.truncated("organization", to: 12) == "organization")
    #expect(TextWidth.truncated("organization", to: 8) == "organiz…")
    #expect(TextWidth.truncated("organization", to: 8, ellipsis: "...") == "organ...")
    #expect(TextWidth.truncated("漢字漢字", to: 6) == "漢字…")
    #expect(TextWidth.truncated("organization", to: 2, ellipsis: "...") == "or")
    #expect(TextWidth.truncated("organization", to: 0) == "")
    #expect(TextWidth.truncatedAtStart("/var/lib/aloha/uploads", to: 10) == "…a/uploads")
  }

  @Test("A text is padded on the requested side")
  func pads() {
    #expect(TextWidth.padded("漢", to: 5) == "漢   ")
    #expect(TextWidth.padded("12", to: 5, alignment: .trailing) == "   12")
    #expect(TextWidth.padded("ab", to: 5, alignment: .center) == " ab  ")
    #expect(TextWidth.padded("漢字", to: 3) == "漢…")
    #expect(TextWidth.padded("漢字", to: 2) == "… ")
  }

  @Test("Lines break at spaces, and long words are split")
  func wraps() {
    #expect(TextWidth.wrapped("the quick brown fox", to: 10) == ["the quick", "brown fox"])
    #expect(TextWidth.wrapped("exactly ten", to: 11) == ["exactly ten"])
    #expect(TextWidth.wrapped("a supercalifragilistic b", to: 8) == ["a", "supercal", "ifragili", "stic b"])
    #expect(TextWidth.wrapped("one\n\ntwo", to: 10) == ["one", "", "two"])
    #expect(TextWidth.wrapped("", to: 10) == [""])
    #expect(TextWidth.wrapped("anything", to: 0) == [])
  }

  @Test("Text without spaces breaks between wide characters, but not before a full stop")
  func wrapsWide() {
    #expect(TextWidth.wrapped("漢字漢字漢字", to: 5) == ["漢字", "漢字", "漢字"])
    #expect(TextWidth.wrapped("漢字漢字。漢", to: 8) == ["漢字漢", "字。漢"])
    #expect(TextWidth.wrapped("in 漢字 words", to: 8) == ["in 漢字", "words"])
  }

  @Test("Lines after the first can be indented")
  func hangs() {
    #expect(
      TextWidth.wrapped("• some words that are long", to: 12, hanging: 2) == ["• some words", "  that are", "  long"])
  }

  @Test("No line is wider than requested", arguments: 1...12)
  func neverWider(width: Int) {
    let text = "Zürich 漢字チャット e\u{301}\u{302} supercalifragilistic, one 👍 two 한국어."
    for line in TextWidth.wrapped(text, to: width, hanging: 2) {
      // A wide character needs two columns.
      #expect(TextWidth.columns(line) <= max(width, 2))
    }
  }

  @Test("Without Unicode, letters lose their marks, and other characters become ?")
  func ascii() {
    #expect(Glyphs.asciiOnly("Zürich – “naïve” 漢 → Łódź e\u{301}") == "Zurich - \"naive\" ?? > ?odz e")
    #expect(Glyphs.asciiOnly("plain") == "plain")
  }

  @Test("Every glyph has its declared width, and ASCII glyphs are ASCII")
  func glyphs() {
    for glyphs in [Glyphs.unicode, .ascii] {
      for child in Mirror(reflecting: glyphs).children {
        let texts = child.value as? [String] ?? [child.value as? String ?? ""]
        for text in texts {
          let columns = TextWidth.columns(text)
          switch child.label {
          case "checkboxOn", "checkboxOff": #expect(columns == 3)
          case "radioOn", "radioOff": #expect(columns == TextWidth.columns(glyphs.radioOn))
          case "ellipsis": #expect((1...3).contains(columns))
          default: #expect(columns == 1, "\(child.label ?? "") \(text)")
          }
          if glyphs == .ascii { #expect(text.utf8.allSatisfy { $0 < 0x80 }) }
        }
      }
      let states = [glyphs.done, glyphs.failed, glyphs.warning, glyphs.current, glyphs.todo, glyphs.skipped]
      #expect(Set(states).count == states.count, "states that look alike")
    }
  }

  @Test("A pasted text contains no control characters")
  func pasted() {
    func filter(_ text: String) -> String {
      var pasted = PastedText()
      for scalar in text.unicodeScalars { pasted.add(scalar.value) }
      return pasted.text
    }
    #expect(filter("a\r\nb\nc\rd") == "a\nb\nc\nd")
    #expect(filter("\u{1B}[31mred\u{1B}[0m") == "red")
    #expect(filter("a\u{3}\u{7F}\u{9B}\tb") == "a\tb")
    #expect(filter("Zürich 漢") == "Zürich 漢")
  }
}
