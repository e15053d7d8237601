import Common
import Glibc
import Testing

@testable import Sandbox

@Suite("The commands that the demo prints", .serialized)
struct DemoCardTests {
  @Test("Every command that demo --serve prints works when it is pasted into a shell")
  func everyCommand() throws {
    try withFolder { folder in
      let place = "\(folder)/it's a demo"
      let line = ShellWord.quoted(words: [
        DemoProcess.program, "demo", "--serve", "--dir", place, "--messages", "20",
      ])
      let first = try DemoProcess(line, output: "\(folder)/first")
      let start = try first.waitFor("Ctrl-C")
      let commands = DemoProcess.commands(in: start)
      #expect(commands.count == 4)
      #expect(commands.allSatisfy { $0.contains("it'\\''s a demo") })
      #expect(try paste(commands).contains("harbour"), "psql shows the imported organization")

      let (status, output) = try first.interrupt()
      #expect(status == 0)
      let end = output.dropFirst(start.count)
      #expect(end.contains("Now on new-server: harbour\n"))
      #expect(end.contains("On old-server: bookclub, harbour\n"))
      let after = DemoProcess.commands(in: end)
      try #require(after.count == 6)
      #expect(after[0] == line)
      #expect(after[2] != commands[1], "the archive of the first export is still there")

      let second = try DemoProcess(after[0], output: "\(folder)/second")
      _ = try second.waitFor("Ctrl-C")
      #expect(try paste(Array(after[1...4])).contains("harbour"))
      #expect(try second.interrupt().status == 0)
      try paste([after[5]])
      #expect(!FileSystem.lexists(place))
    }
  }

  @Test(
    "After a wizard without a screen, the commands are printed too, also if it fails",
    arguments: [["--linear"], ["--answers", "/dev/null"]])
  func afterWizard(mode: [String]) throws {
    try withFolder { folder in
      let words = [DemoProcess.program, "demo", "--dir", "\(folder)/demo", "--messages", "7"] + mode
      let output = try Subprocess(words[0], Array(words.dropFirst()), directory: "/").run(input: "q\n").output
      #expect(output.contains("Nothing was moved to new-server.\nOn old-server: bookclub, harbour\n"))
      let card = try #require(output.firstRange(of: "The demo has ended")).lowerBound
      let commands = DemoProcess.commands(in: output[card...])
      #expect(commands.first == ShellWord.quoted(words: words))
      let serving = [DemoProcess.program, "demo", "--serve", "--dir", "\(folder)/demo", "--messages", "7"]
      #expect(commands.dropFirst().first == ShellWord.quoted(words: serving))
      #expect(commands.contains("rm -r \(folder)/demo"))
    }
  }

  @Test("A query that the next start makes invalid is not among the commands for later")
  func movedSocket() {
    func guide(_ socket: String) -> DemoGuide {
      DemoGuide(
        folder: "/tmp/d", socketFolder: socket, new: ("aloha_new", "aloha"), program: "aloha-wizard", psql: "psql")
    }
    #expect(guide("/tmp/aloha-Wn3").query?.contains("-h /tmp/aloha-Wn3 ") == true)
    #expect(guide("/tmp/aloha-Wn3").lastingQuery == nil)
    #expect(guide("/tmp/d/cluster/socket").lastingQuery == guide("/tmp/d/cluster/socket").query)
  }

  @Test("psql is called by its name if the shell finds it, by its path if not, and not at all if it is missing")
  func psql() throws {
    try withFolder { folder in
      for version in ["9", "16"] { try program("\(folder)/versions/\(version)/bin") }
      try program("\(folder)/path")
      let versions = "\(folder)/versions"
      #expect(PostgresPrograms.psql(versions: versions, path: ["\(folder)/path"]) == "psql")
      #expect(PostgresPrograms.psql(versions: versions, path: [folder]) == "\(versions)/16/bin/psql")
      #expect(PostgresPrograms.psql(versions: "\(folder)/none", path: [folder]) == nil)
    }
  }

  /// Runs each line in a shell, and expects it to succeed. Returns the output of the last one.
  @discardableResult
  private func paste(_ lines: [String]) throws -> String {
    var last = ""
    for line in lines {
      let result = try Subprocess("/bin/sh", ["-c", line], directory: "/").run()
      #expect(result.status == 0, "\(line)\n\(result.output)")
      last = result.output
    }
    return last
  }

  private func program(_ folder: String) throws {
    try FileSystem.makeFolder(folder)
    try FileSystem.replace("\(folder)/psql", with: [], mode: 0o700)
  }
}
