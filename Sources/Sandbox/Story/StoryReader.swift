import Common

/// Reads a story from `Resources/stories`.
///
/// `== section` starts a section with one item on each line, whose fields are separated by `|`. Lines that start with
/// `# ` are comments. In `== thread CHANNEL > TOPIC`, `== direct KEY KEY …` and `== again …` (a repeated thread) each
/// line is a message, `speaker: text`. Indented lines, and lines that start with `{upload` or `{again-upload`, continue
/// its text. These lines belong to the preceding message:
///
/// - `+ emoji: KEY …` reactions; `+ custom NAME: KEY …` with a custom emoji
/// - `* KEY …` stars
/// - `~ KEY: text` the text before an edit
/// - `# label` a label, to which `{near label}` links
/// - `poll: KEY OPTION, …` votes
///
/// `{notify resolved}` is the notification bot's message that the topic is resolved.
struct StoryReader {
  private let file: String
  private var story = Story()
  private var section = ""
  private var number = 0

  static func read(_ name: String) throws -> Story {
    var reader = StoryReader(file: "\(name).txt")
    for line in try Resources.text("stories/\(name).txt").split(separator: "\n", omittingEmptySubsequences: false) {
      reader.number += 1
      let isText = line.hasPrefix("  ")
      if line.isEmpty || (line.hasPrefix("# ") && !reader.isInThread) { continue }
      if line.hasPrefix("== ") {
        try reader.begin(String(line.dropFirst(3)))
      } else {
        try reader.take(isText ? String(line.dropFirst(2)) : String(line), continues: isText)
      }
    }
    return reader.story
  }

  private init(file: String) { self.file = file }

  private var isInThread: Bool { ["thread", "direct", "again"].contains(section) }

  private func wrong(_ reason: String) -> PlainFailure { PlainFailure(.unexpected, "\(file):\(number)", reason) }

  private mutating func begin(_ title: String) throws {
    let words = title.split(separator: " ", maxSplits: 1).map(String.init)
    section = words[0]
    guard isInThread else { return }
    let rest = words.count > 1 ? words[1] : ""
    if section == "thread" {
      story.threads.append(Story.Thread(place: try channel(rest)))
    } else if section == "direct" {
      story.threads.append(Story.Thread(place: .direct(rest.split(separator: " ").map(String.init))))
    } else if rest == "direct" || rest == "direct three" {
      story.recurring.append(Story.Thread(place: .direct(rest == "direct" ? ["A", "B"] : ["A", "B", "C"])))
    } else {
      story.recurring.append(Story.Thread(place: try channel(rest)))
    }
  }

  private func channel(_ text: String) throws -> Story.Place {
    guard let bar = text.firstRange(of: " > ") else { throw wrong("a topic is missing") }
    return .channel(String(text[..<bar.lowerBound]), topic: String(text[bar.upperBound...]))
  }

  private mutating func take(_ line: String, continues: Bool) throws {
    if isInThread { return try takeSpoken(line, continues: continues) }
    if section == "slots" || section == "organization" {
      let parts = try pair(line)
      switch (section, parts.0) {
      case ("organization", "name"): story.name = parts.1
      case ("organization", _): story.description = parts.1
      default: story.slots[parts.0] = parts.1.split(separator: ", ").map(String.init)
      }
      return
    }
    let parts = line.split(separator: "|", omittingEmptySubsequences: false).map(trimmed)
    func words(_ index: Int) -> [String] {
      index < parts.count ? parts[index].split(separator: " ").map(String.init) : []
    }
    switch (section, parts.count) {
    case ("people", 6):
      let roles = ["owner": 100, "admin": 200, "moderator": 300, "member": 400, "guest": 600]
      story.people.append(
        Story.Person(
          key: parts[0], name: parts[1], role: roles[parts[2]] ?? 400, language: parts[3], zone: parts[4],
          hasAvatar: words(5).contains("avatar"), hidesAddress: words(5).contains("hidden"),
          hasLeft: words(5).contains("left")))
    case ("bots", 4):
      let types = ["generic": 1, "incoming": 2, "outgoing": 3]
      story.bots.append(Story.Bot(key: parts[0], name: parts[1], type: types[parts[2]] ?? 1, owner: parts[3]))
    case ("groups", 3):
      story.groups.append(Story.Group(name: parts[0], description: parts[1], members: words(2)))
    case ("channels", 5):
      story.channels.append(
        Story.Channel(
          name: parts[0], isPrivate: words(1).contains("private"), isArchived: words(1).contains("archived"),
          isDefault: words(1).contains("default"), isForAdministrators: words(1).contains("posters"),
          members: words(2), creator: parts[3], description: parts[4]))
    case ("emoji", 2):
      let notes = words(1)
      story.emoji.append(
        Story.Emoji(
          name: parts[0], author: notes.first ?? "", isAnimated: notes.contains("animated"),
          isDeactivated: notes.contains("deactivated")))
    default: throw wrong("is not understood")
    }
  }

  private mutating func takeSpoken(_ line: String, continues: Bool) throws {
    if continues || line.hasPrefix("{upload") || line.hasPrefix("{again-upload") {
      return try change { $0.text += "\n" + line }
    }
    if line.hasPrefix("+ ") {
      let parts = try pair(String(line.dropFirst(2)))
      let isCustom = parts.0.hasPrefix("custom ")
      let reaction = Story.Reaction(
        emoji: isCustom ? String(parts.0.dropFirst(7)) : parts.0, isCustom: isCustom,
        people: parts.1.split(separator: " ").map(String.init))
      return try change { $0.reactions.append(reaction) }
    }
    if line.hasPrefix("* ") {
      return try change { $0.starredBy = line.dropFirst(2).split(separator: " ").map(String.init) }
    }
    if line.hasPrefix("~ ") {
      let earlier = try pair(String(line.dropFirst(2))).1
      return try change { $0.earlierText = earlier }
    }
    if line.hasPrefix("# ") { return try change { $0.label = String(line.dropFirst(2)) } }
    if line == "{notify resolved}" {
      var resolution = Story.Line(
        speaker: "notification-bot", text: "@_**{resolver}** has marked this topic as resolved.")
      resolution.isResolution = true
      return add(resolution)
    }
    let parts = try pair(line)
    if parts.0 == "poll" {
      let votes = parts.1.split(separator: ", ").map { $0.split(separator: " ") }
      return try change { $0.votes = votes.map { (String($0[0]), Int($0[1]) ?? 0) } }
    }
    add(Story.Line(speaker: parts.0, text: parts.1))
  }

  private mutating func add(_ line: Story.Line) {
    if section == "again" {
      story.recurring[story.recurring.count - 1].lines.append(line)
    } else {
      story.threads[story.threads.count - 1].lines.append(line)
    }
  }

  private mutating func change(_ body: (inout Story.Line) -> Void) throws {
    let isRecurring = section == "again"
    guard var thread = isRecurring ? story.recurring.last : story.threads.last, !thread.lines.isEmpty else {
      throw wrong("belongs to no text")
    }
    body(&thread.lines[thread.lines.count - 1])
    if isRecurring {
      story.recurring[story.recurring.count - 1] = thread
    } else {
      story.threads[story.threads.count - 1] = thread
    }
  }

  private func pair(_ line: String) throws -> (String, String) {
    guard let colon = line.firstRange(of: ": ") else { throw wrong("a colon is missing") }
    return (String(line[..<colon.lowerBound]), String(line[colon.upperBound...]))
  }

  private func trimmed(_ text: Substring) -> String {
    var text = text
    while text.first == " " { text.removeFirst() }
    while text.last == " " { text.removeLast() }
    return String(text)
  }
}
