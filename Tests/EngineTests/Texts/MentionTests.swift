import Testing

@testable import Transfer

@Suite("Mentions with ids in Markdown")
struct MentionTests {
  private let rewriter = TextRewriter(
    references: References(
      users: IDMap(old: [10, 11, 12], new: [110, 111, 112]), channels: IDMap(old: [9], new: [4]),
      userGroups: IDMap(old: [65], new: [17]), messages: IDMap(old: [17, 34], new: [1017, 1034]),
      organization: (8, 2), uploads: [:], hosts: ["chat.example.com"]))

  private func markdown(_ text: String) -> (text: String, unknown: Int) {
    var unknown = 0
    let changed = Array(text.utf8).withUnsafeBytes { rewriter.markdown($0, unknown: &unknown) }
    return (changed.map { String(decoding: $0, as: UTF8.self) } ?? text, unknown)
  }

  @Test(
    "Mentions get the new ids, wherever the server parses them",
    arguments: [
      ("@**Ann Lee|10**", "@**Ann Lee|110**"), ("@_**Ann Lee|11** [said](x):", "@_**Ann Lee|111** [said](x):"),
      ("@**|12** and @_**|12**", "@**|112** and @_**|112**"), ("(@**A|10**)", "(@**A|110**)"),
      ("> @**A|10**\n>@**A|11**", "> @**A|110**\n>@**A|111**"), ("- @**A|10**", "- @**A|110**"),
      ("| @**A|10** |@**B|11**|", "| @**A|110** |@**B|111**|"), ("\u{A0}@**A|10**", "\u{A0}@**A|110**"),
      ("\u{3000}@**A|10**", "\u{3000}@**A|110**"), ("@**A|B|10**", "@**A|B|110**"), ("@**A|0010**", "@**A|110**"),
      ("@**A|１０**", "@**A|110**"), ("@**é 日本|10**", "@**é 日本|110**"),
      ("```quote\n@_**A|10**\n```", "```quote\n@_**A|110**\n```"),
      ("~~~ spoiler Title\n@**A|10**", "~~~ spoiler Title\n@**A|110**"),
      (
        "``` quoted\n```python\n@**A|10**\n```\n@**A|10**\n```",
        "``` quoted\n```python\n@**A|10**\n```\n@**A|110**\n```"
      ),
      ("x@**A @**B|10**", "x@**A @**B|110**"), ("@**all** @**A|10**", "@**all** @**A|110**"),
      ("`a` @**A|10** `b`", "`a` @**A|110** `b`"), ("\\` @**A|10** `", "\\` @**A|110** `"),
      ("`` ` @**A|10**", "`` ` @**A|110**"), (" ```\n@**A|10**\n\nx", " ```\n@**A|110**\n\nx"),
      ("text\n    @**A|10**", "text\n    @**A|110**"), ("* item\n\n    @**A|10**", "* item\n\n    @**A|110**"),
      ("a `b\n\n@**A|10** c` d", "a `b\n\n@**A|110** c` d"), ("$5 and @**A|10** $6", "$5 and @**A|110** $6"),
      ("$$x @**A|10**", "$$x @**A|110**"), ("```a`b\n@**A|10**", "```a`b\n@**A|110**"),
      ("#**general>t@34**", "#**general>t@1034**"), ("#**general>@34**", "#**general>@1034**"),
      ("#**general>a>b@c@17** x", "#**general>a>b@c@1017** x"),
    ])
  func follow(_ old: String, _ new: String) {
    #expect(markdown(old).text == new)
    #expect(markdown(old).unknown == 0)
  }

  @Test(
    "Code and formulas stay unchanged",
    arguments: [
      "`@**A|10**`", "``x ` @**A|10**``", "```\n@**A|10**\n```", "```python\n@**A|10**", "~~~~\n~~~\n@**A|10**\n~~~~",
      "    @**A|10**", "\t@**A|10**", "a\n\n    b\n    @**A|10**\n\n    @**A|10**", "`a\n@**A|10**\nb`",
      "> `@**A|10**`", ">     @**A|10**", "# Title\n    @**A|10**", "```math\n@**A|10**\n```", "$$@**A|10**$$",
      "x $$a @**A|10** b$$.", "```c++\n@**A|10**",
      "``` {.py} x\n@**A|10**", "````\n```\n@**A|10**\n````", "```\r\n@**A|10**\r\n```\r\n",
      "```` ```\n@**A|10** ``` `` ````",
      "`#**general>t@34**`", "* a\n\n        @**A|10**", "```quote\n```js\n@**A|10**\n```\n```",
    ])
  func code(_ text: String) {
    #expect(markdown(text).text == text)
  }

  @Test(
    "Text that is no mention, or has no id, stays unchanged",
    arguments: [
      "x@**A|10**", "é@**A|10**", "日@**A|10**", "@**A|10*", "@** A|10", "@*A|10*", "@**A|**", "@**A|x10**",
      "@**A|10 **",
      "@***A|10***", "@**all**", "@*group*", "@_*group*", "#**general**", "#**general>topic**", "#**general@34**",
      "#**>t@34**", "x#**general>t@34**", "@**", "**", "@_**", "#**", "@**A\nB|10**", "@**A**",
      "a**b**c|10**", "@**A `x|10** y`", "@**A $$x|10** y$$",
    ])
  func lookalikes(_ text: String) {
    #expect(markdown(text).text == text)
    #expect(markdown(text).unknown == 0)
  }

  @Test(
    "A mention of an unknown id refers to no user, and is counted",
    arguments: [
      ("@**Ann Lee|99**", "@**Ann Lee**"), ("@_**Ann Lee|99** x", "@_**Ann Lee** x"), ("@**|99**", "@**|0**"),
      ("@**A|10|99**", "@**A**"), ("@**|10|99**", "@**|0**"), ("@**A|99999999999999999999999**", "@**A**"),
      ("#**general>t@99**", "#**general>t**"),
      ("#**general>t@5@99**", "#**general>t@5@0**"), ("@**A|９９**", "@**A**"),
    ])
  func foreign(_ old: String, _ new: String) {
    #expect(markdown(old).text == new)
    #expect(markdown(old).unknown == 1)
    #expect(markdown(new).text == new)
    #expect(markdown(new).unknown == 0)
  }
}
