import Testing

@testable import Archive

@Suite("Notes in a manifest")
struct ManifestNotesTests {
  private func manifest(_ change: (String) -> String) throws -> Manifest? {
    var manifest = Manifest(program: "p", kind: .organizationExport, source: .init(brand: "aloha"))
    manifest.leftOut = [.init(table: "zerver_message", reason: "of nobody", count: 3)]
    manifest.changed = [.init(table: "zerver_userprofile", column: "last_login", reason: "infinity", count: 1)]
    let text = change(String(decoding: try manifest.encoded(), as: UTF8.self))
    return try Manifest.decode(Array(text.utf8), archive: "a")
  }

  @Test("Notes about left-out rows and changed values are decoded unchanged")
  func roundTrip() throws {
    let read = try #require(try manifest { $0 })
    #expect(read.leftOut == [.init(table: "zerver_message", reason: "of nobody", count: 3)])
    #expect(read.changed.map(\.column) == ["last_login"])
  }

  @Test("A manifest without these notes, or with unknown ones, is read")
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
