import Archive
import Common
import Sandbox
import Testing

@Suite("Export of impossible values")
struct ForeignValuesTests {
  @Test("Infinite and impossible times and numbers are replaced, counted and named")
  func values() throws {
    let server = try SandboxServer.small()
    let realm = try server.realm("bookclub")
    try server.change(
      """
      ALTER TABLE zerver_userprofile ADD COLUMN weight float8, ADD COLUMN height float4 NOT NULL DEFAULT 1.5;
      CREATE TEMP TABLE people AS SELECT id, row_number() OVER (ORDER BY id) AS n FROM zerver_userprofile
        WHERE realm_id = \(realm);
      UPDATE zerver_userprofile u SET last_login = ('{infinity,-infinity,4713-01-01 BC,294276-12-31}'::timestamptz[])[n],
        weight = ('{NaN,Infinity,-Infinity,0.1}'::float8[])[n], height = ('{NaN,Infinity,-Infinity,0.1}'::float4[])[n]
        FROM people p WHERE p.id = u.id AND n <= 4;
      UPDATE zerver_message SET last_edit_time = 'infinity' WHERE realm_id = \(realm);
      UPDATE zerver_realm SET date_created = '-infinity' WHERE id = \(realm);
      """)
    let exported = try Exported(server, "bookclub")
    let people = exported.rows("zerver_userprofile").sorted { $0["id"] as? Int ?? 0 < $1["id"] as? Int ?? 0 }.prefix(4)
    let (first, last) = (-62_135_596_800.0, 253_402_300_799.0)
    #expect(people.map { $0["last_login"] as? Double } == [last, first, first, last])
    let largest = Double.greatestFiniteMagnitude
    let weights: [Double?] = [nil, largest, -largest, 0.1]
    #expect(people.map { $0["weight"] as? Double } == weights)
    #expect(people.first?["height"] as? Int == 0)
    #expect(exported.rows("zerver_message").allSatisfy { $0["last_edit_time"] as? Double == last })
    func changed(_ table: String, _ column: String) -> Int64? {
      exported.manifest.changed.first { $0.table == table && $0.column == column }?.count
    }
    #expect(changed("zerver_userprofile", "last_login") == 4)
    #expect(changed("zerver_userprofile", "weight") == 3)
    #expect(changed("zerver_userprofile", "height") == 3)
    #expect(changed("zerver_message", "last_edit_time") == Int64(exported.rows("zerver_message").count))
    #expect(changed("zerver_realm", "date_created") == 1)
    #expect(exported.warnings.contains { $0.contains("zerver_userprofile.last_login") && $0.contains("infinity") })
    #expect(exported.summary.facts.contains { $0.name == "Changed" && $0.value.contains("last_login") })
    try exported.verify()
  }

  @Test("Ordinary values are exported unchanged")
  func ordinary() throws {
    let exported = try Exported(try Servers.old(), "harbour")
    #expect(exported.manifest.changed.isEmpty)
  }
}
