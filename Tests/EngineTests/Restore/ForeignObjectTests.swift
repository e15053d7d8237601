import Common
import Postgres
import Sandbox
import Testing

@testable import Operations
@testable import Server
@testable import WholeServer

/// Dumps with objects that need something outside the database: roles, tablespaces, label providers, other servers.
extension ForeignDumpTests {
  private func check(_ server: SandboxServer, _ dump: String, administrator: String? = nil) throws -> [Finding] {
    try RestoreOperation(ServerReference(root: server.root), options(dump, administrator: administrator)).check()
  }

  private func restore(_ server: SandboxServer, _ dump: String, administrator: String? = nil) throws -> [String] {
    try RestoreOperation(ServerReference(root: server.root), options(dump, administrator: administrator)).perform(
      .silent
    )
    .warnings
  }

  @Test("Privileges of missing roles are skipped, and those of other roles are restored", arguments: ["c", "p"])
  func missingGrantee(form: String) throws {
    let server = try Disaster.server("dump-grant-\(form)", messages: 5)
    let (gone, there) = ("reader_gone_\(form)", "reader_\(form)")
    try Disaster.execute(
      server,
      """
      CREATE ROLE \(gone); CREATE ROLE \(there); GRANT SELECT ON zerver_realm TO \(gone);
      GRANT SELECT (id) ON zerver_client TO \(gone); GRANT USAGE ON SCHEMA aloha TO \(gone);
      GRANT SELECT ON zerver_reaction TO \(there);
      ALTER DEFAULT PRIVILEGES FOR ROLE aloha IN SCHEMA aloha GRANT SELECT ON TABLES TO \(gone)
      """)
    let before = try Disaster.fingerprint(server)
    try Disaster.folder { folder in
      try dump(server, "\(folder)/dump", "-F", form)
      try Disaster.execute(server, "DROP OWNED BY \(gone); DROP ROLE \(gone); DELETE FROM zerver_reaction")
      let said = "GRANT and REVOKE for \(gone) are skipped"
      #expect(try check(server, "\(folder)/dump").contains { $0.severity == .warning && $0.reason.contains(said) })
      #expect(try restore(server, "\(folder)/dump").contains { $0.contains(said) })
    }
    try Disaster.expect(server, before)
    #expect(
      try server.connectAsSuperuser().value("SELECT has_table_privilege('\(there)', 'zerver_reaction', 'SELECT')")
        == "t")
    try server.run("scripts/stop-server")
  }

  @Test(
    "Tables of a missing tablespace are restored into the database's default tablespace", arguments: ["c", "d", "p"])
  func missingTablespace(form: String) throws {
    let server = try Disaster.server("dump-space-\(form)", messages: 5)
    let name = "fast_disk_\(form)"
    let superuser = try server.connectAsSuperuser()
    try superuser.execute("SET allow_in_place_tablespaces = on")
    try superuser.execute("CREATE TABLESPACE \(name) OWNER aloha LOCATION ''")
    try Disaster.execute(server, "ALTER TABLE zerver_reaction SET TABLESPACE \(name)")
    let before = try Disaster.fingerprint(server)
    try Disaster.folder { folder in
      try dump(server, "\(folder)/dump", "-F", form)
      try Disaster.execute(server, "ALTER TABLE zerver_reaction SET TABLESPACE pg_default")
      try superuser.execute("DROP TABLESPACE \(name)")
      superuser.close()
      try Disaster.execute(server, "DELETE FROM zerver_reaction")
      let said = "The tablespace \(name) does not exist here"
      #expect(try check(server, "\(folder)/dump").contains { $0.severity == .warning && $0.reason.contains(said) })
      #expect(try restore(server, "\(folder)/dump").contains { $0.contains(said) })
    }
    try Disaster.expect(server, before)
    try server.run("scripts/stop-server")
  }

  @Test("Subscriptions are never restored, and publications only with the required rights", arguments: ["c", "p"])
  func replication(form: String) throws {
    let server = try Disaster.server("dump-replica-\(form)", messages: 5)
    try Disaster.execute(server, "CREATE PUBLICATION everything_\(form) FOR ALL TABLES")
    try Disaster.execute(
      server,
      """
      CREATE SUBSCRIPTION copy_\(form) CONNECTION 'host=nowhere.example.com' PUBLICATION p WITH (connect = false);
      COMMENT ON SUBSCRIPTION copy_\(form) IS 'of another server'
      """)
    let before = try Disaster.fingerprint(server)
    try makeAdministrator(server, "dbr_\(form)")
    try Disaster.folder { folder in
      try dump(server, "\(folder)/dump", "-F", form)
      try Disaster.execute(server, "ALTER SUBSCRIPTION copy_\(form) SET (slot_name = NONE)")
      try Disaster.execute(server, "DROP SUBSCRIPTION copy_\(form)")
      try Disaster.execute(server, "DELETE FROM zerver_reaction")
      for administrator in ["dbr_\(form)", nil] {
        let findings = try check(server, "\(folder)/dump", administrator: administrator)
        #expect(!findings.contains { $0.severity == .blocker }, "\(findings)")
        let said = try restore(server, "\(folder)/dump", administrator: administrator).joined(separator: "\n")
        #expect(said.contains("The subscription copy_\(form) is skipped"), "\(said)")
        #expect(said.contains("The publication everything_\(form) is skipped") == (administrator != nil), "\(said)")
        try Disaster.expect(server, before)
        let made = try server.connectAsSuperuser().query("SELECT pubname FROM pg_publication").count
        #expect(made == (administrator == nil ? 1 : 0))
        _ = try DiscardRestoreOperation(ServerReference(root: server.root)).perform(.silent)
      }
      #expect(
        try server.connectAsSuperuser().query("SELECT 1 FROM pg_subscription WHERE subname = 'copy_\(form)'").isEmpty)
    }
    try server.run("scripts/stop-server")
  }

  @Test("Unsupported labels, policies, collations and encodings are named before any change")
  func impossible() throws {
    let server = try Disaster.server("dump-odd", messages: 5)
    try Disaster.execute(
      server,
      """
      CREATE ROLE auditor_odd; CREATE POLICY audited ON zerver_client FOR SELECT TO auditor_odd USING (true);
      CREATE COLLATION aloha.german (provider = icu, locale = 'de')
      """)
    let before = try Disaster.fingerprint(server)
    try Disaster.folder { folder in
      try dump(server, "\(folder)/plain.sql", "-F", "p", "--encoding=SQL_ASCII")
      try dump(server, "\(folder)/custom", "-F", "c")
      let text = String(decoding: try FileSystem.read("\(folder)/plain.sql"), as: UTF8.self)
      func variant(_ name: String, _ more: String) throws -> String {
        let end = "--\n-- PostgreSQL database dump complete"
        try FileSystem.replace("\(folder)/\(name).sql", with: text.replacing(end, with: "\(more)\n\n\(end)").utf8)
        return "\(folder)/\(name).sql"
      }
      // The label provider is not loaded.
      let labelled = try variant(
        "labelled", "SECURITY LABEL FOR selinux ON TABLE aloha.zerver_realm IS 'system_u:object_r:x_t:s0';")
      #expect(try check(server, labelled).contains { $0.reason.contains("Security labels of selinux are skipped") })
      #expect(try check(server, labelled).contains { $0.subject == "encoding" && $0.reason.contains("SQL_ASCII") })
      #expect(try restore(server, labelled).contains { $0.contains("Security labels of selinux are skipped") })
      try Disaster.expect(server, before)
      _ = try DiscardRestoreOperation(ServerReference(root: server.root)).perform(.silent)

      let builtin = try variant(
        "builtin", "CREATE COLLATION aloha.fast (provider = builtin, locale = 'C.UTF-8');")
      #expect(try check(server, builtin).contains { $0.severity == .blocker && $0.reason.contains("provider builtin") })
      let ruled = try variant(
        "ruled", "CREATE COLLATION aloha.ruled (provider = icu, locale = 'und', rules = '&a < g');")
      #expect(try check(server, ruled).contains { $0.severity == .blocker && $0.reason.contains("rules of its own") })
      let newer = "\(folder)/newer.sql"
      try FileSystem.replace(
        newer,
        with: text.replacing("-- Dumped from database version 15", with: "-- Dumped from database version 17").utf8)
      #expect(
        try check(server, newer).contains { $0.subject == "PostgreSQL" && $0.reason.contains("is of PostgreSQL 17") })

      // The policy's role does not exist: without the policy the wrong people could read the table.
      try Disaster.execute(server, "DROP POLICY audited ON zerver_client; DROP ROLE auditor_odd")
      for path in [labelled, "\(folder)/custom"] {
        let findings = try check(server, path)
        #expect(
          findings.contains {
            $0.severity == .blocker && $0.reason.contains("the policy audited is for auditor_odd")
              && $0.remedy?.contains("CREATE ROLE \"auditor_odd\"") == true
          }, "\(path): \(findings)")
        #expect(throws: (any Error).self) { try restore(server, path) }
        #expect(try Disaster.leftOvers(server) == [])
      }
    }
    try Disaster.expect(server, before)
    try server.run("scripts/stop-server")
  }

  @Test("Statements are parsed in the form in which pg_dump writes them")
  func statements() {
    func kind(_ sql: String) -> PlainContents.Kind? {
      var contents = PlainContents()
      contents.take(SQLStatement(range: 0..<Int64(sql.utf8.count), text: Array(sql.utf8)))
      return contents.items.first?.kind
    }
    #expect(
      kind("GRANT SELECT ON TABLE aloha.\"to\" TO \"Odd name\", b WITH GRANT OPTION;")
        == .privileges(role: nil, grantees: ["Odd name", "b"]))
    #expect(kind("REVOKE ALL ON SCHEMA public FROM PUBLIC;") == .privileges(role: nil, grantees: []))
    #expect(
      kind("ALTER DEFAULT PRIVILEGES FOR ROLE a IN SCHEMA s GRANT SELECT ON TABLES TO b;")
        == .privileges(role: "a", grantees: ["b"]))
    #expect(kind("SET default_tablespace = '';") == nil)
    #expect(kind("SET default_tablespace = fast;") == .tablespace("fast"))
    #expect(kind("SET default_tablespace = \"Fast disk\";") == .tablespace("Fast disk"))
    #expect(kind("CREATE PUBLICATION p WITH (publish = 'insert');") == .publication("p", needsSuperuser: false))
    #expect(kind("CREATE PUBLICATION p FOR ALL TABLES WITH (x = 1);") == .publication("p", needsSuperuser: true))
    #expect(kind("ALTER PUBLICATION p ADD TABLES IN SCHEMA s;") == .publication("p", needsSuperuser: true))
    #expect(kind("COMMENT ON SUBSCRIPTION s IS 'x';") == .subscription("s"))
    #expect(kind("SECURITY LABEL FOR selinux ON TABLE a.b IS 'x';") == .securityLabel(provider: "selinux"))
    #expect(kind("CREATE POLICY p ON a.b USING (true);") == nil)
    #expect(
      PlainContents.Header(comment: " Name: TABLE x; Type: ACL; Schema: aloha; Owner: postgres")
        == PlainContents.Header(name: "TABLE x", type: "ACL", schema: "aloha"))
  }

  @Test("The restored database keeps the collation provider, the collation and the tablespace of the server's database")
  func form() throws {
    func clause(_ change: (inout DatabaseForm) -> Void) -> String {
      var form = DatabaseForm(encoding: "UTF8", collate: "C.UTF-8", ctype: "C.UTF-8")
      change(&form)
      return form.clause
    }
    let plain = "ENCODING 'UTF8' LC_COLLATE 'C.UTF-8' LC_CTYPE 'C.UTF-8'"
    #expect(clause { _ in } == plain)
    #expect(clause { $0.provider = "c" } == "\(plain) LOCALE_PROVIDER libc")
    #expect(
      clause {
        $0.provider = "i"
        $0.locale = "de-u-co-phonebk"
        $0.rules = "&a < 'b'"
      } == "\(plain) LOCALE_PROVIDER icu ICU_LOCALE 'de-u-co-phonebk' ICU_RULES '&a < ''b'''")
    #expect(
      clause {
        $0.provider = "b"
        $0.locale = "C.UTF-8"
        $0.tablespace = "Fast"
      } == "\(plain) LOCALE_PROVIDER builtin BUILTIN_LOCALE 'C.UTF-8' TABLESPACE \"Fast\"")

    let server = try Disaster.server("dump-form", messages: 5)
    try server.connectAsSuperuser().execute("SELECT 1")
    // The server's database has an ICU locale and its own tablespace.
    let cluster = try Connection(
      {
        var parameters = server.parameters
        parameters.database = "postgres"
        parameters.user = "postgres"
        return parameters
      }())
    defer { cluster.close() }
    try cluster.execute("SET allow_in_place_tablespaces = on")
    try cluster.execute("CREATE TABLESPACE form_disk LOCATION ''")
    let name = Identifier.quote(server.database)
    let tools = try PostgresTools.find(major: 15)
    try Disaster.folder { folder in
      try dump(server, "\(folder)/dump", "-F", "c")
      try cluster.execute("DROP DATABASE \(name) WITH (FORCE)")
      try cluster.execute(
        "CREATE DATABASE \(name) OWNER aloha TEMPLATE template0 LOCALE_PROVIDER icu ICU_LOCALE 'de' TABLESPACE form_disk"
      )
      try Subprocess(
        tools.path("pg_restore"),
        ["-h", server.parameters.host ?? "", "-U", "postgres", "-d", server.database, "\(folder)/dump"]
      ).runChecked()
      _ = try restore(server, "\(folder)/dump")
      let row = try #require(
        try cluster.query(
          """
          SELECT datlocprovider, daticulocale, spcname FROM pg_database d JOIN pg_tablespace t ON t.oid = dattablespace
          WHERE datname = $1
          """, [server.database]
        ).first)
      #expect(row[0] == "i" && row[1] == "de" && row[2] == "form_disk")
      _ = try DiscardRestoreOperation(ServerReference(root: server.root)).perform(.silent)
      // Other tests copy this cluster, which is not possible with such a tablespace.
      try server.run("scripts/stop-server")
      try cluster.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '\(server.database)'")
      try cluster.execute("ALTER DATABASE \(name) SET TABLESPACE pg_default")
      try cluster.execute("DROP TABLESPACE form_disk")
    }
  }
}
