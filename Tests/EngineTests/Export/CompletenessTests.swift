import Archive
import Common
import Sandbox
import Testing

@testable import Engine
@testable import Operations
@testable import Transfer

@Suite("Completeness of an export", .serialized)
struct CompletenessTests {
  /// One server for all tests of the suite, with the irregular rows that a real organization collects over the years.
  private static let made = Result {
    let server = try SandboxServer.small()
    let (club, harbour) = (try server.realm("bookclub"), try server.realm("harbour"))
    try server.change(
      """
      SET session_replication_role = replica;
      CREATE FUNCTION pg_temp.say(recipient int, sender int, words text) RETURNS void LANGUAGE sql AS $f$
        INSERT INTO zerver_message (subject, content, has_attachment, has_image, has_link, recipient_id, sender_id,
          sending_client_id, date_sent, realm_id)
        SELECT '', words, false, false, false, recipient, sender, (SELECT min(id) FROM zerver_client), now(), \(club)
      $f$;
      CREATE FUNCTION pg_temp.meet(members int[]) RETURNS int LANGUAGE plpgsql AS $f$
        DECLARE h int; r int; BEGIN
          INSERT INTO zerver_huddle (huddle_hash) VALUES (md5(random()::text)) RETURNING id INTO h;
          INSERT INTO zerver_recipient (type, type_id) VALUES (3, h) RETURNING id INTO r;
          UPDATE zerver_huddle SET recipient_id = r WHERE id = h;
          INSERT INTO zerver_subscription (recipient_id, user_profile_id, active, is_user_active, is_muted, color,
            pin_to_top) SELECT r, m, true, true, false, '#000000', false FROM unnest(members) m;
          RETURN r;
        END $f$;
      CREATE TEMP TABLE cast_ AS SELECT (SELECT min(id) FROM zerver_userprofile WHERE realm_id = \(club)) AS own,
        (SELECT max(id) FROM zerver_userprofile WHERE realm_id = \(club)) AS other,
        (SELECT min(id) FROM zerver_userprofile WHERE realm_id = \(harbour)) AS stranger,
        (SELECT u.id FROM zerver_userprofile u WHERE email LIKE 'welcome-bot@%') AS bot;
      SELECT pg_temp.say(pg_temp.meet(ARRAY[own, stranger]), own, 'across') FROM cast_;
      SELECT pg_temp.say(pg_temp.meet('{}'), own, 'nobody is left ' || n) FROM cast_, generate_series(1, 2) n;
      SELECT pg_temp.say(pg_temp.meet(ARRAY[own, bot]), bot, 'one to one') FROM cast_;
      SELECT pg_temp.say(pg_temp.meet(ARRAY[own, other, bot]), own, 'several and a bot') FROM cast_;
      SELECT pg_temp.say((SELECT id FROM zerver_recipient WHERE type = 1 AND type_id = stranger), own, 'to a stranger')
        FROM cast_;
      INSERT INTO zerver_recipient (type, type_id) VALUES (1, 999999), (2, 999999), (3, 999999);
      SELECT pg_temp.say(r.id, own, 'to nobody') FROM cast_, zerver_recipient r WHERE r.type_id = 999999;
      INSERT INTO zerver_scheduledmessage (subject, content, scheduled_timestamp, delivered, realm_id, recipient_id,
          sender_id, sending_client_id, delivery_type, rendered_content, has_attachment, failed, read_by_sender)
        SELECT '', 'later', now(), false, \(club), (SELECT id FROM zerver_recipient WHERE type = 3 AND type_id = 999999),
          own, (SELECT min(id) FROM zerver_client), 1, '', false, false, true FROM cast_;
      INSERT INTO zerver_reaction (user_profile_id, message_id, emoji_name, emoji_code, reaction_type)
        SELECT own, m.id, 'smile', '1f642', 'unicode_emoji' FROM cast_, zerver_message m WHERE m.content = 'across';
      INSERT INTO zerver_reaction (user_profile_id, message_id, emoji_name, emoji_code, reaction_type)
        SELECT stranger, (SELECT min(id) FROM zerver_message WHERE realm_id = \(club)), 'tada', '1f389',
          'unicode_emoji' FROM cast_;
      INSERT INTO zerver_usermessage (user_profile_id, message_id, flags)
        SELECT own, m.id, 1 FROM cast_, zerver_message m WHERE m.content IN ('across', 'one to one');
      INSERT INTO zerver_draft (topic, content, last_edit_time, user_profile_id)
        SELECT '', 'a draft ' || n, now(), own FROM cast_, generate_series(1, 3) n;
      """)
    return (server: server, club: club)
  }

  private func count(_ exported: Exported, _ table: String, _ reason: String) -> Int64? {
    exported.manifest.leftOut.first { $0.table == table && $0.reason.contains(reason) }?.count
  }

  /// Compares the number of exported rows with the database, where rows are selected by one condition for each table.
  private func expectNothingMissing(_ exported: Exported, _ server: SandboxServer, _ club: Int) throws {
    for (table, condition) in [
      ("zerver_message", "realm_id = \(club)"), ("zerver_attachment", "realm_id = \(club)"),
      ("zerver_scheduledmessage", "realm_id = \(club)"), ("zerver_realmauditlog", "realm_id = \(club)"),
      ("zerver_reaction", "message_id IN (SELECT id FROM zerver_message WHERE realm_id = \(club))"),
      (
        "zerver_usermessage",
        """
        user_profile_id IN (SELECT id FROM zerver_userprofile WHERE realm_id = \(club)
          OR email ~ '^(welcome-bot|notification-bot|emailgateway)@')
        AND message_id IN (SELECT id FROM zerver_message WHERE realm_id = \(club))
        """
      ),
      ("zerver_alertword", "user_profile_id IN (SELECT id FROM zerver_userprofile WHERE realm_id = \(club))"),
    ] {
      let left = exported.manifest.leftOut.filter { $0.table == table }.reduce(0) { $0 + $1.count }
      let all = try server.number("SELECT count(*) FROM \(table) WHERE \(condition)")
      // The export adds its entry to the audit log after its snapshot.
      let own = table == "zerver_realmauditlog" ? 1 : 0
      #expect(exported.rows(table).count + Int(left) + own == all, "\(table)")
    }
    #expect(!exported.warnings.contains { $0.hasPrefix("INCOMPLETE") }, "\(exported.warnings)")
  }

  @Test("Conversations with other organizations, without members or with missing rows are left out and counted")
  func everything() throws {
    let (server, club) = try Self.made.get()
    let exported = try Exported(server, "bookclub")
    let words = Set(exported.rows("zerver_message").compactMap { $0["content"] as? String })
    for there in ["nobody is left 1", "nobody is left 2", "one to one"] { #expect(words.contains(there), "\(there)") }
    for gone in ["across", "several and a bot", "to a stranger", "to nobody"] {
      #expect(!words.contains(gone), "\(gone)")
    }
    #expect(count(exported, "zerver_message", "group conversations with members of other organizations") == 1)
    #expect(count(exported, "zerver_message", "several people and a system bot") == 1)
    #expect(count(exported, "zerver_message", "messages to people of other organizations") == 1)
    #expect(count(exported, "zerver_message", "messages to people who no longer exist") == 1)
    #expect(count(exported, "zerver_message", "channels that no longer exist") == 1)
    #expect(count(exported, "zerver_message", "without a row in zerver_huddle") == 1)
    #expect(count(exported, "zerver_scheduledmessage", "conversations that are left out") == 1)
    #expect(count(exported, "zerver_reaction", "messages that are left out") == 1)
    #expect(count(exported, "zerver_reaction", "people of other organizations") == 1)
    #expect(count(exported, "zerver_usermessage", "messages that are left out") == 1)
    let drafts = try server.number(
      """
      SELECT count(*) FROM zerver_draft d JOIN zerver_userprofile u ON u.id = d.user_profile_id
      WHERE u.realm_id = \(club)
      """)
    #expect(drafts >= 3 && count(exported, "zerver_draft", "drafts") == Int64(drafts))
    try expectNothingMissing(exported, server, club)
    #expect(exported.warnings.contains { $0.hasPrefix("Left out: ") && $0.contains("zerver_message") })
    #expect(exported.warnings.contains { $0.contains("same members") })
    try exported.verify()
  }

  @Test("A partial export accounts for every row that is left out")
  func publicOnly() throws {
    let (server, club) = try Self.made.get()
    let exported = try Exported(server, "bookclub") { $0.publicOnly = true }
    #expect(count(exported, "zerver_message", "private: ") ?? 0 > 0)
    try expectNothingMissing(exported, server, club)
    // There is no warning about missing private messages if only public channels were requested.
    #expect(!exported.warnings.contains { $0.contains("private: ") })
    try exported.verify()
  }

  @Test("Left-out rows are known before the export, and afterwards from the archive alone")
  func told() throws {
    let (server, _) = try Self.made.get()
    let options = ExportOperation.Options(subdomain: "bookclub", output: try Servers.folder() + "/never.tar.gz")
    let findings = try ExportOperation(server.reference, options).check()
    let warned = findings.filter { $0.severity == .warning && $0.subject == "rows" }.map(\.reason)
    #expect(warned.contains { $0.contains("group conversations with members of other organizations") })
    #expect(findings.contains { $0.severity == .ok && $0.subject == "rows" && $0.reason.contains("zerver_draft") })

    let exported = try Exported(server, "bookclub")
    #expect(exported.fact("Left out") != nil)
    let verified = try VerifyOperation(VerifyOperation.Options(archive: exported.path)).perform(.silent)
    let notes = verified.facts.filter { $0.name == "Left out" }.map(\.value)
    #expect(notes == exported.manifest.leftOut.lines)
    #expect(try ArchiveSummary.of(exported.path).notes.map(\.value) == notes)
  }

  @Test("Rows that are missing without a reason are reported as a gap")
  func gap() {
    let account = Completeness.Account(
      entries: [], gaps: [Completeness.Gap(table: "zerver_message", belonging: 7, accounted: 5)])
    #expect(account.leftOut.map(\.count) == [2])
    #expect(account.findings.contains { $0.severity == .warning && $0.reason.contains("7 rows") })
    let progress = Progress { _ in }
    account.warn(progress)
    #expect(progress.warnings.contains { $0.hasPrefix("INCOMPLETE: zerver_message") })
  }
}
