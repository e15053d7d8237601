import Common
import Glibc
import Postgres
import Testing

@testable import Sandbox

@Suite("A sample organization")
struct SampleOrganizationTests {
  private func harbour() throws -> (server: SandboxServer, realm: String) {
    let server = try Shared.sample()
    return (server, try #require(try server.value("SELECT id FROM zerver_realm WHERE string_id = 'harbour'")))
  }

  @Test("A sample organization has the requested number of messages", arguments: [1, 7, 60])
  func exactly(count: Int) throws {
    let server = try Shared.sandbox().makeServer("exactly\(count)")
    try server.add(SampleOrganization(messages: count))
    #expect(try server.value("SELECT count(*) FROM zerver_message") == String(count))
  }

  @Test("A sample organization depends only on its seed")
  func deterministic() throws {
    func fingerprint(_ name: String, seed: UInt64) throws -> String? {
      let server = try Shared.sandbox().makeServer(name)
      try server.add(SampleOrganization(subdomain: "", messages: 300, seed: seed))
      // Links contain the host, which differs between the servers.
      return try server.value(
        "SELECT md5(string_agg(replace(content, $1, '') || date_sent || sender_id, '|' ORDER BY id)) FROM zerver_message",
        [server.host])
    }
    let first = try fingerprint("same1", seed: 5)
    #expect(try fingerprint("same2", seed: 5) == first)
    #expect(try fingerprint("same3", seed: 6) != first)
  }

  @Test("A sample organization has no broken references")
  func references() throws {
    let server = try Shared.sample()
    let connection = try server.connect()
    let keys = try connection.query(
      """
      SELECT conrelid::regclass, a.attname, confrelid::regclass, b.attname FROM pg_constraint c
        JOIN pg_attribute a ON a.attrelid = conrelid AND a.attnum = conkey[1]
        JOIN pg_attribute b ON b.attrelid = confrelid AND b.attnum = confkey[1]
      WHERE contype = 'f' AND connamespace = 'aloha'::regnamespace
      """)
    #expect(keys.count == 146)
    for key in keys {
      let (table, column) = (key[0] ?? "", key[1] ?? "")
      let orphans = try connection.value(
        """
        SELECT count(*) FROM \(table) t WHERE "\(column)" IS NOT NULL
          AND NOT EXISTS (SELECT FROM \(key[2] ?? "") o WHERE o."\(key[3] ?? "")" = t."\(column)")
        """)
      #expect(orphans == "0", "\(table).\(column)")
    }
  }

  @Test("A sample organization leaves the sequences ready for new rows")
  func sequences() throws {
    let connection = try Shared.sample().connect()
    let tables = try connection.query(
      """
      SELECT c.relname, pg_get_serial_sequence(c.oid::regclass::text, 'id') FROM pg_class c
      WHERE relkind = 'r' AND relnamespace = 'aloha'::regnamespace
        AND EXISTS (SELECT FROM pg_attribute WHERE attrelid = c.oid AND attname = 'id')
      """)
    for table in tables {
      guard let name = table[0], let sequence = table[1] else { continue }
      let isFree =
        "SELECT NOT EXISTS (SELECT FROM \(name) WHERE id >= "
        + "(SELECT CASE WHEN is_called THEN last_value + 1 ELSE last_value END FROM \(sequence)))"
      #expect(try connection.value(isFree) == "t", "\(name)")
    }
  }

  @Test("A sample organization contains every kind of data")
  func variety() throws {
    let server = try Shared.sample()
    for table in [
      "zerver_reaction", "zerver_submessage", "zerver_huddle", "zerver_attachment_messages", "zerver_alertword",
      "zerver_muteduser", "zerver_usertopic", "zerver_userstatus", "zerver_draft", "zerver_scheduledmessage",
      "zerver_customprofilefieldvalue", "zerver_realmfilter", "zerver_realmplayground", "zerver_realmdomain",
      "zerver_defaultstream", "zerver_service", "zerver_onboardingstep", "zerver_userpresence", "zerver_useractivity",
      "zerver_useractivityinterval", "analytics_realmcount", "analytics_usercount", "analytics_streamcount",
    ] { #expect(try server.value("SELECT count(*) > 0 FROM \(table)") == "t", "\(table)") }
    for condition in [
      "zerver_userprofile WHERE role = 600", "zerver_userprofile WHERE NOT is_active",
      "zerver_userprofile WHERE email <> delivery_email", "zerver_userprofile WHERE avatar_source = 'U'",
      "zerver_stream WHERE deactivated AND name LIKE '!DEACTIVATED:%'", "zerver_stream WHERE invite_only",
      "zerver_reaction WHERE reaction_type = 'realm_emoji'", "zerver_message WHERE edit_history IS NOT NULL",
      "zerver_usermessage WHERE flags & 1 = 0", "zerver_usermessage WHERE flags & 2 = 2",
      "zerver_usermessage WHERE flags & 8 = 8", "zerver_usermessage WHERE flags & 16 = 16",
      "zerver_usermessage WHERE flags & 64 = 64", "zerver_usermessage WHERE flags & 512 = 512",
      "zerver_usermessage WHERE flags & 2048 = 2048", "zerver_realmemoji WHERE deactivated",
      "zerver_realmemoji WHERE is_animated", "zerver_message WHERE content ~ '[ぁ-ん]'",
      "zerver_message WHERE content ~ '[ا-ي]'", "zerver_message WHERE rendered_content LIKE '%/near/%'",
      "zerver_message m JOIN zerver_userprofile u ON u.id = sender_id WHERE u.realm_id <> m.realm_id",
    ] { #expect(try server.value("SELECT count(*) > 0 FROM \(condition)") == "t", "\(condition)") }
  }

  @Test("Sample messages mention only existing users, channels, groups and messages")
  func mentions() throws {
    let (server, realm) = try harbour()
    func unknown(_ pattern: String, _ there: String) throws -> [String] {
      try server.column(
        """
        SELECT found.ref[1] || ' ' || found.ref[2] FROM zerver_message m,
          regexp_matches(m.rendered_content, $1, 'g') AS found(ref)
        WHERE m.realm_id = $2 AND NOT EXISTS (\(there))
        """, [pattern, realm])
    }
    let people = try unknown(
      #"data-user-id="([0-9]+)">@?([^<]+)<"#,
      "SELECT FROM zerver_userprofile WHERE id = ref[1]::int AND full_name = ref[2] AND realm_id = m.realm_id")
    #expect(people.isEmpty)
    let channels = try unknown(
      #"data-stream-id="([0-9]+)" href="[^"]*">#([^<&]+?)(?: &gt;|<)"#,
      "SELECT FROM zerver_stream WHERE id = ref[1]::int AND name = ref[2] AND realm_id = m.realm_id")
    #expect(channels.isEmpty)
    let groups = try unknown(
      #"data-user-group-id="([0-9]+)">@([^<]+)<"#,
      "SELECT FROM zerver_namedusergroup WHERE usergroup_ptr_id = ref[1]::int AND name = ref[2]")
    #expect(groups.isEmpty)
    let messages = try unknown(
      #"#narrow/stream/([0-9]+)-[^"]*/near/([0-9]+)""#,
      """
      SELECT FROM zerver_message n JOIN zerver_recipient r ON r.id = n.recipient_id
      WHERE n.id = ref[2]::int AND r.type = 2 AND r.type_id = ref[1]::int
      """)
    #expect(messages.isEmpty)
    #expect(try server.value("SELECT count(*) FROM zerver_message WHERE rendered_content ~ 'user-mention'") != "0")
  }

  @Test("Sample messages contain no placeholders")
  func filled() throws {
    let left = try Shared.sample().column(
      "SELECT content FROM zerver_message WHERE content || rendered_content || subject ~ '[{}]|data-user-id=\"[?]'")
    #expect(left.isEmpty)
  }

  @Test("Direct messages are delivered to all members")
  func readers() throws {
    let (server, realm) = try harbour()
    let wrong = try server.column(
      """
      SELECT m.id FROM zerver_message m JOIN zerver_recipient r ON r.id = m.recipient_id
      WHERE m.realm_id = $1 AND r.type <> 2 AND (SELECT count(*) FROM zerver_usermessage WHERE message_id = m.id) <>
        CASE WHEN r.type = 3 THEN (SELECT count(*) FROM zerver_subscription WHERE recipient_id = r.id)
          WHEN r.type_id = m.sender_id THEN 1 ELSE 2 END
      """, [realm])
    #expect(wrong.isEmpty)
  }

  @Test("Direct message groups have the digest of their ids")
  func groups() throws {
    let groups = try Shared.sample().connect().query(
      """
      SELECT huddle_hash, string_agg(user_profile_id::text, ',' ORDER BY user_profile_id)
      FROM zerver_huddle h JOIN zerver_subscription s USING (recipient_id) GROUP BY 1
      """)
    #expect(!groups.isEmpty)
    for group in groups { #expect(group[0] == Digest.hexadecimal((group[1] ?? "").utf8, .sha1)) }
  }

  @Test("Sample uploads exist on disk with their size, and no others")
  func uploads() throws {
    let server = try Shared.sample()
    let rows = try server.connect().query("SELECT path_id, size, file_name FROM zerver_attachment")
    #expect(rows.contains { $0[2] == "蒸し箱.png" })
    #expect(rows.contains { $0[2] == "naïve-résumé fees 2026.txt" })
    for row in rows {
      let bytes = try FileSystem.read("\(server.uploads)/files/\(row[0] ?? "")")
      #expect(String(bytes.count) == row[1])
    }
    #expect(try files(below: "\(server.uploads)/files").sorted() == rows.compactMap { $0[0] }.sorted())
    let linked = try server.value(
      """
      SELECT count(*) FROM zerver_attachment_messages l JOIN zerver_attachment a ON a.id = attachment_id
        JOIN zerver_message m ON m.id = message_id
      WHERE position('/user_uploads/' || path_id IN content) = 0
        OR position('/user_uploads/' || path_id IN rendered_content) = 0 OR NOT has_attachment
      """)
    #expect(linked == "0")
  }

  @Test("Avatars, emoji and icons exist in the server's paths")
  func pictures() throws {
    let (server, realm) = try harbour()
    let folder = "\(server.uploads)/avatars/\(realm)"
    let users = try server.column(
      "SELECT id FROM zerver_userprofile WHERE realm_id = $1 AND avatar_source = 'U'", [realm])
    #expect(users.count > 10)
    for user in users {
      let name = Digest.hexadecimal("\(user)\(server.avatarSalt)".utf8, .sha1)
      for ending in [".png", "-medium.png", ".original"] {
        #expect(try FileSystem.read("\(folder)/\(name)\(ending)").starts(with: [0x89, 0x50, 0x4E, 0x47]))
      }
    }
    for file in try server.column("SELECT file_name FROM zerver_realmemoji WHERE realm_id = $1", [realm]) {
      #expect(FileSystem.exists("\(folder)/emoji/images/\(file)"))
      #expect(FileSystem.exists("\(folder)/emoji/images/\(file).original"))
    }
    for file in ["icon.png", "icon.original", "logo.png", "logo.original"] {
      #expect(FileSystem.exists("\(folder)/realm/\(file)"))
    }
  }

  @Test("All sample messages are queued for the search index")
  func searchQueue() throws {
    let server = try Shared.sample()
    let missing = "SELECT id FROM zerver_message EXCEPT SELECT message_id FROM fts_update_log"
    #expect(try server.column(missing).isEmpty)
    #expect(try server.value("SELECT count(*) FROM zerver_message WHERE search_tsvector IS NOT NULL") == "0")
  }

  @Test("Each channel refers to its first message")
  func firstMessages() throws {
    let wrong = try Shared.sample().column(
      """
      SELECT s.name FROM zerver_stream s WHERE first_message_id IS DISTINCT FROM
        (SELECT min(id) FROM zerver_message WHERE recipient_id = s.recipient_id)
      """)
    #expect(wrong.isEmpty)
  }
}
