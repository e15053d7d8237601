/// An organization as a file of `Resources/stories` describes it: its people, its channels and its messages.
struct Story: Sendable {
  struct Person: Sendable {
    let key: String
    let name: String
    let role: Int
    let language: String
    let zone: String
    let hasAvatar: Bool
    /// Whether only administrators see the mail address.
    let hidesAddress: Bool
    let hasLeft: Bool
  }

  struct Bot: Sendable {
    let key: String
    let name: String
    /// 1 generic, 2 incoming webhook, 3 outgoing webhook.
    let type: Int
    let owner: String
  }

  struct Group: Sendable {
    let name: String
    let description: String
    let members: [String]
  }

  struct Channel: Sendable {
    let name: String
    let isPrivate: Bool
    let isArchived: Bool
    let isDefault: Bool
    let isForAdministrators: Bool
    let members: [String]
    let creator: String
    let description: String
  }

  struct Emoji: Sendable {
    let name: String
    let author: String
    let isAnimated: Bool
    let isDeactivated: Bool
  }

  enum Place: Sendable {
    case channel(String, topic: String)
    /// Between these people, or, in a repeated conversation, between people who are chosen later.
    case direct([String])
  }

  struct Reaction: Sendable {
    let emoji: String
    let isCustom: Bool
    let people: [String]
  }

  struct Line: Sendable {
    var speaker: String
    /// The Markdown with placeholders `{…}`.
    var text: String
    var label: String?
    var reactions: [Reaction] = []
    var starredBy: [String] = []
    /// The text before an edit.
    var earlierText: String?
    /// The votes of a poll: the voter's key and the index of the option.
    var votes: [(voter: String, option: Int)] = []
    /// Whether it is the notification bot's message about a resolved topic.
    var isResolution = false
  }

  struct Thread: Sendable {
    let place: Place
    var lines: [Line] = []
  }

  var name = ""
  var description = ""
  var people: [Person] = []
  var bots: [Bot] = []
  var groups: [Group] = []
  var channels: [Channel] = []
  var emoji: [Emoji] = []
  /// The threads that are used once. ``MessagePlan`` changes their order.
  var threads: [Thread] = []
  /// The threads that are repeated with other people, names and numbers.
  var recurring: [Thread] = []
  /// The possible values of each placeholder `{name}` in repeated threads.
  var slots: [String: [String]] = [:]
}
