import Common
import Foundation
import Sandbox
import Testing

@testable import Transfer

@Suite("Exports with consent")
struct PrivacyTests {
  /// Returns the ids of the messages that one of `users` can read, determined by the participants of conversations and
  /// not by the export's queries: messages of public channels, the visible history of their private channels, their
  /// direct messages, and groups whose members are all of this organization.
  private func readable(_ server: SandboxServer, _ realm: Int, by users: String) throws -> Set<Int> {
    try server.ids(
      """
      SELECT m.id FROM zerver_message m JOIN zerver_recipient r ON r.id = m.recipient_id
      LEFT JOIN zerver_stream s ON r.type = 2 AND s.id = r.type_id
      WHERE m.realm_id = \(realm) AND CASE r.type
        WHEN 2 THEN NOT s.invite_only OR EXISTS (SELECT 1 FROM zerver_subscription p WHERE p.recipient_id = r.id
            AND p.user_profile_id IN (\(users))) AND (s.history_public_to_subscribers OR EXISTS (
              SELECT 1 FROM zerver_usermessage um WHERE um.message_id = m.id AND um.user_profile_id IN (\(users))))
        WHEN 1 THEN r.type_id IN (\(users)) OR m.sender_id IN (\(users))
        ELSE EXISTS (SELECT 1 FROM zerver_subscription p WHERE p.recipient_id = r.id
            AND p.user_profile_id IN (\(users)))
          AND NOT EXISTS (SELECT 1 FROM zerver_subscription p JOIN zerver_userprofile o ON o.id = p.user_profile_id
            WHERE p.recipient_id = r.id AND o.realm_id <> \(realm)) END
      """)
  }

  private func publicMessages(_ server: SandboxServer, _ realm: Int) throws -> Set<Int> {
    try server.ids(
      """
      SELECT m.id FROM zerver_message m JOIN zerver_recipient r ON r.id = m.recipient_id AND r.type = 2
      JOIN zerver_stream s ON s.id = r.type_id WHERE m.realm_id = \(realm) AND NOT s.invite_only
      """)
  }

  @Test("Only messages of public channels, their attachments, and no scheduled message")
  func publicOnly() throws {
    let server = try Servers.old()
    let realm = try server.realm("harbour")
    let exported = try Exported(server, "harbour") { $0.publicOnly = true }
    let expected = try publicMessages(server, realm)
    #expect(exported.ids("zerver_message") == expected)
    #expect(try server.number("SELECT count(*) FROM zerver_message WHERE realm_id = \(realm)") > expected.count)
    #expect(exported.rows("zerver_scheduledmessage").isEmpty)
    #expect(Set(exported.rows("zerver_usermessage").compactMap { $0["message"] as? Int }).isSubset(of: expected))
    let attached = exported.rows("zerver_attachment").flatMap { $0["messages"] as? [Int] ?? [] }
    #expect(!attached.isEmpty && Set(attached).isSubset(of: expected))
    #expect(exported.manifest.options["reach"] == "public")
    try exported.verify()
  }

  @Test("With consent by reactions, only data that the consenting users can read is exported")
  func consentByReactions() throws {
    let server = try SandboxServer.small()
    let realm = try server.realm("harbour")
    let users = try server.column(
      "SELECT id FROM zerver_userprofile WHERE realm_id = \(realm) AND NOT is_bot AND is_active ORDER BY id LIMIT 2")
    let message = try server.number(
      "SELECT min(id) FROM zerver_message WHERE realm_id = \(realm) AND last_edit_time IS NULL")
    try server.change("DELETE FROM zerver_reaction WHERE message_id = \(message)")
    for user in users {
      try server.change(
        """
        INSERT INTO zerver_reaction (user_profile_id, message_id, emoji_name, emoji_code, reaction_type)
        VALUES (\(user), \(message), 'outbox', '1f4e4', 'unicode_emoji')
        """)
    }
    let exported = try Exported(server, "harbour") { $0.consent = .byReactions(message: Int64(message)) }
    let agreed = users.joined(separator: ",")
    let expected = try readable(server, realm, by: agreed)
    #expect(exported.ids("zerver_message") == expected)
    #expect(expected.count > (try publicMessages(server, realm)).count)
    let readers = Set(exported.rows("zerver_usermessage").compactMap { $0["user_profile"] as? Int })
    #expect(readers == Set(users.compactMap { Int($0) }))
    let authors = Set(exported.rows("zerver_scheduledmessage").compactMap { $0["sender"] as? Int })
    #expect(authors.isSubset(of: readers))
    try exported.verify()
  }

  @Test("A message that was edited, of another organization, or reacted to from another one is refused")
  func unsuitableMessage() throws {
    let server = try SandboxServer.small()
    let (club, harbour) = (try server.realm("bookclub"), try server.realm("harbour"))
    let message = try server.number("SELECT min(id) FROM zerver_message WHERE realm_id = \(club)")
    func check(_ subdomain: String) throws -> Bool {
      var options = ExportOperation.Options(subdomain: subdomain, output: try Servers.folder() + "/never.tar.gz")
      options.consent = .byReactions(message: Int64(message))
      return try ExportOperation(server.reference, options).check().contains { $0.severity == .blocker }
    }
    try server.change("UPDATE zerver_message SET last_edit_time = NULL WHERE id = \(message)")
    #expect(try !check("bookclub"))
    #expect(try check("harbour"))
    try server.change(
      """
      INSERT INTO zerver_reaction (user_profile_id, message_id, emoji_name, emoji_code, reaction_type)
      SELECT min(id), \(message), 'outbox', '1f4e4', 'unicode_emoji' FROM zerver_userprofile WHERE realm_id = \(harbour)
      """)
    #expect(try check("bookclub"))
    try server.change(
      """
      DELETE FROM zerver_reaction WHERE message_id = \(message);
      UPDATE zerver_message SET last_edit_time = now() WHERE id = \(message)
      """)
    #expect(try check("bookclub"))
  }

  private static let setting = """
    ALTER TABLE zerver_userprofile ADD COLUMN allow_private_data_export boolean NOT NULL DEFAULT false;
    ALTER TABLE zerver_realmuserdefault ADD COLUMN allow_private_data_export boolean NOT NULL DEFAULT false;
    """

  @Test("With consent by the users' setting, other users are exported as names only")
  func consentBySetting() throws {
    let server = try SandboxServer.small()
    let realm = try server.realm("harbour")
    try server.change(Self.setting)
    let agreed = try server.number(
      """
      SELECT min(a.user_profile_id) FROM zerver_alertword a JOIN zerver_userprofile u ON u.id = a.user_profile_id
      WHERE u.realm_id = \(realm) AND u.is_active
      """)
    try server.change(
      """
      UPDATE zerver_userprofile SET allow_private_data_export = true WHERE id = \(agreed);
      UPDATE zerver_userprofile SET color_scheme = 2, email_address_visibility = 4 WHERE realm_id = \(realm)
        AND id <> \(agreed);
      UPDATE zerver_realmuserdefault SET color_scheme = 1 WHERE realm_id = \(realm);
      UPDATE zerver_subscription SET pin_to_top = true
      """)
    let exported = try Exported(server, "harbour") { $0.consent = .bySetting }
    let consenting =
      "SELECT id FROM zerver_userprofile WHERE id = \(agreed) OR bot_owner_id = \(agreed) AND is_bot"
    let ids = try server.ids(consenting)

    #expect(exported.ids("zerver_message") == (try readable(server, realm, by: consenting)))
    let inactive = try server.ids("SELECT id FROM zerver_userprofile WHERE realm_id = \(realm) AND NOT is_active")
    #expect(exported.ids("zerver_userprofile") == ids.union(inactive))
    let names = exported.rows("zerver_userprofile_mirrordummy")
    #expect(!names.isEmpty)
    #expect(names.allSatisfy { $0["is_active"] as? Bool == false && $0["color_scheme"] as? Int == 1 })
    #expect(names.allSatisfy { ($0["delivery_email"] as? String)?.hasPrefix("exported-user-") == true })
    #expect(exported.rows("zerver_alertword").allSatisfy { ids.contains($0["user_profile"] as? Int ?? 0) })
    #expect(!exported.rows("zerver_alertword").isEmpty)
    for row in exported.rows("zerver_subscription") {
      #expect(row["pin_to_top"] as? Bool == ids.contains(row["user_profile"] as? Int ?? 0))
    }
    let clients = Set(exported.rows("zerver_message").compactMap { $0["sending_client"] as? Int })
    #expect(clients.isSubset(of: exported.ids("zerver_client")))
    #expect(exported.ids("zerver_client").count < (try server.number("SELECT count(*) FROM zerver_client")))
    try exported.verify()
  }

  @Test("A kind of consent that the server does not support is refused")
  func wrongWay() throws {
    let server = try SandboxServer.small()
    func blocked(_ consent: Consent) throws -> Bool {
      var options = ExportOperation.Options(subdomain: "harbour", output: try Servers.folder() + "/never.tar.gz")
      options.consent = consent
      return try ExportOperation(server.reference, options).check().contains { $0.severity == .blocker }
    }
    #expect(try blocked(.bySetting))
    try server.change(Self.setting)
    #expect(try blocked(.byReactions(message: 1)))
    #expect(try !blocked(.bySetting))
  }

  @Test("Secrets are never exported")
  func secrets() throws {
    let server = try Servers.old()
    let exported = try Exported(server, "harbour")
    let realm = try server.realm("harbour")
    let secrets =
      try server.column(
        "SELECT unnest(ARRAY[password, api_key, uuid::text]) FROM zerver_userprofile WHERE realm_id = \(realm)")
      + server.column("SELECT email_token FROM zerver_stream WHERE realm_id = \(realm)")
    let text = ["realm.json", "attachment.json"].map { String(decoding: exported.files[$0] ?? [], as: UTF8.self) }
    for secret in secrets where secret.count > 8 { #expect(!text.contains { $0.contains(secret) }) }
  }
}
