import Testing

@testable import Server
@testable import Transfer

@Suite("Unique indexes")
struct UniqueRuleTests {
  @Test("Definitions of the server's indexes are understood")
  func definitions() throws {
    let folded = try #require(
      UniqueRule(
        definition: "CREATE UNIQUE INDEX u ON zulip.zerver_stream USING btree (realm_id, upper((name)::text))"))
    #expect(folded.parts.map(\.column) == ["realm_id", "name"])
    #expect(folded.parts.map(\.folding) == [.none, .upper])
    #expect(folded.condition == .always)
    let partial = try #require(UniqueRule(definition: "(property, end_time) WHERE (subgroup IS NULL)"))
    #expect(partial.condition == .isNull("subgroup") && partial.columns == ["property", "end_time", "subgroup"])
    #expect(UniqueRule(definition: "(realm_id, name) WHERE (NOT deactivated)")?.condition == .not("deactivated"))
  }

  @Test("An index with an unsupported expression is left to the database")
  func others() {
    for definition in [
      "CREATE UNIQUE INDEX u ON t USING btree (md5(name))", "(a) WHERE ((b > 3) AND (c IS NULL))", "(a", "", "()",
      "(\"a\"\"b\")",
    ] {
      #expect(UniqueRule(definition: definition) == nil, "\(definition)")
    }
  }

  @Test("Every unique index of the known versions is understood")
  func known() {
    for table in KnownSchemaText.tables {
      for definition in table.unique { #expect(UniqueRule(definition: definition) != nil, "\(definition)") }
    }
  }

  @Test("Case folding is done per character, like the database's")
  func folding() {
    #expect(UniqueRule.Folding.upper.folded("Straße é") == "STRAßE É")
    #expect(UniqueRule.Folding.lower.folded("ÀB") == "àb")
  }
}

@Suite("Addresses")
struct EmailAddressTests {
  @Test(
    "Addresses that servers give out are valid",
    arguments: [
      "iago@zulip.com", "user9@localhost", "a.b+c@x-y.example.org", "exported-user-1f@zulip.example.com",
      "\"odd name\"@example.com", "x@[127.0.0.1]", "jürgen@bücher.example",
    ])
  func valid(_ address: String) { #expect(EmailAddress.isValid(address)) }

  @Test(
    "Invalid addresses are refused",
    arguments: [
      "", "nobody", "@example.com", "a@", "a@b@c.com", "a b@c.com", "a@b.com\nBcc: x@y.com", "a@-b.com", "a@b..com",
      ".a@b.com", "a..b@c.com", "a@b.com ", "a\u{0}@b.com", "a@b.com\u{1B}[31m",
      "a@" + String(repeating: "b", count: 260),
    ])
  func invalid(_ address: String) { #expect(!EmailAddress.isValid(address)) }
}
