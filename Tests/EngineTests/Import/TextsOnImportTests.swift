import Common
import Sandbox
import Testing

@Suite("Texts in an import")
struct TextsOnImportTests {
  /// All columns with text written by users in which the server or its apps look for references.
  private static let columns = [
    ("zerver_realm", "description"), ("zerver_realm", "welcome_message_custom_text"), ("zerver_stream", "description"),
    ("zerver_namedusergroup", "description"), ("zerver_channelfolder", "description"), ("zerver_message", "content"),
    ("zerver_scheduledmessage", "content"), ("zerver_scheduledmessage", "reminder_note"),
    ("zerver_savedsnippet", "content"), ("zerver_userstatus", "status_text"),
  ]

  @Test("Mentions, links and views follow the new ids in every text of an organization, and what is unknown is counted")
  func everywhere() throws {
    let source = try SandboxServer.small()
    let extra = "ALTER TABLE zerver_realm ADD COLUMN welcome_message_custom_text varchar(8000) NOT NULL DEFAULT '';"
    try source.change(LaterVersion.changes + LaterVersion.rows + extra)
    let realm = try source.realm("harbour")
    let person = "(SELECT min(id) FROM zerver_userprofile WHERE realm_id = \(realm) AND NOT is_bot)"
    let channel = "(SELECT min(id) FROM zerver_stream WHERE realm_id = \(realm))"
    let text =
      "'@**Ann|' || \(person) || '** `@**Ann|' || \(person) || '**` [x](#narrow/channel/' || \(channel) || '-x)'"
    for (table, column) in Self.columns { try source.change("UPDATE \(table) SET \(column) = \(text);") }
    try source.change(
      """
      UPDATE zerver_navigationview SET fragment = 'narrow/channel/' || \(channel) || '-x';
      UPDATE zerver_customprofilefieldvalue v SET value = \(text) FROM zerver_customprofilefield f
        WHERE f.id = v.field_id AND f.field_type IN (1, 2);
      UPDATE zerver_message SET edit_history = '[{"user_id": ' || \(person) || ', "timestamp": 1, "prev_content": "@**A|'
        || \(person) || '** @**Gone|999999**"}]' WHERE id = (SELECT min(id) FROM zerver_message WHERE realm_id = \(realm));
      """)
    let address = try source.value("SELECT delivery_email FROM zerver_userprofile WHERE id = \(person)") ?? ""
    let name = try source.value("SELECT name FROM zerver_stream WHERE id = \(channel)") ?? ""
    let oldPerson = try source.value("SELECT \(person)") ?? ""
    let exported = try Exported(source, "harbour")

    let target = try Servers.fresh()
    try target.change(LaterVersion.changes + extra)
    try target.change(
      "SELECT setval(pg_get_serial_sequence('zerver_userprofile', 'id'), 5000), setval(pg_get_serial_sequence('zerver_stream', 'id'), 7000);"
    )
    let summary = try target.importing(exported.path, as: "port").perform(.silent)
    #expect(summary.warnings.contains { $0.hasPrefix("zerver_message.edit_history: 1 reference") })
    let port = try target.realm("port")
    let newPerson = try #require(
      try target.value("SELECT id FROM zerver_userprofile WHERE realm_id = \(port) AND delivery_email = '\(address)'"))
    let newChannel = try #require(
      try target.value("SELECT id FROM zerver_stream WHERE realm_id = \(port) AND name = '\(name)'"))
    let expected = "@**Ann|\(newPerson)** `@**Ann|\(oldPerson)**` [x](#narrow/channel/\(newChannel)-x)"
    #expect(newPerson != oldPerson)
    for (table, column) in Self.columns {
      let count = try target.number("SELECT count(*) FROM \(table) WHERE \(column) = '\(expected)'")
      #expect(count == exported.rows(table).count && count > 0, "\(table).\(column)")
    }
    #expect(
      try target.number("SELECT count(*) FROM zerver_navigationview WHERE fragment = 'narrow/channel/\(newChannel)-x'")
        == exported.rows("zerver_navigationview").count)
    #expect(try target.number("SELECT count(*) FROM zerver_customprofilefieldvalue WHERE value = '\(expected)'") > 0)
    let history = try #require(
      try target.value("SELECT edit_history FROM zerver_message WHERE edit_history LIKE '%prev_content%@**A|%'"))
    #expect(history.contains("\"user_id\": \(newPerson)") && history.contains("@**A|\(newPerson)** @**Gone**"))
  }
}
