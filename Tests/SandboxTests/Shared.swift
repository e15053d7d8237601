import Common
import Glibc
import Sandbox
import Testing

/// One sandbox for all tests of the process: starting a cluster is the slow part.
enum Shared {
  private static let made = Result { try Sandbox.temporary(servers: ["fresh"]) }

  static func sandbox() throws -> Sandbox { try made.get() }

  static func server() throws -> SandboxServer {
    let servers = try sandbox().servers
    return try #require(servers.first { $0.name == "fresh" })
  }
}

/// Asks again and again, for a minute at most, until the answer is yes.
func eventually(_ isTrue: () -> Bool) -> Bool {
  for _ in 0..<1200 {
    if isTrue() { return true }
    usleep(50_000)
  }
  return false
}

/// A new empty folder, removed by the caller.
func temporaryFolder() throws -> String {
  let path = "/tmp/aloha-tests-\(RandomText.alphanumeric(10))"
  try FileSystem.makeFolder(path, mode: 0o711)
  return path
}
