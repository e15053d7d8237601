import Archive
import Common
import Foundation
import Sandbox
import Testing

@testable import Engine
@testable import Operations

/// A change of an archive's rows, and whether the changed archive can be imported.
struct Mutation: Sendable, CustomTestStringConvertible {
  typealias Row = [String: Any]

  let testDescription: String
  let isImportable: Bool
  let change: @Sendable (MutableExport) throws -> Void

  static func refused(_ name: String, _ change: @escaping @Sendable (MutableExport) throws -> Void) -> Mutation {
    Mutation(testDescription: name, isImportable: false, change: change)
  }

  static func imported(_ name: String, _ change: @escaping @Sendable (MutableExport) throws -> Void) -> Mutation {
    Mutation(testDescription: name, isImportable: true, change: change)
  }
}

/// An unpacked export without a manifest, whose documents can be edited.
struct MutableExport {
  typealias Row = [String: Any]

  let folder: String

  func text(_ name: String, _ change: (String) -> String) throws {
    let path = "\(folder)/\(name)"
    try FileSystem.replace(
      path, with: change(String(decoding: try FileSystem.read(path), as: UTF8.self)).utf8)
  }

  func rows(_ table: String, in document: String = "realm.json", _ change: (inout [Row]) -> Void) throws {
    let path = "\(folder)/\(document)"
    var tables = try JSONSerialization.jsonObject(with: Data(FileSystem.read(path))) as? Row ?? [:]
    var rows = tables[table] as? [Row] ?? []
    change(&rows)
    tables[table] = rows
    try FileSystem.replace(path, with: JSONSerialization.data(withJSONObject: tables))
  }

  func first(
    _ table: String, in document: String = "realm.json", set column: String, to value: any Sendable
  ) throws {
    try rows(table, in: document) { $0[0][column] = value }
  }

  func double(_ table: String, in document: String = "realm.json") throws {
    try rows(table, in: document) { rows in
      var row = rows[0]
      row["id"] = 987_654
      rows.append(row)
    }
  }
}

@Suite("Agreement of verify, dry run and import")
struct AgreementTests {
  private static let messages = "messages-000001.json"

  private static let mutations: [Mutation] = [
    // Rows that the database would reject.
    .refused("a channel's name twice, in another case") { export in
      try export.rows("zerver_stream") { rows in
        rows[0]["name"] = "Straße"
        rows[1]["name"] = "sTRAßE"
      }
    },
    .refused("a subscription twice") { try $0.double("zerver_subscription") },
    .refused("a recipient twice") { try $0.double("zerver_recipient") },
    .refused("a reaction twice") { try $0.double("zerver_reaction") },
    .refused("a membership twice") { try $0.double("zerver_usergroupmembership") },
    .refused("a user message twice") { try $0.double("zerver_usermessage", in: messages) },
    .refused("a user's id twice") { export in try export.rows("zerver_userprofile") { $0.append($0[0]) } },
    .refused("an upload path twice") { export in
      try export.rows("zerver_attachment", in: "attachment.json") { $0[0]["path_id"] = $0[1]["path_id"] }
    },
    .refused("a name longer than its column") {
      try $0.first("zerver_stream", set: "name", to: String(repeating: "é", count: 61))
    },
    .refused("a number larger than its column") { try $0.first("zerver_userprofile", set: "role", to: 99_999) },
    .refused("a number where none is allowed below zero") { try $0.first("zerver_realm", set: "org_type", to: -5) },
    .refused("a null in a required column") { try $0.first("zerver_userprofile", set: "date_joined", to: NSNull()) },
    .refused("a text where a number belongs") { try $0.first("zerver_userprofile", set: "role", to: "400") },
    .refused("a number where a text belongs") {
      try $0.first("zerver_message", in: messages, set: "subject", to: 7)
    },
    .refused("a number where true or false belongs") { try $0.first("zerver_stream", set: "invite_only", to: 2) },
    .refused("a sender who is a text") { try $0.first("zerver_message", in: messages, set: "sender", to: "7") },
    .refused("a sender who is not in the archive") {
      try $0.first("zerver_message", in: messages, set: "sender", to: 987_654)
    },
    .refused("a message without its sender") { export in
      try export.rows("zerver_message", in: messages) { $0[0].removeValue(forKey: "sender") }
    },
    .refused("messages of which none has a sender") { export in
      try export.rows("zerver_message", in: messages) { rows in
        rows = rows.map { $0.filter { $0.key != "sender" } }
      }
    },
    .refused("a recipient of no known type") { try $0.first("zerver_recipient", set: "type", to: 9) },
    .refused("a document of JSON with a zero byte in jsonb") { export in
      try export.text("realm.json") {
        $0.replacing("\"extra_data\":{", with: "\"extra_data\":{\"\\u0000\":1,", maxReplacements: 1)
      }
    },

    .refused("references that no row of a table has") { export in
      for (table, key) in [("zerver_attachment", "owner"), ("zerver_alertword", "user_profile")] {
        let document = table == "zerver_attachment" ? "attachment.json" : "realm.json"
        try export.rows(table, in: document) { rows in
          for index in rows.indices { rows[index].removeValue(forKey: key) }
        }
      }
    },

    // Dates and numbers out of range.
    .refused("a date of 1e300") { try $0.first("zerver_message", in: messages, set: "date_sent", to: 1e300) },
    .refused("a date in milliseconds") {
      try $0.first("zerver_message", in: messages, set: "date_sent", to: 99_999_999_999_999)
    },
    .refused("a date far before the first") {
      try $0.first("zerver_message", in: messages, set: "date_sent", to: -1e13)
    },
    .refused("a date in the year 99999999") {
      try $0.first("zerver_userprofile", set: "date_joined", to: "99999999-01-01T00:00:00Z")
    },
    .refused("an id that no integer holds") { export in
      try export.text(messages) { $0.replacing("\"id\":", with: "\"id\":1180591620717411303424", maxReplacements: 1) }
    },

    // Email addresses.
    .refused("an address that is none") { try $0.first("zerver_userprofile", set: "delivery_email", to: "nobody") },
    .refused("an address with a line break") {
      try $0.first("zerver_userprofile", set: "delivery_email", to: "a@b.com\nBcc: x@y.com")
    },
    .refused("an empty address") { try $0.first("zerver_userprofile", set: "email", to: "") },
    .refused("an address of two people, in another case") { export in
      try export.rows("zerver_userprofile") { rows in
        rows[0]["delivery_email"] = (rows[1]["delivery_email"] as? String)?.uppercased()
      }
    },

    // Documents.
    .refused("a message file of a name that nobody reads") { export in
      rename("\(export.folder)/\(messages)", "\(export.folder)/messages-1.json")
    },
    .refused("a message file that was not finished") { export in
      try FileSystem.replace("\(export.folder)/messages-000002.json.partial", with: "{}".utf8)
    },
    .refused("message files with a gap") { export in
      try FileSystem.replace(
        "\(export.folder)/messages-000003.json", with: "{\"zerver_message\":[],\"zerver_usermessage\":[]}".utf8)
    },
    .refused("a message file of a huge number") { export in
      try FileSystem.replace("\(export.folder)/messages-99999999999999999999.json", with: "{}".utf8)
    },
    .refused("garbage behind a document") { try $0.text("realm.json") { $0 + "x" } },
    .refused("a table twice in a document") { export in
      try export.text("realm.json") { text in
        String(text.dropLast(text.reversed().prefix { $0 != "}" }.count + 1)) + ",\"zerver_stream\":[]}"
      }
    },
    .refused("a table that is no list") { export in
      try export.text("analytics.json") { _ in "{\"analytics_realmcount\":null}" }
    },
    .refused("a table in a document that is not its own") { export in
      try export.text("analytics.json") { _ in "{\"zerver_message\":[]}" }
    },
    .refused("an empty list of migrations") { try $0.text("migration_status.json") { _ in "" } },
    .refused("a list of migrations that is no JSON") { try $0.text("migration_status.json") { _ in "garbage" } },
    .refused("garbage behind the list of migrations") { try $0.text("migration_status.json") { $0 + "{}" } },
    .refused("migrations that are no list") {
      try $0.text("migration_status.json") { _ in #"{"migrations_by_app":{"zerver":"[X] 9999_future"}}"# }
    },
    .refused("migrations without apps") {
      try $0.text("migration_status.json") { _ in #"{"migrations_by_app":["[X] 0001_initial"]}"# }
    },
    .refused("a version that is a number") {
      try $0.text("migration_status.json") { $0.replacing("_version\":\"", with: "_version\":9,\"was\":\"") }
    },
    .refused("two organizations") { try $0.double("zerver_realm") },
    .refused("no organization") { export in try export.rows("zerver_realm") { $0 = [] } },

    // Rows that the import repairs.
    .imported("a reaction with a custom emoji that is gone") { export in
      try export.rows("zerver_reaction") { rows in
        rows[0]["reaction_type"] = "realm_emoji"
        rows[0]["emoji_code"] = "987654"
      }
    },
    .imported("a status with a custom emoji that is gone") { export in
      try export.rows("zerver_userstatus") { rows in
        guard !rows.isEmpty else { return }
        rows[0]["reaction_type"] = "realm_emoji"
        rows[0]["emoji_code"] = "no number"
      }
    },
    .imported("an announcement channel that is gone") {
      try $0.first("zerver_realm", set: "signup_announcements_stream", to: 987_654)
    },
    .imported("an attachment of a message that is gone") { export in
      try export.rows("zerver_attachment", in: "attachment.json") { rows in
        rows[0]["messages"] = (rows[0]["messages"] as? [Int] ?? []) + [987_654]
      }
    },
    .imported("an attachment that names a message twice") { export in
      try export.rows("zerver_attachment", in: "attachment.json") { rows in
        let messages = rows[0]["messages"] as? [Int] ?? []
        rows[0]["messages"] = messages + messages
      }
    },
    .imported("a text with a zero byte and half a surrogate pair") { export in
      try export.rows("zerver_message", in: messages) { $0[0]["content"] = "a\u{0}b" }
    },
    .imported("a key that only the first row lacks") { export in
      try export.rows("zerver_message", in: messages) { $0[0].removeValue(forKey: "edit_history") }
    },
    .imported("a table that no version has") { try $0.rows("zerver_nosuchtable") { $0 = [["id": 1]] } },
    .imported("a client without a name, a setting of a channel that names no group, rows without their organization") {
      export in
      try export.rows("zerver_client") { $0[0].removeValue(forKey: "name") }
      try export.rows("zerver_stream") { rows in
        rows[0].removeValue(forKey: "can_remove_subscribers_group")
        rows[1].removeValue(forKey: "realm")
      }
      try export.rows("zerver_userprofile") { $0[1].removeValue(forKey: "realm") }
    },
    .refused("two names that both are missing") { export in
      try export.rows("zerver_stream") { rows in
        for index in 0...1 { rows[index].removeValue(forKey: "name") }
      }
    },
    .refused("the client of every row") { export in
      try export.rows("zerver_useractivity") { rows in
        for index in rows.indices { rows[index].removeValue(forKey: "client") }
      }
    },
    .refused("a list where the tables belong") { export in
      try export.text("analytics.json") { "[\($0)]" }
    },
    .refused("an empty list where the tables belong") { try $0.text("attachment.json") { _ in "[]" } },
    .refused("an object where records belong") { try $0.text("uploads/records.json") { _ in "{}" } },
    .imported("groups with the names of the server's own that are not marked as such") { export in
      try export.rows("zerver_namedusergroup") { rows in
        for index in rows.indices { rows[index].removeValue(forKey: "is_system_group") }
      }
    },
    .imported("originals of emoji whose records do not name the file") { export in
      let path = "\(export.folder)/emoji/records.json"
      var records = try JSONSerialization.jsonObject(with: Data(FileSystem.read(path))) as? [MutableExport.Row] ?? []
      for index in records.indices { records[index].removeValue(forKey: "file_name") }
      try FileSystem.replace(path, with: JSONSerialization.data(withJSONObject: records))
    },
    .imported("an emoji with the name of another one's original") { export in
      try export.rows("zerver_realmemoji") { rows in
        guard rows.count > 1, let name = rows[0]["file_name"] as? String else { return }
        rows[1]["file_name"] = "\(name).original"
      }
    },
    .imported("ids at the end of their range") { export in
      try export.rows("zerver_reaction") { rows in
        rows[0]["id"] = Int64.max
        rows[1]["id"] = Int64.min
      }
    },
  ]

  /// Returns the family of the failure that `body` throws; nil if it throws none.
  private func outcome(_ body: () throws -> Void) throws -> FailureFamily? {
    do {
      try body()
      return nil
    } catch let failure as any Failure {
      return failure.family
    }
  }

  @Test(
    "verify, dry run and import refuse and accept the same archives",
    arguments: mutations)
  func agreement(_ mutation: Mutation) throws {
    let export = MutableExport(folder: try Servers.unpackedArchive())
    defer { try? FileSystem.removeTree(export.folder) }
    try mutation.change(export)
    let server = try (mutation.isImportable ? Self.importing : Self.refusing).get()
    let subdomain = "h" + RandomText.alphanumeric(8).lowercased()
    let expected: FailureFamily? = mutation.isImportable ? nil : .damagedArchive

    let verified = try outcome {
      _ = try VerifyOperation(VerifyOperation.Options(archive: export.folder)).perform(.silent)
    }
    #expect(verified == expected)
    let checked = try outcome {
      let findings = try server.importing(export.folder, as: subdomain).check()
      #expect(!findings.contains { $0.severity == .blocker }, "\(findings)")
    }
    #expect(checked == expected)
    let imported = try outcome {
      _ = try server.importing(export.folder, as: subdomain).perform(.silent)
    }
    #expect(imported == expected)
    // This server refuses every archive: it must remain as freshly installed.
    if !mutation.isImportable { #expect(try Self.traces(on: server) == Self.untouched.get()) }
  }

  private static let importing = Result { try Servers.fresh() }
  private static let refusing = Result { try Servers.fresh() }
  private static let untouched = Result { try traces(on: try refusing.get()) }

  /// Returns the first changes that an import makes: organizations, clients, files, used sequence values. Work folders
  /// are ignored, because other cases create them at the same time.
  private static func traces(on server: SandboxServer) throws -> [String] {
    try FileSystem.names(in: server.uploads).filter { !$0.hasPrefix(".") }.sorted()
      + server.column(
        """
        SELECT (SELECT count(*) FROM zerver_realm) || ' ' || (SELECT count(*) FROM zerver_client) || ' '
          || pg_sequence_last_value(pg_get_serial_sequence('zerver_userprofile', 'id'))
        """)
  }

  @Test(
    "A list of migrations that names none of the server says as little as none",
    arguments: [#"{}"#, #"{"migrations_by_app":{}}"#, #"{"migrations_by_app":{"otp_totp":["0001_initial"]}}"#])
  func namelessMigrations(_ text: String) throws {
    let export = MutableExport(folder: try Servers.unpackedArchive())
    defer { try? FileSystem.removeTree(export.folder) }
    try export.text("migration_status.json") { _ in text }
    let server = try Self.refusing.get()
    #expect(
      try server.importing(export.folder).check().contains { $0.id == .version && $0.severity == .blocker })
    #expect(throws: Blocked.self) { try server.importing(export.folder).perform(.silent) }
    let options = VerifyOperation.Options(archive: export.folder)
    #expect(throws: Blocked.self) {
      try VerifyOperation(options, server: try server.installation).perform(.silent)
    }
  }

  @Test("An archive that is no export is called so by all three, although another document is damaged, too")
  func noExport() throws {
    let export = MutableExport(folder: try Servers.unpackedArchive())
    defer { try? FileSystem.removeTree(export.folder) }
    try FileSystem.removeTree("\(export.folder)/realm.json")
    try export.text("analytics.json") { $0 + "x" }
    let server = try Self.refusing.get()
    let families = try [
      outcome { _ = try VerifyOperation(VerifyOperation.Options(archive: export.folder)).perform(.silent) },
      outcome { _ = try server.importing(export.folder).check() },
      outcome { _ = try server.importing(export.folder).perform(.silent) },
    ]
    #expect(families == [.unsuitableArchive, .unsuitableArchive, .unsuitableArchive])
  }

  @Test("Rows that only another version accepts are refused because of the version, damage because of the damage")
  func otherVersion() throws {
    let export = MutableExport(folder: try Servers.unpackedArchive())
    defer { try? FileSystem.removeTree(export.folder) }
    let server = try Servers.fresh()
    // The server is older than the archive: its names are shorter.
    try server.change("ALTER TABLE zerver_stream ALTER COLUMN name TYPE varchar(3)")
    let migration = #""[X] 0999_longer_names""#
    try export.text("migration_status.json") { $0.replacing("\"zerver\":[", with: "\"zerver\":[\(migration),") }
    let options = VerifyOperation.Options(archive: export.folder)
    func refusals() throws -> [FailureFamily?] {
      try [
        outcome { _ = try server.importing(export.folder).check() },
        outcome { _ = try server.importing(export.folder).perform(.silent) },
        outcome { _ = try VerifyOperation(options, server: try server.installation).perform(.silent) },
      ]
    }
    #expect(try refusals() == [.blocked, .blocked, .blocked])
    try export.first("zerver_message", in: Self.messages, set: "sender", to: 987_654)
    #expect(try refusals() == [.damagedArchive, .damagedArchive, .damagedArchive])
  }

  @Test("Repairs are counted and named by verify, the dry run and the import")
  func repairs() throws {
    let export = MutableExport(folder: try Servers.unpackedArchive())
    defer { try? FileSystem.removeTree(export.folder) }
    try export.rows("zerver_reaction") { rows in
      for index in 0..<3 {
        rows[index]["reaction_type"] = "realm_emoji"
        rows[index]["emoji_code"] = "987654"
      }
    }
    let said = "zerver_reaction: 3 rows are left out, because the custom emoji of emoji_code is not in the archive"
    let verified = try VerifyOperation(VerifyOperation.Options(archive: export.folder)).perform(.silent)
    #expect(verified.warnings.contains(said))
    let server = try Servers.fresh()
    let operation = try server.importing(export.folder)
    #expect(try operation.check().contains { $0.severity == .warning && $0.reason == said })
    #expect(try operation.perform(.silent).warnings.contains(said))
  }

  @Test("A refusal names the file, the table, the row and the column")
  func refusal() throws {
    let export = MutableExport(folder: try Servers.unpackedArchive())
    defer { try? FileSystem.removeTree(export.folder) }
    var id = 0
    try export.rows("zerver_stream") { rows in
      rows[0]["name"] = String(repeating: "x", count: 75)
      id = rows[0]["id"] as? Int ?? 0
    }
    do {
      _ = try VerifyOperation(VerifyOperation.Options(archive: export.folder)).perform(.silent)
      Issue.record("it was not refused")
    } catch let failure as any Failure {
      #expect(
        failure.reason
          == "1 problem: zerver_stream: row \(id) in realm.json: name has 75 characters, more than the 60 that fit")
    }
  }
}
