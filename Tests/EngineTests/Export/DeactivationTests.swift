import Common
import Foundation
import Sandbox
import Testing

@testable import Operations
@testable import Transfer

@Suite("Export that deactivates")
struct DeactivationTests {
  /// Returns a user's session as Django stores it: in a zlib stream without compression, or not compressed.
  static func session(user: String, compressed: Bool) -> String {
    let text = Array("{\"_auth_user_id\":\"\(user)\",\"_auth_user_backend\":\"EmailAuthBackend\"}".utf8)
    var payload = text
    if compressed {
      let length = UInt16(text.count)
      // A stored block. The checksum at the end is not needed to read the user.
      payload = [0x78, 0x01, 0x01, UInt8(length & 255), UInt8(length >> 8), UInt8(~length & 255), UInt8(~length >> 8)]
      payload += text + [0, 0, 0, 0]
    }
    let base64 = Data(payload).base64EncodedString().replacingOccurrences(of: "+", with: "-")
      .replacingOccurrences(of: "/", with: "_").replacingOccurrences(of: "=", with: "")
    return (compressed ? "." : "") + base64 + ":1tLcHe:signature"
  }

  private func prepared() throws -> SandboxServer {
    let server = try SandboxServer.small()
    func user(_ subdomain: String) throws -> String {
      String(
        try server.number(
          """
          SELECT min(u.id) FROM zerver_userprofile u JOIN zerver_realm r ON r.id = u.realm_id
          WHERE r.string_id = '\(subdomain)' AND u.is_active AND NOT u.is_bot
          """))
    }
    let (ours, theirs) = (try user("bookclub"), try user("harbour"))
    let sessions = [
      ("plain", Self.session(user: ours, compressed: false)), ("packed", Self.session(user: ours, compressed: true)),
      ("others", Self.session(user: theirs, compressed: true)), ("nobody", "e30:1tLcHe:signature"),
      ("broken", ".%%%"),
    ]
    for (key, data) in sessions {
      try server.change("INSERT INTO django_session VALUES ('\(key)', '\(data)', now() + interval '1 day')")
    }
    try server.change(
      """
      INSERT INTO zerver_scheduledemail (scheduled_timestamp, data, type, realm_id)
        SELECT now(), '{}', 1, id FROM zerver_realm WHERE string_id IN ('bookclub', 'harbour');
      INSERT INTO zerver_scheduledemail_users (scheduledemail_id, userprofile_id)
        SELECT max(e.id), \(ours) FROM zerver_scheduledemail e JOIN zerver_realm r ON r.id = e.realm_id
        WHERE r.string_id = 'bookclub'
      """)
    return server
  }

  @Test("Deactivating during an export ends sessions and deletes scheduled mail of that organization only")
  func deactivating() throws {
    let server = try prepared()
    let exported = try Exported(server, "bookclub") { $0.deactivates = true }
    #expect(try server.value("SELECT deactivated FROM zerver_realm WHERE string_id = 'bookclub'") == "t")
    #expect(try server.value("SELECT deactivated FROM zerver_realm WHERE string_id = 'harbour'") == "f")
    #expect(exported.rows("zerver_realm").first?["deactivated"] as? Bool == false)
    #expect(exported.fact("Ended sessions") == "2")
    #expect(try server.column("SELECT session_key FROM django_session ORDER BY 1") == ["broken", "nobody", "others"])
    let realm = try server.realm("bookclub")
    let mail = try server.column(
      "SELECT realm_id FROM zerver_scheduledemail WHERE realm_id IN (\(realm), \(server.realm("harbour")))")
    #expect(mail.filter { $0 == String(realm) }.isEmpty && !mail.isEmpty)
    let events = try server.column(
      "SELECT event_type FROM zerver_realmauditlog WHERE realm_id = \(realm) ORDER BY id DESC LIMIT 2")
    #expect(events == ["206", "201"])
  }

  @Test("A cancelled export leaves the organization active, its users signed in, and no file")
  func stopped() throws {
    let server = try prepared()
    let folder = try Servers.folder() + "/" + RandomText.alphanumeric(8)
    try FileSystem.makeFolder(folder)
    for phase in ["messages", "tables", "files", "verify"] {
      var options = ExportOperation.Options(subdomain: "bookclub", output: folder + "/stopped.tar.gz")
      options.deactivates = true
      let cancellation = Cancellation()
      let progress = Progress(cancellation: cancellation) { event in
        if case .phaseStarted(let id, _, _, _) = event, id == phase { cancellation.cancel() }
      }
      #expect(throws: Cancelled.self) {
        _ = try ExportOperation(server.reference, options).perform(progress)
      }
      #expect(try FileSystem.names(in: folder).isEmpty, "\(phase)")
      #expect(try server.value("SELECT deactivated FROM zerver_realm WHERE string_id = 'bookclub'") == "f")
      #expect(try server.number("SELECT count(*) FROM django_session") == 5)
    }
  }

  @Test("An existing file is never overwritten")
  func existing() throws {
    let path = try Servers.folder() + "/\(RandomText.alphanumeric(8)).tar.gz"
    try FileSystem.replace(path, with: "precious".utf8)
    let options = ExportOperation.Options(subdomain: "bookclub", output: path)
    #expect(throws: Blocked.self) {
      _ = try ExportOperation(Servers.old().reference, options).perform(.silent)
    }
    #expect(try FileSystem.read(path) == Array("precious".utf8))
  }

  @Test("On later versions the export is added to the server's list of exports, with its digest")
  func listed() throws {
    let server = try SandboxServer.small()
    try server.change(
      """
      CREATE TABLE zerver_realmexport (id bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY, type smallint NOT NULL,
        status smallint NOT NULL, date_requested timestamptz NOT NULL, date_started timestamptz,
        date_succeeded timestamptz, date_failed timestamptz, date_deleted timestamptz, export_path text,
        sha256sum_hex varchar(64), tarball_size_bytes bigint, stats jsonb,
        acting_user_id int REFERENCES zerver_userprofile (id), realm_id int NOT NULL REFERENCES zerver_realm (id));
      ALTER TABLE zerver_realmexport OWNER TO aloha
      """)
    let exported = try Exported(server, "bookclub") { $0.publicOnly = true }
    let row = try #require(
      try server.connect().query(
        """
        SELECT type, status, sha256sum_hex, tarball_size_bytes, stats->'messages-000001'->>'zerver_message', id,
          (SELECT extra_data->>'realm_export_id' FROM zerver_realmauditlog ORDER BY id DESC LIMIT 1)
        FROM zerver_realmexport
        """
      ).first)
    #expect(row.int(0) == 1 && row.int(1) == 3)
    #expect(try row[2] == Digest.hexadecimal(ofFile: exported.path))
    #expect(try row.int(3) == FileSystem.read(exported.path).count)
    #expect(row.int(4) == exported.rows("zerver_message").count)
    #expect(row[5] == row[6])
    #expect(try Exported(server, "bookclub").rows("zerver_realmexport").count == 1)
  }

  @Test("A generated name is unique and contains the brand")
  func defaultName() throws {
    let installation = try Servers.old().installation
    let names = (0..<3).compactMap { _ in ExportOperation(ServerReference(installation), .init(subdomain: "")).output }
    #expect(Set(names).count == 3)
    #expect(names.allSatisfy { $0.hasPrefix("/tmp/aloha-export-") && $0.hasSuffix(".tar.gz") && $0.count == 33 })
  }
}
