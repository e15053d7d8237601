import Common
import Terminal
import Testing

@testable import Wizard

/// Returns a flow of one step with these fields.
private func flow(_ fields: [Field]) -> Flow {
  Flow(
    id: "test", title: "Test", badge: .restore,
    steps: [
      Step("ask", "Ask", heading: { _ in "Well?" }, fields: { _ in fields }),
      Step("end", "End", heading: { _ in "The end" }),
    ])
}

@Suite("Fields and keys")
struct FieldTests {
  private let colours = Field(
    "colour", "Colour",
    .choice([
      .init("red", "Red", "Like a rose."), .init("green", "Green", disabled: "it is sold out"),
      .init("blue", "Blue", recommended: true),
    ]))

  @Test("The focus starts on the recommended option")
  func firstFocus() {
    let walker = Walker(flow([colours]))
    #expect(walker.focusedLine.hasPrefix("▸ ● Blue (recommended)"))
    #expect(walker.answers.text("ask.colour") == "blue")
  }

  @Test("A disabled option can be focused, shows its reason, and cannot be chosen")
  func disabled() {
    let walker = Walker(flow([colours]))
    #expect(walker.sees("Not possible: it is sold out"))
    walker.press(.up)
    #expect(walker.focusedLine.hasPrefix("▸ ○ Green"))
    walker.press(.enter)
    #expect(walker.step == "ask")
    #expect(walker.sees("! Not possible: it is sold out"))
    walker.press(.character(" "))
    #expect(walker.answers.text("ask.colour") == "blue")
    walker.press(.up, .enter)
    #expect(walker.answers.text("ask.colour") == "red")
    #expect(walker.step == "end")
  }

  @Test("Moving chooses nothing, Space chooses, and Enter chooses and continues")
  func choosing() {
    let walker = Walker(flow([colours, Field("note", "Note", .text(placeholder: ""))]))
    walker.press(.up, .up)
    #expect(walker.answers.text("ask.colour") == "blue")
    walker.press(.character(" "))
    #expect(walker.answers.text("ask.colour") == "red")
    #expect(walker.step == "ask")
    walker.press(.enter)
    #expect(walker.focusedLine == "▸" && walker.model.isTyping)
    walker.press(.enter)
    #expect(walker.step == "end")
  }

  @Test("Several options are chosen with Space")
  func multiple() {
    let walker = Walker(
      flow([Field("parts", "Parts", .multipleChoice([.init("a", "First", recommended: true), .init("b", "Second")]))]))
    #expect(walker.focusedLine == "▸ [✓] First (recommended)")
    walker.press(.down, .character(" "))
    #expect(walker.answers.list("ask.parts") == ["a", "b"])
    walker.press(.up, .character(" "), .enter)
    #expect(walker.answers.list("ask.parts") == ["b"])
    #expect(walker.step == "end")
  }

  @Test("Letters are text in a text field")
  func letters() {
    let walker = Walker(flow([Field("note", "Note", .text(placeholder: ""))]))
    walker.type("?rjkhq Gg")
    #expect(walker.answers.text("ask.note") == "?rjkhq Gg")
    #expect(walker.model.overlay == nil)
    #expect(walker.sees("F1 help"))
    walker.press(.function(1))
    #expect(walker.sees("Keys"))
  }

  @Test("The cursor is visible at the insertion point")
  func caret() throws {
    let walker = Walker(flow([Field("note", "Note", .text(placeholder: ""))]))
    walker.type("漢字ab")
    let cursor = try #require(walker.model.picture.cursor)
    #expect(cursor.visible)
    #expect(cursor.point.column == 4 + 6)
    walker.press(.left, .left, .left)
    #expect(walker.model.picture.cursor?.point.column == 4 + 2)
    walker.press(.home)
    walker.type(String(repeating: "x", count: 200))
    let picture = walker.model.picture
    let seen = try #require(picture.cursor)
    #expect(picture.character(at: Point(column: seen.point.column - 1, row: seen.point.row)) == "x")
  }

  @Test("A pasted line is text and confirms nothing")
  func paste() {
    let walker = Walker(flow([Field("note", "Note", .text(placeholder: ""))]))
    walker.press(.paste("/srv/backup\n"))
    #expect(walker.answers.text("ask.note") == "/srv/backup")
    #expect(walker.step == "ask")
  }

  @Test("A confirming name must be typed exactly and cannot be pasted")
  func confirmation() {
    let walker = Walker(flow([Field("name", "Type the name", .confirmation(name: "harbour"))]))
    walker.press(.paste("harbour"), .enter)
    #expect(walker.step == "ask")
    walker.press(.paste("harbour"))
    #expect(walker.sees("This has to be typed"))
    walker.type("harbou")
    walker.press(.enter)
    #expect(walker.step == "ask")
    #expect(walker.sees("Type the name exactly: harbour"))
    walker.type("r")
    walker.press(.enter)
    #expect(walker.step == "end")
  }

  @Test("A secret is neither shown nor written")
  func secret() throws {
    let walker = Walker(flow([Field("password", "Password", .secret)]))
    walker.press(.enter)
    #expect(walker.step == "ask")
    walker.type("hunter22")
    #expect(walker.sees("••••••••"))
    #expect(!walker.sees("hunter22"))
    #expect(!(try JSONAnswers.encode(walker.answers)).contains("hunter22"))
    #expect(!"\(walker.answers)".contains("hunter22"))
    walker.press(.backspace)
    #expect(walker.answers.secret("ask.password")?.reveal() == "hunter2")
  }

  @Test("Keys move to the ends and words of a line, and delete before the cursor")
  func editing() {
    var editor = LineEditor("one two", caret: nil)
    func press(_ keys: Key...) { for key in keys { _ = editor.handle(key) } }
    press(.control("w"))
    #expect(editor.text == "one ")
    press(.home, .delete, .character("O"))
    #expect(editor.text == "One ")
    #expect(editor.caret == 1)
    press(.end, .control("u"))
    #expect(editor.text == "")
    press(.backspace, .delete, .left, .right)
    #expect(editor.text == "" && editor.caret == 0)
    let means = editor.handle(.up)
    #expect(!means)
  }

  @Test(
    "Subdomains follow the server's rules",
    arguments: [("", true), ("a-1", true), ("A", false), ("-a", false), ("a-", false), ("a_b", false), ("ä", false)])
  func subdomain(_ name: String, _ isGood: Bool) {
    #expect((AnswerCheck.subdomain(name) == nil) == isGood)
    #expect(AnswerCheck.subdomain(String(repeating: "a", count: 41)) != nil)
  }

  @Test("Paths are absolute, and archives have their ending")
  func paths() {
    #expect(AnswerCheck.absolutePath("/") == nil)
    #expect(AnswerCheck.absolutePath("") != nil)
    #expect(AnswerCheck.absolutePath("a/b") != nil)
    #expect(AnswerCheck.absolutePath("/a\u{7}") != nil)
    #expect(AnswerCheck.archive("/tmp/x.tar.gz") == nil)
    #expect(AnswerCheck.archive("/tmp/x") != nil)
  }

  @Test("A long command is wrapped so that a shell reads it as one")
  func commands() {
    let lines = RowBuilder.brokenCommand("program --first aaaaaaaaaa --second bbbbbbbbbb --third c", width: 30)
    #expect(lines.allSatisfy { $0.count <= 30 })
    #expect(lines.dropLast().allSatisfy { $0.hasSuffix(" \\") })
    let joined = lines.map { $0.hasSuffix("\\") ? String($0.dropLast()) : $0 }.joined()
    #expect(
      joined.split(separator: " ") == "program --first aaaaaaaaaa --second bbbbbbbbbb --third c".split(separator: " "))
  }

  @Test(
    "Lines copied from the screen have the same words for a shell, whatever is quoted", arguments: [20, 33, 60, 200])
  func copied(width: Int) throws {
    let words = [
      "export", "-r", "", "--output", "/srv/it's here/a  b.tar.gz", "--root", "/srv/\"old\" server \\ $HOME `id`",
      "end",
      String(repeating: "long", count: 30),
    ]
    let text = Program.command(words)
    let shown = RowBuilder.brokenCommand(text, width: width).map { "  \($0)" }.joined(separator: "\n")
      .replacing(Program.name, with: "show", maxReplacements: 1)
    let script = "show() { printf '%s\\n' \"$@\"; }\n\(shown)\n"
    let output = try Subprocess("/bin/sh", ["-c", script], directory: "/").run().output
    #expect(output == words.map { "\($0)\n" }.joined())
  }

  @Test("A command with a word that is too long is marked as incomplete, never broken in the word")
  func tooLong() {
    var builder = RowBuilder(width: 30, glyphs: .unicode)
    let isComplete = builder.command("program '/a folder/with a name that is much too long for it' --yes")
    #expect(!isComplete)
    #expect(builder.rows.contains { $0.spans.map(\.text).joined().hasSuffix("…") })
    var wide = RowBuilder(width: 120, glyphs: .unicode)
    let fits = wide.command("program '/a folder/with a name that is much too long for it' --yes")
    #expect(fits)
  }
}
