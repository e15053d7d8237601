import Common
import Fuzzing
import Testing

@testable import Wizard

@Suite("Fuzzing of answers files")
struct AnswersFuzzTests {
  @Test("Any answers file is read, or refused with all faults")
  func files() throws {
    let corpus = [
      """
      flow = "move"
      [source]
      root = "/source"
      [deactivate]
      old = false
      [secrets.each]
      camo_key = "copy"
      [people]
      addresses = ["a@example.org", "b@example.org"]
      """,
      "flow = 'import'\narchive.path = \"\"\"a\nb\"\"\"\n[x]\ny = []\nz = {}\n",
    ]
    let tokens = [
      "[source]", "[[a]]", "= {", "}", "\"\"\"", "'''", "true", "1979-05-27", "a.b.c = 1\n", "[[[[[[[[", "inf", "nan",
      "\n",
      "99999999999999999999", "\\uD800", "flow = ", ".", "#",
    ]
    let flow = FakeEngine.move().moveFlow()
    try Fuzz("answers", corpus: corpus, tokens: tokens, largest: 1 << 14).run(1000) { input in
      do {
        let file = try AnswersFile.parse(String(decoding: input, as: UTF8.self), path: "a.toml")
        for fault in file.faults(for: flow) {
          try hold(!fault.unicodeScalars.contains { $0.value < 0x20 }, "it says \(fault)")
        }
      } catch let failure as PlainFailure {
        try hold(failure.family == .usage && !failure.reason.isEmpty, "refused otherwise: \(failure)")
        try hold(!failure.reason.unicodeScalars.contains { $0.value < 0x20 }, "it says \(failure.reason)")
      }
    }
  }

  @Test("Endless nesting, thousands of keys and a zero byte are refused in bounded time")
  func extremes() {
    let texts = [
      String(repeating: "[", count: 100_000), "a = " + String(repeating: "[", count: 100_000),
      "a = " + String(repeating: "{ b = ", count: 50_000), "flow = \"move\"\0", "[\r\nsea]", "[[\n", "[ (]",
      "\u{FEFF}[\u{A0}\n]",
      String(repeating: "a.", count: 50_000) + "b = 1", (0..<20_000).map { "k\($0) = 1" }.joined(separator: "\n"),
    ]
    for text in texts { #expect(throws: PlainFailure.self) { try AnswersFile.parse(text, path: "a.toml") } }
  }
}
