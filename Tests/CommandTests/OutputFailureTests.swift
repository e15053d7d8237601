import Common
import Foundation
import Sandbox
import Testing

@Suite("Failures of standard output", .serialized)
struct OutputFailureTests {
  @Test("A command whose output cannot be written ends with 40 and one line that says so")
  func full() throws {
    let root = try Servers.old().root
    let archive = try Servers.archive()
    for words in [
      ["jobs", "list", "--root", root], ["organization", "list", "--root", root],
      ["organization", "list", "--json", "--root", root], ["inspect", archive],
      ["import", "lagoon", archive, "--dry-run", "--root", root],
      ["export", "-r", "harbour", "--dry-run", "--json", "--root", root],
      ["backup", "schedule", "/var/backups/aloha", "--root", root], ["wizard", "move", "--answers-template"],
      ["theme", "list"], ["help"], ["jobs", "--help"], ["--version"], ["--generate-completion-script", "bash"],
    ] {
      for (line, reason) in [
        ("\"$@\" > /dev/full", "No space left on device"), ("\"$@\" >&-", "Bad file descriptor"),
      ] {
        let outcome = try TestProgram.shell(line, words)
        #expect(outcome.status == 40, "\(words) \(line): \(outcome.error)")
        let lines = outcome.error.split(separator: "\n").filter { $0.contains("standard output: ") }
        #expect(lines.count == 1 && lines.first?.hasSuffix(reason) == true, "\(words) \(line): \(outcome.error)")
      }
    }
  }

  @Test("A job whose output cannot be written does its work first")
  func job() throws {
    let root = try Servers.old().root
    try withFolder { folder in
      for (name, line) in [("full", "\"$@\" > /dev/full"), ("closed", "\"$@\" >&-")] {
        for more in [[], ["--json"]] {
          let file = "\(folder)/\(name)\(more.count).tar.gz"
          let outcome = try TestProgram.shell(
            line, ["export", "-r", "harbour", "--output", file, "--root", root] + more)
          #expect(outcome.status == 40, "\(outcome.error)")
          #expect(try TestProgram.run(["verify", file]).status == 0)
        }
      }
    }
  }

  @Test("Another failure keeps its exit code, and a reader that ended is no failure")
  func others() throws {
    #expect(try TestProgram.shell("\"$@\" > /dev/full", ["--json", "inspect", "/nonexistent"]).status == 20)
    #expect(try TestProgram.shell("\"$@\" > /dev/full", ["exprot"]).status == 64)
    let piped = try TestProgram.shell("{ \"$@\"; echo $? >&2; } | true", ["help", "restore"])
    #expect(piped.error == "0\n")
  }

  @Test("Closed standard input and standard error change nothing")
  func closed() throws {
    let outcome = try TestProgram.shell("\"$@\" <&- 2>&-", ["theme", "list"])
    #expect(outcome.status == 0 && outcome.output.contains("high-contrast"))
  }
}
