import Common
import Glibc
import Postgres
import Sandbox
import Testing

/// One sandbox for all tests of the process, because starting a cluster is slow.
enum Shared {
  private static let made = Result { try Sandbox.temporary(servers: ["fresh"]) }
  private static let sampled = Result {
    let server = try sandbox().makeServer("sample")
    try server.add(SampleOrganization(messages: 400))
    try server.add(SampleOrganization(.bookclub, messages: 30))
    return server
  }

  static func sandbox() throws -> Sandbox { try made.get() }

  /// A freshly installed server. Tests must not change it.
  static func fresh() throws -> SandboxServer { try #require(try sandbox().servers.first { $0.name == "fresh" }) }

  /// A server with both organizations. Tests must not change it.
  static func sample() throws -> SandboxServer { try sampled.get() }
}

extension SandboxServer {
  /// Returns the first column of all rows.
  func column(_ sql: String, _ parameters: [String?] = []) throws -> [String] {
    try connect().query(sql, parameters).compactMap { $0[0] }
  }

  func value(_ sql: String, _ parameters: [String?] = []) throws -> String? {
    try connect().value(sql, parameters)
  }
}

/// Repeats `isTrue` until it returns true. Returns false after a minute.
func eventually(_ isTrue: () throws -> Bool) rethrows -> Bool {
  for _ in 0..<1200 {
    if try isTrue() { return true }
    usleep(50_000)
  }
  return false
}

/// Runs `body` with a new empty folder, and deletes it afterwards.
func withFolder<Value>(_ body: (String) throws -> Value) throws -> Value {
  let path = "/tmp/aloha-tests-\(RandomText.alphanumeric(10))"
  try FileSystem.makeFolder(path, mode: 0o711)
  defer { try? FileSystem.removeTree(path) }
  return try body(path)
}

func text(_ path: String) throws -> String { String(decoding: try FileSystem.read(path), as: UTF8.self) }

/// Returns all files below a folder, by their relative path.
func files(below folder: String, _ inside: String = "") throws -> [String] {
  try FileSystem.names(in: folder).flatMap { name -> [String] in
    let path = "\(folder)/\(name)"
    return FileSystem.isFolder(path) ? try files(below: path, "\(inside)\(name)/") : ["\(inside)\(name)"]
  }
}
