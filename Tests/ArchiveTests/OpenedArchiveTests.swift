import Common
import Glibc
import Testing

@testable import Archive

@Suite("Reading an archive's members in any order")
struct OpenedArchiveTests {
  private func export(_ scratch: Scratch) throws -> String {
    var dice = Dice(21)
    let path = scratch.file("export.tar.gz")
    let writer = try ArchiveWriter(path: path)
    try writer.add("uploads/records.json", Array("[]".utf8), modified: 1_600_000_000)
    try writer.add("uploads/8/日本語.png", dice.bytes(3_000_000))
    try writer.add("messages-000001.json", dice.json(400_000))
    try writer.add("empty", [])
    try writer.add("realm.json", Array("{\"zerver_realm\": []}".utf8), modified: 1_700_000_000)
    try writer.finish(manifest: exampleManifest)
    return path
  }

  @Test("Members can be opened, mapped and read in any order until the archive is closed")
  func archive() throws {
    let scratch = try Scratch()
    let path = try export(scratch)
    let expected = try contents(path)
    let work = scratch.file("work/deeper")
    var last: Int64 = 0
    let archive = try OpenedArchive.open(path, workFolder: work, expecting: .export) { done, total in
      #expect(done >= last && done <= total)
      last = done
    }
    #expect(archive.kind == .ourExport && archive.rootFolder == "export")
    #expect(archive.manifest?.members.count == 5)
    #expect(archive.members.map(\.name) == expected.map(\.name))
    for (name, bytes) in expected.reversed() {
      #expect(archive.contains(name))
      let file = try archive.open(name)
      #expect(file.size == bytes.count)
      #expect(try file.withMappedBytes { Array($0) } == bytes)
      var read: [UInt8] = []
      while let piece = try file.chunk() { read.append(contentsOf: piece) }
      #expect(read == bytes)
      #expect(try archive.open(name).bytes() == bytes)
      #expect(archive.entry(name)?.sha256?.hexadecimal == Digest.hexadecimal(bytes))
    }
    #expect(!archive.contains("attachment.json"))
    #expect(try problem { _ = try archive.open("attachment.json") } == .noMember("attachment.json"))
    #expect(try problem { _ = try archive.open("../../export.tar.gz") } == .noMember("../../export.tar.gz"))
    var status = stat()
    #expect(stat(archive.folder, &status) == 0 && status.st_mode & 0o777 == 0o700)
    #expect(stat("\(archive.folder)/uploads/8/日本語.png", &status) == 0 && status.st_mode & 0o777 == 0o600)
    archive.close()
    #expect(try FileSystem.names(in: work) == [])
    #expect(throws: ArchiveFailure.self) { try archive.open("realm.json") }
  }

  @Test("An unpacked folder is read in place and kept")
  func folder() throws {
    let scratch = try Scratch()
    let path = try export(scratch)
    let expected = try contents(path)
    #expect(try Tool.run("tar", ["-xzf", path, "-C", scratch.path]).status == 0)
    let folder = scratch.file("export")
    let archive = try OpenedArchive.open(folder, workFolder: scratch.file("work"))
    #expect(archive.kind == .ourExport && archive.folder == folder && archive.rootFolder == "export")
    #expect(archive.members.map(\.name) == expected.map(\.name).sorted())
    for (name, bytes) in expected {
      #expect(try archive.open(name).bytes() == bytes)
      #expect(archive.entry(name)?.sha256?.hexadecimal == Digest.hexadecimal(bytes))
    }
    archive.close()
    #expect(FileSystem.exists("\(folder)/realm.json"))
    #expect(!FileSystem.exists(scratch.file("work")))
    #expect(try ArchiveCheck.verifyDigests(folder).isDigestChecked)
  }

  @Test("A folder that differs from its manifest is damaged")
  func changedFolder() throws {
    let scratch = try Scratch()
    #expect(try Tool.run("tar", ["-xzf", try export(scratch), "-C", scratch.path]).status == 0)
    try scratch.write("export/realm.json", Array("{\"zerver_realm\": {}}".utf8))
    guard
      case .damaged(let place) = try problem({
        _ = try OpenedArchive.open(scratch.file("export"), workFolder: scratch.path)
      })
    else {
      Issue.record("it was taken")
      return
    }
    #expect(place.contains("realm.json"))
  }

  @Test("A file that changes after its check is not read")
  func changedLater() throws {
    let scratch = try Scratch()
    try scratch.write("in/realm.json", Array("{}".utf8))
    let archive = try OpenedArchive.open(scratch.file("in"), workFolder: scratch.path)
    #expect(archive.kind == .officialExport && archive.manifest == nil && archive.members[0].sha256 == nil)
    try scratch.write("in/realm.json", Array("[]".utf8))
    #expect(throws: ArchiveFailure.self) { try archive.open("realm.json") }
  }

  @Test("Links, pipes and sockets in a folder are refused, and links are never followed")
  func hostileFolder() throws {
    let scratch = try Scratch()
    try scratch.write("secret", Array("secret".utf8))
    try scratch.write("in/realm.json", Array("{}".utf8))
    try scratch.write("in/uploads/x", Array("x".utf8))
    let archive = try OpenedArchive.open(scratch.file("in"), workFolder: scratch.path)
    let path = scratch.file("in/uploads/evil")
    let traps: [(ArchiveFailure.Refusal, () -> Int32)] = [
      (.symbolicLink, { symlink(scratch.file("secret"), path) }),
      (.symbolicLink, { symlink("../realm.json", path) }),
      (.namedPipe, { mkfifo(path, 0o600) }),
    ]
    for (why, make) in traps {
      #expect(make() == 0)
      let found = try problem { _ = try OpenedArchive.open(scratch.file("in"), workFolder: scratch.path) }
      #expect(found == .refused(member: "uploads/evil", why))
      #expect(try Inspection.of(scratch.file("in")).refused?.problem == found)
      unlink(path)
    }
    // The folder of a member is replaced by a link to another folder that contains a member of this name.
    try scratch.write("other/x", Array("evil".utf8))
    #expect(rename(scratch.file("in/uploads"), scratch.file("moved")) == 0)
    #expect(symlink(scratch.file("other"), scratch.file("in/uploads")) == 0)
    #expect(try problem { _ = try archive.open("uploads/x") } == .refused(member: "uploads/x", .symbolicLink))
  }

  @Test("Cancelling leaves no files in the work folder")
  func cancelled() throws {
    let scratch = try Scratch()
    let path = try export(scratch)
    let cancellation = Cancellation()
    #expect(throws: Cancelled.self) {
      try OpenedArchive.open(path, workFolder: scratch.file("work"), cancellation: cancellation) { done, _ in
        if done > 0 { cancellation.cancel() }
      }
    }
    #expect(try FileSystem.names(in: scratch.file("work")) == [])
    #expect(throws: Cancelled.self) { try ArchiveCheck.verifyDigests(path, cancellation: cancellation) }
  }

  @Test("Missing disk space is detected before the disk is full", .enabled(if: geteuid() == 0))
  func space() throws {
    let scratch = try Scratch()
    let path = try export(scratch)
    let disk = scratch.file("disk")
    try FileSystem.makeFolder(disk)
    guard mount("tmpfs", disk, "tmpfs", 0, "size=2m") == 0 else { return }
    defer { umount(disk) }
    let failure = #expect(throws: PlainFailure.self) { try OpenedArchive.open(path, workFolder: disk) }
    #expect(failure?.family == .file && failure?.remedy?.contains("space") == true)
    #expect(try FileSystem.names(in: disk) == [])
  }

  @Test("A file that is no archive is reported with its kind")
  func foreign() throws {
    let scratch = try Scratch()
    let samples: [(String, [UInt8])] = [
      ("a zip file", [0x50, 0x4B, 3, 4, 0, 0]), ("a zstd file", [0x28, 0xB5, 0x2F, 0xFD]),
      ("a bzip2 file", Array("BZh9".utf8)),
      ("a JSON file", Array("{\"a\": 1}".utf8)), ("an empty file", []),
      ("a file of an unknown kind", Array("hello".utf8)),
    ]
    for (what, bytes) in samples {
      let path = try scratch.write("x.tar.gz", bytes)
      #expect(try problem { _ = try OpenedArchive.open(path, workFolder: scratch.path) } == .foreign(what))
    }
    #expect(try problem { _ = try ArchiveReader(scratch.file("none")) } == .missing)
    #expect(try problem { _ = try ArchiveReader("/dev/null") } == .foreign("no plain file"))
    #expect(try problem { _ = try contents(scratch.write("y.gz", Gzip.pack(Array("hello".utf8)))) } != nil)
  }
}
