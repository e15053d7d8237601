import Common
import Foundation
import Sandbox
import Testing

extension OtherMachine {
  @Suite("Commands for a server on another machine")
  struct RemoteCommandTests {
    /// Without the reports of leftovers: other tests of this machine leave some, and delete them.
    private func own(_ text: String) -> String {
      var lines: [Substring] = []
      for line in text.split(separator: "\n") {
        if line.hasPrefix("Leftover:") {
          lines.append(line)
        } else if lines.last?.hasPrefix("Leftover:") == true {
          lines.removeLast()
        } else {
          lines.append(line)
        }
      }
      return lines.joined(separator: "\n")
    }

    @Test("A command gives the same output and exit code as on the machine itself")
    func same() throws {
      let shell = try SecureShell()
      let root = try Servers.old().root
      let address = SecureShell.address(root)
      for words in [["organization", "list"], ["organization", "list", "--json"], ["jobs", "attach", "nonsense"]] {
        let there = try TestProgram.run(words + ["--root", root], through: shell)
        let remote = try TestProgram.run(["--root", address] + words, through: shell)
        #expect(remote.status == there.status)
        #expect(remote.output == there.output)
        // Commands in it lead to the other machine.
        let leading = own(remote.error).replacing("aloha-wizard jobs", with: "\(TestProgram.path) jobs")
          .replacing(address, with: root)
        #expect(leading == own(there.error))
      }
    }

    @Test("A job of a server on another machine is followed to its end, and is that server's job")
    func job() throws {
      let shell = try SecureShell()
      let server = try Servers.fresh()
      try server.add(SampleOrganization(.harbour, messages: 20))
      let address = SecureShell.address(server.root)
      let ended = try TestProgram.run(
        ["organization", "deactivate", "-r", "harbour", "--root", address], through: shell)
      #expect(ended.status == 0, "\(ended.error)")
      #expect(ended.output.contains("deactivated"))
      let jobs = try TestProgram.run(["jobs", "list", "--root", server.root], through: shell)
      #expect(jobs.output.contains("Deactivate"))
      let again = try TestProgram.run(
        ["organization", "reactivate", "-r", "nowhere", "--json", "--root=\(address)"], through: shell)
      #expect(again.status == 32, "\(again.output)")
      #expect(again.output.contains("\"event\":\"failed\""))
    }
  }
}
