import Common
import Foundation
import Sandbox
import Testing

@Suite("Imports of imperfect archives")
struct ImperfectArchiveTests {
  private static let realm = "(SELECT id FROM zerver_realm WHERE string_id = 'harbour')"

  /// Imports the archive, and fails if a warning was missing in the dry run.
  private func imported(_ archive: EditedArchive) throws -> (server: SandboxServer, warnings: String) {
    let new = try Servers.fresh()
    let operation = try new.importing(try archive.write(), ignoringVersions: true)
    let foreseen = Set(try operation.check().flatMap { [$0.reason, "\($0.subject): \($0.reason)"] })
    let summary = try operation.perform(.silent)
    for warning in summary.warnings where !Self.isFoundOnTheWay(warning) {
      #expect(foreseen.contains(warning), "the dry run does not say: \(warning)")
    }
    return (new, summary.warnings.joined(separator: "\n"))
  }

  /// Returns whether only an import can give this warning: it requires the texts, the pictures or the number of
  /// subscribers.
  private static func isFoundOnTheWay(_ warning: String) -> Bool {
    ["inside texts to people", "keep the old ones", "with the most subscribers"].contains { warning.contains($0) }
  }

  @Test("Groups with the same members become one, groups without members stay apart, and no message is lost")
  func groups() throws {
    var archive = try EditedArchive()
    let recipients = archive["zerver_recipient"].filter { $0["type"] as? Int == 3 }.compactMap { $0["id"] as? Int }
    let users = archive.ids("zerver_userprofile").sorted()
    let next = try #require(archive.ids("zerver_recipient").max())
    let group = try #require(archive.ids("zerver_huddle").max())
    let client = archive["zerver_client"].first?["id"] as? Int ?? 1
    // Five groups: two with the same two members, one with up to six members, two without members.
    let template = try #require(archive["zerver_subscription"].first)
    let message = try #require(archive.messages.first)
    let subscription = try #require(archive.ids("zerver_subscription").max())
    let last = try #require(archive.messages.compactMap { $0["id"] as? Int }.max())
    let members = [[users[0], users[1]], [users[0], users[1]], Array(users.prefix(6)), [], []]
    var count = 0
    for (index, people) in members.enumerated() {
      archive["zerver_huddle"].append(["id": group + 1 + index, "huddle_hash": "stale\(index)"])
      archive["zerver_recipient"].append(["id": next + 1 + index, "type": 3, "type_id": group + 1 + index])
      for user in people {
        count += 1
        var row = template
        row["id"] = subscription + count
        row["recipient"] = next + 1 + index
        row["user_profile"] = user
        archive["zerver_subscription"].append(row)
      }
      var row = message
      row["id"] = last + 1 + index
      row["recipient"] = next + 1 + index
      row["sender"] = users[0]
      row["sending_client"] = client
      row["content"] = "Into group \(index)"
      archive.messages.append(row)
    }
    let (new, warnings) = try imported(archive)
    #expect(
      try new.value("SELECT count(*) FROM zerver_message WHERE realm_id = \(Self.realm)")
        == String(archive.messages.count))
    #expect(try new.value("SELECT count(*) FROM zerver_huddle") == String(recipients.count + 4))
    func place(_ index: Int) throws -> String? {
      try new.value("SELECT recipient_id FROM zerver_message WHERE content = 'Into group \(index)'")
    }
    #expect(try place(0) == place(1))
    #expect(try Set([place(0), place(2), place(3), place(4)]).count == 4)
    #expect(warnings.contains("1 group conversation had the same members"))
    #expect(warnings.contains("2 group conversations without members"))
  }

  @Test("Empty lists of defaults are handled like missing ones")
  func emptyLists() throws {
    var archive = try EditedArchive()
    for table in [
      "zerver_realmuserdefault", "zerver_realmauthenticationmethod", "zerver_usergroup", "zerver_namedusergroup",
      "zerver_usergroupmembership", "zerver_groupgroupmembership", "zerver_realmauditlog",
    ] { archive[table] = [] }
    archive.realm["import_source"] = "slack"
    var realm = try #require(archive["zerver_realm"].first)
    for key in ["new_stream_announcements_stream", "zulip_update_announcements_stream"] where realm.keys.contains(key) {
      realm[key] = NSNull()
    }
    archive["zerver_realm"] = [realm]
    let (new, warnings) = try imported(archive)
    for table in ["zerver_realmuserdefault", "zerver_realmauthenticationmethod"] {
      #expect(
        try new.column("SELECT realm_id::text FROM \(table) WHERE realm_id = \(Self.realm)").isEmpty == false,
        "\(table)")
    }
    #expect(try new.value("SELECT count(*) FROM zerver_namedusergroup WHERE realm_id = \(Self.realm)") == "8")
    #expect(warnings.contains("system groups are made"))
    let events = "SELECT count(*) FROM zerver_realmauditlog WHERE realm_id = \(Self.realm) AND event_type"
    #expect(
      try new.value("\(events) = 101")
        == new.value("SELECT count(*) FROM zerver_userprofile WHERE realm_id = \(Self.realm) AND NOT is_mirror_dummy"))
    #expect(
      try new.value("\(events) = 103")
        == new.value(
          "SELECT count(*) FROM zerver_userprofile WHERE realm_id = \(Self.realm) AND NOT is_active AND NOT is_mirror_dummy"
        ))
    #expect(
      try new.value(
        "SELECT extra_data->>'import_source' FROM zerver_realmauditlog WHERE realm_id = \(Self.realm) AND event_type = 229"
      ) == "slack")
    #expect(
      try new.value("SELECT new_stream_announcements_stream_id FROM zerver_realm WHERE string_id = 'harbour'")
        == new.value(
          """
          SELECT s.id FROM zerver_stream s JOIN zerver_subscription b ON b.recipient_id = s.recipient_id AND b.active
          WHERE s.realm_id = \(Self.realm) AND NOT s.deactivated GROUP BY s.id ORDER BY count(*) DESC, s.id LIMIT 1
          """))
  }

  @Test("Groups without names are replaced by the system groups")
  func namelessGroups() throws {
    var archive = try EditedArchive()
    archive.realm["zerver_namedusergroup"] = nil
    let (nameless, said) = try imported(archive)
    #expect(try nameless.value("SELECT count(*) FROM zerver_namedusergroup WHERE realm_id = \(Self.realm)") == "8")
    #expect(said.contains("not their names"))
  }

  @Test(
    "Rights on the server are removed or reported, and deletion dates and redirects are dropped")
  func rights() throws {
    var archive = try EditedArchive()
    for index in archive["zerver_userprofile"].indices.prefix(2) {
      for right in ["is_superuser", "can_forge_sender", "can_create_users", "is_staff"] {
        archive["zerver_userprofile"][index][right] = true
      }
    }
    archive["zerver_realm"][0]["deactivated_redirect"] = "https://elsewhere.example.com"
    archive["zerver_realm"][0]["demo_organization_scheduled_deletion_date"] = 1_700_000_000.0
    let address = try #require(archive["zerver_userprofile"][0]["delivery_email"] as? String)
    let (new, warnings) = try imported(archive)
    #expect(
      try new.value(
        """
        SELECT count(*) FROM zerver_userprofile WHERE realm_id = \(Self.realm)
          AND (is_superuser OR can_forge_sender OR can_create_users)
        """) == "0")
    for right in ["is_superuser", "can_forge_sender", "can_create_users", "is_staff"] {
      #expect(warnings.split(separator: "\n").contains { $0.hasPrefix(right) && $0.contains(address) }, "\(right)")
    }
    #expect(
      try new.value(
        """
        SELECT count(*) FROM zerver_realm WHERE string_id = 'harbour' AND deactivated_redirect IS NULL
          AND demo_organization_scheduled_deletion_date IS NULL
        """) == "1")
    #expect(warnings.contains("https://elsewhere.example.com") && warnings.contains("demo"))
  }

  @Test("Statistics of system bots are skipped, and messages of a missing system bot are kept")
  func bots() throws {
    var archive = try EditedArchive()
    let bot = 987_654
    archive["zerver_userprofile_crossrealm"].append(["id": bot, "email": "reminder-bot@aloha.com"])
    archive.messages[0]["sender"] = bot
    archive.messages[0]["content"] = "By a bot of old"
    let known = try #require(archive["zerver_userprofile_crossrealm"].first?["id"] as? Int)
    var counts = archive.analytics["analytics_usercount"] as? [EditedArchive.Row] ?? []
    counts.append([
      "id": 1_000_000, "property": "messages_sent:client:day", "subgroup": "1", "end_time": 1_700_000_000.0, "value": 3,
      "user": known, "realm": archive.ids("zerver_realm")[0],
    ])
    archive.analytics["analytics_usercount"] = counts
    let (new, warnings) = try imported(archive)
    #expect(warnings.contains("reminder-bot"))
    #expect(
      try new.value(
        "SELECT u.email FROM zerver_message m JOIN zerver_userprofile u ON u.id = m.sender_id WHERE m.content = 'By a bot of old'"
      )?.hasPrefix("notification-bot@") == true)
    #expect(
      try new.value("SELECT count(*) FROM analytics_usercount WHERE realm_id = \(Self.realm)")
        == String(counts.count - 1))
  }
}
