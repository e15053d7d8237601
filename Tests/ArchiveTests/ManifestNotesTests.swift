import Testing

@testable import Archive

@Suite("What a manifest says of what an archive lacks")
struct ManifestNotesTests {
  private func manifest(_ change: (String) -> String) throws -> Manifest? {
    var manifest = Manifest(program: "p", kind: .organizationExport, source: .init(brand: "aloha"))
    manifest.leftOut = [.init(table: "zerver_message", reason: "of nobody", count: 3)]
    manifest.changed = [.init(table: "zerver_userprofile", column: "last_login", reason: "infinity", count: 1)]
    let text = change(String(decoding: try manifest.encoded(), as: UTF8.self))
    return try Manifest.decode(Array(text.utf8), archive: "a")
  }

  @Test("Rows that are left out and values that were changed are read as they were written")
  func roundTrip() throws {
    let read = try #require(try manifest { $0 })
    #expect(read.leftOut == [.init(table: "zerver_message", reason: "of nobody", count: 3)])
    #expect(read.changed.map(\.column) == ["last_login"])
  }

  @Test("A manifest without these notes, or with notes of another form, is read all the same")
  func tolerant() throws {
    let without = try #require(
      try manifest {
        $0.replacing("\"leftOut\"", with: "\"other\"").replacing("\"changed\"", with: "\"another\"")
      })
    #expect(without.leftOut.isEmpty && without.changed.isEmpty)
    let odd = try #require(try manifest { $0.replacing("\"count\" : 3", with: "\"count\" : \"many\"") })
    #expect(odd.leftOut.isEmpty && odd.changed.count == 1)
  }
}
