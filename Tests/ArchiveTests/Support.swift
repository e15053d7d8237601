import Common
import Glibc

@testable import Archive

/// A temporary folder that is deleted when this object is released.
final class Scratch {
  let path: String

  init() throws {
    path = "/tmp/archive-tests-\(RandomText.alphanumeric(12))"
    try FileSystem.makeFolder(path)
  }

  deinit { try? FileSystem.removeTree(path) }

  func file(_ name: String) -> String { "\(path)/\(name)" }

  @discardableResult
  func write(_ name: String, _ bytes: [UInt8]) throws -> String {
    let whole = file(name)
    if let slash = whole.lastIndex(of: "/") { try FileSystem.makeFolder(String(whole[..<slash])) }
    try FileSystem.replace(whole, with: bytes)
    return whole
  }

  var names: [String] { (try? FileSystem.names(in: path)) ?? [] }
}

/// A pseudo-random generator with the same sequence in every run.
struct Dice: RandomNumberGenerator {
  private var state: UInt64

  init(_ seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    return mixed ^ (mixed >> 31)
  }

  mutating func bytes(_ count: Int) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(count + 8)
    while bytes.count < count { withUnsafeBytes(of: next()) { bytes.append(contentsOf: $0) } }
    return Array(bytes[..<count])
  }

  /// Returns rows of JSON, about `count` bytes.
  mutating func json(_ count: Int) -> [UInt8] {
    var text: [UInt8] = []
    while text.count < count {
      let row =
        "{\"id\": \(next() % 100_000), \"content\": \"word \(next() % 50) and \(next() % 50)\", \"flags\": 1},\n"
      text.append(contentsOf: Array(row.utf8))
    }
    return text
  }
}

/// Writes tar headers without the checks of the library, so that they can be invalid.
struct Tar {
  private(set) var bytes: [UInt8] = []

  mutating func add(
    _ name: [UInt8], _ content: [UInt8] = [], type: Character = "0", link: String = "", size: Int? = nil
  ) {
    var block = [UInt8](repeating: 0, count: 512)
    func put(_ text: some Sequence<UInt8>, at start: Int) {
      for (index, byte) in text.enumerated() { block[start + index] = byte }
    }
    func octal(_ value: Int, _ digits: Int) -> [UInt8] {
      let text = String(value, radix: 8)
      return Array((String(repeating: "0", count: digits - text.count) + text).utf8)
    }
    put(name.prefix(100), at: 0)
    put(octal(0o644, 7), at: 100)
    put(octal(0, 7), at: 108)
    put(octal(0, 7), at: 116)
    put(octal(size ?? content.count, 11), at: 124)
    put(octal(1_700_000_000, 11), at: 136)
    put("        ".utf8, at: 148)
    put(String(type).utf8, at: 156)
    put(link.utf8, at: 157)
    put("ustar".utf8, at: 257)
    put("00".utf8, at: 263)
    put(octal(block.reduce(0) { $0 + Int($1) }, 6), at: 148)
    block[154] = 0
    bytes += block + content
    bytes += [UInt8](repeating: 0, count: (512 - content.count % 512) % 512)
  }

  mutating func add(
    _ name: String, _ content: String = "", type: Character = "0", link: String = "", size: Int? = nil
  ) {
    add(Array(name.utf8), Array(content.utf8), type: type, link: link, size: size)
  }

  /// The archive with its end mark.
  var closed: [UInt8] { bytes + [UInt8](repeating: 0, count: 1024) }
}

enum Gzip {
  /// Returns a gzip file of one member, as other programs write it.
  static func pack(_ bytes: [UInt8], level: Int = 6) throws -> [UInt8] {
    var packed: [UInt8] = []
    let gzip = try ParallelGzip(level: level, threads: 1) { packed.append(contentsOf: $0) }
    try bytes.withUnsafeBytes { try gzip.write($0) }
    try gzip.finish()
    return packed
  }
}

enum Tool {
  /// Returns the path of a program; nil if it is not installed.
  static func find(_ name: String) -> String? {
    let paths = getenv("PATH").map { String(cString: $0) } ?? ""
    let folders = paths.split(separator: ":").map(String.init)
    return Subprocess.find(name) ?? folders.map { "\($0)/\(name)" }.first { access($0, X_OK) == 0 }
  }

  static func run(_ name: String, _ arguments: [String]) throws -> Subprocess.Result {
    guard let path = find(name) else { throw PlainFailure(.command, name, "not on this machine") }
    var inherited: [String: String] = [:]
    for key in ["PATH", "HOME"] { inherited[key] = getenv(key).map { String(cString: $0) } }
    return try Subprocess(path, arguments, environment: inherited).run()
  }
}

/// Returns all members of an archive with their contents, in their order.
func contents(_ path: String, limits: Limits = .standard) throws -> [(name: String, bytes: [UInt8])] {
  let reader = try ArchiveReader(path, limits: limits)
  var all: [(String, [UInt8])] = []
  while let header = try reader.next() { all.append((header.name, try reader.contents(limit: .max, of: path))) }
  return all
}

/// Returns the problem of the ``ArchiveFailure`` that `body` throws; nil if it throws none.
func problem(_ body: () throws -> Void) throws -> ArchiveFailure.Problem? {
  do {
    try body()
    return nil
  } catch let failure as ArchiveFailure {
    return failure.problem
  }
}

let exampleManifest = Manifest(
  program: "aloha-wizard 0.1", created: "2026-01-31T12:00:00Z", kind: .organizationExport,
  source: Manifest.Source(serverVersion: "9.0", featureLevel: 261, brand: "aloha", hostname: "chat.example.org"),
  organization: Manifest.Organization(subdomain: "", name: "Grüße \"aus\" \\ Aloha"),
  tables: ["zerver_message": 559, "zerver_realm": 1], options: ["public-only": "false"],
  skipped: [Manifest.Skipped(name: "uploads/2/x", reason: "is missing")], migrations: "migration_status.json")
