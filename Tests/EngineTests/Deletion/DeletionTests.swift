import Common
import Glibc
import Postgres
import Sandbox
import Testing

@testable import Administration
@testable import Operations

@Suite("Deleting an organization")
struct DeletionTests {
  /// Returns a server with the book club and then the harbour, and the state before the harbour was added.
  private func crowded(messages: Int = 120) throws -> (server: SandboxServer, before: [String: String]) {
    let server = try Servers.fresh()
    try server.add(SampleOrganization(.bookclub, messages: 30))
    let before = try server.state()
    try server.add(SampleOrganization(.harbour, messages: messages))
    return (server, before)
  }

  private func same(_ before: [String: String], _ after: [String: String]) {
    for key in Set(before.keys).union(after.keys).sorted() where before[key] != after[key] {
      Issue.record("\(key): \(before[key] ?? "nothing") → \(after[key] ?? "nothing")")
    }
  }

  @Test("A deletion leaves every row, constraint and file of other organizations unchanged")
  func traceless() throws {
    let (server, before) = try crowded()
    let id = try #require(try server.value("SELECT id FROM zerver_realm WHERE string_id = 'harbour'"))
    _ = try server.deleting("harbour", .ofOrganization).perform(.silent)
    same(before, try server.state())
    #expect(!FileSystem.exists("\(server.uploads)/files/\(id)"))
    #expect(!FileSystem.exists("\(server.uploads)/avatars/\(id)"))
    #expect(try text(server.scriptLog).contains("[flush-memcached]"))
  }

  @Test("A large organization is deleted completely with suspended foreign keys")
  func large() throws {
    let (server, before) = try crowded(messages: 6000)
    _ = try server.deleting("harbour", .ofOrganization).perform(.silent)
    same(before, try server.state())
  }

  @Test("An imported organization is deleted completely and can be imported again")
  func again() throws {
    let server = try Servers.fresh()
    let before = try server.state()
    _ = try server.importing(Servers.archive()).perform(.silent)
    _ = try server.deleting("harbour", .ofOrganization).perform(.silent)
    var between = try server.state()
    // Clients are shared by all organizations; an import can add some.
    between["zerver_client"] = before["zerver_client"]
    same(before, between)
    _ = try server.importing(Servers.archive()).perform(.silent)
    #expect(try server.value("SELECT count(*) FROM zerver_message") == "700")
  }

  @Test("A deletion includes sessions, invitations, scheduled mail, confirmations and rows of unknown tables")
  func loose() throws {
    let (server, before) = try crowded()
    let connection = try server.connectAsSuperuser()
    let realm = try #require(try server.value("SELECT id FROM zerver_realm WHERE string_id = 'harbour'"))
    let club = try #require(try server.value("SELECT id FROM zerver_realm WHERE string_id = 'bookclub'"))
    let user = try #require(try server.value("SELECT min(id) FROM zerver_userprofile WHERE realm_id = \(realm)"))
    let member = try #require(try server.value("SELECT min(id) FROM zerver_userprofile WHERE realm_id = \(club)"))
    try connection.execute(
      """
      SET search_path TO aloha;
      INSERT INTO django_session VALUES ('mine', '\(SessionSample.data(user: user))', now() + interval '1 day'),
        ('theirs', '\(SessionSample.data(user: member))', now() + interval '1 day');
      INSERT INTO zerver_scheduledemail (scheduled_timestamp, data, address, type, realm_id)
        VALUES (now(), '{}', 'a@b', 1, \(realm));
      INSERT INTO zerver_scheduledemail_users (scheduledemail_id, userprofile_id)
        SELECT max(id), \(user) FROM zerver_scheduledemail;
      CREATE TABLE plugin_note (id serial PRIMARY KEY, author_id int REFERENCES zerver_userprofile);
      CREATE TABLE plugin_page (id serial PRIMARY KEY, note_id int NOT NULL REFERENCES plugin_note, text text);
      ALTER TABLE plugin_note OWNER TO aloha; ALTER TABLE plugin_page OWNER TO aloha;
      INSERT INTO plugin_note (author_id) VALUES (\(user)), (\(member));
      INSERT INTO plugin_page (note_id, text) VALUES (1, 'gone'), (2, 'kept');
      """)
    _ = try server.deleting("harbour", .ofOrganization).perform(.silent)
    #expect(try server.column("SELECT session_key FROM django_session") == ["theirs"])
    #expect(try server.value("SELECT count(*) FROM zerver_scheduledemail") == "0")
    #expect(try server.column("SELECT text FROM plugin_page") == ["kept"])
    #expect(try server.value("SELECT count(*) FROM plugin_note") == "1")
    try connection.execute("DELETE FROM django_session; DROP TABLE plugin_page, plugin_note")
    same(before, try server.state())
  }

  @Test("Group messages with members elsewhere are kept, and references to deleted users are cleared")
  func shared() throws {
    let (server, _) = try crowded()
    let connection = try server.connectAsSuperuser()
    func id(_ sql: String) throws -> String { try #require(try server.value(sql)) }
    let ours = try id(
      "SELECT u.id FROM zerver_userprofile u JOIN zerver_realm r ON r.id = realm_id "
        + "WHERE string_id = 'harbour' AND NOT is_bot ORDER BY u.id LIMIT 1")
    let theirs = try id(
      "SELECT u.id FROM zerver_userprofile u JOIN zerver_realm r ON r.id = realm_id "
        + "WHERE string_id = 'bookclub' AND NOT is_bot ORDER BY u.id LIMIT 1")
    let club = try id("SELECT id FROM zerver_realm WHERE string_id = 'bookclub'")
    try connection.execute(
      """
      SET search_path TO aloha;
      INSERT INTO zerver_recipient (type_id, type) VALUES (0, 3);
      INSERT INTO zerver_huddle (huddle_hash, recipient_id) SELECT 'shared', max(id) FROM zerver_recipient;
      UPDATE zerver_recipient SET type_id = (SELECT id FROM zerver_huddle WHERE huddle_hash = 'shared')
        WHERE id = (SELECT recipient_id FROM zerver_huddle WHERE huddle_hash = 'shared');
      UPDATE zerver_realmauditlog SET acting_user_id = \(ours)
        WHERE id = (SELECT min(id) FROM zerver_realmauditlog WHERE realm_id = \(club));
      """)
    let recipient = try id("SELECT recipient_id FROM zerver_huddle WHERE huddle_hash = 'shared'")
    for user in [ours, theirs] {
      try connection.execute(
        """
        INSERT INTO zerver_subscription SELECT (jsonb_populate_record(s, jsonb_build_object(
          'id', nextval(pg_get_serial_sequence('zerver_subscription', 'id')), 'recipient_id', \(recipient),
          'user_profile_id', \(user)))).* FROM zerver_subscription s ORDER BY id LIMIT 1;
        INSERT INTO zerver_message SELECT (jsonb_populate_record(m, jsonb_build_object(
          'id', nextval(pg_get_serial_sequence('zerver_message', 'id')), 'recipient_id', \(recipient),
          'sender_id', \(user), 'realm_id', \(club)))).* FROM zerver_message m ORDER BY id LIMIT 1;
        """)
    }
    _ = try server.deleting("harbour", .keep).perform(.silent)
    #expect(try server.value("SELECT count(*) FROM zerver_huddle WHERE huddle_hash = 'shared'") == "1")
    #expect(
      try server.column("SELECT user_profile_id FROM zerver_subscription WHERE recipient_id = \(recipient)")
        == [theirs])
    #expect(try server.column("SELECT sender_id FROM zerver_message WHERE recipient_id = \(recipient)") == [theirs])
    #expect(
      try server.value("SELECT count(*) FROM zerver_realmauditlog WHERE realm_id = \(club) AND acting_user_id IS NULL")
        != "0")
  }

  @Test("The plan counts the rows to delete per table and changes nothing")
  func counts() throws {
    let (server, _) = try crowded()
    let before = try server.state()
    let operation = try server.deleting("harbour", .ofOrganization)
    let counted = Dictionary(uniqueKeysWithValues: try operation.rows().map { ($0.table, $0.rows) })
    let plan = try operation.plan()
    same(before, try server.state())
    #expect(counted["zerver_message"] == 120)
    #expect(counted["zerver_realm"] == 1)
    #expect(plan.destroys.contains("120 in zerver_message"))
    let summary = try operation.perform(.silent)
    let total = Amount.count(Int64(counted.values.reduce(0, +)))
    #expect(summary.facts.first?.value.hasPrefix("\(total) in") == true, "\(summary.facts) \(total)")
  }

  @Test("A deletion requires the typed name, and --yes for an organization in use")
  func confirmation() throws {
    let (server, _) = try crowded()
    let before = try server.state()
    for (typed, sure, word) in [
      (nil, true, "missing"), ("bookclub", true, "another organization"), ("harbour", false, "seems to be in use"),
    ] as [(String?, Bool, String)] {
      let operation = try server.deleting("harbour", .keep, confirmation: typed, sure: sure)
      let failure = #expect(throws: Blocked.self) { _ = try operation.perform(.silent) }
      #expect(failure?.reason.contains(word) == true, "\(failure?.reason ?? "")")
    }
    same(before, try server.state())
  }

  @Test("An unused import is distinguished from an organization in use")
  func signsOfLife() throws {
    let server = try Servers.fresh()
    _ = try server.importing(Servers.archive()).perform(.silent)
    let untouched = try server.deleting("harbour", .keep).history()
    #expect(untouched.imported != nil)
    #expect(untouched.isOnlyOne)
    #expect(untouched.signsOfLife.isEmpty, "\(untouched.signsOfLife)")
    try server.connectAsSuperuser().execute(
      """
      UPDATE zerver_message SET date_sent = now() + interval '1 second' WHERE id = (
        SELECT max(m.id) FROM zerver_message m JOIN zerver_userprofile u ON u.id = sender_id WHERE NOT u.is_bot)
      """)
    #expect(try server.deleting("harbour", .keep).history().messagesSince == 1)
    let grown = try Servers.old()
    #expect(try grown.deleting("harbour", .keep).history().imported == nil)
  }

  @Test("Deleting the internal or a missing organization is refused")
  func refusals() throws {
    let server = try Servers.old()
    let own = #expect(throws: Blocked.self) {
      _ = try server.deleting("alohainternal", .keep).perform(.silent)
    }
    #expect(own?.reason.contains("the server's own") == true)
    let missing = #expect(throws: PlainFailure.self) {
      _ = try server.deleting("nowhere", .keep).perform(.silent)
    }
    #expect(missing?.family == .notFound)
  }

  @Test("A deletion follows no links out of the uploads folder, and handles unusual names")
  func links() throws {
    let (server, _) = try crowded()
    let id = try #require(try server.value("SELECT id FROM zerver_realm WHERE string_id = 'harbour'"))
    let outside = "\(server.root)/outside"
    try FileSystem.makeFolder(outside)
    try FileSystem.replace("\(outside)/precious", with: Array("x".utf8))
    #expect(symlink(outside, "\(server.uploads)/files/\(id)/link") == 0)
    #expect(symlink(outside, "\(server.uploads)/files/thumbnail") == 0)
    try FileSystem.makeFolder("\(outside)/\(id)")
    try FileSystem.replace("\(outside)/\(id)/precious", with: Array("x".utf8))
    let odd: [UInt8] = Array("\(server.uploads)/files/\(id)/odd".utf8) + [0xFF, 0x0A, 0]
    let descriptor = odd.withUnsafeBytes { open($0.bindMemory(to: CChar.self).baseAddress!, O_CREAT | O_WRONLY, 0o600) }
    #expect(descriptor >= 0)
    close(descriptor)
    _ = try server.deleting("harbour", .ofOrganization).perform(.silent)
    #expect(FileSystem.exists("\(outside)/precious"))
    #expect(FileSystem.exists("\(outside)/\(id)/precious"))
    #expect(!FileSystem.exists("\(server.uploads)/files/\(id)"))
  }

  @Test("All uploads are deleted only if no other organization exists")
  func everything() throws {
    let (server, _) = try crowded()
    let failure = #expect(throws: Blocked.self) {
      _ = try server.deleting("harbour", .everything).perform(.silent)
    }
    #expect(failure?.reason.contains("other organizations have files") == true)
    _ = try server.deleting("bookclub", .keep).perform(.silent)
    _ = try server.deleting("harbour", .everything).perform(.silent)
    #expect(try FileSystem.names(in: "\(server.uploads)/files").isEmpty)
    #expect(try FileSystem.names(in: "\(server.uploads)/avatars").isEmpty)
  }

  @Test("A deletion succeeds with a warning if the cache cannot be emptied")
  func brokenCache() throws {
    let (server, _) = try crowded()
    try server.breakScript("flush-memcached", saying: "no memcached here")
    let summary = try server.deleting("harbour", .keep).perform(.silent)
    #expect(summary.warnings.contains { $0.contains("no memcached here") })
    #expect(try server.value("SELECT count(*) FROM zerver_realm WHERE string_id = 'harbour'") == "0")
  }
}

/// Sessions as Django stores them.
enum SessionSample {
  static func data(user: String) -> String {
    Base64Text.encode("{\"_auth_user_id\":\"\(user)\",\"_auth_user_backend\":\"x\"}") + ":1rAbCd:signature"
  }
}

enum Base64Text {
  static func encode(_ text: String) -> String {
    let digits = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")
    var bits = text.utf8.flatMap { byte in (0..<8).map { byte >> (7 - $0) & 1 } }
    while bits.count % 6 != 0 { bits.append(0) }
    return String(
      stride(from: 0, to: bits.count, by: 6).map { start in
        digits[bits[start..<start + 6].reduce(0) { $0 << 1 | Int($1) }]
      }
    )
  }
}

func text(_ path: String) throws -> String { String(decoding: try FileSystem.read(path), as: UTF8.self) }

extension SandboxServer {
  func deleting(
    _ subdomain: String, _ uploads: DeleteOrganizationOperation.Options.Uploads, confirmation: String?? = .none,
    sure: Bool = true
  ) throws -> DeleteOrganizationOperation {
    var options = DeleteOrganizationOperation.Options(subdomain: subdomain)
    options.uploads = uploads
    options.confirmation = confirmation ?? subdomain
    options.despiteSignsOfLife = sure
    return DeleteOrganizationOperation(reference, options)
  }
}
