/// An organization as it is told in a file of `Resources/stories`: who is in it, where they talk, and what they say.
struct Story: Sendable {
  struct Person: Sendable {
    let key: String
    let name: String
    let role: Int
    let language: String
    let zone: String
    let hasAvatar: Bool
    /// The address is shown to administrators only.
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
    /// Between these people; in a conversation that happens again, between people still to be chosen.
    case direct([String])
  }

  struct Reaction: Sendable {
    let emoji: String
    let isCustom: Bool
    let people: [String]
  }

  struct Line: Sendable {
    var speaker: String
    /// The text as it was written, with `{…}` where something is to be filled in.
    var text: String
    var label: String?
    var reactions: [Reaction] = []
    var starredBy: [String] = []
    /// What it said before it was changed.
    var earlierText: String?
    /// Votes for the options of a poll.
    var votes: [(voter: String, option: Int)] = []
    /// The notification bot's word that the topic is resolved.
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
  /// Told once, in this order.
  var threads: [Thread] = []
  /// Happen again and again, with other people, names and numbers.
  var recurring: [Thread] = []
  /// What may stand for `{name}` in them.
  var slots: [String: [String]] = [:]
}
