import Common
import Foundation
import Sandbox
import Testing

/// Versions up to 11 keep a one-to-one conversation by the recipients' personal recipients, later ones as a group of two.
@Suite("One-to-one conversations of other versions")
struct ConversationTests {
  private static let realm = "(SELECT id FROM zerver_realm WHERE string_id = 'harbour')"

  @Test(
    "Personal conversations become groups that the server finds by their members, on servers without personal recipients"
  )
  func toGroups() throws {
    let archive = try EditedArchive()
    let personal = Set(
      archive["zerver_recipient"].filter { $0["type"] as? Int == 1 }.compactMap { $0["id"] as? Int })
    let direct = archive.messages.filter { personal.contains($0["recipient"] as? Int ?? 0) }
    #expect(!direct.isEmpty)
    let new = try Servers.fresh()
    try new.change(
      LaterVersion.changes + """
        DELETE FROM zerver_subscription WHERE recipient_id IN (SELECT id FROM zerver_recipient WHERE type = 1);
        DELETE FROM zerver_recipient WHERE type = 1;
        """)
    let folder = try archive.write()
    let summary = try new.importing(folder, ignoringVersions: true).perform(.silent)
    #expect(summary.warnings.contains { $0.contains("groups of two") })
    #expect(try new.value("SELECT count(*) FROM zerver_recipient WHERE type = 1") == "0")
    #expect(
      try new.value("SELECT count(*) FROM zerver_message WHERE realm_id = \(Self.realm)")
        == String(archive.messages.count))
    // The members of a group of one or two are exactly the senders and recipients of its messages.
    #expect(
      try new.value(
        """
        SELECT count(*) FROM zerver_message m JOIN zerver_huddle h ON h.recipient_id = m.recipient_id
        WHERE m.realm_id = \(Self.realm) AND h.group_size <= 2
        """) == String(direct.count))
    #expect(
      try new.value(
        """
        SELECT count(*) FROM zerver_message m JOIN zerver_huddle h ON h.recipient_id = m.recipient_id
        WHERE h.group_size <= 2 AND
          ARRAY(SELECT DISTINCT x FROM (SELECT m.sender_id AS x UNION SELECT u.user_profile_id FROM zerver_usermessage u
            WHERE u.message_id = m.id) p ORDER BY x)
          <> ARRAY(SELECT s.user_profile_id FROM zerver_subscription s WHERE s.recipient_id = m.recipient_id ORDER BY 1)
        """) == "0")
    for row in try new.connect().query(
      """
      SELECT h.huddle_hash, h.group_size, string_agg(s.user_profile_id::text, ',' ORDER BY s.user_profile_id), count(*)
      FROM zerver_huddle h JOIN zerver_subscription s ON s.recipient_id = h.recipient_id GROUP BY h.id
      """)
    {
      #expect(row[0] == Digest.hexadecimal(Array((row[2] ?? "").utf8), .sha1))
      #expect(row[1] == row[3])
    }
    #expect(
      try new.value("SELECT last_update_id FROM zerver_presencesequence WHERE realm_id = \(Self.realm)") != nil)
    #expect(
      try new.value(
        """
        SELECT count(*) FROM zerver_stream c WHERE realm_id = \(Self.realm) AND subscriber_count <> (SELECT count(*)
          FROM zerver_subscription s JOIN zerver_userprofile u ON u.id = s.user_profile_id JOIN zerver_recipient r
          ON r.id = s.recipient_id WHERE r.type = 2 AND r.type_id = c.id AND s.active AND u.is_active)
        """) == "0")
  }

  @Test(
    "Groups of two become personal messages on servers with personal recipients")
  func toPersonal() throws {
    var archive = try EditedArchive()
    let personal = Dictionary(
      uniqueKeysWithValues: archive["zerver_recipient"].filter { $0["type"] as? Int == 1 }.compactMap { row in
        (row["id"] as? Int).flatMap { id in (row["type_id"] as? Int).map { (id, $0) } }
      })
    let direct = archive.messages.indices.filter { personal[archive.messages[$0]["recipient"] as? Int ?? 0] != nil }
    #expect(!direct.isEmpty)
    let template = try #require(archive["zerver_subscription"].first)
    var nextGroup = try #require(archive.ids("zerver_huddle").max())
    var nextRecipient = try #require(archive.ids("zerver_recipient").max())
    var nextSubscription = try #require(archive.ids("zerver_subscription").max())
    archive["zerver_recipient"].removeAll { $0["type"] as? Int == 1 }
    archive["zerver_subscription"].removeAll { personal[$0["recipient"] as? Int ?? 0] != nil }
    archive["zerver_scheduledmessage"].removeAll { personal[$0["recipient"] as? Int ?? 0] != nil }
    for index in archive["zerver_userprofile"].indices { archive["zerver_userprofile"][index]["recipient"] = nil }
    var known: [Set<Int>: Int] = [:]
    var expected: [Int: Int] = [:]
    for index in direct {
      let sender = try #require(archive.messages[index]["sender"] as? Int)
      let owner = try #require(personal[archive.messages[index]["recipient"] as? Int ?? 0])
      let members = Set([sender, owner])
      if known[members] == nil {
        nextGroup += 1
        nextRecipient += 1
        known[members] = nextRecipient
        archive["zerver_huddle"].append(["id": nextGroup, "huddle_hash": "of another version \(nextGroup)"])
        archive["zerver_recipient"].append(["id": nextRecipient, "type": 3, "type_id": nextGroup])
        for member in members {
          nextSubscription += 1
          var row = template
          row["id"] = nextSubscription
          row["recipient"] = nextRecipient
          row["user_profile"] = member
          archive["zerver_subscription"].append(row)
        }
      }
      archive.messages[index]["recipient"] = known[members]
      expected[owner, default: 0] += 1
    }
    let new = try Servers.fresh()
    let summary = try new.importing(try archive.write(), ignoringVersions: true).perform(.silent)
    #expect(summary.warnings.contains { $0.contains("apart from groups") })
    #expect(
      try new.value("SELECT count(*) FROM zerver_message WHERE realm_id = \(Self.realm)")
        == String(archive.messages.count))
    #expect(
      try new.value(
        """
        SELECT count(*) FROM zerver_userprofile u WHERE u.realm_id = \(Self.realm) AND NOT EXISTS (
          SELECT 1 FROM zerver_recipient r JOIN zerver_subscription s ON s.recipient_id = r.id
          WHERE r.type = 1 AND r.type_id = u.id AND r.id = u.recipient_id AND s.user_profile_id = u.id)
        """) == "0")
    let counts = try new.column(
      """
      SELECT count(*) FROM zerver_message m JOIN zerver_recipient r ON r.id = m.recipient_id AND r.type = 1
      WHERE m.realm_id = \(Self.realm) GROUP BY r.type_id ORDER BY 1
      """)
    #expect(counts.compactMap { Int($0) } == expected.values.sorted())
    #expect(
      try new.value("SELECT count(*) FROM zerver_huddle") == String(archive["zerver_huddle"].count - known.count))
  }
}
