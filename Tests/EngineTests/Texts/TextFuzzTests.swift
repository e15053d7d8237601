import Fuzzing
import Testing

@testable import Server
@testable import Transfer

@Suite("Fuzzing of texts")
struct TextFuzzTests {
  private static let ids = Array(Int64(1)...200)

  private static func rewriter(_ new: (Int64) -> Int64) -> TextRewriter {
    let map = IDMap(old: ids, new: ids.map(new))
    return TextRewriter(
      references: References(
        users: map, channels: map, userGroups: map, messages: map, organization: (8, new(8)), uploads: [:],
        hosts: ["chat.example.com"]))
  }

  private static let markdown = [
    "@**Ann Lee|12** @_**Ann Lee|99**: `@**x|1**` #**general>topic@34** #**general**",
    "```quote\n@_**A|10** [said](#narrow/near/17):\n```\n> quoted `code`\n\n    indented @**A|1**\n",
    "[x](https://chat.example.com/#narrow/channel/9-general/topic/x/near/17) /#narrow/dm/10,11-group",
    "~~~ spoiler x\n```python\n@**A|1**\n```\n~~~\n$$x^2 @**A|1**$$\n* a\n\n    b\n",
    "@**|500** @**A|12|500** \\`x ``a ` b``",
    "![e](/user_avatars/8/emoji/images/3.png) | a | @**A|1**|\r\n", "# T\n    @**A|1**\n---\n1. x\n",
  ]
  private static let html = [
    #"<p><span class="user-mention" data-user-id="12">@Ann</span> <code>x<span class="user-mention" data-user-id="1"></code></p>"#,
    #"<a class="stream-topic" data-stream-id="9" href="/#narrow/channel/9-x/topic/y/near/17">#x</a><pre>a</pre>"#,
    #"<span class='user-group-mention silent' data-user-group-id='900'>g</span><img src="/user_avatars/8/emoji/images/2.png">"#,
  ]
  private static let history = [
    #"[{"user_id": 12, "timestamp": 1, "prev_content": "@**A|12** `x`", "prev_rendered_content": "<p>x</p>"}]"#,
    #"[{"user_id": null, "stream": 9, "prev_stream": 900, "topic": "\u00e9\ud83d"}, {"user_id": 900}]"#, "[]",
  ]
  private static let tokens = [
    "@**", "@_**", "**", "|12", "#**", ">", "`", "```", "~~~", "    ", "\n", "\r\n", "\n\n", "$$", "\\", "#narrow/",
    "near/",
    "/", "<", "\"", "<code>", "</code>", "<pre>", "data-user-id=\"", "user-mention", "\"user_id\": ", "{", "[", "quote",
  ]

  /// Checks the rewriting of any text: with unchanged ids a second pass changes nothing, valid UTF-8 stays valid, and
  /// code is not changed.
  private func check(_ bytes: [UInt8], _ form: ColumnRule.TextForm) throws {
    var unknown = 0
    let same = Self.rewriter { $0 }
    let first = bytes.withUnsafeBytes { same.rewrite($0, form, unknown: &unknown) } ?? bytes
    var again = 0
    let second = first.withUnsafeBytes { same.rewrite($0, form, unknown: &again) }
    try hold(second == nil || second == first, "the second time something changes")
    if unknown == 0 { try hold(first == bytes, "the same ids change the text") }
    let moved = bytes.withUnsafeBytes { Self.rewriter { $0 + 1000 }.rewrite($0, form, unknown: &unknown) } ?? bytes
    if String(validating: bytes, as: UTF8.self) != nil {
      try hold(String(validating: moved, as: UTF8.self) != nil, "the text is no UTF-8 any more")
    }
    if form == .markdown { try hold(code(bytes) == code(moved), "code was changed") }
  }

  private func code(_ bytes: [UInt8]) -> [[UInt8]] {
    bytes.withUnsafeBytes { text in
      let code = MarkdownCode(text)
      return bytes.indices.split { !code.contains($0) }.map { Array(bytes[$0]) }
    }
  }

  @Test(
    "Rewriting any text changes only references, and never code",
    arguments: [
      (ColumnRule.TextForm.markdown, markdown), (.html, html), (.editHistory, history),
      (.fragment, ["narrow/channel/9-general/topic/x", "#narrow/dm/10,11-group/near/7"]),
    ])
  func rewriting(_ form: ColumnRule.TextForm, _ corpus: [String]) throws {
    try Fuzz("text-\(form)", corpus: corpus, tokens: Self.tokens, largest: 4096).run(1500) { try check($0, form) }
  }

  @Test("Long texts of one character are rewritten in linear time")
  func hostile() throws {
    let pieces = [
      "@**", "@**a|1", "@**a|1**", "@**|", "#**a@1**", "#**a>b@1**", "#**", "`", "` ", "`` ` ", "\\`", "```\n",
      "```quote\n",
      "~~~ spoiler\n", "[", "#narrow/", "a#narrow/near/1", "#narrow/dm/1,", "1,", "$$", "$$a", "$", "    a\n\n", "> ",
      "* ", "\n",
      "<", "<a ", "<a href=\"", "<code>", "<pre></pre>", "<span class=\"user-mention\" data-user-id=\"1\">", "</", "\"",
      "/user_avatars/8/emoji/", "user_uploads/", "user_uploads/thumbnail/8/6d/", "{\"user_id\":1},", "[[", "é", "９",
    ]
    let corpus = pieces.flatMap { piece in
      let text = String(repeating: piece, count: 120_000 / piece.utf8.count)
      return [text, "@**\(text)", "#narrow/dm/\(text)", "[{\"prev_content\": \"\(text)\"}]"]
    }
    for form in [ColumnRule.TextForm.markdown, .html, .editHistory, .fragment] {
      try Fuzz("long-\(form)", corpus: corpus, largest: 1 << 20).run(0) { bytes in
        var unknown = 0
        _ = bytes.withUnsafeBytes { Self.rewriter { $0 + 1 }.rewrite($0, form, unknown: &unknown) }
      }
    }
    var ticks = ""
    for length in 1...400 { ticks += String(repeating: "`", count: length) + " " }
    _ = Array((ticks + ticks).utf8).withUnsafeBytes { MarkdownCode($0) }
  }
}
