import Administration
import ArgumentParser
import Common
import Testing
import Wizard

@testable import aloha_wizard

@Suite("The order of the words of a command line")
struct CommandWordsTests {
  private let table: CommandTable
  private let goals = Wizard.goals.map(\.id)

  init() throws { table = try CommandTable(of: AlohaWizard.self) }

  private func arranged(_ words: String...) throws -> [String] {
    try CommandWords(words, table, goals: goals).arguments
  }

  private func failure(_ words: String...) -> PlainFailure? {
    do {
      _ = try CommandWords(words, table, goals: goals)
      return nil
    } catch {
      return error as? PlainFailure
    }
  }

  @Test("The part of the table that a command line needs arranges it like the whole table")
  func neededCommands() throws {
    let lines = [
      "", "move --root /srv", "wizard move --theme dark", "--root /srv", "--root /srv --linear",
      "import harbour a.tar.gz",
      "export lagoon --root /srv --output a", "organization list --json", "jobs list --root /srv",
      "inspect a --root /srv",
      "organization delete -r lagoon --with-uploads", "backup prune f --keep-last 1 --yes",
      "theme check dark",
    ]
    for line in lines {
      let words = line.split(separator: " ").map(String.init)
      let part = try #require(try CommandTable(for: words, of: AlohaWizard.self), "\(line)")
      let whole = try CommandWords(words, table, goals: goals)
      // What the part cannot decide is left to the whole table: an option that a command does not have.
      let needsWhole = ["inspect a --root /srv"].contains(line)
      #expect((try? CommandWords(words, part, goals: goals)) == (needsWhole ? nil : whole), "\(line)")
    }
    for line in [
      "backup", "--root /srv export", "--json jobs list", "help export", "organization", "--theme dark wizard jobs",
    ] {
      let words = line.split(separator: " ").map(String.init)
      #expect(try CommandTable(for: words, of: AlohaWizard.self) == nil, "\(line)")
    }
  }

  @Test("Only a command line of the wizard in which nothing can be wrong is parsed without the table")
  func plainWizard() throws {
    func isPlain(_ line: String) -> Bool {
      CommandTable.isPlain(
        line.split(separator: " ").map(String.init), for: WizardCommand.self, of: AlohaWizard.self)
    }
    for line in ["", "to-cloud", "wizard move --root /srv", "--root /srv --linear", "wizard jobs --theme=dark"] {
      #expect(isPlain(line), "\(line)")
      _ = try #require(
        try AlohaWizard.parsed(line.split(separator: " ").map(String.init)) as? WizardCommand, "\(line)")
    }
    for line in ["export", "move", "--root /srv export", "to-cloud --root a --root b", "wizard -h", "help wizard"] {
      #expect(!isPlain(line), "\(line)")
    }
    // A mistyped command is not a goal.
    #expect(
      (#expect(throws: PlainFailure.self) { try AlohaWizard.parsed(["exprot"]) })?.remedy?.contains("export") == true)
    #expect(throws: PlainFailure.self) { try AlohaWizard.parsed(["--linear", "exprot"]) }
  }

  @Test("Options before the command belong to the command")
  func leading() throws {
    #expect(try arranged("--root", "/srv", "export", "-r", "lagoon") == ["export", "-r", "lagoon", "--root", "/srv"])
    #expect(try arranged("--json", "jobs", "list") == ["jobs", "list", "--json"])
    #expect(try arranged("jobs", "--json", "list") == ["jobs", "list", "--json"])
    #expect(try arranged("--theme", "dark", "wizard", "jobs") == ["wizard", "jobs", "--theme", "dark"])
    #expect(try arranged("--brand=zulip", "organization", "list") == ["organization", "list", "--brand=zulip"])
    #expect(try arranged("--ascii", "--no-color", "demo") == ["demo", "--ascii", "--no-color"])
    #expect(try arranged("--linear", "wizard", "move") == ["wizard", "move", "--linear"])
    #expect(try arranged("--yes", "restore", "F") == ["restore", "F", "--yes"])
    #expect(
      try arranged("--confirm-delete", "n", "organization", "--root=/srv", "delete", "-r", "n")
        == ["organization", "delete", "-r", "n", "--confirm-delete", "n", "--root=/srv"])
  }

  @Test("The moved options select the same as options behind the command")
  func parsed() throws {
    let command = try AlohaWizard.parsed(["--root", "/srv", "--json", "export", "-r", "lagoon"])
    let export = try #require(command as? ExportCommand)
    #expect(export.server.root == "/srv" && export.output.json && export.organization.realm == "lagoon")
    let prune = try AlohaWizard.parsed(["--keep-last", "5", "backup", "prune", "/srv/backups"])
    #expect((prune as? BackupCommand.Prune)?.keep.keepLast == 5)
    #expect(try AlohaWizard.parsed(["--root", "/srv", "backup"]) is BackupCommand.Make)
  }

  @Test("A value that is the name of a command stays a value")
  func values() throws {
    #expect(try arranged("--root", "export", "jobs", "list") == ["jobs", "list", "--root", "export"])
    #expect(try arranged("--theme", "wizard", "wizard") == ["wizard", "--theme", "wizard"])
    #expect(try arranged("jobs", "list", "--root", "undo") == ["jobs", "list", "--root", "undo"])
  }

  @Test("An option with several values takes no argument that follows the command")
  func several() throws {
    #expect(
      try arranged("-u", "a@x.org", "password-reset", "lagoon") == ["password-reset", "lagoon", "-u", "a@x.org"])
  }

  @Test("Without a command the options are those of the wizard, in their order")
  func withoutCommand() throws {
    #expect(try arranged("--root", "/srv", "--linear") == ["--root", "/srv", "--linear"])
    #expect(try arranged("--linear", "to-cloud") == ["to-cloud", "--linear"])
    #expect(try AlohaWizard.parsed(["--linear", "to-cloud"]) is WizardCommand)
    #expect((try AlohaWizard.parsed(["--theme", "dark", "to-cloud"]) as? WizardCommand)?.goal == "to-cloud")
  }

  @Test("Words after -- are arguments, and options are placed before it")
  func terminator() throws {
    #expect(
      try arranged("--root", "/srv", "verify", "--", "--odd.tar.gz").last == "--odd.tar.gz")
    #expect(
      try arranged("--json", "inspect", "--", "--odd.tar.gz") == ["inspect", "--json", "--", "--odd.tar.gz"])
    let command = try AlohaWizard.parsed(["--json", "inspect", "--", "--odd.tar.gz"])
    #expect((command as? InspectCommand)?.archive == "--odd.tar.gz")
    #expect(try arranged("--", "export") == ["--", "export"])
  }

  @Test("An option that the command does not have is named with the command")
  func misplaced() {
    #expect(failure("--json", "demo")?.description == "demo: there is no option --json for this command")
    #expect(failure("demo", "--json")?.description == "demo: there is no option --json for this command")
    #expect(
      failure("--level=3", "organization", "list")?.description
        == "organization list: there is no option --level for this command")
    #expect(failure("--json")?.description == "wizard: there is no option --json for this command")
    #expect(failure("help", "export", "--json")?.subject == "help")
    #expect(failure("--json", "help", "export")?.description == "help: there is no option --json for this command")
    #expect(failure("--theme", "dark", "export")?.remedy == "for the wizard write: aloha-wizard wizard export --theme")
  }

  @Test("A server that is selected for a command without one is ignored, and JSON for one without it is refused")
  func serverless() throws {
    #expect(try arranged("--root", "/srv", "inspect", "F") == ["inspect", "F"])
    #expect(try arranged("inspect", "F", "--root=/srv", "--brand", "zulip", "--json") == ["inspect", "F", "--json"])
    #expect(try arranged("theme", "--root", "/srv", "list") == ["theme", "list"])
    #expect(try arranged("backup", "prune", "/b", "--root", "/srv", "--yes") == ["backup", "prune", "/b", "--yes"])
    #expect(try arranged("--root", "/srv", "help", "jobs", "list") == ["help", "jobs", "list"])
    #expect(try arranged("help", "--root", "/srv", "jobs") == ["help", "jobs"])
    #expect(try arranged("inspect", "--root", "/srv", "--", "--root") == ["inspect", "--", "--root"])
    for words in [["theme", "check"], ["theme", "show", "dark"], ["verify", "F"], ["demo"]] {
      #expect(throws: Never.self, "\(words)") {
        try AlohaWizard.parsed(["--root", "/srv"] + words + ["--brand=aloha"])
      }
    }
    #expect(failure("inspect", "F", "--root")?.description == "--root: the value is missing")
    #expect(failure("inspect", "F", "--root", "a", "--root", "b")?.reason == "the option is given twice")
    #expect(failure("theme", "show", "--json")?.description == "theme show: there is no option --json for this command")
  }

  @Test("An option with a value is given once, before or after the command")
  func twice() throws {
    let failure = try #require(self.failure("--root", "/a", "export", "-r", "x", "--root=/b"))
    #expect(failure.family == .usage && failure.description == "--root: the option is given twice")
    #expect(self.failure("export", "-r", "x", "--realm", "y")?.reason == "the option is given twice")
    #expect(try arranged("--json", "jobs", "list", "--json") == ["jobs", "list", "--json", "--json"])
    #expect(try arranged("settings", "copy", "--from", "/x", "--set", "a=copy", "--set", "b=keep").count == 8)
  }

  @Test("A missing value is reported by the parser, and is no other option")
  func missing() throws {
    #expect(try arranged("--root", "--json", "export", "-r", "x") == ["export", "-r", "x", "--root", "--json"])
    #expect(throws: (any Error).self) { try AlohaWizard.parsed(["--root", "--json", "export", "-r", "x"]) }
  }

  @Test("Unknown commands and options are answered with what was probably meant")
  func suggestions() {
    let cases: [([String], String)] = [
      (["exprot"], "did you mean export?"), (["organisation", "list"], "did you mean organization?"),
      (["jobs", "lst"], "did you mean list?"), (["--root", "/x", "improt", "a", "b"], "did you mean import?"),
      (["clean"], "did you mean clean-up?"), (["help", "exprot"], "did you mean export?"),
      (["help", "organization", "delte"], "did you mean delete?"),
      (["backup", "scedule", "/x"], "did you mean schedule?"),
      (["jobs", "list", "--jsno"], "did you mean --json?"),
      (["--rooot", "/x", "jobs", "list"], "did you mean --root?"),
      (["export", "-realm", "x"], "did you mean --realm?"),
    ]
    for (words, expected) in cases {
      do {
        _ = try CommandWords(words, table, goals: goals)
        Issue.record("\(words) is accepted")
      } catch {
        let failure = error as? PlainFailure
        #expect(failure?.family == .usage)
        #expect(failure?.remedy == expected, "\(words): \(error)")
      }
    }
    #expect(failure("help", "organization", "xyzzy")?.remedy == "see all of them with: aloha-wizard help organization")
    #expect(
      failure("help", "jobs", "list", "xyzzy")?.description == "jobs list: there is no command 'xyzzy' below this one")
    #expect(failure("help", "jobs", "list", "xyzzy")?.remedy == "see its help with: aloha-wizard help jobs list")
    #expect(failure("xyzzy")?.remedy == "see all of them with: aloha-wizard --help")
  }

  @Test("Unknown commands and options are reported in a sentence after the name of the command")
  func sentences() {
    #expect(failure("organization", "lst")?.description == "organization: there is no command 'lst'")
    #expect(failure("xyzzy")?.description == "aloha-wizard: there is no command 'xyzzy'")
    #expect(failure("help", "jobs", "lst")?.description == "jobs: there is no command 'lst'")
    #expect(failure("jobs", "list", "--xyzzy")?.description == "jobs list: there is no option --xyzzy")
  }

  @Test("A group of commands without one of them is refused alike, with and without options")
  func groups() {
    let groups = table.all.filter { !$0.command.subcommands.isEmpty && $0.command.defaultSubcommand == nil }
    #expect(groups.count >= 6)
    for (words, command) in groups {
      for options in [[], ["--json"], ["--root", "/"], ["--"]] {
        for line in [words + options, options.contains("--") ? words : options + words] {
          do {
            _ = try CommandWords(line, table, goals: goals)
            Issue.record("\(line) is accepted")
          } catch {
            let failure = error as? PlainFailure
            #expect(failure?.family == .usage && failure?.subject == words.joined(separator: " "), "\(line): \(error)")
            #expect(failure?.reason == "a command is missing")
            #expect(command.shownNames.allSatisfy { failure?.remedy?.contains($0) == true }, "\(line)")
          }
        }
      }
      #expect(throws: Never.self) { try CommandWords(words + ["--help"], table, goals: goals) }
    }
  }

  @Test("A negative number is refused as a value of the option before it")
  func negative() throws {
    for words in [
      ["jobs", "list", "--limit", "-3"], ["--limit", "-3", "jobs", "list"], ["export", "x", "--level", "-1"],
      ["backup", "prune", "/x", "--keep-last", "-1"],
    ] {
      let option = try #require(words.first { $0.hasPrefix("--") })
      do {
        _ = try CommandWords(words, table, goals: goals)
        Issue.record("\(words) is accepted")
      } catch {
        let failure = error as? PlainFailure
        #expect(failure?.family == .usage && failure?.subject == option, "\(words): \(error)")
        #expect(failure?.reason.contains("is negative") == true)
      }
    }
  }

  @Test("A change of the subdomain takes the organization like its siblings: as an argument, or with an option")
  func changeOfSubdomain() throws {
    for words in [
      ["lagoon", "harbour"], ["-r", "lagoon", "harbour"], ["harbour", "--realm", "lagoon"],
      ["--realm=lagoon", "harbour"],
    ] {
      let command = try AlohaWizard.parsed(["organization", "change-subdomain"] + words)
      let operation = try #require(
        (command as? OrganizationCommand.Rename)?.operation() as? ChangeSubdomainOperation)
      #expect(operation.subdomain == "lagoon" && operation.newSubdomain == "harbour", "\(words)")
    }
    let root = try AlohaWizard.parsed(["organization", "change-subdomain", "lagoon", ""])
    #expect(((root as? OrganizationCommand.Rename)?.operation() as? ChangeSubdomainOperation)?.newSubdomain == "")
    for words in [["lagoon"], [], ["-r", "lagoon"], ["-r", "lagoon", "harbour", "other"], ["lagoon", "Harbour"]] {
      #expect(throws: (any Error).self, "\(words)") {
        try AlohaWizard.parsed(["organization", "change-subdomain"] + words)
      }
    }
  }

  @Test("Requests for help, the version and completions are not checked")
  func informing() throws {
    #expect(try arranged("--help") == ["--help"])
    #expect(try arranged("--help", "export") == ["export", "--help"])
    #expect(try arranged("help", "organization", "delete") == ["help", "organization", "delete"])
    #expect(try arranged("export", "--nonsense", "--help").contains("--help"))
    #expect(try arranged("--generate-completion-script", "bash") == ["--generate-completion-script", "bash"])
  }

  @Test("No two options of the same name differ in whether they take a value")
  func kinds() {
    var kinds: [String: Bool] = [:]
    for (words, command) in table.all {
      for argument in command.arguments {
        for name in argument.names {
          let known = kinds[name]
          #expect(known == nil || known == argument.takesValue, "\(name) of \(words)")
          kinds[name] = argument.takesValue
        }
      }
    }
    for name in ["--root", "--brand", "--json", "--answers", "--linear", "--theme", "--yes", "--confirm-delete"] {
      #expect(kinds[name] != nil, "\(name)")
    }
  }
}
