import Common
import Glibc
import Sandbox
import Testing

/// Arranges a server's folders as in its container: a volume, links into it, the database role and the environment.
enum ContainerLayout {
  static let environment = [
    "DATA_DIR": "/data", "SETTING_EXTERNAL_HOST": "old.example.com", "MANUAL_CONFIGURATION": "False",
  ]

  /// - Parameter asInside: whether links lead to `/data/…`, as inside the container.
  static func lay(
    _ server: SandboxServer, environment: [String: String]? = environment, asInside: Bool = false
  ) throws {
    let root = server.root
    let volume = asInside ? "/data" : "\(root)/data"
    try FileSystem.replace("\(root)/.dockerenv", with: [])
    try FileSystem.makeFolder("\(root)/data/backups", mode: 0o755)
    #expect(rename(server.uploads, "\(root)/data/uploads") == 0)
    #expect(symlink("\(volume)/uploads", server.uploads) == 0)
    let secrets = "\(server.configuration)/aloha-secrets.conf"
    #expect(rename(secrets, "\(root)/data/aloha-secrets.conf") == 0)
    #expect(symlink("\(volume)/aloha-secrets.conf", secrets) == 0)
    let path = "\(server.configuration)/aloha.conf"
    let conf = String(decoding: try FileSystem.read(path), as: UTF8.self)
      .replacing("aloha::profile::standalone", with: "aloha::profile::docker")
    try FileSystem.replace(path, with: conf.utf8, mode: 0o644)
    if let environment { try set(server, environment) }
  }

  static func set(_ server: SandboxServer, _ environment: [String: String]) throws {
    try FileSystem.makeFolder("\(server.root)/proc/1", mode: 0o755)
    let text = environment.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)\0" }.joined()
    try FileSystem.replace("\(server.root)/proc/1/environ", with: text.utf8)
  }

  static func isLink(_ path: String) -> Bool { FileSystem.linkTarget(path) != nil }

  static func append(_ text: String, to path: String) throws {
    try FileSystem.replace(path, with: try FileSystem.read(path) + Array(text.utf8), mode: 0o644)
  }
}
