import Common
import Fuzzing
import Testing

@testable import Archive

/// The result of reading an archive in one way.
private enum Verdict: Equatable, CustomStringConvertible {
  case taken([Member])
  case refused(ArchiveFailure.Problem)

  var description: String {
    switch self {
    case .taken(let members): "taken: \(members.map { "\($0.name) \($0.size)" })"
    case .refused(let problem): "\(problem)"
    }
  }

  /// - Throws: every error except ``ArchiveFailure``, which is the only one that the content of an archive may cause.
  static func of(_ body: () throws -> [Member]) throws -> Verdict {
    do {
      return .taken(try body())
    } catch let failure as ArchiveFailure {
      return .refused(failure.problem)
    }
  }
}

@Suite("Fuzzing of archives")
struct ArchiveFuzzTests {
  private func verified(_ path: String) throws -> Verdict {
    try .of { try ArchiveCheck.verifyDigests(path).members }
  }

  private func opened(_ path: String, _ scratch: Scratch) throws -> Verdict {
    try .of {
      let archive = try OpenedArchive.open(path, workFolder: scratch.file("work"))
      defer { archive.close() }
      return try archive.members.map { entry in
        var digest = Digest()
        let file = try archive.open(entry.name)
        while let bytes = try file.chunk() { digest.update(bytes) }
        return Member(name: entry.name, size: entry.size, sha256: try Checksum(digest))
      }
    }
  }

  /// Fails unless all readers give the same result. An accepted archive must be the same after it was written again.
  private func agree(_ path: String, _ scratch: Scratch) throws {
    let verdict = try verified(path)
    let other = try opened(path, scratch)
    try hold(verdict == other, "verify: \(verdict); open: \(other)")
    try hold(try FileSystem.names(in: scratch.path).allSatisfy { $0 != "work" } || scratch.left == [], "files are left")
    guard case .taken(let members) = verdict else {
      if case .refused(.foreign) = verdict { return }
      _ = try Verdict.of {
        _ = try Inspection.of(path)
        return []
      }
      return
    }
    let inspection = try Inspection.of(path)
    try hold(inspection.refused == nil && inspection.members == members.count, "inspect: \(inspection)")
    var again: [UInt8] = []
    let tar = try TarEncoder { again.append(contentsOf: $0) }
    let reader = try ArchiveReader(path)
    while let header = try reader.next() {
      try tar.begin("root/\(header.name)", size: header.size, modified: header.modified)
      while let bytes = try reader.chunk() { try tar.write(bytes) }
      try tar.end()
    }
    try tar.finish()
    let copy = try scratch.write("again.tar", again)
    let second = try verified(copy)
    try hold(members.isEmpty || verdict == second, "written again: \(second)")
  }

  // MARK: Corpora

  private static let tars: [[UInt8]] = {
    var plain = Tar()
    plain.add("root/realm.json", "{\"zerver_realm\": [{\"id\": 2}]}")
    plain.add("root/uploads/2/ab/x.png", String(repeating: "x", count: 600))
    plain.add("root/avatars/", type: "5")
    var odd = Tar()
    odd.add("./root/a", "a")
    odd.add("pax", "19 path=root/longer\n18 size=1\n20 mtime=1.5\n", type: "x")
    odd.add("root/b", "b")
    odd.add("././@LongLink", "root/" + String(repeating: "n", count: 120) + "\0", type: "L")
    odd.add("root/n", "n")
    var links = Tar()
    links.add("root/l", type: "2", link: "/etc/passwd")
    links.add("root/h", type: "1", link: "root/l")
    var written: [UInt8] = []
    if let tar = try? TarEncoder(sink: { written.append(contentsOf: $0) }) {
      for name in ["root/Grüße", "root/" + String(repeating: "long/", count: 40) + "x", "root/manifest.json"] {
        try? tar.begin(name, size: 2, modified: 1_700_000_000)
        try? [0x7B, 0x7D].withUnsafeBytes { try tar.write($0) }
        try? tar.end()
      }
      try? tar.finish()
    }
    return [plain.closed, odd.closed, links.closed, written]
  }()

  private static let tarTokens = [
    "root/", "../", "/etc/passwd", "./", "ustar", "ustar  \0", "19 path=root/longer\n", "12 size=-1\n",
    "30 size=99999999999999999999\n", "25 GNU.sparse.major=1\n", "22 SCHILY.realsize=9\n", "11 mtime=x\n", "7777777",
    "\u{80}", "000000000000", "manifest.json", "realm.json",
  ]

  // MARK: Targets

  @Test("All readers agree about any tar archive")
  func tar() throws {
    let scratch = try Scratch()
    try Fuzz("tar", corpus: Self.tars, tokens: Self.tarTokens, largest: 1 << 15).run(500) { input in
      try agree(try scratch.write("a.tar", Self.corrected(input)), scratch)
    }
  }

  /// Returns the input with correct checksums in the headers of members, so that mutations are not rejected by the
  /// checksum.
  private static func corrected(_ input: [UInt8]) -> [UInt8] {
    var bytes = input
    for start in stride(from: 0, to: max(0, bytes.count - 511), by: 512) {
      let block = bytes[start..<start + 512]
      guard block[(start + 257)...].starts(with: "ustar".utf8) else { continue }
      let sum = block.reduce(0) { $0 + Int($1) } - block[(start + 148)..<(start + 156)].reduce(0) { $0 + Int($1) } + 256
      let digits = String(sum, radix: 8)
      let field = Array((String(repeating: "0", count: 6 - digits.count) + digits).utf8) + [0, 0x20]
      bytes.replaceSubrange(start + 148..<start + 156, with: field)
    }
    return bytes
  }

  @Test("All readers agree about any gzip file")
  func gzip() throws {
    let scratch = try Scratch()
    let writer = try ArchiveWriter(path: scratch.file("ours.tar.gz"))
    try writer.add("realm.json", Array("{\"zerver_realm\": []}".utf8))
    try writer.finish(manifest: exampleManifest)
    var corpus = try Self.tars.map { try Gzip.pack($0) }
    corpus.append(try Gzip.pack(Self.tars[0]) + Gzip.pack([]))
    corpus.append(try FileSystem.read(scratch.file("ours.tar.gz")))
    corpus.append([0x1F, 0x8B, 8, 0x1F, 0, 0, 0, 0, 0, 3, 2, 0, 0x61, 0x62] + Array("name\0comment\0".utf8))
    try Fuzz("gzip", corpus: corpus, tokens: ["wizard.seal.1:", "\u{1F}"], largest: 1 << 15).run(500) { input in
      try agree(try scratch.write("a.tar.gz", input), scratch)
    }
  }

  @Test("All readers agree about any manifest, packed and unpacked")
  func manifest() throws {
    let scratch = try Scratch()
    let realm = Array("{\"zerver_realm\": []}".utf8)
    let name = "realm.json"
    var digest = Digest()
    realm.withUnsafeBytes { digest.update($0) }
    var manifest = exampleManifest
    manifest.members = [Member(name: name, size: Int64(realm.count), sha256: try Checksum(digest))]
    try scratch.write("folder/\(name)", realm)
    let tokens = [
      "null", "true", "[]", "{}", "\"\"", "\"members\"", "\"formatVersion\" : ", "\"tables\"", "\"size\":", ",",
    ]
    let fuzz = Fuzz(
      "manifest", corpus: [try manifest.encoded(), [], Array("[]".utf8), Array("{}".utf8)], tokens: tokens)
    try fuzz.run(500) { input in
      if let manifest = try? Manifest.decode(input, archive: "a") {
        let rows = manifest.tables.values.reduce(0, +) + manifest.members.reduce(0) { $0 + $1.size }
        try hold(rows >= 0, "negative sum")
        let again = try Manifest.decode(try manifest.encoded(), archive: "a")
        try hold(again == manifest, "written again: \(String(describing: again))")
      }
      var tar = Tar()
      tar.add(Array("root/\(name)".utf8), realm)
      tar.add(Array("root/manifest.json".utf8), input)
      let path = try scratch.write("a.tar", tar.closed)
      try scratch.write("folder/manifest.json", input)
      try agree(path, scratch)
      let unpacked = try (verified(scratch.file("folder")), opened(scratch.file("folder"), scratch))
      try hold(unpacked.0 == unpacked.1, "folder: verify: \(unpacked.0); open: \(unpacked.1)")
      let isSame =
        switch (try verified(path), unpacked.0) {
        case (.taken, .taken): true
        case (.refused(let packed), .refused(let unpacked)): packed == unpacked
        default: false
        }
      try hold(isSame, "the folder: \(unpacked.0)")
    }
  }
}

extension Scratch {
  /// Unpacked files that were not deleted.
  fileprivate var left: [String] { (try? FileSystem.names(in: file("work"))) ?? [] }
}
