import Sandbox
import Testing

@Suite("The schema of a sandbox's server")
struct SchemaTests {
  private func value(_ sql: String, _ parameters: [String?] = []) throws -> String? {
    let connection = try Shared.server().connect()
    return try connection.value(sql, parameters)
  }

  @Test("has the tables, references and rules of the reference version")
  func counts() throws {
    let tables = "SELECT count(*) FROM pg_class WHERE relkind = 'r' AND relnamespace = 'aloha'::regnamespace"
    #expect(try value(tables) == "87")
    #expect(try constraints("f") == "146")
    #expect(try constraints("u") == "56")
    #expect(try constraints("p") == "87")
  }

  private func constraints(_ type: String) throws -> String? {
    try value("SELECT count(*) FROM pg_constraint WHERE contype = $1 AND connamespace = 'aloha'::regnamespace", [type])
  }
}
