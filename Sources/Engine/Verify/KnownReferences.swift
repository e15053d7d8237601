/// What the keys of exported rows refer to, without asking a database: an archive must be verifiable anywhere.
///
/// By the names of keys, which mean the same in every table and every version; a table that nobody knows is checked too.
enum KnownReferences {
  enum Target: Int, CaseIterable {
    case organization, user, recipient, channel, client, group, message, scheduledMessage, profileField, folder
    case groupMessage, emoji

    /// The tables whose ids these are.
    var tables: [String] {
      switch self {
      case .organization: ["zerver_realm"]
      case .user: ["zerver_userprofile", "zerver_userprofile_mirrordummy", "zerver_userprofile_crossrealm"]
      case .recipient: ["zerver_recipient"]
      case .channel: ["zerver_stream"]
      case .client: ["zerver_client"]
      case .group: ["zerver_usergroup"]
      case .message: ["zerver_message"]
      case .scheduledMessage: ["zerver_scheduledmessage"]
      case .profileField: ["zerver_customprofilefield"]
      case .folder: ["zerver_channelfolder"]
      case .groupMessage: ["zerver_huddle"]
      case .emoji: ["zerver_realmemoji"]
      }
    }

    /// How texts name one.
    var noun: String {
      switch self {
      case .organization: "organization"
      case .user: "user"
      case .recipient: "recipient"
      case .channel: "channel"
      case .client: "client"
      case .group: "user group"
      case .message: "message"
      case .scheduledMessage: "scheduled message"
      case .profileField: "profile field"
      case .folder: "channel folder"
      case .groupMessage: "group message"
      case .emoji: "custom emoji"
      }
    }
  }

  private static let byKey: [String: Target] = {
    var targets: [String: Target] = [:]
    func add(_ target: Target, _ keys: String) { keys.split(separator: " ").forEach { targets[String($0)] = target } }
    add(.organization, "realm realm_id realm_for_sharding")
    add(.user, "user user_profile user_profile_id bot_profile bot_owner sender owner author creator acting_user")
    add(.user, "modified_user muted_user")
    add(.recipient, "recipient")
    add(.channel, "stream modified_stream default_sending_stream default_events_register_stream")
    add(.channel, "new_stream_announcements_stream signup_announcements_stream")
    add(.channel, "zulip_update_announcements_stream aloha_update_announcements_stream moderation_request_channel")
    add(.client, "client sending_client")
    add(.group, "user_group supergroup subgroup modified_user_group usergroup_ptr can_create_groups")
    add(.group, "can_manage_all_groups")
    add(.message, "message delivered_message messages")
    add(.scheduledMessage, "scheduled_messages")
    add(.profileField, "field")
    add(.folder, "folder modified_channel_folder")
    return targets
  }()

  static func target(of key: String) -> Target? {
    if let target = byKey[key] { return target }
    // The groups that settings name: "can_send_message_group".
    return key.hasSuffix("_group") ? .group : nil
  }

  /// References that a sound archive may lack the other end of: messages are deleted, owners belong to other
  /// organizations.
  static func isLoose(_ key: String) -> Bool { key == "delivered_message" || key == "bot_owner" }
}
