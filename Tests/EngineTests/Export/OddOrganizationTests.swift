import Common
import Sandbox
import Testing

@Suite("Export of unusual organizations")
struct OddOrganizationTests {
  @Test("An organization without messages and files is exported")
  func empty() throws {
    let server = try SandboxServer.small()
    let realm = try server.realm("bookclub")
    try server.change(
      """
      SET session_replication_role = replica;
      DELETE FROM zerver_attachment_messages; DELETE FROM zerver_attachment WHERE realm_id = \(realm);
      DELETE FROM zerver_usermessage WHERE message_id IN (SELECT id FROM zerver_message WHERE realm_id = \(realm));
      DELETE FROM zerver_reaction WHERE message_id IN (SELECT id FROM zerver_message WHERE realm_id = \(realm));
      DELETE FROM zerver_message WHERE realm_id = \(realm);
      DELETE FROM zerver_scheduledmessage WHERE realm_id = \(realm);
      UPDATE zerver_userprofile SET avatar_source = 'G' WHERE realm_id = \(realm)
      """)
    let exported = try Exported(server, "bookclub")
    #expect(exported.rows("zerver_message").isEmpty && exported.fact("Messages") == "0")
    #expect(exported.files["messages-000001.json"] == nil)
    for kind in ["uploads", "avatars"] { #expect(try exported.records(kind).isEmpty) }
    try exported.verify()
  }

  @Test("A deactivated organization stays deactivated in its archive")
  func deactivated() throws {
    let server = try SandboxServer.small()
    try server.change("UPDATE zerver_realm SET deactivated = true WHERE string_id = 'bookclub'")
    let exported = try Exported(server, "bookclub")
    #expect(exported.rows("zerver_realm").first?["deactivated"] as? Bool == true)
    let active = try Exported(server, "bookclub") { $0.deactivates = true }
    #expect(active.rows("zerver_realm").first?["deactivated"] as? Bool == false)
  }

  @Test("Names and texts are exported unchanged")
  func names() throws {
    let server = try SandboxServer.small()
    let realm = try server.realm("bookclub")
    let texts = [
      "\"quotes\" \\backslashes\\ /slashes/", "tab\tline\nreturn\rbell\u{7}\u{1}escape\u{1B}[31m",
      "𝔘𝔫𝔦 👩‍👩‍👧 \u{202E}right",
      "in\u{FEFF}\u{200B}visible\u{FFFD}", String(repeating: "long ", count: 2000), "", "{\"json\":[1,2]}",
      "'; DROP TABLE x",
    ]
    let ids = try server.column("SELECT id FROM zerver_message WHERE realm_id = \(realm) ORDER BY id")
    let connection = try server.connectAsSuperuser()
    for (id, text) in zip(ids, texts) {
      _ = try connection.query("UPDATE zerver_message SET content = $1 WHERE id = $2", [text, id])
    }
    _ = try connection.query("UPDATE zerver_realm SET name = $1 WHERE id = $2", ["Ħ☃ \"Kõrts\"", String(realm)])
    let exported = try Exported(server, "bookclub")
    let contents = Dictionary(
      uniqueKeysWithValues: exported.rows("zerver_message").compactMap { row in
        (row["id"] as? Int).map { ($0, row["content"] as? String) }
      })
    for (id, text) in zip(ids, texts) {
      #expect(contents[Int(id) ?? 0]??.unicodeScalars.elementsEqual(text.unicodeScalars) == true)
    }
    #expect(exported.rows("zerver_realm").first?["name"] as? String == "Ħ☃ \"Kõrts\"")
    try exported.verify()
  }

  @Test("Group messages across organizations are left out")
  func crossingGroups() throws {
    let server = try SandboxServer.small()
    let (club, harbour) = (try server.realm("bookclub"), try server.realm("harbour"))
    try server.change(
      """
      WITH recipient AS (INSERT INTO zerver_recipient (type, type_id) VALUES (3, 999999) RETURNING id),
      members AS (
        SELECT min(id) AS id FROM zerver_userprofile WHERE realm_id = \(club)
        UNION ALL SELECT min(id) FROM zerver_userprofile WHERE realm_id = \(harbour)),
      subscriptions AS (INSERT INTO zerver_subscription (recipient_id, user_profile_id, active, is_user_active, is_muted,
          color, pin_to_top)
        SELECT recipient.id, members.id, true, true, false, '#000000', false FROM recipient, members),
      message AS (INSERT INTO zerver_message (subject, content, has_attachment, has_image, has_link, recipient_id,
          sender_id, sending_client_id, date_sent, realm_id)
        SELECT '', 'across the border', false, false, false, recipient.id, (SELECT min(id) FROM members),
          (SELECT min(id) FROM zerver_client), now(), \(club) FROM recipient RETURNING id)
      INSERT INTO zerver_usermessage (message_id, user_profile_id, flags)
        SELECT message.id, members.id, 1 FROM message, members
      """)
    let exported = try Exported(server, "bookclub")
    #expect(!exported.rows("zerver_message").contains { $0["content"] as? String == "across the border" })
    #expect(!exported.rows("zerver_recipient").contains { $0["type_id"] as? Int == 999_999 })
    try exported.verify()
  }

  @Test("Mirror dummies are exported in their own table, and messages of system bots are included")
  func namesAndBots() throws {
    let server = try SandboxServer.small()
    let realm = try server.realm("harbour")
    let name = try server.number(
      """
      UPDATE zerver_userprofile SET is_mirror_dummy = true, is_active = false WHERE id = (
        SELECT max(m.sender_id) FROM zerver_message m JOIN zerver_userprofile u ON u.id = m.sender_id
        WHERE u.realm_id = \(realm)) RETURNING id
      """)
    let exported = try Exported(server, "harbour")
    #expect(exported.ids("zerver_userprofile_mirrordummy") == [name])
    #expect(!exported.ids("zerver_userprofile").contains(name))
    #expect(exported.rows("zerver_message").contains { $0["sender"] as? Int == name })
    #expect(!exported.rows("zerver_usermessage").contains { $0["user_profile"] as? Int == name })
    let bots = exported.ids("zerver_userprofile_crossrealm")
    #expect(exported.rows("zerver_message").contains { bots.contains($0["sender"] as? Int ?? 0) })
    try exported.verify()
  }

  @Test("An imported organization is exported unchanged")
  func rootDomain() throws {
    let server = try Servers.fresh()
    _ = try server.importing(Servers.archive(), as: "").perform(.silent)
    let exported = try Exported(server, "")
    #expect(exported.rows("zerver_message").count == 700)
    try exported.verify()
  }
}
