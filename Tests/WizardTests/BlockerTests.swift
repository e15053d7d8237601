import Common
import Operations
import Server
import Terminal
import Testing

@testable import Wizard

/// Blockers are visible, name their question, and lead there.
@Suite("Blockers and their questions")
struct BlockerTests {
  private static let blocker = Finding(
    .blocker, "subdomain", "'harbour' is in use on this server", remedy: "choose another subdomain"
  ).about(.subdomain)

  @Test("A failed check names its step, Enter goes there, and continuing returns to the checks")
  func wayBack() {
    let engine = FakeEngine.move()
    engine.change { $0.findings = [Finding(.ok, "space", "enough"), Self.blocker] }
    let walker = Walker.move(engine)
    walker.walk(to: "checks")
    #expect(walker.sees("'harbour' is in use on this server"))
    #expect(walker.focusedLine.contains("Change: Address"))
    walker.press(.enter)
    #expect(walker.step == "address")
    walker.press(.control("u"))
    walker.type("lagoon")
    engine.change { $0.findings = [Finding(.ok, "subdomain", "is free")] }
    walker.press(.enter)
    #expect(walker.step == "checks" && walker.sees("All checks passed"))
  }

  @Test("Several blockers about one question make one way back, and one without a question makes none")
  func several() {
    let engine = FakeEngine.move()
    engine.change {
      $0.findings = [
        Finding(.blocker, "database", "is a standby"), Self.blocker, Self.blocker,
        Finding(.blocker, "archive", "there is no folder /srv").about(.output),
      ]
    }
    let walker = Walker.move(engine)
    walker.walk(to: "checks")
    #expect(walker.model.session.stepsOfBlockers.map(\.id) == ["address", "target"])
  }

  @Test("Blockers come before warnings and passed checks, in a small window too")
  func first() throws {
    let engine = FakeEngine.move()
    engine.change {
      $0.findings =
        (1...12).map { Finding(.ok, "check \($0)", "is right") } + [
          Finding(.warning, "version", "is old"), Self.blocker,
        ]
    }
    let walker = Walker.move(engine, size: Size(columns: 60, rows: 16))
    walker.walk(to: "checks")
    #expect(walker.sees("is in use on this") && walker.sees("Change: Address"))
  }

  @Test("The linear mode numbers the steps of blockers")
  func linear() throws {
    let engine = FakeEngine.move()
    engine.change { $0.findings = [Self.blocker] }
    var walk = LinearWalk(engine.moveFlow(), Array(repeating: "", count: 9) + ["1", "q", "", "y"])
    _ = try walk.runner.run()
    #expect(walk.script.says("1. Change: Address"), "\(walk.script.transcript)")
    #expect(walk.runner.session.step.id == "address")
  }

  @Test("The step of a blocker looks again, because what it has seen can be out of date")
  func outOfDate() {
    let engine = FakeEngine.move()
    let walker = Walker.move(engine)
    walker.walk(to: "address")
    walker.press(.control("u"))
    walker.type("harbour")
    let all = FakeEngine.State().organizations
    engine.change {
      $0.others["/target"] = all
      $0.findings = [Self.blocker]
    }
    walker.walk(to: "checks")
    walker.press(.enter)
    #expect(walker.step == "address" && walker.sees("harbour is in use there; harbour-2 is free"))
  }

  @Test("Enter on a blocker of the same step leads to the field that it depends on")
  func sameStep() {
    let walker = Walker.move(FakeEngine.move())
    walker.walk(to: "target")
    walker.press(.enter)
    walker.press(.control("u"))
    walker.type(walker.answers.text("source.root") ?? "")
    walker.press(.enter)
    #expect(walker.model.focus == .input(field: "target.archive"))
    #expect(walker.sees("this is the server that the organization is on"))
    walker.press(.enter)
    #expect(walker.step == "target" && walker.sees("Resolve the blockers first"))
    #expect(walker.model.focus == .input(field: "target.root"))
    walker.press(.control("u"))
    walker.type("/target")
    walker.press(.enter, .enter)
    #expect(walker.step == "address")
  }
}

/// The question for a subdomain.
@Suite("The address of an organization")
struct SubdomainQuestionTests {
  @Test("A used subdomain is refused while it is typed, and a free one proposed")
  func used() {
    let engine = FakeEngine.move()
    let all = FakeEngine.State().organizations
    engine.change { $0.others["/target"] = all }
    let walker = Walker.move(engine)
    walker.walk(to: "address")
    #expect(walker.focusedLine.contains("harbour-2"))
    #expect(walker.sees("harbour is in use there."))
    walker.press(.backspace, .backspace)
    #expect(walker.sees("harbour is in use there; harbour-2 is free"))
    walker.press(.enter)
    #expect(walker.step == "address")
    walker.press(.control("u"))
    walker.type("Lagoon")
    #expect(walker.sees("Use only small letters; lagoon is free"))
    walker.press(.control("u"))
    walker.type("HARBOUR")
    #expect(walker.sees("Use only small letters; harbour is in use there; harbour-2 is free"))
  }

  @Test("A free name is the name itself or has the first free number, and is never a reserved one")
  func free() {
    #expect(SubdomainQuestion.free(like: "lagoon", used: []) == "lagoon")
    #expect(SubdomainQuestion.free(like: "lagoon", used: ["lagoon", "lagoon-2"]) == "lagoon-3")
    #expect(SubdomainQuestion.free(like: "", used: [""]) == "organization-2")
    #expect(SubdomainQuestion.free(like: "www", used: []) == "www-2")
    let long = String(repeating: "a", count: 40)
    #expect(SubdomainQuestion.free(like: long, used: [long]).count <= 40)
  }

  @Test("A server that cannot be read is no obstacle: the checks report it")
  func unreadable() {
    let engine = FakeEngine.move()
    engine.change { $0.unreadable = ["/target"] }
    let walker = Walker.move(engine)
    walker.walk(to: "checks")
    #expect(walker.answers.text("address.subdomain") == "harbour")
  }
}
