import Common
import Testing

@testable import Server
@testable import WholeServer

@Suite("A dump in plain SQL is read statement by statement")
struct PlainContentsTests {
  /// Returns the statements of a script, which must not depend on the size of the pieces.
  private func statements(_ script: String) -> [String] {
    var results: Set<[String]> = []
    let bytes = Array(script.utf8)
    for size in [1, 2, 3, 7, bytes.count] {
      var scanner = SQLStatementScanner()
      var found: [String] = []
      for start in stride(from: 0, to: bytes.count, by: size) {
        bytes[start..<min(bytes.count, start + size)].withUnsafeBytes { piece in
          scanner.take(
            piece,
            found: { statement in
              found.append(String(decoding: statement.text, as: UTF8.self))
              let range = Int(statement.range.lowerBound)..<Int(statement.range.upperBound)
              // Without comments, the text of a statement equals the text at its range.
              if !script.contains("comment") {
                #expect(String(decoding: bytes[range], as: UTF8.self) == found.last)
              }
            })
        }
      }
      results.insert(found)
    }
    #expect(results.count == 1)
    return results.first ?? []
  }

  private func contents(_ script: String) -> PlainContents {
    var scanner = SQLStatementScanner()
    var contents = PlainContents()
    var found: [SQLStatement] = []
    var comments: [String] = []
    Array(script.utf8).withUnsafeBytes { bytes in
      scanner.take(bytes, found: { found.append($0) }, said: { comments.append($0) })
    }
    for comment in comments { contents.take(comment: comment) }
    for statement in found { contents.take(statement) }
    return contents
  }

  @Test("Semicolons in texts, names, function bodies, parentheses and rows do not end a statement")
  func boundaries() {
    #expect(statements("SET a = 0;\nSET b = 'x;y''z;';") == ["SET a = 0;", "SET b = 'x;y''z;';"])
    #expect(
      statements(#"SELECT E'it\';''s;', date'\'; SET a = 1;"#) == [#"SELECT E'it\';''s;', date'\';"#, "SET a = 1;"])
    #expect(statements(#"CREATE TABLE "a;b" (c int); SET a = 1;"#).count == 2)
    #expect(statements("CREATE FUNCTION f() AS $_$ a; $$ b; $_ $_$;\nSET a = 1;").count == 2)
    #expect(statements("CREATE FUNCTION f() AS $$ a; $1 b; $$; SELECT $1; SET a = 1;").count == 3)
    #expect(
      statements("CREATE FUNCTION f() BEGIN ATOMIC\n SELECT CASE WHEN true THEN 1 END;\nEND;\nSET a = 1;").count == 2)
    #expect(statements("CREATE RULE r AS ON INSERT TO t DO (SELECT 1; SELECT 2); SET a = 1;").count == 2)
    let rows = "COPY z.t (a, \"from\") FROM stdin;\nSET a = 0;\n\\\\.\nit's\t\"\n\\.\n\nSET b = 1;\n"
    #expect(statements(rows) == ["COPY z.t (a, \"from\") FROM stdin;", "SET b = 1;"])
    #expect(statements("\\restrict x;y'\nSET a = 0;\n\\unrestrict x\n") == ["SET a = 0;"])
    let commented = statements("-- comment; 'x\nSET a /* comment; /* in ' one */ */ = -- comment\n 0; SET b = 1;")
    #expect(commented == ["SET a  =  0;", "SET b = 1;"])
  }

  @Test("Only SET statements at the top level of the script are settings")
  func settings() {
    let found = contents(
      """
      -- Dumped from database version 15.18
      -- Dumped by pg_dump version 17.6
      SET statement_timeout = 0;
      SET transaction_timeout TO 0;
      SET my.setting = 1;
      SET SESSION AUTHORIZATION 'zulip';
      SET TIME ZONE 'UTC';
      CREATE FUNCTION f() AS $$
      SET hidden = 0;
      $$;
      COPY t (a) FROM stdin;
      SET also_hidden = 0;
      \\.
      """ + "\n")
    #expect(found.settings == ["statement_timeout", "transaction_timeout"])
    #expect(found.clientVersion == "17.6" && found.serverVersion == "15.18")
    #expect(found.owners == ["zulip"])
  }

  @Test("Owners, extensions, comments and objects that need a superuser are recognized")
  func objects() {
    let found = contents(
      """
      CREATE EXTENSION IF NOT EXISTS plpgsql WITH SCHEMA pg_catalog;
      COMMENT ON EXTENSION plpgsql IS 'x; OWNER TO me;';
      COMMENT ON SCHEMA public IS 'standard';
      ALTER TABLE z.t OWNER TO "odd role";
      ALTER FUNCTION z.f(a text DEFAULT ' OWNER TO x') OWNER TO zulip;
      ALTER DEFAULT PRIVILEGES FOR ROLE audit IN SCHEMA z GRANT SELECT ON TABLES TO x;
      CREATE EVENT TRIGGER watch ON ddl_command_end EXECUTE FUNCTION z.f();
      CREATE TEXT SEARCH TEMPLATE z.odd (LEXIZE = f);
      CREATE TEXT SEARCH DICTIONARY z.fine (TEMPLATE = simple);
      """ + "\n")
    #expect(found.owners == ["odd role", "zulip"])
    let demands = found.demands
    #expect(demands.extensions == ["plpgsql"] && demands.extensionComments == ["plpgsql"] && demands.hasPublicComment)
    #expect(demands.defaultPrivileges == ["audit"])
    #expect(demands.superuserObjects == ["event trigger watch", "text search template odd"])
  }

  @Test("An edited script differs from the original only in the edited statements")
  func edits() throws {
    try Disaster.folder { folder in
      let script = "SET a = 0;\nSET b = 1;\nCOPY t (x) FROM stdin;\nSET b = 1;\n\\.\nSET c = 2;\n"
      let path = "\(folder)/script.sql"
      try FileSystem.replace(path, with: script.utf8)
      let found = contents(script)
      let edits = found.items.filter { $0.kind == .setting("b") || $0.kind == .setting("c") }.map {
        EditedScript.Edit(range: $0.range, text: $0.kind == .setting("c") ? "SELECT 1;" : "")
      }
      let read = try EditedScript(path: path, edits: edits).read { input in
        try Subprocess("/bin/cat", [], directory: "/").run(descriptor: input).output
      }
      #expect(read == "SET a = 0;\n\nCOPY t (x) FROM stdin;\nSET b = 1;\n\\.\nSELECT 1;\n")
      // The reader may end before the script does.
      let long = String(repeating: "SELECT 1;\n", count: 100_000)
      try FileSystem.replace(path, with: long.utf8)
      let status = try EditedScript(path: path, edits: edits).read { input in
        try Subprocess("/bin/true", [], directory: "/").run(descriptor: input).status
      }
      #expect(status == 0)
    }
  }
}
