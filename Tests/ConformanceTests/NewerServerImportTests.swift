import Common
import Operations
import Postgres
import Testing
import Transfer

/// Compares imports into a server of version 11 with the result of its official importer.
///
/// The official importer loses the creators of groups, also of groups in other organizations: exactly these rows
/// differ.
@Suite(
  "An import into a newer server, against the official importer", .serialized,
  .enabled(if: Reference.newer != nil, "no reference data here"))
struct NewerServerImportTests {
  /// The email addresses of the creators of groups, by the group's name.
  private static let makers = [
    "backend": "iago@zulip.com", "dead group": "iago@zulip.com", "everyone dev": "iago@zulip.com",
    "hamletcharacters": "cordelia@zulip.com",
  ]

  private func importArchive(_ servers: Reference.Servers, into server: String, at subdomain: String) throws {
    let options = ImportOperation.Options(subdomain: subdomain, archive: "\(servers.folder)/export.tar.gz")
    _ = try ImportOperation(ServerReference(servers.installation(server)), options).perform(.silent)
  }

  /// Returns the tables that differ, each with the number of missing or different rows and of unexpected rows.
  private func differences(_ servers: Reference.Servers, _ expected: String, _ actual: String) throws -> [String] {
    try servers.differences("compare-databases", servers.conninfo(expected), servers.conninfo(actual))
      .split(separator: "\n").map(String.init)
      .filter { $0.hasPrefix("zerver_") || $0.hasPrefix("fts_") || $0.hasPrefix("analytics_") }
  }

  private func makers(_ servers: Reference.Servers, _ server: String, of subdomain: String) throws -> [String: String] {
    let connection = try servers.installation(server).connect()
    defer { connection.close() }
    let rows = try connection.query(
      """
      SELECT n.name, u.delivery_email FROM zerver_namedusergroup n JOIN zerver_realm r ON r.id = n.realm_id
      JOIN zerver_userprofile u ON u.id = n.creator_id AND u.realm_id = r.id WHERE r.string_id = $1
      """, [subdomain])
    return Dictionary(rows.map { ($0[0] ?? "", $0[1] ?? "") }, uniquingKeysWith: { first, _ in first })
  }

  /// Returns mentions by id, in the Markdown of messages, that match no user of the organization. The official importer
  /// keeps the ids of the old server, which belong to other users here.
  private func strangers(_ servers: Reference.Servers, _ server: String, of subdomain: String) throws -> [String] {
    let connection = try servers.installation(server).connect()
    defer { connection.close() }
    return try connection.query(
      """
      SELECT t.mention[1] FROM zerver_message m JOIN zerver_realm r ON r.id = m.realm_id,
        regexp_matches(m.content, '@_?\\*\\*([^|*]+\\|[0-9]+)\\*\\*', 'g') AS t(mention)
      WHERE r.string_id = $1 AND NOT EXISTS (SELECT 1 FROM zerver_userprofile u WHERE u.realm_id = r.id
        AND u.full_name || '|' || u.id = t.mention[1])
      """, [subdomain]
    ).compactMap { $0[0] }
  }

  @Test("A fresh server differs in the makers of four groups only, which the official importer forgets")
  func fresh() throws {
    let servers = try Reference.Servers(Reference.newer)
    try importArchive(servers, into: "target", at: "")
    #expect(
      try differences(servers, "golden", "target") == [
        "zerver_namedusergroup: 20 rows expected, 20 found; 4 missing or other, 4 not expected"
      ])
    #expect(try makers(servers, "target", of: "") == Self.makers)
  }

  @Test("A server with other organizations differs in the makers of eight groups, and in mentions by id, which follow")
  func busy() throws {
    let servers = try Reference.Servers(Reference.newer)
    try servers.restore("imported-busy.pgdump", as: "busygolden")
    let connection = try servers.installation("source").connect()
    // The server accepts the same organization twice only if their UUIDs for the push service differ.
    try connection.execute("UPDATE zerver_realm SET uuid = gen_random_uuid()")
    try connection.execute("UPDATE zerver_realm SET uuid_owner_secret = 'zuliprealm_' || md5(id::text)")
    try connection.execute("UPDATE zerver_userprofile SET uuid = gen_random_uuid()")
    connection.close()
    try importArchive(servers, into: "source", at: "copy")
    #expect(
      try differences(servers, "busygolden", "source") == [
        "zerver_message: 962 rows expected, 962 found; 10 missing or other, 10 not expected",
        "zerver_namedusergroup: 48 rows expected, 48 found; 8 missing or other, 8 not expected",
      ])
    #expect(try makers(servers, "source", of: "zulip") == Self.makers)
    #expect(try makers(servers, "source", of: "copy") == Self.makers)
    #expect(try strangers(servers, "source", of: "copy") == [])
  }
}
