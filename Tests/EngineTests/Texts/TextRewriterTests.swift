import Testing

@testable import Server
@testable import Transfer

@Suite("References inside texts")
struct TextRewriterTests {
  private let rewriter = TextRewriter(
    references: References(
      users: IDMap(old: [10, 11, 12], new: [110, 111, 112]), channels: IDMap(old: [9, 14], new: [4, 6]),
      userGroups: IDMap(old: [65], new: [17]), messages: IDMap(old: [17, 505], new: [1017, 1505]),
      organization: (8, 2), uploads: ["8/6d/monkS9HrpnsPAMVF_nDGKfp3": "2/1f/ABCDEFGHIJKLMNOPQRSTUVWX"],
      hosts: ["chat.example.com"]))

  private func rewritten(_ text: String, _ form: ColumnRule.TextForm) -> (text: String, unknown: Int) {
    var unknown = 0
    let changed = Array(text.utf8).withUnsafeBytes { rewriter.rewrite($0, form, unknown: &unknown) }
    return (changed.map { String(decoding: $0, as: UTF8.self) } ?? text, unknown)
  }

  private func markdown(_ text: String) -> String { rewritten(text, .markdown).text }
  private func html(_ text: String) -> String { rewritten(text, .html).text }
  private func history(_ text: String) -> String { rewritten(text, .editHistory).text }

  @Test(
    "Links in Markdown follow the new ids",
    arguments: [
      ("see #narrow/stream/9-general", "see #narrow/stream/4-general"),
      (
        "[x](#narrow/channel/14-d.C3.A9j.C3.A0/topic/a.20b/near/505)",
        "[x](#narrow/channel/6-d.C3.A9j.C3.A0/topic/a.20b/near/1505)"
      ),
      ("/#narrow/channel/9/topic/x/with/17.", "/#narrow/channel/4/topic/x/with/1017."),
      ("#narrow/channel/9/topic/v1.2/near/17, and", "#narrow/channel/4/topic/v1.2/near/1017, and"),
      ("see:https://chat.example.com/#narrow/near/17", "see:https://chat.example.com/#narrow/near/1017"),
      ("a,http://chat.example.com/#narrow/near/17", "a,http://chat.example.com/#narrow/near/1017"),
      ("chat.example.com/#narrow/near/17", "chat.example.com/#narrow/near/1017"),
      ("#narrow/dm/10%2C11-dm/mentions/12-x", "#narrow/dm/110%2C111-dm/mentions/112-x"),
      ("![e](/user_avatars/8/emoji/images/3.png)", "![e](/user_avatars/2/emoji/images/3.png)"),
      (
        "https://chat.example.com/user_avatars/8/emoji/images/3.png",
        "https://chat.example.com/user_avatars/2/emoji/images/3.png"
      ),
      ("/#narrow/channel/9/topic/x/with/17 yes", "/#narrow/channel/4/topic/x/with/1017 yes"),
      ("<#narrow/dm/10,11-group/near/17>", "<#narrow/dm/110,111-group/near/1017>"),
      ("#narrow/pm-with/12-pm", "#narrow/pm-with/112-pm"),
      ("https://chat.example.com/#narrow/stream/9-x", "https://chat.example.com/#narrow/stream/4-x"),
      ("https://CHAT.example.com/#narrow/id/17", "https://CHAT.example.com/#narrow/id/1017"),
      ("#narrow/-stream/9-x/sender/10-name", "#narrow/-stream/4-x/sender/110-name"),
      (
        "File [a](/user_uploads/8/6d/monkS9HrpnsPAMVF_nDGKfp3/日本語.png) and `/user_uploads/8/6d/monkS9HrpnsPAMVF_nDGKfp3/b`",
        "File [a](/user_uploads/2/1f/ABCDEFGHIJKLMNOPQRSTUVWX/日本語.png) and `/user_uploads/2/1f/ABCDEFGHIJKLMNOPQRSTUVWX/b`"
      ),
      (
        "/user_uploads/thumbnail/8/6d/monkS9HrpnsPAMVF_nDGKfp3/p.png/840x560.webp",
        "/user_uploads/thumbnail/2/1f/ABCDEFGHIJKLMNOPQRSTUVWX/p.png/840x560.webp"
      ),
      (
        "```quote\n#narrow/stream/9-x\n```\nthen #narrow/stream/9-x",
        "```quote\n#narrow/stream/4-x\n```\nthen #narrow/stream/4-x"
      ),
    ])
  func links(_ old: String, _ new: String) {
    #expect(markdown(old) == new)
  }

  @Test(
    "Text that only looks like a link stays unchanged",
    arguments: [
      "no links here", "#narrow", "#narrow/", "#narrow/stream/", "#narrow/stream/999-unknown", "#narrow/stream/9x",
      "#narrow/dm/10,999-group", "#narrow/near/x", "https://other.example.org/#narrow/stream/9-x",
      "https://chat.example.com.evil.org/#narrow/stream/9-x", "`#narrow/stream/9-x`",
      "``a ` #narrow/stream/9-x``", "```\n#narrow/stream/9-x\n```", "~~~ python\n#narrow/stream/9-x", "#narrow/topic/9",
      "/user_uploads/9/6d/monkS9HrpnsPAMVF_nDGKfp3/a.png", "user_uploads/", "/user_uploads/8/6d/short",
      "#narrow/stream/99999999999999999999-x", "x-https://chat.example.com/#narrow/stream/9-x",
      "https://chat.example.com/x/#narrow/stream/9-x", "    #narrow/stream/9-x", "a\n\n\t#narrow/stream/9-x",
      "`a\n#narrow/stream/9-x`", "/user_avatars/7/emoji/images/3.png", "`/user_avatars/8/emoji/images/3.png`",
    ])
  func lookalikes(_ text: String) {
    #expect(markdown(text) == text)
  }

  @Test(
    "Mentions, links and emoji in HTML follow the new ids",
    arguments: [
      (
        #"<span class="user-mention" data-user-id="10">@Ada</span>"#,
        #"<span class="user-mention" data-user-id="110">@Ada</span>"#
      ),
      (
        #"<span data-user-id='11' class="user-mention silent">x</span>"#,
        #"<span data-user-id='111' class="user-mention silent">x</span>"#
      ),
      (
        #"<span class="user-group-mention" data-user-group-id="65">@g</span>"#,
        #"<span class="user-group-mention" data-user-group-id="17">@g</span>"#
      ),
      (
        #"<a class="stream-topic" data-stream-id="14" href="/#narrow/stream/14-D/topic/t">#D &gt; t</a>"#,
        #"<a class="stream-topic" data-stream-id="6" href="/#narrow/stream/6-D/topic/t">#D &gt; t</a>"#
      ),
      (
        #"<a class="stream" data-stream-id="9" href="/#narrow/stream/9-x">"#,
        #"<a class="stream" data-stream-id="4" href="/#narrow/stream/4-x">"#
      ),
      (
        #"<img class="emoji" src="/user_avatars/8/emoji/images/3.png" alt=":x:">"#,
        #"<img class="emoji" src="/user_avatars/2/emoji/images/3.png" alt=":x:">"#
      ),
    ])
  func tags(_ old: String, _ new: String) {
    #expect(html(old) == new)
  }

  @Test(
    "HTML that only looks like a reference stays unchanged",
    arguments: [
      #"<span class="user-mention" data-user-id="*">@all</span>"#, #"<span class="user-mention">@legacy</span>"#,
      #"<span class="other" data-user-id="10">x</span>"#, #"<code>#narrow/stream/9-x</code>"#,
      #"<p>data-user-id="10" class="user-mention"</p>"#,
      #"<a href="https://other.example.org/#narrow/stream/9-x">y</a>"#,
      #"<img src="/user_avatars/7/emoji/images/3.png">"#, #"<img src="/user_avatars/8/abc.png">"#,
      #"<code><span class="user-mention" data-user-id="10">x</span></code>"#,
      #"<pre class="x"><code><a href="/#narrow/stream/9-x">x</a></code></pre>"#,
      #"<pre><a href="/#narrow/stream/9-x">x</a>"#,
      #"<p title="<a class='stream' data-stream-id='9'>">x"#,
      "<", "<a", #"<a href="#,
    ])
  func htmlLookalikes(_ text: String) {
    #expect(html(text) == text)
  }

  @Test(
    "HTML with unknown ids refers to nothing on the new server",
    arguments: [
      (
        #"<span class="user-mention" data-user-id="999">@gone</span>"#,
        #"<span class="user-mention" data-user-id="0">@gone</span>"#
      ),
      (
        #"<span data-user-id="999" class="user-mention">@gone</span>"#,
        #"<span data-user-id="0" class="user-mention">@gone</span>"#
      ),
      (
        #"<span class="user-group-mention" data-user-group-id="9">@g</span>"#,
        #"<span class="user-group-mention" data-user-group-id="0">@g</span>"#
      ),
      (
        #"<a class="stream" data-stream-id="77" href="/#narrow/channel/77-x">#x</a>"#,
        #"<a class="stream" data-stream-id="0" href="/#narrow/channel/77-x">#x</a>"#
      ),
    ])
  func foreignTags(_ old: String, _ new: String) {
    #expect(rewritten(old, .html).text == new)
    #expect(rewritten(old, .html).unknown > 0)
    #expect(rewritten(new, .html).text == new)
  }

  @Test("Navigation views get the new ids")
  func fragments() {
    #expect(rewritten("narrow/channel/9-general/topic/x", .fragment).text == "narrow/channel/4-general/topic/x")
    #expect(rewritten("#narrow/dm/10,11-group", .fragment).text == "#narrow/dm/110,111-group")
    for same in ["narrow/is/starred", "inbox", "", "narrow/", "narrow/channel/99-x", "x/narrow/channel/9-x"] {
      #expect(rewritten(same, .fragment).text == same)
    }
  }

  @Test("Edit histories get the new ids, also in their texts")
  func editHistories() {
    let old =
      #"[{"user_id": 10, "timestamp": 1700000000, "prev_content": "\"q\" #narrow/stream/9-x", "prev_rendered_content": "<p>old</p>", "prev_stream": 9, "stream": 14, "topic": "é\n"}]"#
    let new =
      #"[{"user_id": 110, "timestamp": 1700000000, "prev_content": "\"q\" #narrow/stream/4-x", "prev_rendered_content": "<p>old</p>", "prev_stream": 4, "stream": 6, "topic": "é\n"}]"#
    #expect(history(old) == new)
    #expect(history(#"[{"user_id": 77, "timestamp": 1}]"#) == #"[{"user_id": null, "timestamp": 1}]"#)
    for same in [
      #"[{"user_id": null, "timestamp": 1}]"#, "not json", "[]", #"{"user_id": 10}"#, #"[{"user_id": 10}] x"#,
      #"[{"user_id": 10}"#,
    ] {
      #expect(history(same) == same)
    }
  }

  @Test(
    "Only plain descriptions are rendered",
    arguments: [
      ("A city in Italy", "<p>A city in Italy</p>"), ("", ""), ("Ça va, 日本語. Oui", "<p>Ça va, 日本語. Oui</p>"),
      ("see *this*", nil), ("example.com", nil), ("a  b", nil), (" a", nil), ("1. first", nil), (":wave:", nil),
      ("a & b", nil), ("line\nbreak", nil),
    ] as [(String, String?)])
  func descriptions(_ text: String, _ rendered: String?) {
    #expect(PlainDescription.html(text) == rendered)
  }
}

@Suite("Maps of ids")
struct IDMapTests {
  @Test(
    "Dense and scattered ids are found, others are not",
    arguments: [[1, 2, 3, 5], [7, 90_000, 1_000_000_000]] as [[Int64]])
  func lookup(_ old: [Int64]) {
    let map = IDMap(old: old.reversed(), new: old.reversed().map { $0 + 100 })
    for id in old { #expect(map[id] == id + 100) }
    for id in [0, -1, 4, 6, 8, Int64.max, Int64.min] where !old.contains(id) { #expect(map[id] == nil) }
    #expect(map.count == old.count)
    #expect(map.pairs.map(\.old) == old)
    #expect(map.newRange == (old[0] + 100)...(old[old.count - 1] + 100))
    #expect(map.renumbers)
    #expect(!IDMap(old: old, new: old).renumbers)
    #expect(IDMap()[1] == nil)
  }
}
