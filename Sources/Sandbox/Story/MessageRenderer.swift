/// Renders Markdown as the server's HTML, as far as the stories need it.
///
/// Placeholders (`{…}`) are kept, so that a repeated text is rendered once.
struct MessageRenderer {
  let directory: Directory
  private(set) var hasLink = false
  private(set) var hasImage = false
  /// The mentioned users, except in silent mentions: names or placeholders.
  private(set) var mentioned: [String] = []
  private(set) var mentionsEveryone = false
  private(set) var mentionedGroups: [String] = []
  private var previews: [String] = []

  init(_ directory: Directory) { self.directory = directory }

  mutating func render(_ content: String) -> String {
    var blocks: [String] = []
    var lines = content.split(separator: "\n", omittingEmptySubsequences: false)[...]
    while let first = lines.first {
      if first.hasPrefix("```") {
        blocks.append(code(&lines))
      } else if first.hasPrefix("|") {
        blocks.append(table(&lines))
      } else if first.hasPrefix("- ") || Self.isNumbered(first) {
        blocks.append(list(&lines))
      } else {
        blocks.append(paragraph(&lines))
      }
      blocks += previews
      previews = []
    }
    return blocks.joined(separator: "\n")
  }

  // MARK: Blocks

  private static func isNumbered(_ line: Substring) -> Bool {
    line.first?.isNumber == true && line.drop { $0.isNumber }.hasPrefix(". ")
  }

  private static func isText(_ line: Substring) -> Bool {
    !line.hasPrefix("```") && !line.hasPrefix("|") && !line.hasPrefix("- ") && !isNumbered(line)
  }

  private mutating func paragraph(_ lines: inout ArraySlice<Substring>) -> String {
    var text: [String] = []
    while let line = lines.first, Self.isText(line) {
      text.append(inline(line))
      lines.removeFirst()
    }
    return "<p>\(text.joined(separator: "<br>\n"))</p>"
  }

  private mutating func list(_ lines: inout ArraySlice<Substring>) -> String {
    let isNumbered = lines.first.map(Self.isNumbered) ?? false
    var items: [String] = []
    while let line = lines.first, isNumbered ? Self.isNumbered(line) : line.hasPrefix("- ") {
      let text = isNumbered ? line.drop { $0.isNumber }.dropFirst(2) : line.dropFirst(2)
      items.append("<li>\(inline(text))</li>")
      lines.removeFirst()
    }
    let tag = isNumbered ? "ol" : "ul"
    return "<\(tag)>\n\(items.joined(separator: "\n"))\n</\(tag)>"
  }

  private func code(_ lines: inout ArraySlice<Substring>) -> String {
    let language = lines.removeFirst().dropFirst(3)
    var text = ""
    while let line = lines.popFirst(), line != "```" { text += Self.escape(line) + "\n" }
    let kind = language.isEmpty ? "" : " data-code-language=\"\(language.capitalized)\""
    return "<div class=\"codehilite\"\(kind)><pre><span></span><code>\(text)</code></pre></div>"
  }

  private mutating func table(_ lines: inout ArraySlice<Substring>) -> String {
    var rows: [[String]] = []
    while let line = lines.first, line.hasPrefix("|") {
      lines.removeFirst()
      if line.hasPrefix("|---") { continue }
      rows.append(line.dropFirst().dropLast().split(separator: "|").map { inline(Self.trim($0)) })
    }
    func row(_ cells: [String], _ tag: String) -> String {
      "<tr>\n" + cells.map { "<\(tag)>\($0)</\(tag)>\n" }.joined() + "</tr>\n"
    }
    let head = rows.first.map { row($0, "th") } ?? ""
    let body = rows.dropFirst().map { row($0, "td") }.joined()
    return "<table>\n<thead>\n\(head)</thead>\n<tbody>\n\(body)</tbody>\n</table>"
  }

  // MARK: Inline elements

  private mutating func inline(_ text: Substring) -> String {
    var html = ""
    var rest = text
    while !rest.isEmpty {
      if let (part, after) = special(rest) {
        html += part
        rest = after
      } else {
        html += Self.escape(rest.prefix(1))
        rest = rest.dropFirst()
      }
    }
    return html
  }

  /// Returns the HTML of the inline element at the start of `text`, and the remaining text; nil if there is none.
  private mutating func special(_ text: Substring) -> (String, Substring)? {
    if let (code, after) = between(text, "`", "`") { return ("<code>\(Self.escape(code))</code>", after) }
    if let (name, after) = between(text, "@_**", "**") { return (mention(name, isSilent: true), after) }
    if let (name, after) = between(text, "@**", "**") { return (mention(name, isSilent: false), after) }
    if let (name, after) = between(text, "@*", "*"), let id = directory.groups[String(name)] {
      mentionedGroups.append(String(name))
      return ("<span class=\"user-group-mention\" data-user-group-id=\"\(id)\">@\(name)</span>", after)
    }
    if let (place, after) = between(text, "#**", "**"), let link = channel(place) { return (link, after) }
    if let (inner, after) = between(text, "**", "**") { return ("<strong>\(inline(inner))</strong>", after) }
    if let (inner, after) = between(text, "*", "*") { return ("<em>\(inline(inner))</em>", after) }
    if let (name, after) = between(text, ":", ":"), let html = emoji(name) { return (html, after) }
    if let (label, behind) = between(text, "[", "]"), let (address, after) = between(behind, "(", ")") {
      return (link(label, to: address), after)
    }
    if text.hasPrefix("https://") { return bareLink(text) }
    if let order = order(text) { return order }
    if let first = text.first, let name = EmojiNames.names[first], let html = EmojiNames.html(name) {
      return (html, text.dropFirst())
    }
    return nil
  }

  private mutating func mention(_ text: Substring, isSilent: Bool) -> String {
    let name = String(text.prefix { $0 != "|" })
    if name == "all" {
      mentionsEveryone = true
      return "<span class=\"user-mention\" data-user-id=\"*\">@all</span>"
    }
    // The id of a person who is chosen later is a placeholder too.
    let id = name.hasPrefix("{") ? "{\(name.dropFirst().dropLast()).id}" : personID(name)
    if !isSilent { mentioned.append(name) }
    let kind = isSilent ? "user-mention silent" : "user-mention"
    return "<span class=\"\(kind)\" data-user-id=\"\(id)\">\(isSilent ? "" : "@")\(Self.escape(name[...]))</span>"
  }

  private func personID(_ name: String) -> String {
    directory.people.values.first { $0.name == name }.map { String($0.id) } ?? "?"
  }

  private func channel(_ place: Substring) -> String? {
    let parts = place.split(separator: ">", maxSplits: 1).map(String.init)
    guard let channel = directory.channels[parts[0]] else { return nil }
    let address = directory.link(to: channel, topic: parts.count > 1 ? parts[1] : nil)
    let kind = parts.count > 1 ? "stream-topic" : "stream"
    let shown = parts.map { Self.escape($0[...]) }.joined(separator: " &gt; ")
    return "<a class=\"\(kind)\" data-stream-id=\"\(channel.id)\" href=\"/\(address)\">#\(shown)</a>"
  }

  private func emoji(_ name: Substring) -> String? {
    if let own = directory.emoji[String(name)] {
      let title = name.replacing("_", with: " ")
      let source = "/user_avatars/\(directory.realm)/emoji/images/\(own.file)"
      return "<img alt=\":\(name):\" class=\"emoji\" src=\"\(source)\" title=\"\(title)\">"
    }
    return EmojiNames.html(String(name))
  }

  private mutating func link(_ label: Substring, to address: Substring) -> String {
    hasLink = true
    // Links to the organization itself become relative.
    let site = "https://{site}/"
    let target = address.hasPrefix(site) ? address.dropFirst(site.count) : address
    if target.hasPrefix("{file") && label.hasSuffix(".png") {
      hasImage = true
      let image = "<img src=\"\(target)\">"
      let title = Self.escape(label)
      previews.append(
        "<div class=\"message_inline_image\"><a href=\"\(target)\" title=\"\(title)\">\(image)</a></div>")
    }
    return "<a href=\"\(Self.escape(target))\">\(inline(label))</a>"
  }

  private mutating func bareLink(_ text: Substring) -> (String, Substring) {
    hasLink = true
    let address = text.prefix { !$0.isWhitespace && $0 != ")" }
    let shown = Self.escape(address)
    return ("<a href=\"\(shown)\">\(shown)</a>", text[address.endIndex...])
  }

  /// Renders the organization's linkifier: `HB-123` is an order.
  private mutating func order(_ text: Substring) -> (String, Substring)? {
    guard text.hasPrefix("HB-") else { return nil }
    let behind = text.dropFirst(3)
    let number = behind.hasPrefix("{number}") ? behind.prefix(8) : behind.prefix { $0.isNumber }
    guard !number.isEmpty else { return nil }
    hasLink = true
    let html = "<a href=\"https://orders.harbour.example/\(number)\">HB-\(number)</a>"
    return (html, behind[number.endIndex...])
  }

  private func between(_ text: Substring, _ open: String, _ close: String) -> (Substring, Substring)? {
    guard text.hasPrefix(open) else { return nil }
    let inner = text.dropFirst(open.count)
    guard let end = inner.firstRange(of: close), end.lowerBound > inner.startIndex, inner.first != " " else {
      return nil
    }
    return (inner[..<end.lowerBound], inner[end.upperBound...])
  }

  private static func trim(_ text: Substring) -> Substring {
    var text = text
    while text.first == " " { text.removeFirst() }
    while text.last == " " { text.removeLast() }
    return text
  }

  static func escape(_ text: Substring) -> String {
    String(text.replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing(">", with: "&gt;"))
  }
}
