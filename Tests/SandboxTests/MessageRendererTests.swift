import Testing

@testable import Sandbox

@Suite("Rendered messages of the sample organization")
struct MessageRendererTests {
  private var directory: Directory {
    var directory = Directory(realm: 8, site: "x.example.com")
    directory.people["hamlet"] = Directory.Person(id: 38, name: "King Hamlet")
    directory.groups["crew"] = 65
    directory.channels["open day"] = Directory.Channel(id: 14, recipient: 3, name: "open day")
    directory.emoji["wave_hi"] = (id: 3, file: "3.png")
    return directory
  }

  private func render(_ text: String) -> String {
    var renderer = MessageRenderer(directory)
    return renderer.render(text)
  }

  @Test(
    "Rendered messages equal the server's own",
    arguments: [
      ("a **b** *c* `d < e`", "<p>a <strong>b</strong> <em>c</em> <code>d &lt; e</code></p>"),
      (
        "@**King Hamlet** & @_**King Hamlet|38**",
        "<p><span class=\"user-mention\" data-user-id=\"38\">@King Hamlet</span> &amp; "
          + "<span class=\"user-mention silent\" data-user-id=\"38\">King Hamlet</span></p>"
      ),
      (
        "@**all** @*crew*",
        "<p><span class=\"user-mention\" data-user-id=\"*\">@all</span> "
          + "<span class=\"user-group-mention\" data-user-group-id=\"65\">@crew</span></p>"
      ),
      (
        "#**open day**",
        "<p><a class=\"stream\" data-stream-id=\"14\" href=\"/#narrow/stream/14-open-day\">#open day</a></p>"
      ),
      (
        "#**open day>topic one**",
        "<p><a class=\"stream-topic\" data-stream-id=\"14\" href=\"/#narrow/stream/14-open-day/topic/topic.20one\">"
          + "#open day &gt; topic one</a></p>"
      ),
      (
        ":smile:",
        "<p><span aria-label=\"smile\" class=\"emoji emoji-1f642\" role=\"img\" title=\"smile\">:smile:</span></p>"
      ),
      (
        ":wave_hi:",
        "<p><img alt=\":wave_hi:\" class=\"emoji\" src=\"/user_avatars/8/emoji/images/3.png\" title=\"wave hi\"></p>"
      ),
      ("a\nb\n- c\n- d", "<p>a<br>\nb</p>\n<ul>\n<li>c</li>\n<li>d</li>\n</ul>"),
      ("at 7:45: no emoji", "<p>at 7:45: no emoji</p>"),
    ])
  func looks(markdown: String, html: String) {
    #expect(render(markdown) == html)
  }

  @Test("Placeholders in rendered messages are kept")
  func places() {
    #expect(
      render("@**{A}** takes **{boat}**")
        == "<p><span class=\"user-mention\" data-user-id=\"{A.id}\">@{A}</span> takes <strong>{boat}</strong></p>")
  }
}
