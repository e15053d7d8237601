import Common
import Glibc
import Operations
import Testing

@testable import Sandbox

@Suite("The demo's folder", .serialized)
struct DemoTests {
  @Test("The demo's folder contains two running servers, the old one with two organizations")
  func story() throws {
    try withFolder { folder in
      let demo = try Sandbox.demo(directory: "\(folder)/demo", messages: 40)
      #expect(demo.servers.map(\.root).allSatisfy { $0.hasPrefix("\(folder)/demo/") })
      let old = try #require(demo.servers.first { $0.root.hasSuffix("/old-server") })
      let new = try #require(demo.servers.first { $0.root.hasSuffix("/new-server") })
      #expect(old.database == "aloha_old")
      #expect(new.database == "aloha_new")
      #expect(
        try old.column("SELECT string_id FROM zerver_realm ORDER BY id") == ["alohainternal", "bookclub", "harbour"])
      #expect(try new.column("SELECT string_id FROM zerver_realm") == ["alohainternal"])
      #expect(old.isRunning && new.isRunning)
      let readme = try text("\(folder)/demo/README.txt")
      let guide = try #require(demo.guide(program: "aloha-wizard"))
      for command in guide.commands + [guide.removal] { #expect(readme.contains("\n  \(command)\n"), "\(command)") }
      demo.stop()
      #expect(!old.isRunning && !new.isRunning)
      #expect(FileSystem.exists("\(folder)/demo/README.txt"))
    }
  }

  @Test("Every root that a sandbox makes is recognized as a throw-away server, and no other folder")
  func mark() throws {
    let server = try Shared.fresh()
    #expect(SandboxMark.isThere(below: server.root))
    #expect(SandboxMark.isThere(below: "\(server.root)/etc/../"))
    #expect(!SandboxMark.isThere(below: "/"))
    try withFolder { folder in
      #expect(!SandboxMark.isThere(below: folder), "the name of a folder is no sign")
      try FileSystem.makeFolder("\(folder)/old-server/etc/aloha")
      #expect(!SandboxMark.isThere(below: "\(folder)/old-server"))
      for name in try FileSystem.names(in: server.root) where name.hasPrefix(".") {
        #expect(symlink("\(server.root)/\(name)", "\(folder)/\(name)") == 0)
      }
      #expect(!SandboxMark.isThere(below: folder), "a link to another server's mark is none")
      try SandboxMark.write(below: folder)
    }
  }

  @Test("A second start replaces the demo's folder and keeps foreign files")
  func secondStart() throws {
    try withFolder { folder in
      let first = try Sandbox.demo(directory: folder, messages: 10)
      try #require(first.servers.first).connect().execute("UPDATE zerver_realm SET name = 'changed'")
      try FileSystem.replace("\(folder)/my-export.tar.gz", with: "mine".utf8)
      first.stop()
      let second = try Sandbox.demo(directory: folder, messages: 12)
      let old = try #require(second.servers.first)
      #expect(try old.value("SELECT count(*) FROM zerver_realm WHERE name = 'changed'") == "0")
      #expect(try old.value("SELECT count(*) FROM zerver_message WHERE realm_id = 3") == "12")
      #expect(try text("\(folder)/my-export.tar.gz") == "mine")
    }
  }

  @Test("A second start replaces a demo that is still ending")
  func afterKill() async throws {
    let folder = "/tmp/aloha-demo-\(getpid())"
    await #expect(processExitsWith: .signal(SIGKILL)) {
      _ = try Sandbox.demo(directory: "/tmp/aloha-demo-\(getppid())", messages: 5)
      kill(getpid(), SIGKILL)
    }
    let demo = try Sandbox.demo(directory: folder, messages: 6)
    let old = try #require(demo.servers.first)
    #expect(try old.value("SELECT count(*) FROM zerver_message WHERE realm_id = 3") == "6")
    demo.stop()
    try FileSystem.removeTree(folder)
  }

  @Test("A demo's folder in use is refused")
  func inUse() throws {
    try withFolder { folder in
      let first = try Sandbox.demo(directory: folder, messages: 5)
      let failure = #expect(throws: PlainFailure.self) { try Sandbox.demo(directory: folder, messages: 5) }
      #expect(failure?.family == .conflict)
      #expect(try #require(first.servers.first).value("SELECT count(*) FROM zerver_message WHERE realm_id = 3") == "5")
    }
  }

  @Test("A folder with foreign files is never used for a demo")
  func foreign() throws {
    try withFolder { folder in
      try FileSystem.replace("\(folder)/thesis.txt", with: "all of it".utf8)
      let failure = #expect(throws: PlainFailure.self) { try Sandbox.demo(directory: folder, messages: 5) }
      #expect(failure?.family == .conflict)
      #expect(try FileSystem.names(in: folder) == ["thesis.txt"])
    }
  }
}
