import Archive
import Common
import Foundation
import Postgres
import Sandbox
import Testing

@testable import Server
@testable import Transfer

@Suite("Archives of other kinds")
struct ImportVariantsTests {
  /// Returns a changed copy of the sample archive, unpacked.
  private func changed(_ change: (inout [String: Any]) -> Void, messages: ([[String: Any]]) -> [[String: Any]] = { $0 })
    throws -> String
  {
    let folder = try Servers.folder() + "/changed-" + RandomText.alphanumeric(8)
    try FileSystem.makeFolder(folder)
    try Subprocess("/usr/bin/tar", ["-xzf", try Servers.archive(), "-C", folder, "--strip-components=1"]).runChecked()
    try FileSystem.removeTree("\(folder)/manifest.json")
    try FileSystem.removeTree("\(folder)/migration_status.json")
    func edit(_ name: String, _ body: (inout [String: Any]) -> Void) throws {
      let url = URL(fileURLWithPath: "\(folder)/\(name)")
      var document = try #require(try JSONSerialization.jsonObject(with: Data(contentsOf: url)) as? [String: Any])
      body(&document)
      try JSONSerialization.data(withJSONObject: document).write(to: url)
    }
    try edit("realm.json", change)
    for name in try FileSystem.names(in: folder) where name.hasPrefix("messages-") {
      try edit(name) { document in
        document["zerver_message"] = messages(document["zerver_message"] as? [[String: Any]] ?? [])
      }
    }
    return folder
  }

  /// Returns an archive as the converters of other products write it.
  private func converted() throws -> String {
    try changed { document in
      for table in [
        "zerver_usergroup", "zerver_namedusergroup", "zerver_usergroupmembership", "zerver_groupgroupmembership",
        "zerver_realmauditlog", "zerver_realmuserdefault", "zerver_scheduledmessage",
      ] { document[table] = nil }
      func each(_ table: String, _ body: (inout [String: Any]) -> Void) {
        var rows = document[table] as? [[String: Any]] ?? []
        for index in rows.indices { body(&rows[index]) }
        document[table] = rows
      }
      each("zerver_realm") { row in for key in row.keys where key.hasSuffix("_group") { row[key] = nil } }
      each("zerver_stream") { row in
        for key in ["can_remove_subscribers_group", "rendered_description", "recipient"] { row[key] = nil }
      }
      each("zerver_userprofile") { row in
        row["recipient"] = nil
        row["short_name"] = "someone"
      }
      each("zerver_huddle") { $0["recipient"] = nil }
      document["sort_by_date"] = true
    } messages: { rows in
      rows.reversed().map { row in
        var row = row
        row["rendered_content"] = NSNull()
        return row
      }
    }
  }

  @Test("An archive without its migrations is refused by a server whose version is known")
  func unknownVersion() throws {
    let new = try Servers.fresh()
    let findings = try new.importing(try converted()).check()
    #expect(findings.contains { $0.severity == .blocker && $0.subject == "version" })
  }

  @Test("A converter's archive gets system groups with members by role, defaults, a log, and messages by date")
  func thirdParty() throws {
    let new = try Servers.fresh()
    let summary = try new.importing(try converted(), ignoringVersions: true).perform(.silent)
    #expect(summary.warnings.contains { $0.contains("the system groups are made") })
    let realm = "(SELECT id FROM zerver_realm WHERE string_id = 'harbour')"
    func groups(_ subdomain: String) throws -> [String] {
      try new.column(
        """
        SELECT n.name || ' in ' || coalesce(string_agg(s.name, ',' ORDER BY s.name), 'none')
        FROM zerver_namedusergroup n JOIN zerver_realm r ON r.id = n.realm_id
        LEFT JOIN zerver_groupgroupmembership m ON m.subgroup_id = n.usergroup_ptr_id
        LEFT JOIN zerver_namedusergroup s ON s.usergroup_ptr_id = m.supergroup_id
        WHERE r.string_id = '\(subdomain)' GROUP BY n.name ORDER BY n.name
        """)
    }
    #expect(try groups("harbour") == groups("alohainternal"))
    #expect(try groups("harbour").count == 8)
    #expect(
      try new.column(
        """
        SELECT DISTINCT n.name || ':' || u.role FROM zerver_usergroupmembership m
        JOIN zerver_namedusergroup n ON n.usergroup_ptr_id = m.user_group_id
        JOIN zerver_userprofile u ON u.id = m.user_profile_id WHERE n.realm_id = \(realm) AND n.name <> 'role:fullmembers'
        """
      ).allSatisfy {
        ["role:owners:100", "role:administrators:200", "role:moderators:300", "role:members:400", "role:everyone:600"]
          .contains($0)
      })
    for (what, query) in [
      (
        "channels without a group",
        "SELECT count(*) FROM zerver_stream WHERE realm_id = \(realm) AND can_remove_subscribers_group_id NOT IN (SELECT usergroup_ptr_id FROM zerver_namedusergroup WHERE realm_id = \(realm) AND name = 'role:administrators')"
      ),
      (
        "channels without a recipient",
        "SELECT count(*) FROM zerver_stream WHERE realm_id = \(realm) AND recipient_id IS NULL"
      ),
      (
        "users without a recipient",
        "SELECT count(*) FROM zerver_userprofile WHERE realm_id = \(realm) AND recipient_id IS NULL"
      ),
      (
        "rendered messages",
        "SELECT count(*) FROM zerver_message WHERE realm_id = \(realm) AND rendered_content IS NOT NULL"
      ),
    ] { #expect(try new.value(query) == "0", "\(what)") }
    #expect(try new.value("SELECT count(*) FROM zerver_realmuserdefault WHERE realm_id = \(realm)") == "1")
    #expect(
      try new.column(
        "SELECT date_trunc('second', date_sent)::text FROM zerver_message WHERE realm_id = \(realm) ORDER BY id")
        == new.column(
          "SELECT date_trunc('second', date_sent)::text FROM zerver_message WHERE realm_id = \(realm) ORDER BY date_trunc('second', date_sent), id"
        ))
    let events = try new.column("SELECT DISTINCT event_type::text FROM zerver_realmauditlog WHERE realm_id = \(realm)")
    #expect(Set(["215", "229", "301", "701", "703"]).isSubset(of: Set(events)))
  }

  @Test("A row with a reference to a missing row is named, and the import is refused")
  func dangling() throws {
    let new = try Servers.fresh()
    let folder = try changed { document in
      var rows = document["zerver_subscription"] as? [[String: Any]] ?? []
      rows[3]["user_profile"] = 987_654
      document["zerver_subscription"] = rows
    }
    let failure = #expect(throws: PlainFailure.self) { _ = try new.importing(folder).perform(.silent) }
    #expect(failure?.family == .damagedArchive)
    #expect(failure?.reason.contains("zerver_subscription: row ") == true)
    #expect(failure?.reason.contains("user_profile_id refers to 987654") == true)
    #expect(try new.value("SELECT count(*) FROM zerver_realm") == "1")
  }

  @Test("Unknown tables and keys are skipped and reported")
  func unknown() throws {
    let new = try Servers.fresh()
    let folder = try changed { document in
      document["zerver_fromthefuture"] = [["id": 1, "realm": 2]]
      var rows = document["zerver_stream"] as? [[String: Any]] ?? []
      for index in rows.indices { rows[index]["flavour"] = "sweet" }
      document["zerver_stream"] = rows
    }
    let summary = try new.importing(folder, ignoringVersions: true).perform(.silent)
    #expect(summary.warnings.contains { $0.contains("zerver_fromthefuture") })
    #expect(summary.warnings.contains { $0.contains("zerver_stream") && $0.contains("flavour") })
  }

  @Test("A preview lists counts, ids and losses, and changes nothing")
  func preview() throws {
    let new = try Servers.fresh()
    let before = try new.state()
    let operation = try new.importing(Servers.archive())
    let findings = try operation.check()
    _ = try operation.plan()
    #expect(try new.state() == before)
    #expect(findings.contains { $0.subject == "contents" && $0.reason.contains("700 messages") })
    #expect(findings.contains { $0.subject == "ids" && $0.reason.contains("new ids") })
    #expect(!findings.contains { $0.severity == .blocker })
  }

  @Test("The new id that a preview states is that of the import, also where a sequence was set and not used since")
  func predictedIDs() throws {
    for isUsed in [true, false] {
      let new = try Servers.fresh()
      _ = try new.value(
        "SELECT setval(pg_get_serial_sequence('zerver_userprofile', 'id'), 5000, \(isUsed))")
      let operation = try new.importing(Servers.archive())
      let stated = try #require(try operation.check().first { $0.subject == "ids" }?.reason)
      _ = try operation.perform(.silent)
      let first = try #require(
        try new.value(
          "SELECT min(u.id) FROM zerver_userprofile u JOIN zerver_realm r ON r.id = realm_id WHERE string_id = 'harbour'"
        ))
      #expect(first == (isUsed ? "5001" : "5000"))
      #expect(stated.contains("becomes \(first))"), "\(stated)")
    }
  }

  @Test("The id map contains every imported row")
  func idMap() throws {
    let new = try Servers.fresh()
    let folder = try Servers.folder() + "/report-" + RandomText.alphanumeric(6)
    var options = ImportOperation.Options(subdomain: "harbour", archive: try Servers.archive())
    options.reportFolder = folder
    _ = try ImportOperation(new.reference, options).perform(.silent)
    var names: [Int64: String] = [:]
    for row in try Servers.old().connect().query("SELECT id, delivery_email FROM zerver_userprofile") {
      names[Int64(row[0] ?? "") ?? 0] = row[1]
    }
    var checked = 0
    for line in String(decoding: try FileSystem.read("\(folder)/id-map.jsonl"), as: UTF8.self).split(separator: "\n") {
      let entry = try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
      guard entry["table"] as? String == "zerver_userprofile",
        let old = entry["old"] as? Int64 ?? (entry["old"] as? Int).map(Int64.init),
        let id = entry["new"] as? Int, let name = names[old], !name.contains("bot@aloha.com"),
        name != "emailgateway@aloha.com"
      else { continue }
      #expect(try new.value("SELECT delivery_email FROM zerver_userprofile WHERE id = \(id)") == name)
      checked += 1
    }
    #expect(checked >= 20)
    #expect(FileSystem.exists("\(folder)/report.json"))
  }

  @Test("Backups and foreign archives are recognized and refused")
  func otherArchives() throws {
    let new = try Servers.fresh()
    let folder = try Servers.folder() + "/kinds-" + RandomText.alphanumeric(6)
    try FileSystem.makeFolder("\(folder)/aloha-backup/settings")
    try FileSystem.makeFolder("\(folder)/aloha-backup/database")
    try FileSystem.replace("\(folder)/aloha-backup/aloha-version", with: Array("9.0".utf8))
    try FileSystem.replace("\(folder)/aloha-backup/database/toc.dat", with: Array("x".utf8))
    try Subprocess("/usr/bin/tar", ["-czf", "\(folder)/backup.tar.gz", "-C", folder, "aloha-backup"]).runChecked()
    let operation = try new.importing("\(folder)/backup.tar.gz")
    let failure = #expect(throws: ArchiveFailure.self) { _ = try operation.perform(.silent) }
    #expect(failure?.family == .unsuitableArchive)
    #expect(failure?.remedy?.contains("restore") == true)
    #expect(throws: ArchiveFailure.self) { _ = try operation.check() }
  }
}

@Suite("Names of avatars")
struct AvatarNameTests {
  @Test("Avatar names contain the version of the picture only on later servers")
  func versions() {
    let salt = Secret("salt")
    let plain = AvatarNames(salt: salt, versions: nil)
    let versioned = AvatarNames(salt: salt, versions: [7: 3])
    #expect(plain.name(user: 12, oldUser: 7) == AvatarPath.hash(user: 12, salt: salt))
    #expect(versioned.name(user: 12, oldUser: 7) == AvatarPath.hash(user: 12, version: 3, salt: salt))
    #expect(versioned.name(user: 12, oldUser: 7) != versioned.name(user: 12, oldUser: 8))
  }
}
