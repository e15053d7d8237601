import Postgres
import Sandbox
import Testing

@Suite("The schema of a sandbox's server")
struct SchemaTests {
  private func count(_ sql: String) throws -> Int? {
    try Shared.fresh().value("SELECT count(*) FROM \(sql)").flatMap { Int($0) }
  }

  @Test("The sandbox schema has the tables, constraints and indexes of the reference version")
  func counts() throws {
    #expect(try count("pg_class WHERE relkind = 'r' AND relnamespace = 'aloha'::regnamespace") == 87)
    #expect(try count("pg_sequences WHERE schemaname = 'aloha'") == 85)
    #expect(try count("pg_indexes WHERE schemaname = 'aloha'") == 436)
    for (type, wanted) in ["p": 87, "f": 146, "u": 56, "c": 74] {
      #expect(try count("pg_constraint WHERE contype = '\(type)' AND connamespace = 'aloha'::regnamespace") == wanted)
    }
  }

  @Test("The sandbox schema checks references at the end of the transaction")
  func deferral() throws {
    let others = "pg_constraint WHERE contype = 'f' AND connamespace = 'aloha'::regnamespace AND NOT condeferred"
    #expect(try count(others) == 0)
  }

  @Test("Renamed tables keep the names of their sequences")
  func sequences() throws {
    let names = [
      "zerver_usertopic": "zerver_mutedtopic_id_seq", "zerver_realmdomain": "zerver_realmalias_id_seq",
      "zerver_botstoragedata": "zerver_botuserstatedata_id_seq", "zerver_message": "zerver_message_id_seq",
      "fts_update_log": "fts_update_log_id_seq",
    ]
    for (table, sequence) in names {
      #expect(try Shared.fresh().value("SELECT pg_get_serial_sequence($1, 'id')", [table]) == "aloha.\(sequence)")
    }
  }

  @Test("The sandbox schema has the columns of the reference version in order")
  func columns() throws {
    let columns = try Shared.fresh().column(
      "SELECT attname FROM pg_attribute WHERE attrelid = 'zerver_message'::regclass AND attnum > 0 ORDER BY attnum")
    #expect(
      columns == [
        "id", "subject", "content", "rendered_content", "rendered_content_version", "last_edit_time", "edit_history",
        "has_attachment", "has_image", "has_link", "recipient_id", "sender_id", "sending_client_id", "search_tsvector",
        "date_sent", "search_pgroonga", "realm_id",
      ])
    #expect(try count("pg_attribute WHERE attrelid = 'zerver_userprofile'::regclass AND attnum > 0") == 91)
    #expect(try count("pg_attribute WHERE attrelid = 'zerver_realm'::regclass AND attnum > 0") == 74)
  }

  @Test("Names of channels and addresses of users are unique ignoring case")
  func caseInsensitive() throws {
    let server = try Shared.sample()
    for (table, column) in [("zerver_stream", "name"), ("zerver_userprofile", "delivery_email")] {
      let clash = """
        UPDATE \(table) SET \(column) = upper((SELECT \(column) FROM \(table) WHERE realm_id = 2 ORDER BY id LIMIT 1))
        WHERE id = (SELECT id FROM \(table) WHERE realm_id = 2 ORDER BY id OFFSET 1 LIMIT 1)
        """
      let connection = try server.connect()
      let failure = #expect(throws: DatabaseFailure.self) { try connection.execute(clash) }
      #expect(failure?.sqlState == "23505")
    }
  }

  @Test("Every new message is queued for the search index")
  func search() throws {
    let connection = try Shared.sample().connect()
    try connection.execute("BEGIN")
    let before = try connection.value("SELECT count(*) FROM fts_update_log").flatMap { Int($0) } ?? 0
    try connection.execute(
      "UPDATE zerver_message SET subject = 'other' WHERE id = (SELECT min(id) FROM zerver_message)")
    #expect(try connection.value("SELECT count(*) FROM fts_update_log") == String(before + 1))
    try connection.execute("ROLLBACK")
  }

  @Test("The schema uses the name of the other brand where the server does")
  func brands() throws {
    let server = try Shared.sandbox().makeServer("branded", brand: .zulip)
    #expect(try server.value("SELECT current_schema()") == "zulip")
    let column = "SELECT attrelid::regclass FROM pg_attribute WHERE attname = 'zulip_update_announcements_level'"
    #expect(try server.column(column) == ["zerver_realm"])
    #expect(try server.value("SELECT string_id FROM zerver_realm") == "zulipinternal")
    #expect(server.configuration.hasSuffix("/etc/zulip"))
    #expect(try text("\(server.configuration)/zulip-secrets.conf").contains("\nzulip_org_id = "))
  }
}
