import Common
import Foundation
import Postgres
import Sandbox
import Testing

@testable import Server

@Suite("Imported organizations")
struct MoveTests {
  @Test("Every table has the same number of rows on the new server as in the archive, with intact references")
  func counts() throws {
    let new = try Servers.fresh()
    let summary = try new.importing(Servers.archive()).perform(.silent)
    #expect(summary.facts.first { $0.name == "Messages" }?.value == "700")
    let old = try Servers.old()
    for (table, condition) in [
      ("zerver_message", "realm_id = @R"), ("zerver_userprofile", "realm_id = @R"), ("zerver_stream", "realm_id = @R"),
      ("zerver_realmemoji", "realm_id = @R"), ("zerver_customprofilefield", "realm_id = @R"),
      ("zerver_reaction", "message_id IN (SELECT id FROM zerver_message WHERE realm_id = @R)"),
      ("zerver_attachment_messages", "message_id IN (SELECT id FROM zerver_message WHERE realm_id = @R)"),
      ("zerver_usermessage", "user_profile_id IN (SELECT id FROM zerver_userprofile WHERE realm_id = @R)"),
      ("zerver_subscription", "user_profile_id IN (SELECT id FROM zerver_userprofile WHERE realm_id = @R)"),
      ("fts_update_log", "message_id IN (SELECT id FROM zerver_message WHERE realm_id = @R)"),
    ] {
      func count(_ server: SandboxServer) throws -> String? {
        let realm = try server.value("SELECT id FROM zerver_realm WHERE string_id = 'harbour'") ?? ""
        return try server.value(
          "SELECT count(*) FROM \(table) WHERE \(condition.replacingOccurrences(of: "@R", with: realm))")
      }
      // The old server may have processed its search queue; on the new server all messages are in it.
      if table == "fts_update_log" {
        #expect(try count(new) == "700")
      } else {
        #expect(try count(new) == count(old), "\(table)")
      }
    }
  }

  /// Returns the texts in the order of sending, with ids replaced by names: they must be equal on both servers.
  private func conversations(_ server: SandboxServer) throws -> [String] {
    let realm = try server.value("SELECT id FROM zerver_realm WHERE string_id = 'harbour'") ?? ""
    var names: [String: String] = [:]
    let connection = try server.connect()
    for row in try connection.query("SELECT id, full_name FROM zerver_userprofile") {
      names["u" + (row[0] ?? "")] = row[1]
    }
    for row in try connection.query("SELECT id, name FROM zerver_stream") { names["c" + (row[0] ?? "")] = row[1] }
    for row in try connection.query(
      "SELECT usergroup_ptr_id, name FROM zerver_namedusergroup")
    { names["g" + (row[0] ?? "")] = row[1] }
    let order = try connection.query("SELECT id FROM zerver_message WHERE realm_id = \(realm) ORDER BY id")
    for (index, row) in order.enumerated() { names["m" + (row[0] ?? "")] = "message \(index)" }

    func named(_ text: String, _ pattern: String, _ kind: String) throws -> String {
      let expression = try NSRegularExpression(pattern: pattern)
      var result = text
      for match in expression.matches(in: text, range: NSRange(text.startIndex..., in: text)).reversed() {
        guard let range = Range(match.range(at: 1), in: text) else { continue }
        let ids = text[range].split(separator: ",").map { names[kind + $0] ?? "unknown \($0)" }
        result.replaceSubrange(range, with: ids.joined(separator: "+"))
      }
      return result
    }

    return try connection.query(
      """
      SELECT m.content, m.rendered_content, u.full_name, m.subject, coalesce(m.edit_history, '')
      FROM zerver_message m JOIN zerver_userprofile u ON u.id = m.sender_id WHERE m.realm_id = \(realm) ORDER BY m.id
      """
    ).map { row in
      var text = (0..<5).map { row[$0] ?? "" }.joined(separator: "\u{1}")
      text = try named(text, #"data-user-id=\\?"(\d+)"#, "u")
      text = try named(text, #"@_?\*\*[^|*\n]+\|(\d+)\*\*"#, "u")
      text = try named(text, #"data-user-group-id=\\?"(\d+)"#, "g")
      text = try named(text, #"data-stream-id=\\?"(\d+)"#, "c")
      text = try named(text, #"#narrow/(?:stream|channel)/(\d+)"#, "c")
      text = try named(text, #"#narrow/(?:dm|pm-with)/([\d,]+)"#, "u")
      text = try named(text, #"/near/(\d+)"#, "m")
      text = try named(text, #"\"user_id\": (\d+)"#, "u")
      text = try named(text, #"\"(?:prev_)?stream\": (\d+)"#, "c")
      text = text.replacingOccurrences(
        of: #"user_uploads/\d+/[0-9a-f]+/[A-Za-z0-9_-]+/"#, with: "user_uploads/*/", options: .regularExpression)
      return text.replacingOccurrences(
        of: #"/user_avatars/\#(realm)/"#, with: "/user_avatars/own/")
    }
  }

  @Test("Mentions, links, uploads and edits refer to the same targets after an import")
  func texts() throws {
    let new = try Servers.fresh()
    _ = try new.importing(Servers.archive()).perform(.silent)
    let before = try conversations(Servers.old())
    let after = try conversations(new)
    #expect(before.count == 700)
    for (old, new) in zip(before, after) where old != new {
      Issue.record("a message changed:\n\(old)\n\(new)")
      break
    }
    let all = before.joined()
    for needle in ["user-mention", "data-stream-id", "#narrow/", "/near/", "user_uploads/", "/user_avatars/own/"] {
      #expect(all.contains(needle), "the sample has no \(needle): this test would prove nothing")
    }
    #expect(!all.contains("unknown "))
  }

  @Test("Uploads, avatars, emoji and icons are imported unchanged into the paths of the new server")
  func files() throws {
    let old = try Servers.old()
    let new = try Servers.fresh()
    _ = try new.importing(Servers.archive()).perform(.silent)
    func digests(_ server: SandboxServer) throws -> [String: String] {
      let realm = try server.value("SELECT id FROM zerver_realm WHERE string_id = 'harbour'") ?? ""
      var found: [String: String] = [:]
      func add(_ name: String, _ path: String) throws {
        found[name] = Digest.hexadecimal(try FileSystem.read("\(server.uploads)/\(path)"))
      }
      for row in try server.connect().query(
        """
        SELECT path_id, file_name, size, create_time::text FROM zerver_attachment a WHERE realm_id = \(realm)
          AND EXISTS (SELECT 1 FROM zerver_attachment_messages m WHERE m.attachment_id = a.id)
        """)
      { try add("upload \(row[1] ?? "") \(row[2] ?? "") \(row[3] ?? "")", "files/\(row[0] ?? "")") }
      for row in try server.connect().query(
        "SELECT id, delivery_email FROM zerver_userprofile WHERE realm_id = \(realm) AND avatar_source = 'U'")
      {
        let hash = AvatarPath.hash(user: Int64(row[0] ?? "") ?? 0, salt: Secret(server.avatarSalt))
        try add("avatar \(row[1] ?? "")", "avatars/\(realm)/\(hash).png")
        try add("original \(row[1] ?? "")", "avatars/\(realm)/\(hash).original")
      }
      for name in try server.column("SELECT file_name FROM zerver_realmemoji WHERE realm_id = \(realm)") {
        try add("emoji \(name)", "avatars/\(realm)/emoji/images/\(name)")
      }
      for name in try FileSystem.names(in: "\(server.uploads)/avatars/\(realm)/realm") {
        try add("icon \(name)", "avatars/\(realm)/realm/\(name)")
      }
      return found
    }
    let before = try digests(old)
    #expect(try digests(new) == before)
    #expect(before.keys.contains { $0.hasPrefix("upload") } && before.keys.contains { $0.hasPrefix("avatar") })
    #expect(before.keys.contains { $0.hasPrefix("emoji") } && before.keys.contains { $0.hasPrefix("icon") })
  }

  @Test("Passwords, keys and tokens are generated again, and none of the archive is valid")
  func secrets() throws {
    let old = try Servers.old()
    let new = try Servers.fresh()
    _ = try new.importing(Servers.archive()).perform(.silent)
    let people = "FROM zerver_userprofile u JOIN zerver_realm r ON r.id = u.realm_id WHERE r.string_id = 'harbour'"
    #expect(try new.column("SELECT DISTINCT left(password, 1) \(people)") == ["!"])
    for column in ["u.api_key", "u.password", "u.uuid::text"] {
      let before = Set(try old.column("SELECT \(column) \(people)"))
      let after = try new.column("SELECT \(column) \(people)")
      #expect(!after.isEmpty && Set(after).count == after.count && before.isDisjoint(with: after), "\(column)")
    }
    #expect(try new.column("SELECT DISTINCT length(email_token)::text FROM zerver_stream") == ["32"])
  }

  @Test("Another organization on the target stays unchanged, and ids do not collide")
  func besideAnother() throws {
    let new = try Servers.fresh()
    try new.add(SampleOrganization(.bookclub, subdomain: "first", messages: 30))
    func rows() throws -> [String] {
      try new.column(
        """
        SELECT m::text FROM zerver_message m JOIN zerver_realm r ON r.id = m.realm_id WHERE r.string_id = 'first'
        UNION ALL SELECT u::text FROM zerver_userprofile u JOIN zerver_realm r ON r.id = u.realm_id
        WHERE r.string_id = 'first' ORDER BY 1
        """)
    }
    let before = try rows()
    _ = try new.importing(Servers.archive()).perform(.silent)
    #expect(try rows() == before)
    #expect(try new.value("SELECT count(*) FROM zerver_realm") == "3")
  }

  @Test("The same archive can be imported twice on one server, under two subdomains")
  func twice() throws {
    let new = try Servers.fresh()
    _ = try new.importing(Servers.archive(), as: "one").perform(.silent)
    _ = try new.importing(Servers.archive(), as: "two").perform(.silent)
    #expect(try new.column("SELECT count(*) FROM zerver_message GROUP BY realm_id") == ["700", "700"])
    #expect(try new.value("SELECT count(DISTINCT uuid) FROM zerver_realm") == "3")
  }

  @Test("An unpacked folder is imported like the archive")
  func folder() throws {
    let folder = try Servers.folder() + "/unpacked-" + RandomText.alphanumeric(6)
    try FileSystem.makeFolder(folder)
    try Subprocess("/usr/bin/tar", ["-xzf", try Servers.archive(), "-C", folder]).runChecked()
    let inside = try #require(try FileSystem.names(in: folder).first)
    let new = try Servers.fresh()
    _ = try new.importing("\(folder)/\(inside)").perform(.silent)
    #expect(try new.value("SELECT count(*) FROM zerver_message") == "700")
    #expect(FileSystem.exists("\(folder)/\(inside)/realm.json"))
  }

  @Test("Rows that the server adds after an import get unused ids")
  func sequences() throws {
    let new = try Servers.fresh()
    _ = try new.importing(Servers.archive()).perform(.silent)
    let catalog = try Catalog.read(try new.connect(), schema: "aloha")
    for (name, table) in catalog.tables {
      guard let sequence = table.column("id")?.sequence else { continue }
      let highest =
        try new.value("SELECT coalesce(max(id), 0) FROM \(Identifier.quote(name))").flatMap { Int64($0) } ?? 0
      let next = try new.value("SELECT nextval(\(Identifier.literal(sequence)))").flatMap { Int64($0) } ?? 0
      #expect(next > highest, "\(name)")
    }
  }
}
