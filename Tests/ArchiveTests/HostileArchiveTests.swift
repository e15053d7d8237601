import Common
import Glibc
import Testing

@testable import Archive

@Suite("Hostile archives")
struct HostileArchiveTests {
  /// Reads the archive as .tar and as .tar.gz, and unpacks it. Returns the problem, which must be the same each time;
  /// no files may be left.
  private func problemOf(_ bytes: [UInt8], limits: Limits = .standard) throws -> ArchiveFailure.Problem? {
    let scratch = try Scratch()
    let tar = try scratch.write("a.tar", bytes)
    let packed = try scratch.write("a.tar.gz", Gzip.pack(bytes))
    let one = try problem { _ = try contents(tar, limits: limits) }
    let two = try problem { _ = try contents(packed, limits: limits) }
    let work = scratch.file("work")
    let three = try problem { _ = try OpenedArchive.open(packed, workFolder: work, limits: limits).close() }
    #expect(one == two && two == three)
    #expect(try !FileSystem.exists(work) || FileSystem.names(in: work) == [])
    return one
  }

  private func refusalOf(_ make: (inout Tar) -> Void) throws -> ArchiveFailure.Refusal? {
    var tar = Tar()
    tar.add("root/", type: "5")
    tar.add("root/realm.json", "{}")
    make(&tar)
    tar.add("root/last", "x")
    let problem = try problemOf(tar.closed)
    guard case .refused(_, let why) = problem else { return nil }
    return why
  }

  @Test("A valid archive is read")
  func control() throws {
    #expect(try refusalOf { $0.add("root/uploads/a.txt", "hello") } == nil)
    var tar = Tar()
    tar.add("./root/realm.json", "{}")
    #expect(try problemOf(tar.closed) == nil)
  }

  @Test(
    "Names that lead out of the folder are refused",
    arguments: [
      ("/etc/passwd", .absoluteName), ("//etc/passwd", .absoluteName), ("../evil", .parentFolder),
      ("root/../../evil", .parentFolder), ("root/..", .parentFolder), ("root/a/./b", .unclearName),
      ("root//b", .unclearName), ("root/a\nb", .controlCharacter), ("root/a\u{1B}[2Jb", .controlCharacter),
      ("other/realm.json", .secondRoot), ("realm.json", .secondRoot), ("roots/x", .secondRoot),
    ] as [(String, ArchiveFailure.Refusal)])
  func names(name: String, why: ArchiveFailure.Refusal) throws {
    #expect(try refusalOf { $0.add(name, "evil") } == why)
  }

  @Test(
    "Names of folders follow the same rules",
    arguments: [("../evil/", .parentFolder), ("/evil/", .absoluteName), ("other/", .secondRoot)]
      as [(String, ArchiveFailure.Refusal)])
  func folders(name: String, why: ArchiveFailure.Refusal) throws {
    #expect(try refusalOf { $0.add(name, type: "5") } == why)
  }

  @Test("A name that is not UTF-8 is refused")
  func notUTF8() throws {
    #expect(try refusalOf { $0.add(Array("root/a".utf8) + [0xFF, 0xFE], []) } == .notUTF8)
  }

  @Test("A long name with a NUL ends there or is refused")
  func nul() throws {
    let record = "root/a\0b"
    let length = record.utf8.count + " path=\n".utf8.count + 2
    var tar = Tar()
    tar.add("pax", "\(length) path=\(record)\n", type: "x")
    tar.add("root/short", "x")
    let scratch = try Scratch()
    let path = try scratch.write("a.tar", tar.closed)
    do {
      for (name, _) in try contents(path) { #expect(name == "a") }
    } catch is ArchiveFailure {}
  }

  @Test(
    "Members that are not plain files are refused",
    arguments: [
      ("2", .symbolicLink), ("1", .hardLink), ("3", .device), ("4", .device), ("6", .namedPipe),
    ] as [(Character, ArchiveFailure.Refusal)])
  func types(type: Character, why: ArchiveFailure.Refusal) throws {
    #expect(try refusalOf { $0.add("root/evil", type: type, link: "root/realm.json") } == why)
  }

  @Test("A symbolic link is refused before any file below it")
  func linkedParent() throws {
    let why = try refusalOf {
      $0.add("root/uploads", type: "2", link: "/tmp")
      $0.add("root/uploads/evil", "evil")
    }
    #expect(why == .symbolicLink)
  }

  @Test("A duplicate name is refused, and the same name in other bytes is accepted")
  func duplicates() throws {
    #expect(try refusalOf { $0.add("root/realm.json", "{\"other\":1}") } == .duplicate)
    #expect(
      try refusalOf {
        $0.add("root/e\u{301}"); $0.add("root/\u{e9}")
      } == nil)
  }

  @Test("A file that is also a folder is refused", arguments: [true, false])
  func clash(fileFirst: Bool) throws {
    var tar = Tar()
    let names = ["root/a", "root/a/b"]
    for name in fileFirst ? names : names.reversed() { tar.add(name, "x") }
    let scratch = try Scratch()
    let path = try scratch.write("a.tar", tar.closed)
    let found = try problem { _ = try OpenedArchive.open(path, workFolder: scratch.file("work")) }
    #expect(found == .refused(member: "a", .clash))
    #expect(try problem { _ = try ArchiveCheck.verifyDigests(path) } == found)
    #expect(try FileSystem.names(in: scratch.file("work")) == [])
  }

  @Test("An overlong path is refused")
  func longPath() throws {
    var tar = Tar()
    let record = "path=root/" + String(repeating: "abc/", count: 255)
    tar.add("pax", "1040 \(record)fghi\n", type: "x")
    tar.add("root/short", "x")
    guard case .refused(_, .longName) = try problemOf(tar.closed) else {
      Issue.record("it was taken")
      return
    }
  }

  @Test("An overlong part of a path is refused by every reader, and never written")
  func longPart() throws {
    let scratch = try Scratch()
    var tar = Tar()
    let name = String(repeating: "n", count: 256)
    let record = " path=root/\(name)\n"
    tar.add("pax", "\(record.utf8.count + 3)\(record)", type: "x")
    tar.add("root/short", "x")
    let path = try scratch.write("a.tar", tar.closed)
    let expected = ArchiveFailure.Problem.refused(member: "root/\(name)", .longName)
    #expect(try problem { _ = try OpenedArchive.open(path, workFolder: scratch.file("work")) } == expected)
    #expect(try problem { _ = try ArchiveCheck.verifyDigests(path) } == expected)
    #expect(try Inspection.of(path).refused?.problem == expected)
    let writer = try ArchiveWriter(path: scratch.file("a.tar.gz"))
    #expect(throws: ArchiveFailure.self) { try writer.add(name, [1]) }
    writer.abandon()
  }

  @Test("A name with half a million dots and slashes is handled in bounded time")
  func manyDots() throws {
    for (name, type) in [(String(repeating: "./", count: 500_000), "0"), (String(repeating: "/", count: 900_000), "5")]
    {
      var tar = Tar()
      let text = "path=root\(name)a\n"
      let digits = String(text.utf8.count + 8).utf8.count
      tar.add("pax", "\(text.utf8.count + digits + 1) \(text)", type: "x")
      tar.add("root/short", "x", type: Character(type))
      _ = try problemOf(tar.closed)
      tar = Tar()
      let dots = "path=\(name)root/a\n"
      tar.add("pax", "\(dots.utf8.count + digits + 1) \(dots)", type: "x")
      tar.add("root/short", "x", type: Character(type))
      _ = try problemOf(tar.closed)
    }
  }

  @Test("Folders nested too deep are refused, packed and unpacked")
  func deepFolders() throws {
    for (levels, type) in [(64, "0"), (65, "0"), (64, "5"), (65, "5")] {
      let scratch = try Scratch()
      var tar = Tar()
      let folders = String(repeating: "d/", count: levels)
      let record = " path=root/\(type == "0" ? "\(folders)f" : folders)\n"
      tar.add("pax", "\(record.utf8.count + 3)\(record)", type: "x")
      tar.add("root/short", type: Character(type))
      let path = try scratch.write("a.tar", tar.closed)
      try FileSystem.makeFolder(scratch.file("folder/\(folders)"))
      if type == "0" { try scratch.write("folder/\(folders)f", []) }
      for path in [path, scratch.file("folder")] {
        let found = try problem { _ = try ArchiveCheck.verifyDigests(path) }
        if levels == 64 {
          #expect(found == nil)
        } else {
          #expect(found == .beyondLimit("folders are nested deeper than 64"))
        }
      }
    }
  }

  @Test("An impossible size is damage before anything is unpacked")
  func sizeBeyondEnd() throws {
    let scratch = try Scratch()
    var tar = Tar()
    tar.add("root/a", "x", size: 1 << 32)
    for (name, bytes) in [("a.tar", tar.closed), ("a.tar.gz", try Gzip.pack(tar.closed))] {
      let path = try scratch.write(name, bytes)
      let expected = ArchiveFailure.Problem.damaged("\"a\" has 4294967296 bytes, more than the archive can hold")
      #expect(try problem { _ = try OpenedArchive.open(path, workFolder: scratch.file("work")) } == expected)
      #expect(try problem { _ = try ArchiveCheck.verifyDigests(path) } == expected)
    }
  }

  @Test("Thousands of empty gzip members are damage")
  func emptyMembers() throws {
    let empty = try Gzip.pack([])
    var tar = Tar()
    tar.add("root/a", "x")
    let scratch = try Scratch()
    let path = try scratch.write(
      "a.tar.gz", Gzip.pack(tar.closed) + Array(repeating: empty, count: 2000).joined())
    guard case .damaged = try problem({ _ = try contents(path) }) else {
      Issue.record("it was taken")
      return
    }
  }

  @Test("A wrong declared size is damage", arguments: [1, 500, 1100, 100_000, 1 << 32])
  func declaredSize(size: Int) throws {
    var tar = Tar()
    tar.add("root/a", String(repeating: "x", count: 700), size: size)
    tar.add("root/b", "y")
    guard case .damaged = try problemOf(tar.closed) else {
      Issue.record("size \(size) was taken")
      return
    }
  }

  @Test("Too many entries, and too large members and archives, are refused")
  func limits() throws {
    var tar = Tar()
    for index in 0..<20 { tar.add("root/\(index)", String(repeating: "x", count: 1000)) }
    for limits in [Limits(entries: 19), Limits(memberBytes: 999), Limits(totalBytes: 19_999)] {
      guard case .beyondLimit = try problemOf(tar.closed, limits: limits) else {
        Issue.record("\(limits) did not hold")
        continue
      }
    }
    #expect(try problemOf(tar.closed, limits: Limits(entries: 20, memberBytes: 1000, totalBytes: 20_000)) == nil)
  }

  @Test("A decompression bomb is refused early")
  func bomb() throws {
    var tar = Tar()
    tar.add(Array("root/bomb".utf8), [UInt8](repeating: 0, count: 20 << 20))
    let scratch = try Scratch()
    let path = try scratch.write("a.tar.gz", Gzip.pack(tar.closed, level: 9))
    let reader = try ArchiveReader(path, limits: Limits(ratio: 200, ratioFrom: 1 << 20))
    let found = try problem {
      while try reader.next() != nil { while try reader.chunk() != nil {} }
    }
    guard case .beyondLimit = found else {
      Issue.record("it was unpacked: \(String(describing: found))")
      return
    }
    #expect(reader.unpacked <= 2 << 20)
  }

  @Test("An impossible checksum record is damage, and nothing is unpacked")
  func claims() throws {
    let scratch = try Scratch()
    var tar = Tar()
    var dice = Dice(31)
    tar.add(Array("root/realm.json".utf8), dice.bytes(1_000_000))
    var bytes = try Gzip.pack(tar.closed)
    bytes.replaceSubrange(0..<10, with: GzipSeal(digest: String(repeating: "0", count: 64), size: .max).header)
    let path = try scratch.write("a.tar.gz", bytes)
    let failure = #expect(throws: ArchiveFailure.self) {
      try OpenedArchive.open(path, workFolder: scratch.file("work"))
    }
    #expect(failure?.family == .damagedArchive)
    #expect(throws: ArchiveFailure.self) { try ArchiveCheck.verifyDigests(path) }
  }

  @Test("An error names the member without control characters")
  func cleaned() throws {
    var tar = Tar()
    tar.add("root/\u{1B}]0;evil\u{7}\u{202E}txt", "x")
    let scratch = try Scratch()
    let path = try scratch.write("a.tar", tar.closed)
    let failure = #expect(throws: ArchiveFailure.self) { try contents(path) }
    #expect(failure?.reason.unicodeScalars.contains { $0.value < 0x20 || $0.value == 0x202E } == false)
    #expect(failure?.reason.contains("txt") == true)
  }

  @Test("Random bytes are an error and never a crash")
  func noise() throws {
    let scratch = try Scratch()
    var dice = Dice(99)
    for round in 0..<200 {
      var tar = Tar()
      tar.add("root/realm.json", "{}")
      tar.add("pax", "19 path=root/longer\n", type: "x")
      tar.add("root/b", "b")
      var bytes = tar.closed
      for _ in 0...round % 8 { bytes[Int.random(in: 0..<bytes.count, using: &dice)] = dice.bytes(1)[0] }
      let path = try scratch.write("a.tar", bytes)
      // A .tar has no checksum of its contents, so that changed contents can be accepted; reading must not crash.
      _ = try? contents(path)
      let noise = try scratch.write("n.tar.gz", GzipFormat.plainHeader + dice.bytes(600))
      #expect(throws: ArchiveFailure.self) { try contents(noise) }
    }
  }
}
