import Common
import Foundation
import Sandbox
import Testing

extension OtherMachine {
  @Suite("Machines that cannot be used")
  struct UnusableMachineTests {
    private func list(_ shell: SecureShell, _ address: String? = nil, _ more: [String] = []) throws
      -> TestProgram.Outcome
    {
      let root = try address ?? SecureShell.address(Servers.old().root)
      return try TestProgram.run(["organization", "list", "--root", root] + more, through: shell)
    }

    @Test("A changed host key stops everything, with the way to find out why")
    func changedKey() throws {
      let shell = try SecureShell()
      let other = String(decoding: try FileSystem.read("\(shell.folder)/user.pub"), as: UTF8.self)
      try SecureShell.write("[127.0.0.1]:\(shell.port) \(other)", to: shell.knownHosts)
      let outcome = try list(shell)
      #expect(outcome.status == 11)
      #expect(outcome.error.contains("its host key has changed"))
      #expect(outcome.error.contains("ssh-keygen -R"))
      #expect(outcome.output.isEmpty)
    }

    @Test("An unknown host key is refused without a terminal to ask on")
    func unknownKey() throws {
      let shell = try SecureShell()
      try SecureShell.write("", to: shell.knownHosts)
      let outcome = try list(shell)
      #expect(outcome.status == 11)
      #expect(outcome.error.contains("its host key is not known"))
    }

    @Test("A user who is refused, a closed port and an unknown name are told apart")
    func refusals() throws {
      let shell = try SecureShell()
      try SecureShell.write("", to: "\(shell.folder)/authorized_keys")
      #expect(try list(shell).error.contains("refuses the user or the key"))
      #expect(try list(shell, "ssh://127.0.0.1:1/").error.contains("refuses connections"))
      #expect(try list(shell, "ssh://nowhere.invalid").error.contains("there is no machine of this name"))
      let folder = try list(SecureShell(), SecureShell.address("/no/such/folder"))
      #expect(folder.status == 10)
      #expect(folder.error.contains("there is no folder /no/such/folder there"))
    }

    @Test("Without the program there the command says so; with --copy-program it is copied, used and deleted")
    func copied() throws {
      let shell = try SecureShell(path: "/usr/bin:/bin")
      let missing = try list(shell)
      #expect(missing.status == 50)
      #expect(missing.error.contains("does not have aloha-wizard"))
      #expect(missing.error.contains("--copy-program"))
      let copied = try list(shell, nil, ["--copy-program"])
      #expect(copied.status == 0, "\(copied.error)")
      #expect(copied.output.contains("harbour"))
      let left = try FileSystem.names(in: "/var/tmp").filter { $0.hasPrefix(".aloha-wizard-program-") }
      #expect(left.isEmpty)
    }

    /// Makes a program of this name that prints something.
    private func fake(_ script: String, in shell: String) throws -> String {
      let folder = "\(shell)/fake"
      try FileSystem.makeFolder(folder, mode: 0o755)
      try SecureShell.write("#!/bin/sh\n\(script)\n", to: "\(folder)/aloha-wizard")
      chmod("\(folder)/aloha-wizard", 0o755)
      return folder
    }

    @Test("Another version there is named, and not used")
    func otherVersion() throws {
      let base = try SecureShell()
      let folder = try fake(
        "echo '{\"program\":\"aloha-wizard 9.9\",\"protocolVersion\":1}'", in: base.folder)
      let shell = try SecureShell(path: "\(folder):/usr/bin:/bin")
      let outcome = try list(shell)
      #expect(outcome.status == 50)
      #expect(outcome.error.contains("has aloha-wizard 9.9, and this is \(Program.nameAndVersion)"))
    }

    @Test(
      "A program there that sends nonsense is reported, and its bytes do not reach the terminal",
      arguments: [
        "printf '\\033]0;title\\007\\033[2J'; exit 0", "head -c 300000 /dev/urandom; exit 3", "exit 0",
        "echo '{\"failure\":{}}'; exit 1", "yes '{' | head -c 20000000",
      ])
    func hostile(_ behaviour: String) throws {
      let base = try SecureShell()
      let hello = PeerGreeting.line
      let folder = try fake(
        "if [ \"$2\" = hello ]; then echo '\(hello)'; exit 0; fi\n\(behaviour)", in: base.folder)
      let shell = try SecureShell(path: "\(folder):/usr/bin:/bin")
      let outcome = try TestProgram.run(
        ["--root", SecureShell.address(Servers.old().root), "move", "-r", "harbour", "--to", Servers.old().root],
        through: shell)
      #expect(outcome.status != 0)
      #expect(!outcome.output.contains("\u{1B}") && !outcome.error.contains("\u{1B}"))
      #expect(outcome.error.contains("What to do:"), "\(outcome.error)")
      let received = try TestProgram.run(
        [
          "--root", SecureShell.address(Servers.old().root), "export", "-r", "harbour", "--output",
          "\(base.folder)/x.tar.gz",
        ],
        through: shell)
      #expect(received.status != 0)
      #expect(!received.error.contains("\u{1B}"))
      #expect(!FileSystem.exists("\(base.folder)/x.tar.gz"))
    }

    @Test("A root folder with spaces, quotes and a percent sign is used as it is called")
    func names() throws {
      let shell = try SecureShell()
      let path = "\(shell.folder)/it's a \"root\" 100% $HOME;x"
      #expect(symlink(try Servers.old().root, path) == 0)
      let address = SecureShell.address("\(shell.folder)/it's a \"root\" 100%25 $HOME;x")
      let outcome = try list(shell, address)
      #expect(outcome.status == 0, "\(outcome.error)")
      #expect(outcome.output.contains("harbour"))
    }
  }
}
