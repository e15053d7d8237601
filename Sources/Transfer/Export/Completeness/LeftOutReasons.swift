import Postgres
import Server

/// A reason why rows of a table that belong to the organization are not exported. Conditions are tested in order; the
/// first that holds is the reason.
struct LeftOutReason: Sendable, Equatable {
  /// Describes the rows: "group conversations with members of other organizations".
  let text: String
  /// SQL on the rows of the table.
  let condition: String
  /// Whether the omission is no surprise: the operator requested a part, or the row has no meaning elsewhere.
  var isExpected = false
}

struct LeftOutReasons {
  let scope: ExportScope

  private var organization: Int64 { scope.organization.id }
  private var bots: String { SQL.literal(scope.systemBots.map(\.id)) }

  private static let messages = "of messages that are left out"
  private static let conversations = "of conversations that are left out"
  private static let strangers = "references to people of other organizations"

  /// - Parameter table: its rows are named `t`; those of `zerver_message` are named `m`, their recipients `recipient`.
  func reasons(for table: DataModel.Table) -> [LeftOutReason] {
    own(table) + references(table) + partial
  }

  /// The reason of last resort, for an export that holds only a part by request.
  private var partial: [LeftOutReason] {
    let text: String
    switch scope.reach {
    case .everything: return []
    case .publicChannels: text = "private: the export contains only public channels"
    case .consent: text = "private: the people have not agreed to the export"
    }
    return [LeftOutReason(text: text, condition: "true", isExpected: true)]
  }

  private func own(_ table: DataModel.Table) -> [LeftOutReason] {
    switch table.rows {
    case .messages: messages()
    case .recipients: groups("t.id", when: "t.type = \(RecipientType.group)")
    case .groupMessages:
      groups(
        "(SELECT r.id FROM zerver_recipient r WHERE r.type = \(RecipientType.group) AND r.type_id = t.id)",
        when: "true")
    case .subscriptions:
      scope.reach == .everything
        ? [LeftOutReason(text: Self.conversations, condition: "NOT \(isKnown("t.recipient_id"))")] : []
    case .reactions:
      scope.reach == .everything
        ? [LeftOutReason(text: Self.messages, condition: "NOT t.message_id IN (\(scope.exportedMessages))")] : []
    case .attachments: attachments()
    case .scheduledMessages:
      scope.reach == .everything
        ? [
          LeftOutReason(text: Self.conversations, condition: "NOT \(isKnown("t.recipient_id"))"),
          LeftOutReason(text: Self.strangers, condition: "NOT t.sender_id = ANY(\(SQL.literal(scope.knownUsers)))"),
        ] : []
    case .userColumn(let column), .profileColumn(let column):
      scope.traits.guardsPrivateRows
        ? []
        : [
          LeftOutReason(
            text: "of people who are only names on old messages",
            condition: """
              t.\(Identifier.quote(column)) IN (SELECT u.id FROM zerver_userprofile u WHERE u.is_mirror_dummy)
              """,
            isExpected: true)
        ]
    case .parentColumn(let column, let parent) where parent == TableName.message && scope.reach == .everything:
      [
        LeftOutReason(
          text: Self.messages, condition: "NOT t.\(Identifier.quote(column)) IN (\(scope.exportedMessages))")
      ]
    case .parentColumn(let column, let parent):
      [
        LeftOutReason(
          text: "of rows of \(parent) that are left out",
          condition: "NOT t.\(Identifier.quote(column)) IN (\(scope.keys(of: parent)))",
          isExpected: scope.reach != .everything)
      ]
    default: []
    }
  }

  private func references(_ table: DataModel.Table) -> [LeftOutReason] {
    scope.requiredReferences(of: table).map { reference in
      let text =
        switch reference.target {
        case TableName.userProfile: Self.strangers
        case TableName.stream: "references to channels of other organizations"
        case TableName.userGroup, TableName.namedUserGroup: "references to user groups of other organizations"
        case TableName.recipient: Self.conversations
        case TableName.message: Self.messages
        default: "references to rows of \(reference.target) that are left out"
        }
      return LeftOutReason(
        text: text, condition: "NOT (\(reference.condition))", isExpected: scope.reach != .everything)
    }
  }

  private func isKnown(_ recipient: String) -> String {
    "\(recipient) = ANY(\(SQL.literal(scope.knownRecipients)))"
  }

  private func attachments() -> [LeftOutReason] {
    var unused = "NOT EXISTS (SELECT 1 FROM zerver_attachment_messages a WHERE a.attachment_id = t.id)"
    if scope.model.catalog[TableName.attachmentScheduledMessages] != nil {
      unused += " AND NOT EXISTS (SELECT 1 FROM zerver_attachment_scheduled_messages a WHERE a.attachment_id = t.id)"
    }
    let reasons = [LeftOutReason(text: "uploads that no message uses", condition: unused, isExpected: true)]
    guard scope.reach == .everything else { return reasons }
    return reasons + [
      LeftOutReason(text: Self.strangers, condition: "NOT t.owner_id = ANY(\(SQL.literal(scope.knownUsers)))"),
      LeftOutReason(text: "uploads of messages that are left out", condition: "true"),
    ]
  }

  // MARK: Conversations

  /// - Parameter recipient: the SQL expression of the group's recipient.
  private func groups(_ recipient: String, when condition: String) -> [LeftOutReason] {
    [
      LeftOutReason(
        text: "group conversations with members of other organizations",
        condition: """
          \(condition) AND EXISTS (SELECT 1 FROM zerver_subscription o JOIN zerver_userprofile u ON u.id = o.user_profile_id
            WHERE o.recipient_id = \(recipient) AND u.realm_id <> \(organization) AND NOT u.id = ANY(\(bots)))
          """),
      LeftOutReason(
        text: "group conversations of several people and a system bot, which this version's exports cannot hold",
        condition: "\(condition) AND "
          + GroupScope.isHeldBack(
            scope.systemBots.map(\.id), recipient, hasPersonalRecipients: scope.hasPersonalRecipients)),
      LeftOutReason(
        text: "group conversations without a row in zerver_huddle",
        condition: """
          \(condition) AND NOT EXISTS (SELECT 1 FROM zerver_recipient r JOIN zerver_huddle h ON h.id = r.type_id
            WHERE r.id = \(recipient))
          """),
      LeftOutReason(
        text: "group conversations without members that hold messages of several organizations",
        condition: """
          \(condition) AND EXISTS (SELECT 1 FROM zerver_message x
            WHERE x.recipient_id = \(recipient) AND x.realm_id <> \(organization))
          """),
    ]
  }

  private func messages() -> [LeftOutReason] {
    typealias Kind = RecipientType
    func type(_ type: Int) -> String { "recipient.type = \(type)" }
    func target(_ table: String, _ condition: String) -> String {
      "EXISTS (SELECT 1 FROM \(table) x WHERE x.id = recipient.type_id AND \(condition))"
    }
    let stranger = "NOT m.sender_id = ANY(\(SQL.literal(scope.knownUsers)))"
    let isInternal = """
      IN (SELECT o.id FROM zerver_realm o JOIN zerver_userprofile b ON b.realm_id = o.id WHERE b.id = ANY(\(bots)))
      """
    return [
      LeftOutReason(
        text: "messages of system bots that other servers do not have",
        condition: """
          \(stranger) AND EXISTS (SELECT 1 FROM zerver_userprofile u WHERE u.id = m.sender_id AND u.is_bot
            AND u.realm_id <> \(organization) AND (u.realm_id \(isInternal) OR u.bot_owner_id IS NULL))
          """),
      LeftOutReason(text: "messages of people of other organizations", condition: stranger),
    ]
      + groups("m.recipient_id", when: type(Kind.group))
      + [
        LeftOutReason(
          text: "messages to system bots that other servers do not have",
          condition: type(Kind.personal) + " AND "
            + target(TableName.userProfile, "x.realm_id \(isInternal) AND NOT x.id = ANY(\(bots))")),
        LeftOutReason(
          text: "messages to people of other organizations",
          condition: type(Kind.personal) + " AND "
            + target(TableName.userProfile, "x.realm_id <> \(organization) AND NOT x.id = ANY(\(bots))")),
        LeftOutReason(
          text: "messages to people who no longer exist",
          condition: type(Kind.personal) + " AND NOT " + target(TableName.userProfile, "true")),
        LeftOutReason(
          text: "messages in channels of other organizations",
          condition: type(Kind.channel) + " AND " + target(TableName.stream, "x.realm_id <> \(organization)")),
        LeftOutReason(
          text: "messages in channels that no longer exist",
          condition: type(Kind.channel) + " AND NOT " + target(TableName.stream, "true")),
      ]
  }
}
