import Common
import Glibc
import Sandbox
import Synchronization
import Testing

@testable import Engine

@Suite("Secrets after a restore")
struct MissingSecretsTests {
  /// Backs up a server whose secrets file is changed first, and gives its bytes to `body` with the backup's path.
  private func backedUp(
    _ name: String, _ change: ([String]) -> [String], _ body: (SandboxServer, String, String) throws -> Void
  ) throws {
    let server = try Disaster.server(name, messages: 0)
    let file = server.root + server.brand.secretsFile
    let lines = try text(file).split(separator: "\n").map(String.init)
    let secrets = change(lines).map { "\($0)\n" }.joined()
    try FileSystem.replace(file, with: secrets.utf8, mode: 0o640)
    try Disaster.folder { folder in
      _ = try Disaster.backup(server, to: "\(folder)/backup.tar.gz")
      try body(server, "\(folder)/backup.tar.gz", secrets)
    }
  }

  private func without(_ names: Set<String>) -> ([String]) -> [String] {
    { lines in lines.filter { line in !names.contains { line.hasPrefix("\($0) =") } } }
  }

  @Test("that the backup lacks are made by the server's script, and every byte that it has stays")
  func missing() throws {
    try backedUp("forgetful", without(["camo_key", "memcached_password"])) { server, backup, old in
      let missing = try Installation(root: server.root)
      #expect(missing.secrets["camo_key"] == nil && missing.secrets["memcached_password"] == nil)
      try Disaster.destroy(server)
      try Disaster.restore(server, from: backup) { $0.externalHost = "forgetful.example.com" }
      let file = server.root + server.brand.secretsFile
      let restored = try Installation(root: server.root).secrets
      let now = try text(file)
      #expect(now.hasPrefix(old), "what the backup has")
      #expect(now.dropFirst(old.count).contains("camo_key = "))
      #expect((restored["camo_key"]?.reveal() ?? "").count == 64)
      #expect((restored["memcached_password"]?.reveal() ?? "").count == 64)
      #expect(restored["avatar_salt"]?.reveal() == server.avatarSalt)
      var status = stat()
      #expect(stat(file, &status) == 0 && status.st_mode & 0o777 == 0o640)
      let scripts = try Disaster.scripts(server)
      let made = try #require(scripts.lastIndex(of: "[generate_secrets.py] [--production]"))
      let used = try #require(scripts.lastIndex(of: "[configure-rabbitmq]"))
      #expect(made < used, "the services are told the new ones")
    }
  }

  @Test("are not touched where none is missing")
  func complete() throws {
    try backedUp("complete", { $0 + ["# kept by hand", "extra_key = mine"] }) { server, backup, old in
      try Disaster.restore(server, from: backup)
      #expect(try text(server.root + server.brand.secretsFile) == old)
      #expect(try Disaster.scripts(server).contains("[generate_secrets.py] [--production]"))
    }
  }

  @Test("that cannot be made stop the restore with the command to repair it; it goes on afterwards")
  func broken() throws {
    try backedUp("speechless", without(["camo_key"])) { server, backup, old in
      try server.breakScript("generate_secrets.py", saying: "no entropy left")
      let failure = #expect(throws: PlainFailure.self) { try Disaster.restore(server, from: backup) }
      #expect(failure?.family == .command)
      #expect(failure?.reason.contains("no entropy left") == true)
      #expect(
        failure?.remedy?.contains(
          "sudo \(server.root)/home/aloha/deployments/current/scripts/setup/generate_secrets.py") == true)
      #expect(failure?.remedy?.contains("--production") == true)
      #expect(failure?.remedy?.contains("restore --resume") == true)
      #expect(try text(server.root + server.brand.secretsFile) == old)
      #expect(try !Disaster.scripts(server).contains("[configure-rabbitmq]"), "the next step waits for this one")

      try server.breakScript("generate_secrets.py", saying: nil)
      _ = try ResumeRestoreOperation(ServerReference(root: server.root)).perform(.silent)
      #expect(try Installation(root: server.root).secrets["camo_key"] != nil)
      #expect(server.isRunning)
      try server.run("scripts/stop-server")
    }
  }

  @Test("are left to the operator where this installation has no such script, and the restore is finished")
  func noScript() throws {
    try backedUp("scriptless", without(["camo_key"])) { server, backup, old in
      try FileSystem.removeTree("\(server.installation.deploymentFolder)/scripts/setup/generate_secrets.py")
      let notes = Mutex<[String]>([])
      var options = RestoreOptions(archive: backup)
      options.keepsConfiguration = true
      _ = try RestoreOperation(ServerReference(root: server.root), options).perform(
        Progress { event in
          if case .note(let text) = event { notes.withLock { $0.append(text) } }
        })
      #expect(
        notes.withLock { $0 }.contains { $0.contains("left to you") && $0.contains("generate_secrets.py --production") }
      )
      #expect(try text(server.root + server.brand.secretsFile) == old)
      try server.run("scripts/stop-server")
    }
  }
}
