import Common

/// The messages of an organization and their times: first all threads of the story once, then repeated ones up to the
/// requested number.
struct MessagePlan: Sendable {
  /// A conversation with chosen people and with filled placeholders.
  struct Instance: Sendable {
    let conversation: Conversation
    /// The keys of people by their letters.
    let cast: [String: String]
    /// The keys of the people of a direct conversation.
    let people: [String]
    let topic: String
    let values: [String: String]

    func key(_ name: String) -> String { cast[name] ?? name }
  }

  struct Message: Sendable {
    let time: SampleTime
    let instance: Int
    let line: Int
  }

  private(set) var instances: [Instance] = []
  /// In the order of their times.
  private(set) var messages: [Message] = []
  private let until: SampleTime
  private var random: SeededRandom
  /// The age of the oldest messages, in days.
  private let days: Int

  init(_ cast: Cast, maker: ConversationMaker, count: Int, until: SampleTime, random: SeededRandom) throws {
    self.until = until
    self.random = random
    days = min(1200, max(90, count / 40))
    let told = Self.mixed(cast.story.threads)
    for (index, thread) in told.enumerated() where messages.count < count {
      // Threads of the story are recent; those of archived channels are old.
      let age = Self.isArchived(thread, cast.story) ? 250 : 1 + 60 * (told.count - index) / told.count
      let conversation = maker.make(thread)
      try add(conversation, people: conversation.people, letters: [:], slots: [:], age: age, cast, limit: count)
    }
    let recurring = cast.story.recurring.map(maker.make)
    let groups = Self.groups(cast)
    while messages.count < count, !recurring.isEmpty {
      let conversation = self.random.pick(recurring)
      let people = participants(conversation, cast, groups: groups)
      let letters = Dictionary(uniqueKeysWithValues: zip(["A", "B", "C"], people))
      // Newer days have more messages.
      let age = min(self.random.number(in: 1..<days), self.random.number(in: 1..<days))
      try add(
        conversation, people: people, letters: letters, slots: cast.story.slots, age: age, cast, limit: count)
    }
    messages.sort { ($0.time, $0.instance, $0.line) < ($1.time, $1.instance, $1.line) }
  }

  /// Returns the threads with one direct conversation after every two channel threads, so that a small organization has
  /// all kinds. In a story the direct conversations are last.
  private static func mixed(_ threads: [Story.Thread]) -> [Story.Thread] {
    func isDirect(_ thread: Story.Thread) -> Bool {
      if case .direct = thread.place { true } else { false }
    }
    var direct = threads.filter(isDirect)[...]
    var mixed: [Story.Thread] = []
    for (index, thread) in threads.filter({ !isDirect($0) }).enumerated() {
      mixed.append(thread)
      if index % 2 == 1, let next = direct.popLast() { mixed.append(next) }
    }
    return mixed + direct
  }

  private static func isArchived(_ thread: Story.Thread, _ story: Story) -> Bool {
    guard case .channel(let name, _) = thread.place else { return false }
    return story.channels.contains { $0.name == name && $0.isArchived }
  }

  /// Returns up to ten groups of three people for group conversations.
  private static func groups(_ cast: Cast) -> [[String]] {
    let active = cast.story.people.filter { !$0.hasLeft }.map(\.key)
    guard active.count >= 3 else { return [] }
    return (0..<min(10, active.count - 2)).map { [active[$0], active[$0 + 1], active[($0 * 2 + 2) % active.count]] }
      .filter { Set($0).count == 3 }
  }

  /// Returns two or three active people; in a channel, its subscribers.
  private mutating func participants(_ conversation: Conversation, _ cast: Cast, groups: [[String]]) -> [String] {
    func isThere(_ key: String) -> Bool { cast.person(key).map { !$0.hasLeft } ?? false }
    switch conversation.place {
    case .channel(let name):
      return Array((cast.followers[name] ?? []).filter(isThere).shuffled(using: &random).prefix(3))
    case .direct where conversation.people.count == 3 && !groups.isEmpty:
      return random.pick(groups)
    case .direct:
      return Array(cast.story.people.map(\.key).filter(isThere).shuffled(using: &random).prefix(2))
    }
  }

  private mutating func add(
    _ conversation: Conversation, people: [String], letters: [String: String], slots: [String: [String]], age: Int,
    _ cast: Cast, limit: Int
  ) throws {
    var values: [String: String] = ["site": cast.directory.site]
    for (name, choices) in slots.sorted(by: { $0.key < $1.key }) { values[name] = random.pick(choices) }
    values["number"] = String(random.number(in: 1000..<10_000))
    values["small"] = String(random.number(in: 2..<9))
    values["digit"] = String(random.number(in: 0..<10))
    values["price"] = String(random.number(in: 12..<980))
    values["clock"] = "\(random.number(in: 10..<20)):\(random.pick(["00", "15", "30", "45"]))"
    values["hash"] = random.token(7, from: .hexadecimal)
    for (letter, key) in letters {
      values[letter] = cast.directory.people[key]?.name
      values["\(letter).id"] = cast.directory.people[key].map { String($0.id) }
    }
    // The first speaker resolves the topic.
    if let first = conversation.lines.first?.speaker, let person = cast.directory.people[letters[first] ?? first] {
      values["resolver"] = person.name
      values["resolver.id"] = String(person.id)
    }
    var time =
      until.startOfDay - Int64(age) * SampleTime.day + Int64(random.number(in: 7 * 60..<18 * 60)) * SampleTime.minute
    for line in conversation.lines.indices where messages.count < limit {
      messages.append(Message(time: time, instance: instances.count, line: line))
      time = time + Int64(random.number(in: 20_000_000..<1_500_000_000))
    }
    instances.append(
      Instance(
        conversation: conversation, cast: letters, people: people, topic: conversation.topic.filled { values[$0] },
        values: values))
  }
}
