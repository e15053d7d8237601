import Common

/// The people, bots, groups, channels and emoji of a story as rows of an organization.
final class Cast {
  let story: Story
  let realm: RealmRows
  private(set) var directory: Directory
  /// The recipients of direct messages to one person, by key.
  private(set) var personRecipients: [String: Int] = [:]
  /// The keys of the subscribers of a channel, by its name.
  private(set) var followers: [String: [String]] = [:]
  private let until: SampleTime

  init(_ story: Story, realm: RealmRows, site: String, until: SampleTime) throws {
    self.story = story
    self.realm = realm
    self.until = until
    directory = Directory(realm: realm.id, site: site)
    try addPeople()
    try addBots()
    try addGroups()
    try addChannels()
    try addEmoji()
  }

  /// Adds a system bot of the server as a sender. It is not a user of the organization.
  func addSystemBot(_ key: String, id: Int, name: String, recipient: Int) {
    directory.people[key] = Directory.Person(id: id, name: name)
    personRecipients[key] = recipient
  }

  func id(_ key: String) throws -> Int {
    guard let person = directory.people[key] else { throw PlainFailure(.unexpected, key, "is nobody in the story") }
    return person.id
  }

  func person(_ key: String) -> Story.Person? { story.people.first { $0.key == key } }

  /// Returns the keys of the people in a list of a story, without duplicates. A word is a key, a language, a group or
  /// `all`; `-key` removes a person.
  func people(_ words: [String]) -> [String] {
    var chosen: [String] = []
    for word in words {
      if word.hasPrefix("-") {
        chosen.removeAll { $0 == word.dropFirst() }
      } else if word == "all" || word == "people" {
        chosen += story.people.map(\.key)
      } else if let group = story.groups.first(where: { $0.name == word }) {
        chosen += group.members
      } else if directory.people[word] != nil {
        chosen.append(word)
      } else {
        chosen += story.people.filter { $0.language == word }.map(\.key)
      }
    }
    var seen: Set<String> = []
    return chosen.filter { seen.insert($0).inserted }
  }

  private func addPeople() throws {
    for (index, person) in story.people.enumerated() {
      let id = try realm.loader.id("zerver_userprofile")
      let address = "\(person.key)@\(Self.mailDomain(directory.site))"
      let joined = until - Int64(1300 - 60 * index) * SampleTime.day
      let recipient = try realm.addUser(
        id: id, name: person.name, email: person.hidesAddress ? "user\(id)@\(directory.site)" : address,
        deliveryEmail: address, role: person.role, joined: joined,
        [
          "timezone": Cell(person.zone), "is_active": Cell(!person.hasLeft), "tos_version": "1.0",
          "default_language": Cell(person.language), "email_address_visibility": Cell(person.hidesAddress ? 3 : 1),
          "avatar_source": Cell(person.hasAvatar ? "U" : "G"), "avatar_version": Cell(person.hasAvatar ? 2 : 1),
          "tutorial_status": "F", "last_login": Cell(until - Int64(index % 6 + 1) * SampleTime.day),
          "password": Cell("argon2$argon2id$v=19$m=102400,t=2,p=8$\(realm.random.token(22, from: .alphanumeric))"),
          "web_home_view": Cell(index % 3 == 0 ? "recent_topics" : "inbox"), "color_scheme": Cell(index % 3 + 1),
          "twenty_four_hour_time": Cell(person.language != "en"), "enter_sends": Cell(index % 2 == 0),
        ])
      directory.people[person.key] = Directory.Person(id: id, name: person.name)
      personRecipients[person.key] = recipient
      if person.hasLeft { try realm.log(103, at: until - 120 * SampleTime.day, user: id) }
      if person.hasAvatar {
        try realm.log(123, at: joined + SampleTime.day, actor: id, user: id, details: #"{"avatar_source": "U"}"#)
      }
    }
  }

  private func addBots() throws {
    for bot in story.bots {
      let id = try realm.loader.id("zerver_userprofile")
      let address = "\(bot.key)-bot@\(directory.site)"
      personRecipients[bot.key] = try realm.addUser(
        id: id, name: bot.name, email: address, deliveryEmail: address, role: 400,
        joined: until - 400 * SampleTime.day,
        ["is_bot": true, "bot_type": Cell(bot.type), "bot_owner_id": Cell(try self.id(bot.owner))])
      directory.people[bot.key] = Directory.Person(id: id, name: bot.name)
      guard bot.type == 3 else { continue }
      try realm.loader.add(
        "zerver_service",
        [
          "name": Cell(bot.key), "base_url": "https://radio.harbour.example/hook", "interface": 1,
          "token": Cell(realm.random.token(32, from: .alphanumeric)), "user_profile_id": Cell(id),
        ])
    }
  }

  private func addGroups() throws {
    for group in story.groups {
      let id = try realm.addGroup(group.name, description: group.description)
      directory.groups[group.name] = id
      for key in group.members { try realm.addMember(self.id(key), to: id, at: until - 300 * SampleTime.day) }
    }
  }

  private func addChannels() throws {
    let colors = ["#76ce90", "#fae589", "#a6c7e5", "#e79ab5", "#bfd56f", "#f4ae55", "#b0a5fd", "#addfe5"]
    for channel in story.channels {
      let id = try realm.loader.id("zerver_stream")
      let recipient = try realm.addRecipient(type: 2, of: id)
      directory.channels[channel.name] = Directory.Channel(id: id, recipient: recipient, name: channel.name)
      followers[channel.name] = people(channel.members)
      for key in people(channel.members) {
        let hasLeft = person(key)?.hasLeft ?? false
        let user = try self.id(key)
        try realm.subscribe(
          user, to: recipient,
          [
            "color": Cell(realm.random.pick(colors)), "is_user_active": Cell(!hasLeft),
            "is_muted": Cell(realm.random.chance(4)), "pin_to_top": Cell(realm.random.chance(8)),
            "desktop_notifications": realm.random.chance(10) ? true : nil,
          ])
        try realm.log(301, at: until - 290 * SampleTime.day, user: user, channel: id)
      }
      if channel.isDefault {
        try realm.loader.add("zerver_defaultstream", ["realm_id": Cell(realm.id), "stream_id": Cell(id)])
      }
    }
  }

  /// Adds the rows of the channels, which need the id of their first message.
  func finishChannels(firstMessages: [Int: Int]) throws {
    for channel in story.channels {
      guard let place = directory.channels[channel.name] else { continue }
      let created = until - 1280 * SampleTime.day
      var renderer = MessageRenderer(directory)
      try realm.loader.add(
        "zerver_stream", id: place.id,
        [
          // The server renames archived channels, so that their names are free again.
          "name": Cell(channel.isArchived ? "!DEACTIVATED:\(channel.name)" : channel.name),
          "invite_only": Cell(channel.isPrivate || channel.isArchived), "deactivated": Cell(channel.isArchived),
          "email_token": Cell(realm.random.token(32, from: .hexadecimal)), "description": Cell(channel.description),
          "rendered_description": Cell(renderer.render(channel.description)), "date_created": Cell(created),
          "realm_id": Cell(realm.id), "is_in_zephyr_realm": false, "is_web_public": false,
          "history_public_to_subscribers": Cell(!channel.isPrivate), "message_retention_days": nil,
          "recipient_id": Cell(place.recipient), "first_message_id": Cell(firstMessages[place.id]),
          "stream_post_policy": Cell(channel.isForAdministrators ? 2 : 1),
          "can_remove_subscribers_group_id": Cell(realm.groups[.administrators]),
          "creator_id": Cell(try id(channel.creator)),
        ])
      try realm.log(601, at: created, actor: id(channel.creator), channel: place.id)
      if channel.isArchived { try realm.log(604, at: until - 200 * SampleTime.day, channel: place.id) }
    }
  }

  private func addEmoji() throws {
    for emoji in story.emoji {
      let id = try realm.loader.id("zerver_realmemoji")
      let file = "\(id).\(emoji.isAnimated ? "gif" : "png")"
      try realm.loader.add(
        "zerver_realmemoji", id: id,
        [
          "name": Cell(emoji.name), "realm_id": Cell(realm.id), "author_id": Cell(try self.id(emoji.author)),
          "file_name": Cell(file), "deactivated": Cell(emoji.isDeactivated), "is_animated": Cell(emoji.isAnimated),
        ])
      emojiFiles.append((file, emoji))
      if !emoji.isDeactivated { directory.emoji[emoji.name] = (id, file) }
    }
  }

  /// The files of custom emoji, also of deactivated ones.
  private(set) var emojiFiles: [(name: String, emoji: Story.Emoji)] = []

  private static func mailDomain(_ site: String) -> String { "\(site.prefix { $0 != "." }).example" }
}
