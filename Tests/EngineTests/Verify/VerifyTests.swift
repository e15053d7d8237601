import Archive
import Common
import Foundation
import Glibc
import Sandbox
import Testing

@testable import Engine
@testable import Operations
@testable import Transfer

@Suite("Verifying archives")
struct VerifyTests {
  private func problems(_ path: String) throws -> String? {
    do {
      _ = try VerifyOperation(VerifyOperation.Options(archive: path)).perform(.silent)
      return nil
    } catch let failure as any Failure {
      #expect(failure.family == .damagedArchive)
      return failure.reason
    }
  }

  /// A small archive written by this program.
  private static let small = Result {
    let path = try Servers.folder() + "/verify-small.tar.gz"
    let options = ExportOperation.Options(subdomain: "bookclub", output: path)
    _ = try ExportOperation(Servers.old().reference, options).perform(.silent)
    return path
  }

  // MARK: Damage

  @Test("A thousand random bit flips are detected")
  func flippedBits() throws {
    let path = try Self.small.get()
    let bytes = try FileSystem.read(path)
    let copy = try Servers.folder() + "/flipped.tar.gz"
    try FileSystem.replace(copy, with: bytes)
    let file = open(copy, O_RDWR)
    defer { close(file) }
    var generator = SystemRandomNumberGenerator()
    for _ in 0..<1000 {
      let place = Int.random(in: 0..<bytes.count, using: &generator)
      let bit = UInt8(1) << UInt8.random(in: 0..<8, using: &generator)
      var damaged = bytes[place] ^ bit
      var sound = bytes[place]
      pwrite(file, &damaged, 1, place)
      #expect(throws: (any Error).self, "bit \(bit) of byte \(place)") {
        _ = try VerifyOperation(VerifyOperation.Options(archive: copy)).perform(.silent)
      }
      pwrite(file, &sound, 1, place)
    }
    #expect(try problems(copy) == nil)
  }

  @Test("A truncated archive is detected at any length")
  func cutOff() throws {
    let bytes = try FileSystem.read(try Servers.archive())
    let copy = try Servers.folder() + "/cut.tar.gz"
    for length in stride(from: 0, to: bytes.count, by: 64 << 10) {
      try FileSystem.replace(copy, with: bytes[..<length])
      #expect(throws: (any Error).self, "\(length) bytes") {
        _ = try VerifyOperation(VerifyOperation.Options(archive: copy)).perform(.silent)
      }
    }
  }

  // MARK: Archives without digests

  private typealias Document = [String: Any]

  private func change(_ folder: String, _ name: String, _ body: (inout Document) -> Void) throws {
    let path = "\(folder)/\(name)"
    var document = try #require(
      try JSONSerialization.jsonObject(with: Data(FileSystem.read(path))) as? Document)
    body(&document)
    try FileSystem.replace(path, with: try JSONSerialization.data(withJSONObject: document))
  }

  private func rows(_ document: inout Document, _ table: String, _ body: (inout [Document]) -> Void) {
    var rows = document[table] as? [Document] ?? []
    body(&rows)
    document[table] = rows
  }

  @Test("An unpacked folder without digests is accepted, also packed again")
  func sound() throws {
    let folder = try Servers.unpackedArchive()
    #expect(try problems(folder) == nil)
    try Subprocess(
      "/bin/tar", ["-czf", "\(folder).tar.gz", "-C", Servers.folder(), FileSystem.name(of: folder)]
    )
    .runChecked()
    #expect(try problems("\(folder).tar.gz") == nil)
  }

  @Test(
    "A missing row is detected by references to it",
    arguments: [
      ("realm.json", "zerver_userprofile", "user"), ("realm.json", "zerver_stream", "channel"),
      ("realm.json", "zerver_recipient", "recipient"), ("realm.json", "zerver_client", "client"),
      ("realm.json", "zerver_usergroup", "user group"), ("realm.json", "zerver_customprofilefield", "profile field"),
      ("realm.json", "zerver_huddle", "group message"),
      ("messages-000001.json", "zerver_message", "message"),
    ])
  func missingRow(document: String, table: String, noun: String) throws {
    let folder = try Servers.unpackedArchive()
    try change(folder, document) { document in rows(&document, table) { $0.removeAll() } }
    #expect(try problems(folder)?.contains("has no \(noun)") == true)
  }

  /// Returns the warnings for an archive that can be imported.
  private func warnings(_ path: String) throws -> String {
    try VerifyOperation(VerifyOperation.Options(archive: path)).perform(.silent).warnings.joined(separator: "; ")
  }

  @Test("An attachment without its row, its record or its file can be imported, and is named")
  func files() throws {
    let folder = try Servers.unpackedArchive()
    let records = try #require(
      try JSONSerialization.jsonObject(with: Data(FileSystem.read("\(folder)/uploads/records.json"))) as? [Document])
    let path = try #require(records.first?["path"] as? String)
    let bytes = try FileSystem.read("\(folder)/uploads/\(path)")

    unlink("\(folder)/uploads/\(path)")
    #expect(try warnings(folder).contains("is missing"))
    try FileSystem.replace("\(folder)/uploads/\(path)", with: bytes + [0])
    #expect(try warnings(folder).contains("its record says"))
    try FileSystem.replace("\(folder)/uploads/\(path)", with: bytes)
    #expect(try warnings(folder).isEmpty)

    try FileSystem.replace(
      "\(folder)/uploads/records.json", with: try JSONSerialization.data(withJSONObject: Array(records.dropFirst())))
    #expect(try warnings(folder).contains("has no record"))
    try FileSystem.replace(
      "\(folder)/uploads/records.json", with: try JSONSerialization.data(withJSONObject: records))
    try change(folder, "attachment.json") { document in rows(&document, "zerver_attachment") { $0.removeLast() } }
    #expect(try warnings(folder).contains("no row among the attachments"))
  }

  @Test("Missing, truncated and duplicate documents are detected")
  func documents() throws {
    for name in ["realm.json", "attachment.json", "avatars/records.json", "uploads/records.json"] {
      let folder = try Servers.unpackedArchive()
      unlink("\(folder)/\(name)")
      #expect(throws: (any Error).self, "\(name)") {
        _ = try VerifyOperation(VerifyOperation.Options(archive: folder)).perform(.silent)
      }
    }
    let folder = try Servers.unpackedArchive()
    let text = try FileSystem.read("\(folder)/realm.json")
    for length in [1, 1000, text.count / 2, text.count - 3] {
      try FileSystem.replace("\(folder)/realm.json", with: text[..<length])
      #expect(try problems(folder) != nil)
    }
    try FileSystem.replace("\(folder)/realm.json", with: text)
    try change(folder, "messages-000001.json") { document in
      rows(&document, "zerver_message") { rows in rows.append(rows[3]) }
    }
    #expect(try problems(folder)?.contains("is there twice") == true)
  }

  @Test("A gap between message files is detected")
  func gap() throws {
    let folder = try Servers.unpackedArchive()
    rename("\(folder)/messages-000001.json", "\(folder)/messages-000002.json")
    #expect(try problems(folder)?.contains("messages-000001.json is missing") == true)
  }

  @Test(
    "Rows that the official statistics count and the archive lacks are named; a document that is missing is refused")
  func statistics() throws {
    let folder = try Servers.unpackedArchive()
    try FileSystem.replace("\(folder)/stats.txt", with: "realm.json\n   1 zerver_realm\n9999 zerver_alertword\n".utf8)
    #expect(try warnings(folder).contains("the statistics say 9999"))
    unlink("\(folder)/stats.txt")
    try FileSystem.replace(
      "\(folder)/stats.json", with: "{\"realm\":{\"zerver_realm\":1,\"zerver_reaction\":1},\"uploads_records\":0}".utf8)
    #expect(try warnings(folder).contains("the statistics say 1"))
    try FileSystem.replace("\(folder)/stats.json", with: "{\"messages-000002\":{\"zerver_message\":1}}".utf8)
    #expect(try problems(folder)?.contains("messages-000002.json is missing") == true)
  }

  // MARK: Against a server

  @Test("Blockers of a server are reported: the subdomain, the migrations")
  func againstServer() throws {
    let server = try Servers.fresh()
    func verify(_ subdomain: String? = nil) throws {
      var options = VerifyOperation.Options(archive: try Servers.archive())
      options.subdomain = subdomain
      _ = try VerifyOperation(options, server: try server.installation).perform(.silent)
    }
    try verify()
    #expect(throws: Blocked.self) { try verify("not allowed!") }
    try server.change("INSERT INTO django_migrations (app, name, applied) VALUES ('zerver', '9999_future', now())")
    #expect(throws: Blocked.self) { try verify() }
  }

  // MARK: Inspect

  @Test("Inspecting reports kind, organization, versions, counts and dates, with and without a manifest")
  func inspect() throws {
    let ours = try ArchiveSummary.of(try Servers.archive())
    #expect(ours.kind == "our-export" && ours.hasDigests && ours.tables["zerver_message"] == 700)
    #expect(ours.organization?.subdomain == "harbour" && ours.source.featureLevel == 261)
    #expect(ours.source.serverVersion == "9.0-dev+git" && ours.source.brand == "aloha")
    let theirs = try ArchiveSummary.of(try Servers.unpackedArchive())
    #expect(theirs.kind == "official-export" && !theirs.hasDigests && theirs.program == nil)
    #expect(theirs.organization == ours.organization && theirs.tables == ours.tables)
    #expect(theirs.firstMessage == ours.firstMessage && theirs.lastMessage == ours.lastMessage)
    #expect(try #require(ours.firstMessage) < #require(ours.lastMessage))
  }
}
