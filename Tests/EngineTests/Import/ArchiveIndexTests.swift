import Archive
import Common
import Testing

@testable import Transfer

/// The data that an import keeps about an archive after it was read once.
@Suite("The index of an archive")
struct ArchiveIndexTests {
  @Test("Conversations and the order by date are known from one reading of the message files")
  func oneReading() throws {
    var edited = try EditedArchive()
    edited.realm["sort_by_date"] = true
    edited.messages.reverse()
    let folder = try edited.write()
    let archive = try OpenedArchive.open(folder, workFolder: folder, expecting: .export)
    defer { archive.close() }
    let index = try ArchiveIndex(archive, .known, meter: .unseen)
    var read = 0
    try index.messageRows(of: "zerver_message", keys: ["id"]) { _ in read += 1 }
    #expect(read == edited.messages.count)

    // Reading a message file again would fail from here on.
    try FileSystem.removeTree("\(folder)/messages-000001.json")
    #expect(throws: (any Error).self) { try index.messageRows(of: "zerver_message", keys: ["id"]) { _ in } }
    let dated = edited.messages.compactMap { row -> (Double, Int64)? in
      guard let date = row["date_sent"] as? Double, let id = row["id"] as? Int else { return nil }
      return (date.rounded(.down), Int64(id))
    }
    #expect(index.ids["zerver_message"] == dated.sorted { $0 < $1 }.map(\.1))
    let channels = Set(
      edited["zerver_recipient"].filter { $0["type"] as? Int == 2 }.compactMap { $0["id"] as? Int })
    let wanted = edited.messages.compactMap { row -> MessageFacts.Direction? in
      guard let sender = row["sender"] as? Int, let recipient = row["recipient"] as? Int, !channels.contains(recipient)
      else { return nil }
      return MessageFacts.Direction(sender: Int64(sender), recipient: Int64(recipient))
    }
    #expect(!wanted.isEmpty && index.directions == Set(wanted))
  }

  @Test("Rows are read from where each table begins, in documents of any layout")
  func layouts() throws {
    let edited = try EditedArchive()
    let folder = try edited.write()
    let path = "\(folder)/realm.json"
    let text = String(decoding: try FileSystem.read(path), as: UTF8.self)
    // A value before and between the tables, and whitespace where JSON allows it.
    let spaced = "\n {\t\"a_flag\" : true , " + text.dropFirst().replacing(":[", with: " :\r\n [ ")
    try FileSystem.replace(path, with: Array(spaced.utf8))
    let archive = try OpenedArchive.open(folder, workFolder: folder, expecting: .export)
    defer { archive.close() }
    let index = try ArchiveIndex(archive, .known, meter: .unseen)
    for table in ["zerver_realm", "zerver_userprofile", "zerver_subscription"] {
      var ids: [Int] = []
      try index.realm.rows(of: table, keys: ["id"]) { row in if let id = row[0].int { ids.append(Int(id)) } }
      #expect(ids == edited.ids(table) && !ids.isEmpty)
    }
  }
}
