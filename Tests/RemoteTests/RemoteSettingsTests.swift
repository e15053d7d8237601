import Administration
import Common
import Foundation
import Sandbox
import Testing

extension OtherMachine {
  @Suite("Settings and secrets of two machines")
  struct RemoteSettingsTests {
    private func secret(_ name: String, of server: SandboxServer) throws -> String {
      let text = String(decoding: try FileSystem.read("\(server.configuration)/aloha-secrets.conf"), as: UTF8.self)
      let line = try #require(text.split(separator: "\n").first { $0.hasPrefix("\(name) = ") })
      return String(line.dropFirst(name.count + 3))
    }

    private func compared(_ shell: SecureShell, from source: String, to target: String) throws -> [String] {
      let outcome = try TestProgram.run(
        ["settings", "compare", "--from", source, "--root", target, "--json"], through: shell)
      #expect(outcome.status == 0, "\(outcome.error)")
      struct Difference: Decodable {
        let id: String
        let state: String
        let recommended: String
      }
      return outcome.output.split(separator: "\n").compactMap {
        try? JSONDecoder().decode(Difference.self, from: Data($0.utf8))
      }.map { "\($0.id) \($0.state) \($0.recommended)" }
    }

    @Test("Two servers differ in the same settings and secrets, wherever they are")
    func compare() throws {
      let shell = try SecureShell()
      let (old, new) = (try Servers.fresh(), try Servers.fresh())
      // One secret is the same on both.
      let shared = try secret("camo_key", of: old)
      let path = "\(new.configuration)/aloha-secrets.conf"
      let text = String(decoding: try FileSystem.read(path), as: UTF8.self)
      try FileSystem.replace(path, with: Array(text.replacing(try secret("camo_key", of: new), with: shared).utf8))
      let here = try compared(shell, from: old.root, to: new.root)
      #expect(!here.isEmpty && !here.contains { $0.hasPrefix("secrets.camo_key") })
      #expect(here.contains { $0.hasPrefix("secrets.secret_key different") })
      let (there, other) = (SecureShell.address(old.root), SecureShell.address(new.root))
      #expect(try compared(shell, from: there, to: new.root) == here)
      #expect(try compared(shell, from: old.root, to: other) == here)
      #expect(try compared(shell, from: there, to: other) == here)
    }

    @Test("What a machine sends for a comparison holds no value of a secret")
    func marks() throws {
      let shell = try SecureShell()
      let old = try Servers.fresh()
      let file = "\(shell.folder)/request"
      try SecureShell.write("{\"key\":\"k\",\"revealed\":[\"camo_key\"]}\n", to: file)
      let sent = try TestProgram.run(["peer", "configuration", "--root", old.root], through: shell, input: file)
      #expect(sent.status == 0, "\(sent.error)")
      #expect(sent.output.contains(try secret("camo_key", of: old)))
      for name in ["secret_key", "avatar_salt", "rabbitmq_password", "shared_secret"] {
        #expect(!sent.output.contains(try secret(name, of: old)), "\(name)")
      }
    }

    @Test("A chosen secret is copied between machines, and is in no file but the two", arguments: [true, false])
    func copy(_ targetIsRemote: Bool) throws {
      let shell = try SecureShell()
      let (old, new) = (try Servers.fresh(), try Servers.fresh())
      let before = try secret("secret_key", of: new)
      let value = try secret("camo_key", of: old)
      let outcome = try TestProgram.run(
        [
          "settings", "copy", "--from", targetIsRemote ? old.root : SecureShell.address(old.root), "--root",
          targetIsRemote ? SecureShell.address(new.root) : new.root, "--without-advice", "--set", "camo_key=copy",
        ], through: shell)
      #expect(outcome.status == 0, "\(outcome.error)")
      #expect(outcome.output.contains("camo_key"))
      #expect(!outcome.output.contains(value) && !outcome.error.contains(value))
      #expect(try secret("camo_key", of: new) == value)
      #expect(try secret("secret_key", of: new) == before)
      let holders = try Subprocess("/usr/bin/grep", ["-rl", value, new.root, shell.folder]).run().output
      #expect(holders == "\(new.configuration)/aloha-secrets.conf\n")
    }

    @Test("A move between machines copies the chosen secrets", arguments: [true, false])
    func move(_ sourceIsRemote: Bool) throws {
      let shell = try SecureShell()
      let (old, new) = (try Servers.fresh(), try Servers.fresh())
      try old.add(SampleOrganization(.harbour, messages: 20))
      let moved = try TestProgram.run(
        [
          "--root", sourceIsRemote ? SecureShell.address(old.root) : old.root, "move", "-r", "harbour", "--to",
          SecureShell.address(new.root), "--copy-secret", "camo_key",
        ], through: shell)
      #expect(moved.status == 0, "\(moved.error)")
      #expect(moved.output.contains("Secrets copied"))
      #expect(try secret("camo_key", of: new) == secret("camo_key", of: old))
      #expect(try secret("avatar_salt", of: new) != secret("avatar_salt", of: old))
    }
  }
}
