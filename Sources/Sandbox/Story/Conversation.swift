/// A thread of a story, which can be used for any number of conversations.
struct Conversation: Sendable {
  enum Place: Sendable {
    case channel(String)
    case direct
  }

  struct Upload: Sendable {
    let kind: String
    let name: String
  }

  struct Line: Sendable {
    let speaker: String
    let content: TextTemplate
    let rendered: TextTemplate
    /// The content and the HTML before an edit.
    let earlier: (content: TextTemplate, rendered: TextTemplate)?
    let uploads: [Upload]
    let hasLink: Bool
    let hasImage: Bool
    /// The keys of mentioned people, or the letters for them.
    let mentioned: [String]
    let mentionsEveryone: Bool
    let mentionedGroups: [String]
    /// The keys of people whose alert words the message contains.
    let alerted: [String]
    let told: Story.Line
  }

  let place: Place
  /// The people of a direct conversation: keys, or letters for people who are chosen later. Empty in a channel.
  let people: [String]
  let topic: TextTemplate
  let lines: [Line]
}

/// Creates conversations from threads: keys become names, Markdown becomes HTML.
struct ConversationMaker {
  let directory: Directory
  let alertWords: [(person: String, word: String)]

  func make(_ thread: Story.Thread) -> Conversation {
    let isResolved = thread.lines.contains { $0.isResolution }
    let lines = thread.lines.map(line)
    switch thread.place {
    case .direct(let people):
      return Conversation(place: .direct, people: people, topic: TextTemplate(""), lines: lines)
    case .channel(let name, let topic):
      return Conversation(
        place: .channel(name), people: [], topic: TextTemplate(isResolved ? "✔ \(topic)" : topic), lines: lines)
    }
  }

  private func line(_ told: Story.Line) -> Conversation.Line {
    var uploads: [Conversation.Upload] = []
    let content = named(withUploads(told.text, &uploads))
    var renderer = MessageRenderer(directory)
    let html = renderer.render(content)
    let earlier = told.earlierText.map { text in
      var renderer = MessageRenderer(directory)
      let content = named(text)
      return (content: TextTemplate(content), rendered: TextTemplate(renderer.render(content)))
    }
    let lowered = content.lowercased()
    return Conversation.Line(
      speaker: told.speaker, content: TextTemplate(content), rendered: TextTemplate(html), earlier: earlier,
      uploads: uploads, hasLink: renderer.hasLink, hasImage: renderer.hasImage,
      mentioned: renderer.mentioned.compactMap(key), mentionsEveryone: renderer.mentionsEveryone,
      mentionedGroups: renderer.mentionedGroups,
      alerted: alertWords.filter { lowered.contains($0.word) }.map(\.person), told: told)
  }

  private func key(_ name: String) -> String? {
    if name.hasPrefix("{") { return String(name.dropFirst().dropLast()) }
    return directory.people.first { $0.value.name == name }?.key
  }

  /// Replaces keys by names, and labels by full addresses.
  private func named(_ text: String) -> String {
    var text = text
    for (key, person) in directory.people {
      text = text.replacing("**\(key)**", with: "**\(person.name)**")
    }
    for letter in ["A", "B", "C"] { text = text.replacing("@**\(letter)**", with: "@**{\(letter)}**") }
    return text.replacing("({near ", with: "(https://{site}/{near ")
      .replacing("@_**{resolver}**", with: "@_**{resolver}|{resolver.id}**")
  }

  /// Replaces `{upload kind name}` and `{again-upload}` by links to placeholders (`{file0}` …), and adds the files to
  /// `uploads`.
  private func withUploads(_ text: String, _ uploads: inout [Conversation.Upload]) -> String {
    var result = ""
    var rest = text[...]
    while let open = rest.firstIndex(of: "{"), let close = rest[open...].firstIndex(of: "}") {
      let words = rest[rest.index(after: open)..<close].split(separator: " ", maxSplits: 2).map(String.init)
      result += rest[..<open]
      if words.first == "upload" && words.count == 3 || words == ["again-upload"] {
        let upload =
          words.count == 3
          ? Conversation.Upload(kind: words[1], name: words[2])
          : Conversation.Upload(kind: "again", name: "progress.png")
        result += "[\(upload.name)]({file\(uploads.count)})"
        uploads.append(upload)
      } else {
        result += rest[open...close]
      }
      rest = rest[rest.index(after: close)...]
    }
    return result + rest
  }
}
