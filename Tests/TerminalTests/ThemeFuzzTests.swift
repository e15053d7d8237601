import Common
import Fuzzing
import Testing

@testable import Terminal

@Suite("Fuzzing of themes")
struct ThemeFuzzTests {
  @Test("Any theme file is a complete theme, or is refused with all errors")
  func files() throws {
    let small =
      "name = \"t\"\nsummary = \"s\"\n[palette]\nsea = \"#0087af\"\n[roles]\ntitle = { fg = \"sea\", bg = 12 }\n"
    let tokens = [
      "[roles]", "[palette]", "= {", "}", "[[a]]", "\"\"\"", "'''", "fg = ", "attributes = [\"bold\"]",
      "1979-05-27T07:32:00Z",
      "a.b.c = 1\n", "[[[[[[[[[[", "inf", "nan", "0xFFFFFFFFFFFFFFFF", "\\uD800", "#", "\n",
    ]
    try Fuzz("theme", corpus: [defaultThemeText, small], tokens: tokens, largest: 1 << 14).run(800) { input in
      do {
        let theme = try ThemeFile.parse(String(decoding: input, as: UTF8.self), path: "t.toml")
        try hold(!theme.name.isEmpty, "a theme without a name")
        for role in Role.allCases { _ = theme.style(of: role) }
      } catch let failure as ThemeFile.Unusable {
        try hold(failure.family == .usage && !failure.faults.isEmpty, "refused without a reason")
      }
    }
  }

  @Test("Endless nesting, thousands of keys and a zero byte are refused in bounded time")
  func extremes() {
    let texts = [
      String(repeating: "[", count: 100_000), "a = " + String(repeating: "[", count: 100_000),
      "a = " + String(repeating: "{ b = ", count: 50_000), "name = \"t\"\0", "[\r\nsea]", "[[\n", "[ (]",
      "\u{FEFF}[\u{A0}\n]",
      String(repeating: "a.", count: 50_000) + "b = 1", (0..<20_000).map { "k\($0) = 1" }.joined(separator: "\n"),
    ]
    for text in texts { #expect(throws: ThemeFile.Unusable.self) { try ThemeFile.parse(text, path: "t.toml") } }
  }
}
