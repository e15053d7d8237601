import Common
import Foundation
import Glibc
import Sandbox
import Testing

@testable import Server
@testable import Transfer

@Suite("Uploaded files in an export")
struct ExportedFilesTests {
  @Test("Files that are missing, links or folders are skipped, named and counted; the archive is whole without them")
  func skipped() throws {
    let server = try SandboxServer.small()
    let realm = try server.realm("harbour")
    let paths = try server.column(
      """
      SELECT DISTINCT a.path_id FROM zerver_attachment a JOIN zerver_attachment_messages m ON m.attachment_id = a.id
      WHERE a.realm_id = \(realm) ORDER BY 1 LIMIT 3
      """)
    try #require(paths.count == 3)
    for path in paths { try FileSystem.removeTree("\(server.uploads)/files/\(path)") }
    symlink("/etc/hostname", "\(server.uploads)/files/\(paths[1])")
    mkdir("\(server.uploads)/files/\(paths[2])", 0o755)

    let exported = try Exported(server, "harbour")
    #expect(Set(exported.manifest.skipped.map(\.name)) == Set(paths.map { "uploads/\($0)" }))
    #expect(exported.fact("Skipped files") == "3")
    #expect(exported.warnings.count { $0.contains("is skipped") } == 3)
    #expect(try exported.records("uploads").allSatisfy { !paths.contains($0["path"] as? String ?? "") })
    #expect(Set(exported.rows("zerver_attachment").compactMap { $0["path_id"] as? String }).isSuperset(of: paths))
    try exported.verify()

    var options = ExportOperation.Options(subdomain: "harbour", output: try Servers.folder() + "/strict.tar.gz")
    options.strict = true
    #expect(throws: (any Error).self) {
      _ = try ExportOperation(server.reference, options).perform(.silent)
    }
    #expect(!FileSystem.exists(options.output ?? ""))
  }

  @Test("A missing avatar is named")
  func missingAvatar() throws {
    let server = try SandboxServer.small()
    let realm = try server.realm("harbour")
    let user = try server.number(
      "SELECT min(id) FROM zerver_userprofile WHERE realm_id = \(realm) AND avatar_source = 'U'")
    let hash = AvatarPath.hash(user: Int64(user), salt: Secret(server.avatarSalt))
    for ending in [".png", ".original", "-medium.png"] {
      try FileSystem.removeTree("\(server.uploads)/avatars/\(realm)/\(hash)\(ending)")
    }
    let exported = try Exported(server, "harbour")
    #expect(exported.manifest.skipped.map(\.name) == ["avatars/\(realm)/\(hash).png"])
    #expect(try exported.records("avatars").allSatisfy { $0["user_profile_id"] as? Int != user })
  }

  @Test("Files with invalid names are skipped, and unusual names are kept unchanged")
  func oddNames() throws {
    let server = try SandboxServer.small()
    let realm = try server.realm("bookclub")
    let names = ["ß ☃ '\".txt", "Cafe\u{301}.txt", "Caf\u{E9}.txt", String(repeating: "n", count: 200) + ".txt"]
    let bad = "bell\u{7}.txt"
    for (index, name) in (names + [bad]).enumerated() {
      let path = "\(realm)/zz/\(index)/\(name)"
      try FileSystem.makeFolder("\(server.uploads)/files/\(realm)/zz/\(index)", mode: 0o755)
      try FileSystem.replace("\(server.uploads)/files/\(path)", with: "content \(index)".utf8, mode: 0o644)
      _ = try server.connectAsSuperuser().query(
        """
        WITH message AS (SELECT m.id, m.sender_id FROM zerver_message m JOIN zerver_userprofile u
          ON u.id = m.sender_id AND u.realm_id = m.realm_id WHERE m.realm_id = $1 ORDER BY m.id LIMIT 1),
        attachment AS (INSERT INTO zerver_attachment (file_name, path_id, create_time, owner_id, realm_id, size)
          SELECT $2, $3, now(), sender_id, $1, 9 FROM message RETURNING id)
        INSERT INTO zerver_attachment_messages (attachment_id, message_id)
          SELECT attachment.id, message.id FROM attachment, message
        """, [String(realm), name, path])
    }
    let exported = try Exported(server, "bookclub")
    for (index, name) in names.enumerated() {
      #expect(exported.files["uploads/\(realm)/zz/\(index)/\(name)"] == Array("content \(index)".utf8))
    }
    #expect(exported.manifest.skipped.count == 1)
    try exported.verify()
  }

  @Test("Attachments of several messages are exported once, and unused ones are left out")
  func attachments() throws {
    let server = try SandboxServer.small()
    let realm = try server.realm("harbour")
    let several = try server.number(
      """
      SELECT min(a.id) FROM zerver_attachment a JOIN zerver_attachment_messages m ON m.attachment_id = a.id
      WHERE a.realm_id = \(realm)
      """)
    try server.change(
      """
      INSERT INTO zerver_attachment_messages (attachment_id, message_id)
      SELECT \(several), id FROM zerver_message WHERE realm_id = \(realm) ORDER BY id LIMIT 5 ON CONFLICT DO NOTHING
      """)
    let exported = try Exported(server, "harbour")
    let row = try #require(exported.rows("zerver_attachment").first { $0["id"] as? Int == several })
    let messages = try server.ids("SELECT message_id FROM zerver_attachment_messages WHERE attachment_id = \(several)")
    #expect(Set(row["messages"] as? [Int] ?? []) == messages && messages.count >= 5)
    let unused = try server.ids(
      """
      SELECT id FROM zerver_attachment a WHERE realm_id = \(realm)
        AND NOT EXISTS (SELECT 1 FROM zerver_attachment_messages m WHERE m.attachment_id = a.id)
        AND NOT EXISTS (SELECT 1 FROM zerver_attachment_scheduled_messages m WHERE m.attachment_id = a.id)
      """)
    #expect(!unused.isEmpty && unused.isDisjoint(with: exported.ids("zerver_attachment")))
  }

  @Test("On later versions avatars are found by their version, emoji with their originals")
  func laterVersions() throws {
    let server = try SandboxServer.small()
    let realm = try server.realm("harbour")
    try server.change(
      "INSERT INTO django_migrations (app, name, applied) VALUES ('zerver', '0001_squashed_0569', now())")
    let folder = "\(server.uploads)/avatars/\(realm)"
    let user = try server.connect().query(
      "SELECT id, avatar_version FROM zerver_userprofile WHERE realm_id = \(realm) AND avatar_source = 'U' ORDER BY id")
    let first = try #require(user.first)
    let (id, version) = (Int64(first.int(0) ?? 0), Int64(first.int(1) ?? 0))
    let name = AvatarPath.hash(user: id, version: version, salt: Secret(server.avatarSalt))
    for ending in [".png", ".original", "-medium.png"] {
      try FileSystem.replace("\(folder)/\(name)\(ending)", with: "picture".utf8, mode: 0o644)
    }
    let emoji = try #require(
      try server.value("SELECT file_name FROM zerver_realmemoji WHERE realm_id = \(realm) ORDER BY id LIMIT 1"))
    try FileSystem.replace("\(folder)/emoji/images/\(emoji).original", with: "original".utf8, mode: 0o644)

    let exported = try Exported(server, "harbour")
    let avatars = try exported.records("avatars").filter { $0["user_profile_id"] as? Int == Int(id) }
    #expect(Set(avatars.compactMap { $0["path"] as? String }) == ["\(realm)/\(name).png", "\(realm)/\(name).original"])
    #expect(avatars.allSatisfy { $0["avatar_version"] as? Int == Int(version) })
    #expect(exported.files["emoji/\(realm)/emoji/images/\(emoji).original"] == Array("original".utf8))
    #expect(
      try exported.records("emoji").contains {
        ($0["path"] as? String)?.hasSuffix("\(emoji).original") == true && $0["file_name"] as? String == emoji
      })
    let source = try #require(
      try JSONSerialization.jsonObject(with: Data(exported.files["realm.json"] ?? [])) as? [String: Any])
    #expect(source["import_source"] as? String == "aloha")
  }
}
