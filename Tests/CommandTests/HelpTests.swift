import ArgumentParser
import Common
import Testing

@testable import aloha_wizard

@Suite("Help")
struct HelpTests {
  /// Returns the words of an example: a shell's, with single quotes only.
  private func words(_ line: String) -> [String] {
    var words: [String] = []
    var word: String?
    var isQuoted = false
    for character in line {
      switch character {
      case "'":
        isQuoted.toggle()
        word = word ?? ""
      case " " where !isQuoted:
        if let word { words.append(word) }
        word = nil
      default: word = (word ?? "") + String(character)
      }
    }
    return words + (word.map { [$0] } ?? [])
  }

  @Test("Every help has two examples, which are calls of its command")
  func examples() throws {
    let table = try CommandTable(of: AlohaWizard.self)
    let shown = table.all.filter { $0.command.isShown || $0.words == ["help"] }
    #expect(shown.count > 30)
    for (path, command) in shown {
      let help = command.discussion ?? ""
      let examples = help.split(separator: "\n").filter { $0.hasPrefix("  aloha-wizard ") }
      #expect(examples.count >= 2, "\(path.joined(separator: " "))")
      #expect(Set(examples).count == examples.count)
      for example in examples {
        let words = Array(words(String(example)).dropFirst())
        do {
          let arranged = try CommandWords(words, table, goals: []).command
          #expect(arranged.starts(with: path), "\(example) in the help of \(path)")
          let parsed = try AlohaWizard.parsed(words)
          let name = type(of: parsed).configuration.commandName
          #expect(name == nil || path.isEmpty || !command.subcommands.isEmpty || name == path.last, "\(example)")
        } catch {
          Issue.record("\(example): \(AlohaWizard.message(for: error))")
        }
        #expect(example.count < 80, "\(example)")
      }
    }
  }

  @Test("help of an unknown command fails with a suggestion, and of a known one succeeds")
  func unknown() throws {
    let unknown = try TestProgram.run(["help", "organisation"])
    #expect(unknown.status == 64 && unknown.output.isEmpty)
    #expect(unknown.error.contains("did you mean organization?"))
    let known = try TestProgram.run(["help", "organization", "delete"])
    #expect(known.status == 0 && known.output.contains("--confirm-delete"))
  }

  @Test("The help of help has examples, and a command that groups others is refused with 64 without one of them")
  func words() throws {
    let help = try TestProgram.run(["help", "help"])
    #expect(help.status == 0 && help.output.contains("aloha-wizard help organization delete"), "\(help.output)")
    #expect(try TestProgram.run(["help"]).output == TestProgram.run(["--help"]).output)
    #expect(
      try TestProgram.run(["help", "organization", "--help"]).output
        == TestProgram.run(["organization", "--help"]).output)
    #expect(try TestProgram.run(["help", "--json"]).status == 64)
    #expect(
      try TestProgram.run(["help", "organization", "delete"]).output
        == TestProgram.run(["organization", "delete", "--help"]).output)
    for group in ["server", "organization", "jobs", "settings", "theme", "cache"] {
      let plain = try TestProgram.run([group])
      #expect(plain.status == 64 && plain.output.isEmpty && plain.error.contains("a command is missing"), "\(group)")
      let json = try TestProgram.run([group, "--json"])
      #expect(json.status == 64 && json.error == plain.error && json.lines.count == 1, "\(group)")
    }
  }

  @Test("Every help is ASCII, because it is printed without a locale too")
  func ascii() {
    func check(_ command: any ParsableCommand.Type) {
      for isHidden in [false, true] {
        for line in AlohaWizard.helpMessage(for: command, includeHidden: isHidden).split(separator: "\n") {
          #expect(line.utf8.allSatisfy { $0 < 0x80 }, "\(line)")
        }
      }
      command.configuration.subcommands.forEach(check)
    }
    check(AlohaWizard.self)
  }

  @Test("A wrong value that only the command can judge is answered with the usage of this command")
  func usage() throws {
    for (words, command) in [
      (["settings", "copy", "--from", "/x", "--set", "camo_key=cpoy"], "settings copy"),
      (["backup", "schedule", "/proc/x\ny"], "backup schedule"),
    ] {
      let outcome = try TestProgram.run(words)
      #expect(outcome.status == 64 && outcome.error.contains("aloha-wizard \(command) --help"), "\(outcome.error)")
      #expect(!outcome.error.contains("<subcommand>"), "\(outcome.error)")
    }
  }

  @Test("Completions contain each command once")
  func completions() throws {
    let script = try TestProgram.run(["--generate-completion-script", "zsh"])
    #expect(script.status == 0)
    #expect(script.lines.count { $0.contains("'help:") } == 1 && script.lines.count { $0.contains("'export:") } == 1)
  }

  @Test("The options of restore are listed in groups")
  func groups() throws {
    let help = try TestProgram.run(["restore", "--help"]).output
    for title in ["PARTS THAT WERE SAVED BY HAND:", "REHEARSAL:", "AN EARLIER RESTORE:", "SERVER:"] {
      #expect(help.uppercased().contains(title), "\(title)")
    }
  }

  @Test("Unknown goals, commands and themes end with a suggestion and the documented exit code")
  func suggestions() throws {
    let cases: [(words: [String], status: Int32, text: String)] = [
      (["exprot"], 64, "did you mean export?"), (["wizard", "claen-up"], 64, "did you mean clean-up?"),
      (["jobs", "lst"], 64, "did you mean list?"), (["theme", "show", "drak"], 32, "did you mean dark?"),
      (["demo", "--goal", "mvoe"], 64, "did you mean move?"),
    ]
    for (words, status, text) in cases {
      let outcome = try TestProgram.run(words)
      #expect(outcome.status == status, "\(words): \(outcome.error)")
      #expect(outcome.error.contains(text), "\(words): \(outcome.error)")
    }
  }
}
