import Common
import Postgres
import Sandbox
import Testing

@testable import Operations
@testable import Server
@testable import WholeServer

/// Dumps that need features which this PostgreSQL does not have, or rights which this administrator does not have.
@Suite("A dump of other programs, roles and rights")
struct ForeignDumpTests {
  func dump(_ server: SandboxServer, _ path: String, _ words: String...) throws {
    let tools = try PostgresTools.find(major: 15)
    try Subprocess(
      tools.path("pg_dump"),
      words + ["-h", server.parameters.host ?? "", "-U", "postgres", "-f", path, server.database]
    ).runChecked()
  }

  func options(_ dump: String, administrator: String? = nil) -> RestoreOptions {
    var options = RestoreOptions(.manual(ManualBackup(database: dump)))
    options.keepsSettings = true
    options.administrator = AdministratorAccess.Wish(user: administrator)
    return options
  }

  /// Creates a role that may create databases; as a member it also has the rights of the server's role.
  func makeAdministrator(_ server: SandboxServer, _ name: String, isMember: Bool = true) throws {
    try Disaster.execute(server, on: "postgres", "DROP ROLE IF EXISTS \(name); CREATE ROLE \(name) LOGIN CREATEDB")
    if isMember { try Disaster.execute(server, on: "postgres", "GRANT aloha TO \(name)") }
  }

  @Test("Settings of a newer pg_dump that this PostgreSQL does not know are named and skipped")
  func newerClient() throws {
    let server = try Disaster.server("dump-newer", messages: 10)
    try Disaster.execute(
      server,
      "UPDATE zerver_realm SET description = E'\\nSET transaction_timeout = 0;\\n' WHERE string_id = 'harbour'")
    let before = try Disaster.fingerprint(server)
    try Disaster.folder { folder in
      try dump(server, "\(folder)/plain.sql", "--no-owner")
      let text = String(decoding: try FileSystem.read("\(folder)/plain.sql"), as: UTF8.self)
      let newer = text.replacing(
        "SET lock_timeout = 0;", with: "SET lock_timeout = 0;\nSET transaction_timeout = 0;\nSET of_the_future TO off;",
        maxReplacements: 1)
      try FileSystem.replace("\(folder)/newer.sql", with: newer.utf8)
      let operation = RestoreOperation(ServerReference(root: server.root), options("\(folder)/newer.sql"))
      let said = try operation.check().filter { $0.severity == .warning }.map(\.reason).joined(separator: "\n")
      #expect(said.contains("SET transaction_timeout is skipped") && said.contains("SET of_the_future is skipped"))
      #expect(!said.contains("statement_timeout"))
      let rehearsal = RehearseOperation(
        RehearseOperation.Options(manual: ManualBackup(database: "\(folder)/newer.sql"), brand: .aloha))
      #expect(try rehearsal.rehearse(.silent).problems == [])
      try Disaster.execute(server, "DELETE FROM zerver_reaction")
      let summary = try operation.perform(.silent)
      #expect(summary.warnings.contains { $0.contains("SET transaction_timeout is skipped") })
      try Disaster.expect(server, before)
      // The dump names no owner: everything must belong to the server's role.
      #expect(
        try server.connectAsSuperuser().value(
          "SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace WHERE nspname = 'aloha' "
            + "AND relkind IN ('r', 'S') AND relowner <> 'aloha'::regrole") == "0")
      // Any other error in the dump still fails the restore.
      try FileSystem.replace(
        "\(folder)/wrong.sql", with: newer.replacing("SET row_security = off;", with: "SET row_security = maybe;").utf8)
      #expect(throws: (any Error).self) {
        try RestoreOperation(ServerReference(root: server.root), options("\(folder)/wrong.sql")).perform(.silent)
      }
      try Disaster.expect(server, before)
    }
    try server.run("scripts/stop-server")
  }

  @Test(
    "A dump is restored without a superuser, and statements reserved for an extension's owner are named",
    arguments: ["c", "p"])
  func withoutSuperuser(form: String) throws {
    let server = try Disaster.server("dump-dba-\(form)", messages: 10)
    try Disaster.execute(
      server,
      "DROP EXTENSION plpgsql CASCADE; CREATE EXTENSION plpgsql; COMMENT ON EXTENSION plpgsql IS 'a comment'; "
        + "COMMENT ON SCHEMA public IS 'another'")
    let before = try Disaster.fingerprint(server)
    try makeAdministrator(server, "dba_\(form)")
    try Disaster.folder { folder in
      try dump(server, "\(folder)/dump", "-F", form)
      let operation = RestoreOperation(
        ServerReference(root: server.root), options("\(folder)/dump", administrator: "dba_\(form)"))
      let findings = try operation.check()
      #expect(!findings.contains { $0.severity == .blocker }, "\(findings)")
      #expect(findings.contains { $0.reason.contains("COMMENT ON EXTENSION plpgsql is skipped") })
      try Disaster.execute(server, "DELETE FROM zerver_reaction")
      let summary = try operation.perform(.silent)
      #expect(summary.warnings.contains { $0.contains("COMMENT ON EXTENSION plpgsql is skipped") })
    }
    try Disaster.expect(server, before)
    try server.run("scripts/stop-server")
  }

  @Test(
    "A dump that needs a superuser is refused before any change, with the name of each object", arguments: ["c", "p"])
  func needsSuperuser(form: String) throws {
    let server = try Disaster.server("dump-super-\(form)", messages: 5)
    try Disaster.execute(
      server,
      """
      CREATE FUNCTION noted() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END';
      CREATE EVENT TRIGGER audit_trail ON ddl_command_end EXECUTE FUNCTION noted()
      """)
    let before = try Disaster.fingerprint(server)
    try makeAdministrator(server, "dbs_\(form)")
    try Disaster.folder { folder in
      try dump(server, "\(folder)/dump", "-F", form)
      let refused = RestoreOperation(
        ServerReference(root: server.root), options("\(folder)/dump", administrator: "dbs_\(form)"))
      #expect(
        try refused.check().contains { $0.severity == .blocker && $0.reason.contains("event trigger audit_trail") })
      #expect(throws: (any Error).self) { try refused.perform(.silent) }
      #expect(try Disaster.leftOvers(server) == [])
      #expect(
        !(try RestoreOperation(ServerReference(root: server.root), options("\(folder)/dump")).check().contains {
          $0.severity == .blocker
        }))
    }
    try Disaster.expect(server, before)
  }

  @Test("An administrator who is not a member of the server's role gets the missing GRANT as the remedy")
  func noMember() throws {
    let server = try Disaster.server("dump-stranger", messages: 5)
    try makeAdministrator(server, "stranger", isMember: false)
    try Disaster.folder { folder in
      try dump(server, "\(folder)/dump", "-F", "c")
      let findings = try RestoreOperation(
        ServerReference(root: server.root), options("\(folder)/dump", administrator: "stranger")
      )
      .check()
      #expect(
        findings.contains { $0.severity == .blocker && $0.remedy?.contains("GRANT \"aloha\" TO \"stranger\"") == true })
    }
  }

  @Test(
    "Objects of roles that do not exist here get the server's role as their owner, with a warning",
    arguments: ["c", "p"])
  func missingOwner(form: String) throws {
    let server = try Disaster.server("dump-owner-\(form)", messages: 5)
    let role = "former_\(form)"
    try Disaster.execute(
      server,
      """
      CREATE ROLE \(role); GRANT aloha TO \(role); ALTER TABLE zerver_reaction OWNER TO \(role);
      ALTER DEFAULT PRIVILEGES FOR ROLE \(role) IN SCHEMA aloha GRANT SELECT ON TABLES TO PUBLIC;
      GRANT SELECT ON zerver_realm TO \(role)
      """)
    let before = try Disaster.fingerprint(server)
    try Disaster.folder { folder in
      try dump(server, "\(folder)/dump", "-F", form)
      try Disaster.execute(
        server, "REASSIGN OWNED BY \(role) TO aloha; DROP OWNED BY \(role); DROP ROLE \(role)")
      let summary = try RestoreOperation(ServerReference(root: server.root), options("\(folder)/dump")).perform(.silent)
      #expect(summary.warnings.contains { $0.contains("Objects of \(role) will belong to aloha") })
    }
    try Disaster.expect(server, before)
    #expect(
      try server.connectAsSuperuser().value(
        "SELECT relowner::regrole FROM pg_class WHERE relname = 'zerver_reaction'") == "aloha")
    try server.run("scripts/stop-server")
  }

  @Test("A pg_restore that sets unknown parameters is replaced by a script without them")
  func newerRestore() throws {
    #expect(DumpRestore.setsUnknownParameters(PostgresTools(folder: "", major: 17, version: "17.6"), major: 15))
    #expect(!DumpRestore.setsUnknownParameters(PostgresTools(folder: "", major: 17, version: "17.6"), major: 17))
    let server = try Disaster.server("dump-script", messages: 10)
    let real = try PostgresTools.find(major: 15)
    try Disaster.folder { folder in
      try dump(server, "\(folder)/dump", "-F", "c")
      // Simulates version 17, which is not available on every machine.
      let wrapper = """
        #!/bin/sh
        '\(real.path("pg_restore"))' "$@" || exit
        for word; do
          case $word in --file=*) sed -i 's/^SET lock_timeout = 0;/&\\nSET transaction_timeout = 0;/' "${word#--file=}" ;; esac
        done

        """
      try FileSystem.makeFolder("\(folder)/bin", mode: 0o755)
      try FileSystem.replace("\(folder)/bin/pg_restore", with: wrapper.utf8, mode: 0o755)
      try Subprocess("/bin/ln", ["-s", real.path("psql"), "\(folder)/bin/psql"]).runChecked()
      let tools = PostgresTools(folder: "\(folder)/bin", major: 17, version: "17.6")
      let access = try AdministratorAccess.find(Installation(root: server.root))
      let user = ToolRun(tools: tools, parameters: access.parameters).user
      let scratch = try ScratchFolder(in: "/tmp", for: user)
      let database = "\(server.database)_script"
      try Disaster.execute(
        server, on: "postgres", "CREATE DATABASE \(Identifier.quote(database)) OWNER aloha TEMPLATE template0")
      defer {
        try? Disaster.execute(server, on: "postgres", "DROP DATABASE \(Identifier.quote(database)) WITH (FORCE)")
      }
      let omissions = try Progress.silent.phase(TestPhase(), unit: .steps) { meter in
        try DumpRestore(
          dump: DumpFile.recognize("\(folder)/dump"), contents: nil, tools: tools, access: access, database: database,
          owner: "aloha", workers: 1
        ).run(scratch: scratch.path, meter: meter, cancellation: Cancellation())
      }
      #expect(omissions == ["SET transaction_timeout is skipped: this PostgreSQL does not know the setting"])
      #expect(try Disaster.rows(server, database) == Disaster.rows(server, server.database))
      #expect(try !FileSystem.names(in: scratch.path).contains("script.sql"))
    }
  }
}
