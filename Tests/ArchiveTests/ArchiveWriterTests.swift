import Common
import Glibc
import Testing

@testable import Archive

@Suite("Writing an archive")
struct ArchiveWriterTests {
  private static let long = (0..<6).map { "folder-number-\($0)-with-a-long-name-of-fifty-characters" }.joined(
    separator: "/")
  private static let names = [
    "realm.json", "empty", "uploads/8/日本語.png", "uploads/e\u{301}.txt", "uploads/\u{e9}.txt", "with space and 'quotes'",
    "\(long)/end.bin", "uploads/" + String(repeating: "x", count: 255), "-dash", "emoji/🦜.gif",
  ]

  private func write(_ scratch: Scratch, _ name: String = "export.tar.gz") throws -> (
    [ExactName: [UInt8]], ArchiveWriter.Finished
  ) {
    var dice = Dice(1)
    var contents: [ExactName: [UInt8]] = [:]
    let writer = try ArchiveWriter(path: scratch.file(name), threads: 2)
    for name in Self.names {
      let bytes = name == "empty" ? [] : name == "realm.json" ? dice.json(900_000) : dice.bytes(1_234)
      contents[ExactName(name)] = bytes
      try writer.add(name, bytes, modified: 1_700_000_000)
    }
    return (contents, try writer.finish(manifest: exampleManifest))
  }

  @Test("Unusual names, long names and empty files are archived unchanged, with the manifest last")
  func roundTrip() throws {
    let scratch = try Scratch()
    let (expected, finished) = try write(scratch)
    let found = try contents(finished.path)
    #expect(found.dropLast().map { Array($0.name.utf8) } == Self.names.map { Array($0.utf8) })
    for (name, bytes) in found.dropLast() { #expect(bytes == expected[ExactName(name)]) }
    #expect(found.last?.name == "manifest.json")
    #expect(finished.members.map(\.name) == found.map(\.name))
    #expect(finished.memberBytes == found.reduce(0) { $0 + Int64($1.bytes.count) })
    var status = stat()
    #expect(stat(finished.path, &status) == 0)
    #expect(Int64(status.st_size) == finished.size)
    #expect(status.st_mode & 0o7777 == 0o600)
    #expect(scratch.names == ["export.tar.gz"])
  }

  @Test("The manifest lists every other member with size and SHA-256")
  func manifest() throws {
    let scratch = try Scratch()
    let (expected, finished) = try write(scratch)
    let report = try ArchiveCheck.verifyDigests(finished.path)
    #expect(report.isDigestChecked)
    let manifest = try #require(report.manifest)
    #expect(manifest.members == finished.members.dropLast())
    for member in manifest.members {
      let bytes = try #require(expected[ExactName(member.name)])
      #expect(member.sha256.hexadecimal == Digest.hexadecimal(bytes))
      #expect(member.size == Int64(bytes.count))
    }
    #expect(manifest.organization == exampleManifest.organization)
  }

  @Test("gzip, pigz and GNU tar read an archive")
  func commonReaders() throws {
    let scratch = try Scratch()
    let (expected, finished) = try write(scratch)
    #expect(try Tool.run("gzip", ["-t", finished.path]).status == 0)
    if Tool.find("pigz") != nil { #expect(try Tool.run("pigz", ["-t", finished.path]).output == "") }
    let list = try Tool.run("tar", ["--quoting-style=literal", "-tzf", finished.path])
    #expect(list.status == 0)
    let expectedList = finished.members.map { "export/\($0.name)\n" }.joined()
    #expect(Array(list.output.utf8) == Array(expectedList.utf8))
    let out = scratch.file("out")
    try FileSystem.makeFolder(out)
    let unpacked = try Tool.run(
      "tar", ["-xzf", finished.path, "-C", out, "--no-same-owner", "--exclude=xxxxx*"])
    #expect(unpacked.status == 0 && unpacked.output == "")
    for name in Self.names where !name.contains("xxxxx") {
      #expect(try FileSystem.read("\(out)/export/\(name)") == expected[ExactName(name)])
    }
  }

  @Test(
    "Python's tarfile reads an archive, from a file and as a stream", .enabled(if: Tool.find("python3") != nil),
    arguments: ["r:gz", "r|gz"])
  func python(mode: String) throws {
    let scratch = try Scratch()
    let (_, finished) = try write(scratch)
    let program = """
      import hashlib, sys, tarfile
      with tarfile.open(sys.argv[1], sys.argv[2]) as archive:
          for member in archive:
              assert member.isreg() and member.uid == 0 and member.gid == 0 and member.uname == "" and member.gname == ""
              assert member.mode == 0o600, member.mode
              text = hashlib.sha256(archive.extractfile(member).read()).hexdigest()
              sys.stdout.buffer.write(f"{text} {member.size} {member.name}\\n".encode())
      """
    let result = try Tool.run("python3", ["-c", program, finished.path, mode])
    let expected = finished.members.map { "\($0.sha256.hexadecimal) \($0.size) export/\($0.name)\n" }.joined()
    #expect(result.output == expected)
    #expect(result.status == 0)
  }

  @Test("Equal members result in equal archives")
  func deterministic() throws {
    let one = try Scratch()
    let two = try Scratch()
    #expect(try FileSystem.read(write(one).1.path) == FileSystem.read(write(two).1.path))
  }

  @Test("An archive gets its name only when it is complete")
  func unfinished() throws {
    let scratch = try Scratch()
    let writer = try ArchiveWriter(path: scratch.file("a.tar.gz"))
    try writer.add("x", [UInt8](repeating: 1, count: 3_000_000))
    #expect(scratch.names.allSatisfy { $0.hasPrefix("a.tar.gz.") && $0.hasSuffix(".partial") })
    writer.abandon()
    #expect(scratch.names == [])
    #expect(throws: PlainFailure.self) { try writer.add("y", []) }
    #expect(throws: PlainFailure.self) { try writer.finish() }
  }

  @Test(
    "Without unnamed files, the partial file is private and has its own name", arguments: [true, false])
  func partialFile(publish: Bool) throws {
    let scratch = try Scratch()
    let file = try PartialFile(scratch.file("a.tar.gz"), named: true)
    let name = try #require(scratch.names.first)
    #expect(name.hasPrefix("a.tar.gz.") && name.hasSuffix(".partial"))
    try [UInt8]("hello".utf8).withUnsafeBytes { try file.append($0) }
    try file.sync()
    if publish { try file.publish() }
    file.discard()
    #expect(scratch.names == (publish ? ["a.tar.gz"] : []))
  }

  @Test("An existing file is never replaced, even if it appears during the writing", arguments: [true, false])
  func existing(named: Bool) throws {
    let scratch = try Scratch()
    let path = scratch.file("a.tar.gz")
    let file = try PartialFile(path, named: named)
    try scratch.write("a.tar.gz", Array("mine".utf8))
    let failure = #expect(throws: PlainFailure.self) { try file.publish() }
    #expect(failure?.family == .conflict)
    file.discard()
    #expect(try FileSystem.read(path) == Array("mine".utf8))
    #expect(scratch.names == ["a.tar.gz"])
    let early = #expect(throws: PlainFailure.self) { try ArchiveWriter(path: path) }
    #expect(early?.family == .conflict)
    symlink("/nowhere", scratch.file("link.tar.gz"))
    #expect(throws: PlainFailure.self) { try ArchiveWriter(path: scratch.file("link.tar.gz")) }
  }

  @Test("A member of another size than declared is an error", arguments: [9, 11])
  func wrongSize(actual: Int) throws {
    let scratch = try Scratch()
    let writer = try ArchiveWriter(path: scratch.file("a.tar.gz"))
    #expect(throws: WrongSize.self) {
      try writer.add("x", size: 10) { try $0.write([UInt8](repeating: 1, count: actual)) }
    }
    #expect(throws: WrongSize.self) { try writer.finish() }
    #expect(scratch.names == [])
  }

  @Test("Invalid names are not written, and the archive stays usable")
  func names() throws {
    let scratch = try Scratch()
    let writer = try ArchiveWriter(path: scratch.file("a.tar.gz"))
    for name in [
      "/etc/passwd", "../x", "a/../b", "a//b", "./a", "", "a/", "a\nb", "a\0b",
      String(repeating: "abc/", count: 256) + "d",
    ] {
      #expect(throws: ArchiveFailure.self, "\(name)") { try writer.add(name, []) }
    }
    try writer.add("twice", [])
    #expect(throws: ArchiveFailure.self) { try writer.add("twice", []) }
    #expect(try writer.finish().members.map(\.name) == ["twice"])
  }

  @Test("Files are archived unchanged, and unreadable ones are skipped")
  func files() throws {
    let scratch = try Scratch()
    var dice = Dice(3)
    let picture = dice.bytes(2_500_000)
    let source = open(try scratch.write("in/picture.jpg", picture), O_RDONLY)
    let folder = open(scratch.file("in"), O_RDONLY)
    defer {
      close(source)
      close(folder)
    }
    let writer = try ArchiveWriter(path: scratch.file("a.tar.gz"), level: 9)
    #expect(throws: UnreadableFile.self) { try writer.add("folder", file: folder) }
    #expect(throws: UnreadableFile.self) { try writer.add("closed", file: 999_999) }
    #expect(try writer.add("picture.jpg", file: source, level: 0).size == 2_500_000)
    let finished = try writer.finish()
    #expect(try contents(finished.path).map(\.bytes) == [picture])
  }

  @Test("A file that shrinks while it is read is an error")
  func shrinking() throws {
    let scratch = try Scratch()
    let path = try scratch.write("in", [UInt8](repeating: 7, count: 3_000_000))
    let source = open(path, O_RDONLY)
    defer { close(source) }
    let file = try SourceFile(name: "in", descriptor: source)
    truncate(path, 2_000_000)
    let writer = try ArchiveWriter(path: scratch.file("a.tar.gz"))
    #expect(throws: WrongSize.self) {
      try writer.add("in", size: file.size) { try file.copy(to: &$0) }
    }
  }

  @Test("A member of unknown size is buffered until it is complete", arguments: [0, 1_000, 9_000_000])
  func spooled(size: Int) throws {
    let scratch = try Scratch()
    var dice = Dice(4)
    let text = Array(dice.json(size).prefix(size))
    let writer = try ArchiveWriter(path: scratch.file("a.tar.gz"))
    try writer.addSpooled("realm.json") { spool in
      for start in stride(from: 0, to: size, by: 70_001) {
        try spool.write(Array(text[start..<min(size, start + 70_001)]))
      }
    }
    #expect(scratch.names.count <= 1)
    #expect(throws: Cancelled.self) { try writer.addSpooled("broken") { _ in throw Cancelled() } }
    let finished = try writer.finish()
    #expect(try contents(finished.path).map(\.bytes) == [text])
    #expect(finished.members.map(\.name) == ["realm.json"])
  }

  @Test("Several threads can add members")
  func threads() throws {
    let scratch = try Scratch()
    let writer = try ArchiveWriter(path: scratch.file("a.tar.gz"))
    let failures = Monitor(0)
    let workers = try (0..<4).map { number in
      try WorkerThread {
        for index in 0..<50 {
          do { try writer.add("\(number)/\(index)", Array("\(number) \(index)".utf8)) } catch {
            failures.now { $0 += 1 }
          }
        }
      }
    }
    workers.forEach { $0.join() }
    #expect(failures.now { $0 } == 0)
    try writer.finish(manifest: exampleManifest)
    let report = try ArchiveCheck.verifyDigests(scratch.file("a.tar.gz"))
    #expect(report.members.count == 201)
  }

  @Test("Cancelling the verification leaves no file")
  func stopped() throws {
    let scratch = try Scratch()
    let writer = try ArchiveWriter(path: scratch.file("a.tar.gz"))
    var dice = Dice(5)
    try writer.add("x", dice.json(600_000))
    #expect(throws: Cancelled.self) {
      try writer.finish(manifest: exampleManifest) { _, _ in throw Cancelled() }
    }
    #expect(scratch.names == [])
    let cancellation = Cancellation()
    let other = try ArchiveWriter(path: scratch.file("a.tar.gz"))
    cancellation.cancel()
    #expect(throws: Cancelled.self) { try other.finish(readBack: false, cancellation: cancellation) }
    #expect(scratch.names == [])
  }

  @Test("The verification compares the archive with the added members")
  func readBack() throws {
    let scratch = try Scratch()
    let finished = try write(scratch).1
    let file = open(finished.path, O_RDWR)
    defer { close(file) }
    func compare(_ members: [Member]) throws {
      try ArchiveCheck.compare(file, path: finished.path, with: members, cancellation: nil, progress: nil)
    }
    try compare(finished.members)
    var other = finished.members
    other.swapAt(2, 3)
    for members in [Array(finished.members.dropLast()), finished.members + [other[0]], other] {
      #expect(throws: ArchiveFailure.self) { try compare(members) }
    }
    var byte: UInt8 = 0
    #expect(pread(file, &byte, 1, 5000) == 1)
    byte ^= 1
    #expect(pwrite(file, &byte, 1, 5000) == 1)
    #expect(throws: ArchiveFailure.self) { try compare(finished.members) }
  }

  @Test("A full disk is reported and leaves no file", .enabled(if: geteuid() == 0))
  func fullDisk() throws {
    let scratch = try Scratch()
    let disk = scratch.file("disk")
    try FileSystem.makeFolder(disk)
    guard mount("tmpfs", disk, "tmpfs", 0, "size=1m") == 0 else { return }
    defer { umount(disk) }
    var dice = Dice(6)
    // The disk has room for 1 MiB. The larger archives exceed it in the middle or only at their end.
    for size in [100_000, 900_000, 1_045_000, 1_060_000, 4_000_000] {
      let writer = try ArchiveWriter(path: "\(disk)/a.tar.gz")
      let noise = dice.bytes(size)
      do {
        try writer.add("x", noise)
        try writer.finish(manifest: exampleManifest)
        #expect(size <= 900_000)
        unlink("\(disk)/a.tar.gz")
      } catch let failure as PlainFailure {
        #expect(failure.reason.contains("No space left"))
        #expect(failure.remedy != nil && size > 1_000_000)
      }
      writer.abandon()
      #expect(try FileSystem.names(in: disk) == [])
      #expect(try #require(FileSystem.freeBytes(disk)) == 1 << 20)
    }
  }
}
