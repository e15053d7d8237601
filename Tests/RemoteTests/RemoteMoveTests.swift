import Common
import Foundation
import Sandbox
import Testing

extension OtherMachine {
  @Suite("Moves between machines")
  struct RemoteMoveTests {
    private static func server(messages: Int = 30) throws -> SandboxServer {
      let server = try Servers.fresh()
      try server.add(SampleOrganization(.harbour, messages: messages))
      return server
    }

    private static func count(_ server: SandboxServer, _ subdomain: String) throws -> String? {
      let connection = try server.connect()
      defer { connection.close() }
      return try connection.value(
        "SELECT count(*) FROM zerver_message WHERE realm_id = (SELECT id FROM zerver_realm WHERE string_id = $1)",
        [subdomain])
    }

    private static func isActive(_ server: SandboxServer, _ subdomain: String) throws -> Bool {
      let connection = try server.connect()
      defer { connection.close() }
      return try connection.value("SELECT deactivated FROM zerver_realm WHERE string_id = $1", [subdomain]) == "f"
    }

    @Test(
      "An organization moves in every direction, and no archive is left on another machine",
      arguments: [(true, false), (false, true), (true, true)])
    func directions(_ sourceIsRemote: Bool, _ targetIsRemote: Bool) throws {
      let shell = try SecureShell()
      let old = try Self.server()
      let new = try Servers.fresh()
      let archive = "\(shell.folder)/moved.tar.gz"
      let source = sourceIsRemote ? SecureShell.address(old.root) : old.root
      let target = targetIsRemote ? SecureShell.address(new.root) : new.root
      let moved = try TestProgram.run(
        ["--root", source, "move", "-r", "harbour", "--to", target, "--deactivate", "--archive", archive],
        through: shell)
      #expect(moved.status == 0, "\(moved.error)")
      #expect(moved.output.contains("is moved"))
      #expect(try Self.count(new, "harbour") == Self.count(old, "harbour"))
      #expect(try Self.isActive(new, "harbour") && !Self.isActive(old, "harbour"))
      #expect(FileSystem.exists(archive) == !targetIsRemote)
      #expect(try TestProgram.received().isEmpty)
    }

    @Test("A move between machines whose connection is cut three times arrives complete")
    func cuts() throws {
      let shell = try SecureShell()
      let old = try Self.server(messages: 200)
      let new = try Servers.fresh()
      let (process, output, error) = try TestProgram.start(
        [
          "--root", SecureShell.address(old.root), "move", "-r", "harbour", "--to", SecureShell.address(new.root),
          "--deactivate", "--limit-rate", "25k",
        ], through: shell)
      for _ in 0..<3 {
        usleep(1_500_000)
        try shell.cut()
      }
      let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
      process.waitUntilExit()
      let said = String(decoding: try FileSystem.read(error), as: UTF8.self)
      #expect(process.terminationStatus == 0, "\(said)")
      #expect(text.contains("is moved"))
      #expect(said.contains("connected again"))
      #expect(try Self.count(new, "harbour") == Self.count(old, "harbour"))
      #expect(try TestProgram.received().isEmpty)
    }

    @Test(
      "An import that fails on the new machine reactivates the organization on the old one", arguments: [true, false])
    func failure(_ sourceIsRemote: Bool) throws {
      let shell = try SecureShell()
      let old = try Self.server()
      let new = try Servers.fresh()
      let connection = try new.connectAsSuperuser()
      try connection.execute("ALTER TABLE zerver_message ADD CONSTRAINT never CHECK (false)")
      connection.close()
      let source = sourceIsRemote ? SecureShell.address(old.root) : old.root
      let moved = try TestProgram.run(
        ["--root", source, "move", "-r", "harbour", "--to", SecureShell.address(new.root), "--deactivate"],
        through: shell)
      #expect(moved.status != 0)
      #expect(moved.error.contains("active again"), "\(moved.error)")
      #expect(try Self.isActive(old, "harbour"))
      #expect(try Self.count(new, "harbour") == "0")
      #expect(try TestProgram.received().isEmpty)
    }

    @Test("A dry run compares both servers and changes neither")
    func dryRun() throws {
      let shell = try SecureShell()
      let old = try Self.server()
      let address = SecureShell.address(old.root)
      let same = try TestProgram.run(
        ["--root", old.root, "move", "-r", "harbour", "--to", address, "--dry-run"], through: shell)
      #expect(same.status == 30, "\(same.output)")
      #expect(same.output.contains("this is the server that the organization is on now"))
      let new = try Servers.fresh()
      let plan = try TestProgram.run(
        ["--root", address, "move", "-r", "harbour", "--to", SecureShell.address(new.root), "--dry-run", "--json"],
        through: shell)
      #expect(plan.status == 0, "\(plan.error)")
      #expect(plan.output.contains("\"exitCode\":0"))
      #expect(try Self.count(new, "harbour") == "0")
    }
  }
}
