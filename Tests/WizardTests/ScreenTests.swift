import Common
import Terminal
import Testing

@testable import Server
@testable import Wizard

@Suite("The screen")
struct ScreenTests {
  @Test("Ctrl-T toggles plain ASCII on every screen")
  func plain() {
    let walker = Walker.move(FakeEngine.move())
    walker.walk(to: "organization")
    for keys in [[], [Key.character("?")], [.escape, .control("c")]] {
      for key in keys { walker.press(key) }
      let before = walker.screen
      #expect(!before.allSatisfy { $0.isASCII })
      walker.press(.control("t"))
      #expect(walker.model.isPlain)
      let foreign: Set<Character> = ["é", "港"]
      #expect(walker.screen.allSatisfy { $0.isASCII || foreign.contains($0) })
      walker.press(.control("t"))
      #expect(walker.screen == before && !walker.model.isPlain)
    }
  }

  @Test("A resized window keeps its content")
  func resize() {
    let walker = Walker.move(FakeEngine.move())
    walker.walk(to: "address")
    walker.type("x")
    let sizes = [(200, 60), (60, 16), (1, 1), (80, 5), (100, 16), (99, 24), (0, 0), (80, 24)]
    for (columns, rows) in sizes {
      walker.send(.resized(Size(columns: columns, rows: rows)))
      let picture = walker.model.picture
      #expect(picture.size == Size(columns: columns, rows: rows))
    }
    #expect(walker.focusedLine == "▸ harbourx")
  }

  @Test("A too small window shows one line and accepts only the key to leave")
  func tiny() {
    let walker = Walker.move(FakeEngine.move(), size: Size(columns: 59, rows: 16))
    #expect(walker.screen.contains("Needs 60x16, has 59x16. Nothing is lost."))
    walker.press(.enter, .escape, .character("?"))
    #expect(walker.step == "welcome")
    walker.send(.resized(Size(columns: 60, rows: 16)))
    #expect(walker.sees("Step 1 of 11"))
    #expect(walker.model.overlay == nil)
    walker.send(.resized(Size(columns: 10, rows: 2)))
    walker.press(.control("c"))
    #expect(walker.hasEnded)
  }

  @Test("A running operation cannot be cancelled in a too small window")
  func tinyWhileRunning() {
    let walker = Walker.move(FakeEngine.move())
    walker.walk(to: "run")
    walker.send(.resized(Size(columns: 20, rows: 5)))
    walker.press(.control("c"), .escape, .enter)
    #expect(walker.model.isRunning && !walker.hasEnded)
    #expect(walker.model.session.run?.isStopping == false)
  }

  @Test("The focused element is visible in every step and size, with the cursor")
  func focusIsSeen() throws {
    for size in [Size(columns: 60, rows: 16), Size(columns: 80, rows: 24), Size(columns: 120, rows: 40)] {
      let servers = FakeEngine.move()
      servers.change { state in
        state.organizations += (10..<40).map {
          Organization(
            id: $0, subdomain: "org\($0)", name: "Organization \($0)", isDeactivated: false, activeUsers: 1,
            messages: 1, isInternal: false)
        }
        state.advice = (0..<30).map { FakeEngine.secret("secret_\($0)", .keep) }
      }
      let walker = Walker.move(servers, size: size)
      for step in ["organization", "target", "deactivate", "secrets", "review"] {
        walker.walk(to: step)
        for key in [Key.down, .up] {
          var before: Frame?
          while before != walker.model.picture {
            let picture = walker.model.picture
            before = picture
            let cursor = try #require(picture.cursor)
            #expect(picture.line(cursor.point.row).contains("▸ "), "\(step) \(size)")
            walker.press(key)
          }
        }
        walker.press(.escape)
        walker.walk(to: step)
      }
    }
  }

  @Test("A long list is scrolled by pages and to its ends")
  func pages() {
    let servers = FakeEngine.move()
    servers.change { state in
      state.organizations = (0..<100).map {
        Organization(
          id: $0, subdomain: "org\($0)", name: "N\($0)", isDeactivated: false, activeUsers: 1, messages: 1,
          isInternal: false)
      }
    }
    let walker = Walker.move(servers)
    walker.walk(to: "organization")
    walker.press(.pageDown)
    #expect(!walker.focusedLine.contains("N0 "))
    walker.press(.end)
    #expect(walker.focusedLine.contains("N99"))
    walker.press(.character("g"), .character("j"))
    #expect(walker.focusedLine.contains("N1 "))
  }

  @Test("A long page is scrolled with the arrow keys")
  func readingOn() {
    let walker = Walker.move(FakeEngine.move(), size: Size(columns: 60, rows: 16))
    #expect(!walker.sees("Enter continues, Esc goes back"))
    for _ in 0..<10 { walker.press(.down) }
    #expect(walker.sees("Enter continues, Esc goes back"))
    walker.walk(to: "review")
    #expect(!walker.sees("aloha-wizard import"))
    for _ in 0..<30 { walker.press(.down) }
    #expect(walker.sees("aloha-wizard import"))
    #expect(walker.sees("▸ Start the move"))
  }

  @Test("An ASCII terminal gets only ASCII")
  func ascii() {
    let servers = FakeEngine.move()
    servers.change { $0.organizations[1].name = "Harbour" }
    let walker = Walker.move(servers, glyphs: .ascii)
    for step in ["source", "organization", "target", "address", "deactivate", "secrets", "checks", "review", "run"] {
      walker.walk(to: step)
      #expect(walker.screen.utf8.allSatisfy { $0 < 0x80 }, "\(step)")
      walker.press(.function(1))
      #expect(walker.screen.utf8.allSatisfy { $0 < 0x80 }, "help of \(step)")
      walker.press(.escape)
    }
  }

  @Test("Every key of the key bar has an effect in every step")
  func keyBar() {
    for step in ["welcome", "source", "organization", "target", "address", "secrets", "checks", "review", "run"] {
      let count = walked(to: step).model.bindings.count
      for index in 0..<count {
        let walker = walked(to: step)
        let binding = walker.model.bindings[index]
        guard binding.label != nil, let key = binding.keys.first else { continue }
        let before = walker.model.picture
        let lookups = walker.model.session.lookups.mapValues(\.ticket)
        walker.answersAtOnce = false
        walker.press(key)
        let changed =
          walker.model.picture != before || walker.hasEnded || !walker.waiting.isEmpty || walker.saves > 0
          || walker.model.session.lookups.mapValues(\.ticket) != lookups
        #expect(changed, "\(step): \(key) \(binding.label ?? "")")
      }
    }
  }

  private func walked(to step: String) -> Walker {
    let walker = Walker.move(FakeEngine.move())
    walker.walk(to: step)
    return walker
  }

  @Test("The help of every step explains the step and its keys")
  func help() {
    for step in ["welcome", "source", "organization", "target", "secrets", "review", "run"] {
      let walker = walked(to: step)
      let bindings = walker.model.bindings
      let text = walker.model.helpRows.map { row in row.spans.map(\.text).joined() }.joined(separator: "\n")
      for binding in bindings { #expect(text.contains(binding.explanation.prefix(20)), "\(step)") }
      #expect(text.contains(walker.model.session.step.heading(walker.answers).prefix(20)))
    }
  }

  @Test("Leaving asks for a confirmation with Stay as the default")
  func leaving() {
    let walker = Walker.move(FakeEngine.move())
    walker.press(.control("c"))
    #expect(walker.sees("Leave the wizard?"))
    #expect(walker.focusedLine.contains("No, go on"))
    walker.press(.enter)
    #expect(!walker.hasEnded && walker.model.overlay == nil)
    walker.press(.control("c"), .down, .enter)
    #expect(walker.hasEnded)
    #expect(walker.model.session.plainText == nil)
  }

  @Test("Ctrl-L redraws the screen without a change")
  func redraw() {
    let walker = Walker.move(FakeEngine.move())
    let before = walker.model.picture
    walker.press(.control("l"))
    #expect(walker.redraws == 1)
    #expect(walker.model.picture == before)
  }

  @Test("The badge is a word and a colour")
  func badge() {
    #expect(Walker.move(FakeEngine.move(), isTest: true).sees("TEST"))
    #expect(Walker.move(FakeEngine.move(), isTest: false).sees("PRODUCTION"))
  }
}
