import Common
import Glibc
import Testing

@testable import Archive

@Suite("Damaged archives")
struct DamageTests {
  private func make(_ scratch: Scratch, jsonBytes: Int, noiseBytes: Int) throws -> [UInt8] {
    var dice = Dice(42)
    let writer = try ArchiveWriter(path: scratch.file("a.tar.gz"), rootFolder: "export")
    try writer.add("realm.json", dice.json(jsonBytes))
    try writer.add("uploads/日本語.bin", dice.bytes(noiseBytes))
    try writer.finish(manifest: exampleManifest)
    return try FileSystem.read(scratch.file("a.tar.gz"))
  }

  /// Returns whether reading the whole archive reports the damage as an ``ArchiveFailure`` with a message.
  private func isFound(_ bytes: [UInt8], _ scratch: Scratch) throws -> Bool {
    let path = scratch.file("damaged.tar.gz")
    let file = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
    try bytes.withUnsafeBytes { try FileSystem.writeAll(file, $0, path: path) }
    close(file)
    do {
      _ = try ArchiveCheck.verifyDigests(path)
      return false
    } catch let failure as ArchiveFailure {
      return [.damagedArchive, .unsuitableArchive].contains(failure.family) && !failure.reason.isEmpty
    }
  }

  @Test("A small archive with any single flipped bit is refused")
  func everyBit() throws {
    let scratch = try Scratch()
    let sound = try make(scratch, jsonBytes: 100, noiseBytes: 20)
    #expect(try !isFound(sound, scratch))
    var missed: [Int] = []
    for bit in 0..<sound.count * 8 {
      var bytes = sound
      bytes[bit / 8] ^= 1 << UInt8(bit % 8)
      if try !isFound(bytes, scratch) { missed.append(bit) }
    }
    #expect(missed == [])
  }

  @Test("A thousand random bit flips in a large archive are detected")
  func randomBits() throws {
    let scratch = try Scratch()
    let sound = try make(scratch, jsonBytes: 600_000, noiseBytes: 70_000)
    var dice = Dice(43)
    var missed: [Int] = []
    for _ in 0..<1000 {
      let bit = Int.random(in: 0..<sound.count * 8, using: &dice)
      var bytes = sound
      bytes[bit / 8] ^= 1 << UInt8(bit % 8)
      if try !isFound(bytes, scratch) { missed.append(bit) }
    }
    #expect(missed == [])
  }

  @Test("Truncated archives, and data after the end, are detected")
  func truncation() throws {
    let scratch = try Scratch()
    let sound = try make(scratch, jsonBytes: 600_000, noiseBytes: 300_000)
    var lengths =
      Array(stride(from: 0, to: sound.count, by: 4096)) + Array(stride(from: 0, to: sound.count, by: 65_536))
    lengths += (1...40).map { sound.count - $0 } + (1...120)
    var missed: [Int] = []
    for length in lengths where try !isFound(Array(sound.prefix(length)), scratch) { missed.append(length) }
    #expect(missed == [])
    #expect(try isFound(sound + [0], scratch))
    #expect(try isFound(sound + [0x1F, 0x8B], scratch))
    #expect(try isFound(sound + sound, scratch))
    #expect(try isFound(sound + Gzip.pack([]), scratch))
  }

  @Test("Damage is detected by unpacking and inspecting, and leaves no files")
  func everyWay() throws {
    let scratch = try Scratch()
    var bytes = try make(scratch, jsonBytes: 300_000, noiseBytes: 1000)
    bytes[bytes.count / 2] ^= 4
    let path = try scratch.write("damaged.tar.gz", bytes)
    let work = scratch.file("work")
    #expect(throws: ArchiveFailure.self) { try OpenedArchive.open(path, workFolder: work) }
    #expect(try FileSystem.names(in: work) == [])
    #expect(throws: ArchiveFailure.self) { try Inspection.of(path) }
  }

  @Test("The position of damage is reported")
  func place() throws {
    let scratch = try Scratch()
    let sound = try make(scratch, jsonBytes: 300_000, noiseBytes: 1000)
    let path = try scratch.write("cut.tar.gz", Array(sound.prefix(20_000)))
    let failure = #expect(throws: ArchiveFailure.self) { try ArchiveCheck.verifyDigests(path) }
    #expect(failure?.reason.contains("20000") == true)
    #expect(failure?.family == .damagedArchive)
  }

  @Test(
    "Differences from the manifest are damage although gzip accepts the file",
    arguments: ["changed", "missing", "surplus"])
  func againstManifest(what: String) throws {
    let scratch = try Scratch()
    var manifest = exampleManifest
    let text = Array("hello".utf8)
    let checksum = try #require(Checksum(hexadecimal: Digest.hexadecimal(text)))
    manifest.members = [Member(name: "realm.json", size: 5, sha256: checksum)]
    if what == "missing" { manifest.members.append(Member(name: "uploads/gone", size: 5, sha256: checksum)) }
    var tar = Tar()
    tar.add("root/realm.json", what == "changed" ? "hellO" : "hello")
    if what == "surplus" { tar.add("root/planted", "x") }
    tar.add(Array("root/manifest.json".utf8), try manifest.encoded())
    let path = try scratch.write("a.tar.gz", Gzip.pack(tar.closed))
    for body in [
      { _ = try ArchiveCheck.verifyDigests(path) },
      { _ = try OpenedArchive.open(path, workFolder: scratch.file("work")) },
    ] {
      guard case .damaged(let place) = try problem(body) else {
        Issue.record("\(what) was not found")
        continue
      }
      #expect(place.contains(what == "changed" ? "realm.json" : what == "missing" ? "uploads/gone" : "planted"))
    }
  }

  @Test("A repacked archive of this program is accepted")
  func repacked() throws {
    let scratch = try Scratch()
    _ = try make(scratch, jsonBytes: 5000, noiseBytes: 1000)
    let out = scratch.file("out")
    try FileSystem.makeFolder(out)
    #expect(try Tool.run("tar", ["-xzf", scratch.file("a.tar.gz"), "-C", out]).status == 0)
    #expect(try Tool.run("tar", ["-czf", scratch.file("b.tar.gz"), "-C", out, "export"]).status == 0)
    #expect(try ArchiveCheck.verifyDigests(scratch.file("b.tar.gz")).isDigestChecked)
    #expect(try Tool.run("tar", ["--format=gnu", "-cf", scratch.file("c.tar"), "-C", out, "export"]).status == 0)
    #expect(try ArchiveCheck.verifyDigests(scratch.file("c.tar")).isDigestChecked)
  }

  @Test("Damage to a foreign archive is detected by its checksum")
  func foreign() throws {
    let scratch = try Scratch()
    var dice = Dice(44)
    var tar = Tar()
    tar.add(Array("root/realm.json".utf8), dice.json(30_000))
    let sound = try Gzip.pack(tar.closed)
    #expect(try !isFound(sound, scratch))
    for _ in 0..<300 {
      let bit = Int.random(in: 80..<(sound.count * 8 - 8), using: &dice)
      var bytes = sound
      bytes[bit / 8] ^= 1 << UInt8(bit % 8)
      #expect(try isFound(bytes, scratch), "bit \(bit)")
    }
  }

  @Test("Concatenated gzip members with names and comments are read as one file")
  func multiMember() throws {
    let scratch = try Scratch()
    var tar = Tar()
    tar.add("root/realm.json", "{}")
    let bytes = tar.closed
    let named: [UInt8] = [0x1F, 0x8B, 8, 0x18, 1, 2, 3, 4, 2, 3] + Array("a.tar\0a comment\0".utf8)
    let packed = try Gzip.pack(Array(bytes[..<700])) + named + Gzip.pack(Array(bytes[700...])).dropFirst(10)
    let path = try scratch.write("a.tar.gz", packed)
    #expect(try contents(path).map(\.name) == ["realm.json"])
    try scratch.write("b.tar.gz", packed + Array("garbage".utf8))
    #expect(throws: ArchiveFailure.self) { try contents(scratch.file("b.tar.gz")) }
  }

  @Test("A tar archive without its end mark, or with data after it, is damaged")
  func tarEnd() throws {
    let scratch = try Scratch()
    var tar = Tar()
    tar.add("root/realm.json", "{}")
    var second = Tar()
    second.add("root/hidden", "x")
    let mark = [UInt8](repeating: 0, count: 1024)
    let broken: [[UInt8]] = [
      tar.bytes, tar.bytes + [UInt8](repeating: 0, count: 512), tar.closed + second.closed, tar.closed + [1],
    ]
    for bytes in broken {
      let path = try scratch.write("a.tar", bytes)
      guard case .damaged = try problem({ _ = try contents(path) }) else {
        Issue.record("\(bytes.count) bytes were taken")
        continue
      }
    }
    #expect(try contents(scratch.write("b.tar", tar.closed + mark + mark)).count == 1)
  }
}
