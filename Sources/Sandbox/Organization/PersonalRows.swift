/// The rows around messages: profile fields, statuses, topic settings, drafts, alert words.
struct PersonalRows {
  let cast: Cast
  let until: SampleTime
  let client: Int
  private var loader: RowLoader { cast.realm.loader }
  private var realm: Int { cast.realm.id }

  init(_ cast: Cast, client: Int, until: SampleTime) {
    self.cast = cast
    self.client = client
    self.until = until
  }

  /// Returns the alert words of a story, distributed over its members.
  static func alertWords(_ story: Story) -> [(person: String, word: String)] {
    let words = ["crane", "cake", "marlene", "coffee", "kaffee", "varnish"]
    let members = story.people.filter { !$0.hasLeft && $0.role < 600 }
    return zip(members, words).map { ($0.key, $1) }
  }

  func add() throws {
    try addProfiles()
    try addSettings()
    try addPersonal()
    try addWritings()
    try addPresence()
  }

  private var active: [Story.Person] { cast.story.people.filter { !$0.hasLeft } }

  private func user(_ index: Int) throws -> Cell { Cell(try cast.id(active[index % active.count].key)) }

  // MARK: Rows of the organization

  private func addProfiles() throws {
    let kinds = #"{"0": {"text": "Wood", "order": "1"}, "1": {"text": "Sails", "order": "2"}}"#
    let fields: [(name: String, type: Int, hint: String, data: String, value: (Int) throws -> String)] = [
      ("Phone number", 1, "", "", { "+49 40 555 0\(100 + $0)" }),
      (
        "About me", 2, "A sentence is enough", "",
        { ["I *like* old boats.", "木が好きです。", "أحب البحر", "Ask me about knots."][$0 % 4] }
      ),
      ("Department", 3, "", kinds, { String($0 % 2) }),
      ("Birthday", 4, "", "", { "19\(70 + $0 % 29)-0\(1 + $0 % 9)-1\($0 % 10)" }),
      ("Own page", 5, "", "", { "https://harbour.example/people/\($0)" }),
      ("Ask instead of me", 6, "", "", { "[\(try cast.id(active[($0 + 1) % active.count].key))]" }),
      ("Code", 7, "", #"{"subtype": "github"}"#, { "harbour-\($0)" }),
      ("Pronouns", 8, "", "", { ["she/her", "he/him", "they/them"][$0 % 3] }),
    ]
    for (order, field) in fields.enumerated() {
      let id = try loader.add(
        "zerver_customprofilefield",
        [
          "name": Cell(field.name), "field_type": Cell(field.type), "realm_id": Cell(realm), "hint": Cell(field.hint),
          "field_data": Cell(field.data), "order": Cell(order + 1), "display_in_profile_summary": Cell(order == 2),
          "required": false,
        ])
      for (index, person) in active.enumerated() where (index + order) % 3 != 0 {
        let value = try field.value(index)
        var renderer = MessageRenderer(cast.directory)
        try loader.add(
          "zerver_customprofilefieldvalue",
          [
            "field_id": Cell(id), "user_profile_id": Cell(try cast.id(person.key)), "value": Cell(value),
            "rendered_value": field.type == 2 ? Cell(renderer.render(value)) : nil,
          ])
      }
    }
  }

  private func addSettings() throws {
    let linkifiers = [
      ("HB-(?P<id>[0-9]+)", "https://orders.harbour.example/{id}"),
      ("(?P<commit>[0-9a-f]{40})", "https://git.harbour.example/site/commit/{commit}"),
    ]
    for (order, (pattern, address)) in linkifiers.enumerated() {
      try loader.add(
        "zerver_realmfilter",
        [
          "pattern": Cell(pattern), "realm_id": Cell(realm), "url_template": Cell(address), "order": Cell(order),
        ])
      try cast.realm.log(223, at: until - 200 * SampleTime.day, actor: cast.id(active[0].key))
    }
    try loader.add(
      "zerver_realmplayground",
      [
        "name": "Python", "pygments_language": "Python", "realm_id": Cell(realm),
        "url_template": "https://play.harbour.example/?code={code}",
      ])
    try loader.add(
      "zerver_realmdomain", ["domain": "harbour.example", "allow_subdomains": false, "realm_id": Cell(realm)])
    for key in ["205", "208"] {
      try cast.realm.log(
        Int(key) ?? 0, at: until - 250 * SampleTime.day, actor: cast.id(active[0].key),
        details: key == "208" ? #"{"icon_source": "U", "icon_version": 2}"# : "{}")
    }
  }

  // MARK: Rows of a person

  private func addPersonal() throws {
    let statuses: [(String, String, String, String)] = [
      ("planing until noon", "hammer", "1f528", "unicode_emoji"), ("休暇中 🏖", "", "", "unicode_emoji"),
      ("في البحر", "sailboat", "26f5", "unicode_emoji"), ("back on Monday", "coffee", "2615", "unicode_emoji"),
    ]
    for (index, status) in statuses.enumerated() where index < active.count {
      try addStatus(user(index * 2), text: status.0, name: status.1, code: status.2, type: status.3)
    }
    if active.count > 9, let custom = cast.directory.emoji.first(where: { $0.key == "harbour" }) {
      try addStatus(
        user(9), text: "at the pontoon", name: custom.key, code: String(custom.value.id), type: "realm_emoji")
    }
    for index in 0..<2 {
      try loader.add(
        "zerver_muteduser",
        [
          "user_profile_id": user(index), "muted_user_id": user(index + 3),
          "date_muted": Cell(until - 30 * SampleTime.day),
        ])
    }
    for (person, word) in Self.alertWords(cast.story) {
      try loader.add(
        "zerver_alertword",
        ["realm_id": Cell(realm), "user_profile_id": Cell(try cast.id(person)), "word": Cell(word)])
    }
    for (index, person) in active.enumerated() where index % 2 == 0 {
      try loader.add(
        "zerver_onboardingstep",
        [
          "onboarding_step": "intro_resolve_topic", "timestamp": Cell(until - 90 * SampleTime.day),
          "user_id": Cell(try cast.id(person.key)),
        ])
    }
    try addTopicSettings()
  }

  private func addStatus(_ user: Cell, text: String, name: String, code: String, type: String) throws {
    try loader.add(
      "zerver_userstatus",
      [
        "timestamp": Cell(until - 3 * SampleTime.hour), "client_id": Cell(client), "user_profile_id": user,
        "status_text": Cell(text), "emoji_name": Cell(name), "emoji_code": Cell(code), "reaction_type": Cell(type),
      ])
  }

  /// Adds muted (1), unmuted (2) and followed (3) topics, for the first threads.
  private func addTopicSettings() throws {
    var number = 0
    for thread in cast.story.threads {
      guard case .channel(let name, let topic) = thread.place, let channel = cast.directory.channels[name] else {
        continue
      }
      for policy in 1...3 {
        let followers = cast.followers[name] ?? []
        guard followers.count > 3 else { break }
        let key = followers[(number + policy) % followers.count]
        try loader.add(
          "zerver_usertopic",
          [
            "topic_name": Cell(topic), "recipient_id": Cell(channel.recipient), "stream_id": Cell(channel.id),
            "user_profile_id": Cell(try cast.id(key)), "last_updated": Cell(until - 20 * SampleTime.day),
            "visibility_policy": Cell(policy),
          ])
      }
      number += 1
    }
  }

  // MARK: Drafts and scheduled messages

  private func addWritings() throws {
    guard let general = cast.directory.channels["general"] else { return }
    let drafts = [
      ("Crane", "The crane needs @**\(active[1].name)** and somebody patient.", Cell(general.recipient)),
      ("", "Could you", Cell(cast.personRecipients[active[1].key])), ("Thoughts", "To be continued …", nil),
    ]
    for (index, (topic, text, recipient)) in drafts.enumerated() {
      try loader.add(
        "zerver_draft",
        [
          "topic": Cell(topic), "content": Cell(text), "last_edit_time": Cell(until - SampleTime.hour),
          "recipient_id": recipient, "user_profile_id": user(index),
        ])
    }
    let later: [(Cell, Cell, String, String)] = [
      (Cell(general.recipient), Cell(general.id), "Reminder", "Tomorrow: clean the **bilge** of the workshop boat."),
      (Cell(cast.personRecipients[active[2].key]), nil, "", "Happy birthday! 🎉"),
    ]
    for (index, (recipient, channel, topic, text)) in later.enumerated() {
      var renderer = MessageRenderer(cast.directory)
      try loader.add(
        "zerver_scheduledmessage",
        [
          "subject": Cell(topic), "content": Cell(text), "rendered_content": Cell(renderer.render(text)),
          "scheduled_timestamp": Cell(until + Int64(300 + index) * SampleTime.day), "delivered": false,
          "realm_id": Cell(realm), "recipient_id": recipient, "sender_id": user(index),
          "sending_client_id": Cell(client), "stream_id": channel, "delivery_type": 1, "has_attachment": false,
          "failed": false, "failure_message": nil, "delivered_message_id": nil, "read_by_sender": true,
        ])
    }
  }

  private func addPresence() throws {
    for (index, person) in active.enumerated() {
      let id = Cell(try cast.id(person.key))
      let seen = until - Int64(index * 7 + 2) * SampleTime.hour
      try loader.add(
        "zerver_userpresence",
        [
          "last_connected_time": Cell(seen), "last_active_time": Cell(seen - SampleTime.minute),
          "realm_id": Cell(realm), "user_profile_id": id,
        ])
      for query in ["/json/messages", "/json/users/me/presence"] {
        try loader.add(
          "zerver_useractivity",
          [
            "query": Cell(query), "count": Cell(40 + index), "last_visit": Cell(seen), "client_id": Cell(client),
            "user_profile_id": id,
          ])
      }
      try loader.add(
        "zerver_useractivityinterval",
        ["start": Cell(seen - SampleTime.hour), "end": Cell(seen), "user_profile_id": id])
    }
  }
}
