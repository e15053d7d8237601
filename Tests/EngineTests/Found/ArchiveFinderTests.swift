import Archive
import Common
import Glibc
import Testing

@testable import Engine
@testable import Operations
@testable import Transfer
@testable import WholeServer

@Suite("Finding archives")
struct ArchiveFinderTests {
  private func folder(_ body: (String) throws -> Void) throws {
    let path = "/tmp/aloha-found-\(RandomText.alphanumeric(10))"
    try FileSystem.makeFolder(path)
    defer { try? FileSystem.removeTree(path) }
    try body(path)
  }

  private func find(
    _ folders: String..., recorded: [OperationTraces.WrittenArchive] = [], budget: ArchiveFinder.Budget = .init(),
    clock: @escaping @Sendable () -> Int64 = { 0 }
  ) throws -> FoundArchives {
    try ArchiveFinder(
      places: folders.map { .init($0, holdsUnpacked: true) }, recorded: recorded, budget: budget, clock: clock
    ).find()
  }

  // MARK: Archives

  private static let realm =
    #"{"zerver_realm": [{"id": 2, "name": "Book club", "string_id": "books"}], "zerver_x": []}"#

  private static let source = Manifest.Source(brand: "aloha")

  /// Writes an export of this program.
  ///
  /// - Parameter bytes: the size of the first member; large ones put the others out of reach.
  private func export(_ path: String, realm: String = realm, bytes: Int = 10) throws {
    let writer = try ArchiveWriter(path: path)
    try writer.add("messages-000001.json", [UInt8](repeating: 0x20, count: bytes))
    try writer.add("realm.json", Array(realm.utf8))
    try writer.finish(
      manifest: Manifest(
        program: "test", kind: .organizationExport, source: Self.source,
        organization: .init(subdomain: "books", name: "Book club")))
  }

  private func backup(
    _ path: String, parts: [String] = ["database/toc.dat", "settings/settings.py", "uploads/a"]
  ) throws {
    let writer = try ArchiveWriter(path: path, rootFolder: "aloha-backup")
    try writer.add("aloha-version", Array("9.0\n".utf8))
    for part in parts { try writer.add(part, [1, 2, 3]) }
    try writer.finish(manifest: Manifest(program: "test", kind: .backup, source: Self.source))
  }

  /// Packs a folder as the server's own command does.
  private func tar(_ path: String, of folder: String, in parent: String) throws {
    let program = try #require(Subprocess.find("tar"))
    _ = try Subprocess(program, ["-czf", path, folder], directory: parent).runChecked()
  }

  private func unpackedExport(_ path: String) throws {
    for name in ["attachment.json", "uploads/records.json", "avatars/records.json", "messages-000001.json"] {
      let file = "\(path)/\(name)"
      try FileSystem.makeFolder(FileSystem.folder(of: file))
      try FileSystem.replace(file, with: Array("[]".utf8))
    }
    try FileSystem.replace("\(path)/realm.json", with: Array(Self.realm.utf8))
  }

  private func setTime(_ path: String, _ seconds: Int) {
    var times = [timespec(tv_sec: seconds, tv_nsec: 0), timespec(tv_sec: seconds, tv_nsec: 0)]
    utimensat(AT_FDCWD, path, &times, 0)
  }

  private let club = FoundArchive.Organization(name: "Book club", subdomain: "books")

  // MARK: What is found

  @Test("Exports and backups of both kinds are listed with their organization, the newest first")
  func kinds() throws {
    try folder { folder in
      try export("\(folder)/ours.tar.gz")
      try unpackedExport("\(folder)/zulip-export-x")
      try tar("\(folder)/official.tgz", of: "zulip-export-x", in: folder)
      try backup("\(folder)/b.tar.gz")
      try backup("\(folder)/c.tar.gz", parts: ["uploads/a"])
      for (index, name) in ["ours.tar.gz", "official.tgz", "b.tar.gz", "c.tar.gz", "zulip-export-x"].enumerated() {
        setTime("\(folder)/\(name)", 1_700_000_000 + index)
      }
      let found = try find(folder).archives
      #expect(found.map(\.name) == ["zulip-export-x", "c.tar.gz", "b.tar.gz", "official.tgz", "ours.tar.gz"])
      #expect(found.map(\.content) == [.export, .backup, .backup, .export, .export])
      #expect(found.map(\.organization) == [club, nil, nil, club, club])
      #expect(found[0].isFolder && found[0].state == .begun)
      guard case .partial(let what) = found[1].state else {
        Issue.record("\(found[1].state)")
        return
      }
      #expect(what.contains("database") && what.contains("settings"))
      #expect(found[2...].allSatisfy { $0.state == .complete && $0.bytes == FileSystem.size($0.path) })
      #expect(found.map(\.canBeProposed) == [true, false, true, true, true])
    }
  }

  @Test("The folder in which the program was started can be an unpacked archive itself, also an incomplete one")
  func startedInside() throws {
    try folder { folder in
      try unpackedExport(folder)
      let found = try find(folder).archives
      #expect(found.map(\.path) == [folder] && found.first?.organization == club)
      try FileSystem.removeTree("\(folder)/avatars")
      let state = try find(folder).archives.first?.state
      #expect(state == .damaged("it lacks avatars/records.json"))
    }
  }

  @Test("Unfinished, cut off, damaged and encrypted archives are named as such and never proposed as intact")
  func faults() throws {
    try folder { folder in
      try export("\(folder)/whole.tar.gz")
      let bytes = try FileSystem.read("\(folder)/whole.tar.gz")
      try FileSystem.replace("\(folder)/cut-export.tar.gz", with: bytes.dropLast(40))
      var flipped = bytes
      flipped[bytes.count - 20] ^= 0x10
      try FileSystem.replace("\(folder)/flipped.tar.gz", with: flipped)
      try FileSystem.replace("\(folder)/a.tar.gz.Ab3dEf7h.partial", with: bytes.prefix(100))
      try FileSystem.replace("\(folder)/x-backup-1.tar.gz.age", with: Array("age-encryption.org/v1\n".utf8))
      try FileSystem.replace("\(folder)/hidden.tar.gz", with: Array("age-encryption.org/v1\n".utf8))
      try FileSystem.replace("\(folder)/zip.tar.gz", with: [0x50, 0x4B, 3, 4] + [UInt8](repeating: 0, count: 600))
      try FileSystem.replace("\(folder)/my-export.tar.gz", with: [UInt8](repeating: 0, count: 600))
      try FileSystem.replace("\(folder)/empty.tar.gz", with: [UInt8]())
      let found = Dictionary(uniqueKeysWithValues: try find(folder).archives.map { ($0.name, $0) })
      #expect(found["whole.tar.gz"]?.state == .complete)
      #expect(found["cut-export.tar.gz"]?.state == .cutOff && found["cut-export.tar.gz"]?.content == .export)
      #expect(found["flipped.tar.gz"]?.state.word == "damaged")
      #expect(found["a.tar.gz.Ab3dEf7h.partial"]?.state == .unfinished)
      #expect(found["x-backup-1.tar.gz.age"]?.state == .encrypted && found["x-backup-1.tar.gz.age"]?.content == .backup)
      #expect(found["hidden.tar.gz"]?.state == .encrypted && found["hidden.tar.gz"]?.content == .unknown)
      #expect(found["zip.tar.gz"]?.content == .other("a zip file"))
      #expect(found["empty.tar.gz"]?.content == .other("an empty file"))
      #expect(found["my-export.tar.gz"]?.state.word == "damaged" && found["my-export.tar.gz"]?.content == .export)
      let proposed = found.values.filter(\.canBeProposed).map(\.name).sorted()
      #expect(proposed == ["empty.tar.gz", "hidden.tar.gz", "whole.tar.gz", "x-backup-1.tar.gz.age", "zip.tar.gz"])
    }
  }

  @Test("Of a large archive only the beginning is read, and a missing end is noticed")
  func large() throws {
    try folder { folder in
      try export("\(folder)/large.tar.gz", bytes: 12 << 20)
      let bytes = try FileSystem.read("\(folder)/large.tar.gz")
      try FileSystem.replace("\(folder)/cut.tar.gz", with: bytes.dropLast(1))
      let files = ["large.tar.gz", "cut.tar.gz"].map { "\(folder)/\($0)" }
      let recorded = [OperationTraces.WrittenArchive(files[0], subdomain: "books")].compactMap(\.self)
      let found = Dictionary(
        uniqueKeysWithValues: try find(folder, recorded: recorded).archives.map { ($0.path, $0) })
      #expect(found[files[0]]?.state == .begun && found[files[0]]?.content == .export)
      #expect(found[files[0]]?.organization == .init(name: nil, subdomain: "books"), "as the job's record says")
      #expect(found[files[1]]?.state == .cutOff && found[files[1]]?.content == .export)
      #expect(found[files[1]]?.organization == nil)
    }
  }

  // MARK: Which files are looked at

  @Test("A file that links and several paths lead to is listed once, under its own path")
  func links() throws {
    try folder { folder in
      try FileSystem.makeFolder("\(folder)/real")
      try FileSystem.makeFolder("\(folder)/links")
      try export("\(folder)/real/a.tar.gz")
      symlink("\(folder)/real/a.tar.gz", "\(folder)/links/0.tar.gz")
      link("\(folder)/real/a.tar.gz", "\(folder)/real/b.tar.gz")
      symlink("\(folder)/nowhere", "\(folder)/links/dangling.tar.gz")
      symlink("\(folder)/real", "\(folder)/again")
      let recorded = [OperationTraces.WrittenArchive("\(folder)/again/a.tar.gz")].compactMap(\.self)
      let found = try find(
        "\(folder)/links", "\(folder)/real", "\(folder)/again", "\(folder)/nowhere", recorded: recorded)
      #expect(found.archives.count == 1 && found.archives[0].path.hasPrefix("\(folder)/real/"))
    }
  }

  @Test("Pipes, folders, hidden files and other names are not opened")
  func others() throws {
    try folder { folder in
      // Opening the pipe would wait for a writer.
      mkfifo("\(folder)/pipe.tar.gz", 0o600)
      try FileSystem.makeFolder("\(folder)/folder.tar.gz")
      for name in [".hidden.tar.gz", "notes.txt", "tar.gz.txt", "photo.part"] {
        try FileSystem.replace("\(folder)/\(name)", with: Array("x".utf8))
      }
      #expect(try find(folder).archives.isEmpty)
    }
  }

  @Test("Nothing from names and archives is shown raw, and a path that cannot be shown is not proposed")
  func hostile() throws {
    try folder { folder in
      try export("\(folder)/a.tar.gz")
      rename("\(folder)/a.tar.gz", "\(folder)/a\u{1B}[2J\nb.tar.gz")
      let realm = #"{"zerver_realm": [{"name": "\u001b]0;x\u0007Evil\u202e", "string_id": "a\nb"}]}"#
      try export("\(folder)/c.tar.gz", realm: realm)
      let raw = Array("\(folder)/\u{64}".utf8) + [0xFF] + Array(".tar.gz".utf8) + [0]
      raw.withUnsafeBytes { name in
        guard let path = name.assumingMemoryBound(to: CChar.self).baseAddress else { return }
        close(open(path, O_CREAT | O_WRONLY, 0o600))
      }
      let found = try find(folder).archives
      #expect(found.map(\.name).sorted() == ["a[2J b.tar.gz", "c.tar.gz"])
      let hostile = try #require(found.first { !$0.hasPlainName })
      #expect(!hostile.canBeProposed && hostile.state == .complete)
      #expect(found.first(where: \.hasPlainName)?.organization == .init(name: "]0;xEvil", subdomain: "a b"))
    }
  }

  @Test("A document that is no JSON names no organization, and stops nothing")
  func brokenDocument() throws {
    try folder { folder in
      try export("\(folder)/a.tar.gz", realm: "{\"zerver_realm\": [{\"name\": ]")
      let found = try find(folder).archives
      // The manifest names it.
      #expect(found.map(\.organization) == [club] && found.map(\.state) == [.complete])
    }
  }

  // MARK: Limits

  @Test("Of hundreds of files in a folder the newest are looked into, and the others are counted")
  func hundreds() throws {
    try folder { folder in
      for index in 0..<30 {
        let path = "\(folder)/\(index).tar.gz"
        try FileSystem.replace(path, with: Array("{".utf8))
        setTime(path, 1_700_000_000 + index)
      }
      var budget = ArchiveFinder.Budget()
      #expect(budget.files == 200)
      budget.files = 20
      let found = try find(folder, budget: budget)
      #expect(found.archives.map(\.name) == (10..<30).reversed().map { "\($0).tar.gz" } && found.unlisted == 10)
      budget.listed = 5
      #expect(try find(folder, budget: budget).unlisted == 25)
      budget.names = 3
      #expect(try find(folder, budget: budget).archives.count <= 3)
    }
  }

  @Test("Files for which no time is left are listed as not looked into")
  func timeIsOver() throws {
    try folder { folder in
      try export("\(folder)/x-export-1.tar.gz")
      try export("\(folder)/x-export-2.tar.gz")
      setTime("\(folder)/x-export-1.tar.gz", 1_700_000_000)
      // The time ends after the folder was listed.
      let calls = Monitor(0)
      let budget = ArchiveFinder.Budget()
      let clock: @Sendable () -> Int64 = {
        calls.now { count in
          count += 1
          return count <= 2 ? 0 : budget.time
        }
      }
      let found = try find(folder, clock: clock).archives
      #expect(found.map(\.state) == [.notLookedInto, .notLookedInto] && found.map(\.content) == [.export, .export])
      #expect(found.allSatisfy { !$0.canBeProposed })
    }
  }

  @Test("A cancelled search ends")
  func cancelled() throws {
    try folder { folder in
      try export("\(folder)/a.tar.gz")
      let cancellation = Cancellation()
      cancellation.cancel()
      #expect(throws: Cancelled.self) {
        try ArchiveFinder(places: [.init(folder)]).find(cancellation: cancellation)
      }
    }
  }

  // MARK: Places

  @Test("A server's search covers the current folder, the folder for archives, and the files of its jobs")
  func places() throws {
    try folder { root in
      try FileSystem.makeFolder("\(root)/var/lib")
      let store = JobStore(root: root)
      let server = ServerReference(root: root)
      _ = try store.make(ExportOperation(server, .init(subdomain: "books", output: "\(root)/odd/e.tar.gz")), plan: nil)
      _ = try store.make(BackupOperation(server, .init(output: "\(root)/far/b.tar.gz")), plan: nil)
      _ = try store.make(ImportOperation(server, .init(subdomain: "new", archive: "\(root)/in/i.tar.gz")), plan: nil)
      let finder = ArchiveFinder(root: root, current: "\(root)/here", others: ["/srv/archives"])
      let folders = finder.places.map(\.folder)
      #expect(folders.prefix(3) == ["\(root)/here", "/srv/archives", "/tmp"])
      #expect(folders.contains("\(root)/odd") && folders.contains("\(root)/far") && folders.contains("/var/backups"))
      #expect(Set(folders).count == folders.count)
      #expect(finder.places.first { $0.folder == "/mnt" }?.holdsUnpacked == false)
      #expect(Set(finder.recorded.map(\.path)) == ["odd/e", "far/b", "in/i"].map { "\(root)/\($0).tar.gz" }.asSet)
      #expect(finder.recorded.first { $0.path.hasSuffix("e.tar.gz") }?.subdomain == "books")
      #expect(finder.recorded.first { $0.path.hasSuffix("i.tar.gz") }?.subdomain == nil)
    }
  }

  @Test("The recorded standing of a backup is used without reading the file")
  func recordedStanding() throws {
    try folder { folder in
      let names = ["aloha-backup-2026-11-20-03-30-00-a.tar.gz", "aloha-backup-2026-11-22-03-30-00-b.tar.gz.age"]
      for name in names { try FileSystem.replace("\(folder)/\(name)", with: Array("x".utf8)) }
      try BackupChecksum.write(for: "\(folder)/\(names[1])", BackupHoldings([.uploads, .settings]))
      var ledger = BackupLedger(folder)
      ledger.note(.damaged("cut off"), of: "\(folder)/\(names[0])")
      ledger.save()
      let found = try find(folder).archives
      #expect(found.map(\.name) == names.reversed() && found[1].state == .damaged("cut off"))
      #expect(found[0].state == .partial("partial: without the database") && found[0].isEncrypted)
      #expect(found[0].stateWords == "encrypted, partial" && !found[0].canBeProposed)
    }
  }
}

extension Array where Element: Hashable {
  fileprivate var asSet: Set<Element> { Set(self) }
}
