import Common
import Testing

@testable import Archive

@Suite("Kinds of archives")
struct ArchiveKindTests {
  private func inspect(_ names: [String]) throws -> Inspection {
    let scratch = try Scratch()
    var tar = Tar()
    for name in names { tar.add("root/\(name)", name) }
    return try Inspection.of(scratch.write("a.tar.gz", Gzip.pack(tar.closed)))
  }

  private static let officialExport = [
    "emoji/records.json", "analytics.json", "messages-000001.json", "realm.json", "attachment.json",
  ]
  private static let backup = ["zulip-version", "postgres-version", "settings/settings.py", "database/toc.dat"]

  @Test(
    "Exports, backups and other archives are distinguished by their members",
    arguments: [
      (officialExport, .officialExport), (backup, .backup), (["aloha-version"] + backup.dropFirst(), .backup),
      (["database/toc.dat", "settings/x"], .backup), (["users.json", "channels.json"], .other("an export from Slack")),
      (["messages-000001.json"], .other("an export that lacks realm.json")),
      (["x"], .other("an archive of something else")),
      ([], .other("an archive with nothing in it")),
    ] as [([String], ArchiveKind)])
  func kinds(names: [String], kind: ArchiveKind) throws {
    #expect(try inspect(names).kind == kind)
  }

  @Test("One reading returns kind, counts, sizes, versions and manifest")
  func inspection() throws {
    let scratch = try Scratch()
    let writer = try ArchiveWriter(path: scratch.file("export.tar.gz"))
    try writer.add("realm.json", Array("{}".utf8), modified: 1_700_000_000)
    try writer.add("uploads/1", [1, 2, 3], modified: 1_800_000_000)
    try writer.add("uploads/2/3", [4])
    try writer.add("migration_status.json", Array("{\"m\": 1}".utf8))
    let finished = try writer.finish(manifest: exampleManifest)
    let found = try Inspection.of(finished.path)
    #expect(found.kind == .ourExport && found.rootFolder == "export" && found.size == finished.size)
    #expect(found.members == 5 && found.memberBytes == finished.memberBytes && found.modified == 1_800_000_000)
    #expect(found.parts["uploads"] == Inspection.Part(members: 2, bytes: 4))
    #expect(found.texts["migration_status.json"] == Array("{\"m\": 1}".utf8))
    #expect(found.manifest?.tables == exampleManifest.tables && found.refused == nil)
    #expect(scratch.names == ["export.tar.gz"])
  }

  @Test("A backup with a link is recognized, and the link is reported")
  func linked() throws {
    let scratch = try Scratch()
    var tar = Tar()
    for name in Self.backup { tar.add("root/\(name)", "x") }
    tar.add("root/settings/link", type: "2", link: "/etc/passwd")
    let found = try Inspection.of(scratch.write("a.tar", tar.closed))
    #expect(found.kind == .backup)
    #expect(found.refused?.problem == .refused(member: "root/settings/link", .symbolicLink))
  }

  @Test("An archive of the wrong kind is refused with a remedy before it is unpacked")
  func expectations() throws {
    let scratch = try Scratch()
    var tar = Tar()
    for name in Self.backup { tar.add("root/\(name)", "x") }
    // The rest of the archive is damaged: the archive must be refused before it is read.
    let path = try scratch.write("b.tar", tar.bytes + [UInt8](repeating: 1, count: 4096))
    let failure = #expect(throws: ArchiveFailure.self) {
      try OpenedArchive.open(path, workFolder: scratch.file("work"), expecting: .export)
    }
    #expect(failure?.family == .unsuitableArchive && failure?.remedy == "use restore for it")
    var export = Tar()
    for name in Self.officialExport { export.add("root/\(name)", "x") }
    let other = try scratch.write("e.tar", export.closed)
    let wrong = #expect(throws: ArchiveFailure.self) {
      try OpenedArchive.open(other, workFolder: scratch.file("work"), expecting: .backup)
    }
    #expect(wrong?.remedy == "use import for it")
    #expect(try OpenedArchive.open(other, workFolder: scratch.file("work"), expecting: .export).kind == .officialExport)
  }
}

@Suite("The manifest")
struct ManifestTests {
  private func full() throws -> Manifest {
    var manifest = exampleManifest
    let checksum = try #require(Checksum(hexadecimal: String(repeating: "0123456789abcdef", count: 4)))
    manifest.members = ["realm.json", "odd \"name\" \\ x", "日本語/e\u{301}"].map {
      Member(name: $0, size: 7, sha256: checksum)
    }
    return manifest
  }

  @Test("A manifest is encoded and decoded unchanged")
  func roundTrip() throws {
    #expect(try Manifest.decode(full().encoded(), archive: "a") == full())
    #expect(try Manifest.decode(exampleManifest.encoded(), archive: "a") == exampleManifest)
    let least = Manifest(program: "p", kind: .backup, source: Manifest.Source(brand: "zulip"))
    #expect(try Manifest.decode(least.encoded(), archive: "a") == least)
  }

  @Test("A manifest is JSON with one line per member", .enabled(if: Tool.find("python3") != nil))
  func text() throws {
    let scratch = try Scratch()
    let bytes = try full().encoded()
    let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n")
    #expect(lines.filter { $0.contains("\"sha256\"") }.count == 3)
    let path = try scratch.write("manifest.json", bytes)
    let program =
      "import json,sys; m=json.load(open(sys.argv[1])); print(len(m['members']), m['organization']['name'], list(m)==sorted(m))"
    #expect(try Tool.run("python3", ["-c", program, path]).output == "3 Grüße \"aus\" \\ Aloha True\n")
  }

  @Test("Unknown keys are ignored, later formats are refused, and foreign manifests are ignored")
  func versions() throws {
    var text = String(decoding: try full().encoded(), as: UTF8.self)
    text = text.replacing("{\n", with: "{\n  \"later\": {\"a\": [1]},\n", maxReplacements: 1)
    #expect(text.contains("later"))
    #expect(try Manifest.decode(Array(text.utf8), archive: "a") == full())
    let later = text.replacing("\"formatVersion\" : 1", with: "\"formatVersion\" : 2")
    let failure = #expect(throws: ArchiveFailure.self) { try Manifest.decode(Array(later.utf8), archive: "a") }
    #expect(failure?.family == .unsuitableArchive)
    #expect(try Manifest.decode(Array("{\"manifest_version\": 3}".utf8), archive: "a") == nil)
    #expect(throws: ArchiveFailure.self) { try Manifest.decode(Array("{".utf8), archive: "a") }
    #expect(throws: ArchiveFailure.self) {
      try Manifest.decode(Array("{\"format\": \"\(Manifest.formatName)\", \"formatVersion\": 1}".utf8), archive: "a")
    }
  }

  @Test("Times in a manifest are ISO 8601 in UTC")
  func time() {
    #expect(Manifest.timestamp(0) == "1970-01-01T00:00:00Z")
    #expect(Manifest.timestamp(1_709_210_096) == "2024-02-29T12:34:56Z")
  }

  @Test("A checksum is 64 lower-case hexadecimal digits")
  func checksums() {
    let text = Digest.hexadecimal(Array("x".utf8))
    #expect(Checksum(hexadecimal: text)?.hexadecimal == text)
    for wrong in ["", String(text.dropLast()), text + "0", text.uppercased(), "g" + text.dropFirst()] {
      #expect(Checksum(hexadecimal: wrong) == nil)
    }
  }
}
