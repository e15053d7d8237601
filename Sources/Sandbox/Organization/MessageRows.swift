import Common
import Postgres

/// Copies the messages of a plan into the database, with all rows that belong to them.
final class MessageRows {
  private struct Address {
    let recipient: Int
    let subject: String
    /// The users who receive the message, with the sender.
    let readers: [Int]
    let isDirect: Bool
    let channel: Int?
    let isPublic: Bool
  }

  private let cast: Cast
  private let plan: MessagePlan
  private let files: UploadedFiles
  private let until: SampleTime
  private let client: Int
  private let firstID: Int
  private var addresses: [Address] = []
  private var groupRecipients: [String: Int] = [:]
  private var labels: [String: String] = [:]
  private var loader: RowLoader { cast.realm.loader }
  /// The id of the first message of each channel, by the channel's id.
  private(set) var firstMessages: [Int: Int] = [:]

  static let columns = [
    "id", "subject", "content", "rendered_content", "rendered_content_version", "last_edit_time", "edit_history",
    "has_attachment", "has_image", "has_link", "recipient_id", "sender_id", "sending_client_id", "date_sent",
    "realm_id",
  ]

  /// Reserves the ids of all messages, and resolves their recipients and the labels that other messages link to.
  init(_ cast: Cast, plan: MessagePlan, files: UploadedFiles, client: Int, until: SampleTime) throws {
    self.cast = cast
    self.plan = plan
    self.files = files
    self.client = client
    self.until = until
    firstID = try cast.realm.loader.ids("zerver_message", count: plan.messages.count)
    addresses = try plan.instances.map(address)
    for (index, message) in plan.messages.enumerated() {
      let instance = plan.instances[message.instance]
      let address = addresses[message.instance]
      if let channel = address.channel, firstMessages[channel] == nil { firstMessages[channel] = firstID + index }
      guard let label = instance.conversation.lines[message.line].told.label, let place = channel(of: instance) else {
        continue
      }
      labels[label] = "\(cast.directory.link(to: place, topic: address.subject))/near/\(firstID + index)"
    }
  }

  /// Copies the messages and the rows of their readers. Attachments, reactions and votes are only added to the
  /// ``RowLoader``.
  func copy(into connection: Connection) throws {
    try loader.prepare(["zerver_reaction", "zerver_attachment", "zerver_attachment_messages", "zerver_submessage"])
    try connection.copyIn("COPY zerver_message (\(Identifier.list(Self.columns))) FROM STDIN") { writer in
      for (index, message) in plan.messages.enumerated() { try writer.row(row(message, id: firstID + index)) }
    }
    try copyReaders(into: connection)
  }

  // MARK: Places of conversations

  private func channel(of instance: MessagePlan.Instance) -> Directory.Channel? {
    guard case .channel(let name) = instance.conversation.place else { return nil }
    return cast.directory.channels[name]
  }

  private func address(_ instance: MessagePlan.Instance) throws -> Address {
    guard case .channel(let name) = instance.conversation.place else { return try directAddress(instance) }
    guard let channel = cast.directory.channels[name], let told = cast.story.channels.first(where: { $0.name == name })
    else { throw PlainFailure(.unexpected, name, "is no channel of the story") }
    // A user who has left receives no later messages, but has those of archived channels, which are older.
    let followers = (cast.followers[name] ?? []).filter { told.isArchived || !(cast.person($0)?.hasLeft ?? false) }
    return Address(
      recipient: channel.recipient, subject: instance.topic, readers: try followers.map(cast.id), isDirect: false,
      channel: channel.id, isPublic: !told.isPrivate)
  }

  private func directAddress(_ instance: MessagePlan.Instance) throws -> Address {
    let keys = instance.people
    let ids = try Set(keys.map(cast.id)).sorted()
    var recipient = 0
    if keys.count > 2 { recipient = try groupRecipient(ids) }
    return Address(recipient: recipient, subject: "", readers: ids, isDirect: true, channel: nil, isPublic: false)
  }

  private func groupRecipient(_ ids: [Int]) throws -> Int {
    let list = ids.map(String.init).joined(separator: ",")
    if let known = groupRecipients[list] { return known }
    let group = try loader.id("zerver_huddle")
    let recipient = try cast.realm.addRecipient(type: 3, of: group)
    try loader.add(
      "zerver_huddle", id: group,
      ["huddle_hash": Cell(Digest.hexadecimal(list.utf8, .sha1)), "recipient_id": Cell(recipient)])
    for id in ids { try cast.realm.subscribe(id, to: recipient) }
    groupRecipients[list] = recipient
    return recipient
  }

  /// Returns the recipient of a message. In a conversation of two it is the user who has not written the message.
  private func recipient(_ address: Address, _ instance: MessagePlan.Instance, sender: String) throws -> Int {
    guard address.recipient == 0 else { return address.recipient }
    let other = instance.people.first { $0 != sender } ?? sender
    guard let recipient = cast.personRecipients[other] else {
      throw PlainFailure(.unexpected, other, "is nobody in the story")
    }
    return recipient
  }

  // MARK: One message

  private func row(_ message: MessagePlan.Message, id: Int) throws -> [String?] {
    let instance = plan.instances[message.instance]
    let address = addresses[message.instance]
    let line = instance.conversation.lines[message.line]
    let speaker = instance.key(line.speaker)
    let sender = try cast.id(speaker)
    var values = instance.values
    for (index, file) in line.uploads.enumerated() {
      let upload = try files.upload(file, owner: sender, at: message.time, isPublic: address.isPublic)
      values["file\(index)"] = "/user_uploads/\(upload.path)"
      try loader.add(
        "zerver_attachment_messages", ["attachment_id": Cell(upload.attachment), "message_id": Cell(id)])
    }
    func fill(_ template: TextTemplate) -> String {
      template.filled { name in values[name] ?? (name.hasPrefix("near ") ? near(name.dropFirst(5)) : nil) }
    }
    let editTime = line.earlier == nil ? nil : message.time + 4 * SampleTime.minute
    let history = line.earlier.map { earlier in
      #"[{"user_id": \#(sender), "timestamp": \#(editTime?.seconds ?? 0), "#
        + #""prev_content": \#(QuotedText.doubleQuoted(fill(earlier.content))), "#
        + #""prev_rendered_content": \#(QuotedText.doubleQuoted(fill(earlier.rendered))), "prev_rendered_content_version": 1}]"#
    }
    try addReactions(line, instance, message: id)
    try addPoll(line, message: id, sender: sender)
    let cells: [Cell] = [
      Cell(id), Cell(address.subject), Cell(fill(line.content)), Cell(fill(line.rendered)), 1, Cell(editTime),
      Cell(history), Cell(!line.uploads.isEmpty), Cell(line.hasImage), Cell(line.hasLink),
      Cell(try recipient(address, instance, sender: speaker)), Cell(sender), Cell(client), Cell(message.time),
      Cell(cast.realm.id),
    ]
    return cells.map(\.text)
  }

  /// Returns the link to the message with a label; a link to the recent conversations if the plan does not contain it.
  private func near(_ label: Substring) -> String { labels[String(label)] ?? "#recent" }

  private func addReactions(_ line: Conversation.Line, _ instance: MessagePlan.Instance, message: Int) throws {
    for reaction in line.told.reactions {
      let custom = reaction.isCustom ? cast.directory.emoji[reaction.emoji] : nil
      guard let code = custom.map({ String($0.id) }) ?? EmojiNames.codes[reaction.emoji] else {
        throw PlainFailure(.unexpected, reaction.emoji, "is no emoji of the story")
      }
      for key in reaction.people {
        try loader.add(
          "zerver_reaction",
          [
            "user_profile_id": Cell(try cast.id(instance.key(key))), "message_id": Cell(message),
            "emoji_name": Cell(reaction.emoji), "emoji_code": Cell(code),
            "reaction_type": Cell(custom == nil ? "unicode_emoji" : "realm_emoji"),
          ])
      }
    }
  }

  private func addPoll(_ line: Conversation.Line, message: Int, sender: Int) throws {
    guard line.told.text.hasPrefix("/poll ") else { return }
    let parts = line.told.text.dropFirst(6).split(separator: "\n").map { QuotedText.doubleQuoted($0) }
    let options = parts.dropFirst().joined(separator: ", ")
    let poll = #"{"widget_type": "poll", "extra_data": {"question": \#(parts[0]), "options": [\#(options)]}}"#
    var said = [(sender, poll)]
    for vote in line.told.votes {
      said.append((try cast.id(vote.voter), #"{"type": "vote", "key": "canned,\#(vote.option)", "vote": 1}"#))
    }
    for (user, content) in said {
      try loader.add(
        "zerver_submessage",
        ["msg_type": "widget", "content": Cell(content), "message_id": Cell(message), "sender_id": Cell(user)])
    }
  }

  // MARK: Rows of readers

  /// Bits of `zerver_usermessage.flags`.
  private enum Flag {
    static let read: Int64 = 1
    static let starred: Int64 = 2
    static let mentioned: Int64 = 8
    static let mentionedByWildcard: Int64 = 16
    static let mentionedByGroup: Int64 = 64
    static let alertWord: Int64 = 512
    static let direct: Int64 = 2048
  }

  private func copyReaders(into connection: Connection) throws {
    let count = plan.messages.reduce(0) { $0 + addresses[$1.instance].readers.count }
    var id = try loader.ids("zerver_usermessage", count: count)
    let groups = try cast.story.groups.reduce(into: [String: Set<Int>]()) { groups, group in
      groups[group.name] = Set(try group.members.map(cast.id))
    }
    try connection.copyIn(
      "COPY zerver_usermessage (id, user_profile_id, message_id, flags) FROM STDIN (FORMAT binary)"
    ) { writer in
      try writer.header()
      for (index, message) in plan.messages.enumerated() {
        let instance = plan.instances[message.instance]
        let line = instance.conversation.lines[message.line]
        let sender = try cast.id(instance.key(line.speaker))
        let mentioned = try Set(line.mentioned.map { try cast.id(instance.key($0)) })
        let starred = try Set(line.told.starredBy.map { try cast.id(instance.key($0)) })
        let alerted = try Set(line.alerted.map(cast.id))
        let called = line.mentionedGroups.reduce(into: Set<Int>()) { $0.formUnion(groups[$1] ?? []) }
        for reader in addresses[message.instance].readers {
          var flags = isRead(message, by: reader, sender: sender) ? Flag.read : 0
          if starred.contains(reader) { flags |= Flag.starred }
          if mentioned.contains(reader) { flags |= Flag.mentioned }
          if line.mentionsEveryone { flags |= Flag.mentionedByWildcard }
          if called.contains(reader) { flags |= Flag.mentionedByGroup }
          if alerted.contains(reader) { flags |= Flag.alertWord }
          if addresses[message.instance].isDirect { flags |= Flag.direct }
          try writer.beginRow(columns: 4)
          try writer.bigint(Int64(id))
          try writer.int(Int32(reader))
          try writer.int(Int32(firstID + index))
          try writer.bigint(flags)
          id += 1
        }
      }
      try writer.trailer()
    }
  }

  /// Decides at random whether a reader has read a message: 98% of those older than five days, 60% of newer ones. The
  /// sender has always read it.
  private func isRead(_ message: MessagePlan.Message, by reader: Int, sender: Int) -> Bool {
    if reader == sender { return true }
    let ageInDays = (until.microseconds - message.time.microseconds) / SampleTime.day
    return cast.realm.random.chance(ageInDays > 5 ? 98 : 60)
  }
}
