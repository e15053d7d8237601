import Common
import Foundation
import Sandbox
import Testing

extension OtherMachine {
  @Suite("Archives to and from a server on another machine")
  struct TransferTests {
    private static let archived = Result {
      let path = "\(try Servers.folder())/harbour it's \"one\".tar.gz"
      let shell = try SecureShell()
      let made = try TestProgram.run(
        ["--root", SecureShell.address(Servers.old().root), "export", "-r", "harbour", "--output", path], through: shell
      )
      try #require(made.status == 0, "\(made.error)")
      return path
    }

    @Test("An export is written here, complete and sealed, and nothing is left there")
    func export() throws {
      let shell = try SecureShell()
      let path = try Self.archived.get()
      let verified = try TestProgram.run(["verify", path], through: shell)
      #expect(verified.status == 0, "\(verified.output)\(verified.error)")
      // The seal at the beginning covers every byte.
      #expect(try FileSystem.read(path).prefix(200).contains { $0 != 0 })
      let sealed = String(decoding: try FileSystem.read(path).prefix(120), as: UTF8.self)
      #expect(sealed.contains("wizard.seal.1:") && !sealed.contains(String(repeating: "0", count: 64)))
      let again = try TestProgram.run(
        ["--root", SecureShell.address(Servers.old().root), "export", "-r", "harbour", "--output", path], through: shell
      )
      #expect(again.status == 31, "\(again.error)")
    }

    @Test("An export to standard output is an archive that can be imported, and the result is on standard error")
    func standardOutput() throws {
      let shell = try SecureShell()
      for root in [try Servers.old().root, SecureShell.address(try Servers.old().root)] {
        let (process, output, error) = try TestProgram.start(
          ["--root", root, "export", "-r", "harbour", "--output", "-"], through: shell)
        let bytes = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        #expect(process.terminationStatus == 0)
        #expect(String(decoding: try FileSystem.read(error), as: UTF8.self).contains("is exported"))
        let path = "\(shell.folder)/piped.tar.gz"
        try FileSystem.replace(path, with: Array(bytes))
        let verified = try TestProgram.run(["verify", path], through: shell)
        #expect(verified.status == 0, "\(verified.output)\(verified.error)")
        let server = try Servers.fresh()
        let imported = try TestProgram.run(
          ["--root", SecureShell.address(server.root), "import", "piped", "-"], through: shell, input: path)
        #expect(imported.status == 0, "\(imported.error)")
        #expect(imported.output.contains("is imported"))
      }
      #expect(try TestProgram.received().isEmpty)
    }

    @Test("An archive of this machine is imported there while the connection is cut three times")
    func imported() throws {
      let shell = try SecureShell()
      let path = try Self.archived.get()
      let server = try Servers.fresh()
      let (process, output, error) = try TestProgram.start(
        ["--root", SecureShell.address(server.root), "import", "harbour", path, "--limit-rate", "30k"], through: shell)
      for _ in 0..<3 {
        usleep(900_000)
        try shell.cut()
      }
      let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
      process.waitUntilExit()
      let said = String(decoding: try FileSystem.read(error), as: UTF8.self)
      #expect(process.terminationStatus == 0, "\(said)")
      #expect(text.contains("is imported"))
      #expect(said.contains("connected again"))
      #expect(try TestProgram.received().isEmpty)
    }

    @Test("An archive on another machine is read from there, and a missing one is reported with its address")
    func fetched() throws {
      let shell = try SecureShell()
      let path = try Self.archived.get()
      let address = SecureShell.address(path)
      let inspected = try TestProgram.run(["inspect", address], through: shell)
      #expect(inspected.status == 0, "\(inspected.error)")
      #expect(inspected.output.contains("Harbour"))
      let missing = try TestProgram.run(["inspect", SecureShell.address("/nowhere/x.tar.gz")], through: shell)
      #expect(missing.status == 20)
      #expect(missing.error.contains("/nowhere/x.tar.gz"))
      #expect(try TestProgram.received().isEmpty)
    }

    @Test("An export that is refused there leaves no file here")
    func refused() throws {
      let shell = try SecureShell()
      let path = "\(shell.folder)/none.tar.gz"
      let refused = try TestProgram.run(
        ["--root", SecureShell.address(Servers.old().root), "export", "-r", "nowhere", "--output", path], through: shell
      )
      #expect(refused.status == 32, "\(refused.error)")
      #expect(!FileSystem.exists(path))
      let full = try TestProgram.run(
        ["--root", SecureShell.address(Servers.old().root), "export", "-r", "harbour", "--output", "/proc/x.tar.gz"],
        through: shell)
      #expect(full.status == 30)
    }
  }
}
