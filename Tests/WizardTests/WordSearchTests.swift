import Common
import Terminal
import Testing

@testable import Wizard

/// Goals by the words of operators: in the menu's search, in the linear mode, and on the command line.
@Suite("Goals by their words")
struct WordSearchTests {
  private static let catalog: FlowCatalog = {
    let context = FakeEngine().context()
    return FlowCatalog(
      menu: { .menu(context, goals: Goal.all, further: Goal.further, waiting: [], obstacle: nil) },
      flow: { id, _ in Goal.named(id)?.flow(context) })
  }()

  private func menu() -> Walker {
    Walker(WizardSession(nil, catalog: Self.catalog), size: Size(columns: 120, rows: 40))
  }

  static let words: [(String, String)] = [
    ("clean", "clean-up"), ("delete", "clean-up"), ("remove", "clean-up"), ("throw away", "clean-up"),
    ("test import", "clean-up"), ("undo", "jobs"), ("roll back", "restore"), ("cancel", "jobs"),
    ("nightly", "nightly"), ("schedule", "nightly"), ("cron", "nightly"), ("timer", "nightly"),
    ("every night", "nightly"), ("restore", "restore"), ("disaster", "restore"), ("recover", "restore"),
    ("backup", "back-up"), ("dump", "back-up"), ("save", "back-up"), ("secrets", "settings"),
    ("configuration", "settings"), ("password", "password-resets"), ("mail", "password-resets"),
    ("reset", "password-resets"), ("migrate", "move"), ("move", "move"), ("transfer", "move"), ("cloud", "to-cloud"),
    ("from cloud", "from-cloud"), ("hosted", "to-cloud"), ("import", "import"), ("export", "export"),
    ("archive", "inspect"), ("deactivate", "organizations"), ("reactivate", "organizations"),
    ("close", "organizations"), ("reopen", "organizations"), ("rename", "organizations"),
    ("subdomain", "organizations"), ("address", "organizations"), ("restart", "server"), ("stop", "server"),
    ("queue", "server"), ("rabbitmq", "server"), ("cache", "server"), ("memcached", "server"), ("verify", "inspect"),
    ("check", "inspect"), ("inspect", "inspect"), ("look", "inspect"), ("prune", "prune"), ("old backups", "prune"),
    ("retention", "prune"), ("rehearse", "rehearse"), ("test restore", "rehearse"), ("prove", "rehearse"),
    ("jobs", "jobs"), ("history", "jobs"), ("log", "jobs"), ("running", "jobs"), ("leftovers", "leftovers"),
    ("disk space", "leftovers"), ("SLACK", "import"), ("décommission", ""), ("Sécrets", "settings"),
  ]

  @Test("Typing / and a word leads to the right goal first", arguments: words)
  func search(word: String, goal: String) {
    let walker = menu()
    walker.press(.character("/"))
    walker.type(word)
    guard !goal.isEmpty else {
      #expect(walker.sees("nothing matches"))
      return
    }
    #expect(walker.model.filter?.ids.first == goal, "\(walker.model.filter?.ids ?? [])")
    #expect(walker.model.focus == .option(field: "goal.which", id: goal))
    // Enter goes to the rows, and Enter there opens the goal.
    walker.answersAtOnce = false
    walker.press(.enter, .enter)
    #expect(walker.model.session.flow.id == goal)
  }

  @Test("Every goal has at least three other words, and is found by each of them")
  func aliases() {
    for goal in Goal.byName {
      #expect(goal.aliases.count >= 3, "\(goal.id)")
      #expect(Set(goal.aliases).count == goal.aliases.count, "\(goal.id)")
      for alias in goal.aliases {
        let words = WordSearch.words(alias)
        #expect(!words.isEmpty && goal.search.match(words) != nil, "\(goal.id): \(alias)")
      }
    }
  }

  @Test("A row found by another word shows it, and goals that are not in the menu are only shown when found")
  func shown() {
    let walker = menu()
    #expect(!walker.sees("Delete old backups"))
    walker.press(.character("/"))
    walker.type("retent")
    #expect(walker.sees("Delete old backups") && walker.sees("(retention) lists them") && walker.sees("1 of 15"))
    walker.press(.control("u"))
    #expect(walker.sees("15 of 15") && !walker.sees("Delete old backups"))
    // The summary says why: no other word is added.
    walker.type("undo")
    #expect(walker.sees("watch, stop, run again, undo") && !walker.sees("(undo)"))
    walker.press(.escape)
    #expect(walker.sees("Delete a test import") && !walker.sees("Undo copied settings"))
  }

  @Test("Titles come before other words, several words must all match, and parts of words are found last")
  func order() {
    let rows = [
      WordSearch(title: "Second", aliases: ["first"], summary: "third"), WordSearch(title: "First one", aliases: []),
      WordSearch(title: "Émile's", aliases: ["two-words"], isFurther: true),
    ]
    #expect(WordSearch.places("fir", in: rows).map(\.place) == [1, 0])
    #expect(WordSearch.places("one first", in: rows).map(\.place) == [1])
    #expect(WordSearch.places("first third", in: rows).map(\.place) == [0])
    #expect(WordSearch.places("EMILE words", in: rows).map(\.place) == [2])
    #expect(WordSearch.places("irst", in: rows).isEmpty && WordSearch.places(" - ", in: rows).isEmpty)
    #expect(WordSearch.folded("ÅÉÎÖŁ n\u{303}") == "aeiol n")
    let walker = menu()
    walker.press(.character("/"))
    walker.type("ehears")
    #expect(walker.model.filter?.ids.first == "rehearse")
  }

  @Test("Other lists are still found by any part of their cells, without accents too")
  func otherLists() {
    let list = LongList(
      .table(
        columns: [.init("Name")],
        rows: ["Harbour Café", "Book club", "Cafeteria"].map { Field.Row(id: $0, cells: [$0], label: $0) }))
    #expect(list?.places(with: "cafe") == [0, 2] && list?.places(with: "ook c") == [1])
    #expect(list?.hasWords == false && list?.alias("Book club", for: "book") == nil)
  }

  // MARK: The linear mode

  @Test("In the linear mode a word chooses, several matches are named, and unknown words are reported")
  func lineByLine() throws {
    var walk = LinearWalk(WizardSession(nil, catalog: Self.catalog), ["zebra", "99", "retention", "q", "y"])
    _ = try walk.runner.run()
    let said = walk.script.transcript
    #expect(said.contains("Choose 1 to 15, or type a word [1]: ->"), "\(said)")
    #expect(said.contains("Nothing here has that word."), "\(said)")
    #expect(said.contains("Enter a number from 1 to 15."), "\(said)")
    #expect(said.contains("Delete old backups."), "\(said)")
    #expect(!said.contains("16. "), "\(said)")
    var several = LinearWalk(WizardSession(nil, catalog: Self.catalog), ["cloud", "q", "y"])
    _ = try several.runner.run()
    #expect(several.script.says("Several match: 2. Move to the cloud; 3. Move from the cloud."))
  }

  // MARK: The command line

  @Test("An unambiguous word opens its goal; otherwise the error names the candidates")
  func commandLine() throws {
    #expect(try FlowFactory.goal("move").id == "move")
    #expect(try FlowFactory.goal("undo").id == "jobs")
    #expect(try FlowFactory.goal("throw-away").id == "clean-up")
    #expect(try FlowFactory.goal("cron").id == "nightly")
    let several = #expect(throws: PlainFailure.self) { try FlowFactory.goal("cloud") }
    #expect(several?.family == .usage && several?.remedy?.contains("to-cloud (Move to the cloud)") == true)
    #expect(several?.remedy?.contains("from-cloud") == true && several?.remedy?.contains("jobs") == false)
    let unknown = #expect(throws: PlainFailure.self) { try FlowFactory.goal("zebra\u{1B}") }
    #expect(unknown?.reason == "there is no such goal" && unknown?.subject == "'zebra'")
  }
}
