import Common
import Terminal
import Testing

@testable import Operations
@testable import Wizard

/// Which roles the texts of a screen have: what is to be read is in the normal colour, with any theme.
@Suite("Readable text")
struct ReadableTests {
  private static let normal: Set<Role> = [.text, .title, .focus, .selection]

  /// Checks the role of a text on the screen.
  private func expect(_ text: String, on walker: Walker, _ place: String = "") {
    let picture = walker.model.picture
    for row in 0..<picture.size.rows {
      let line = picture.line(row)
      guard let range = line.ranges(of: text).first else { continue }
      let column = TextWidth.columns(String(line[..<range.lowerBound]))
      for offset in 0..<TextWidth.columns(text) {
        let role = picture.role(at: Point(column: column + offset, row: row))
        #expect(role.map { Self.normal.contains($0) } == true, "\(place) '\(text)' is \(role.map { "\($0)" } ?? "?")")
      }
      return
    }
    Issue.record("\(place): never saw '\(text)':\n\(picture.text)")
  }

  private func flow(_ fields: [Field]) -> Flow {
    Flow(
      id: "test", title: "Test", badge: .restore,
      steps: [
        Step(
          "ask", "Ask", heading: { _ in "Well?" }, explanation: { _ in [.paragraph("Why it is asked.")] },
          fields: { _ in fields }),
        Step("end", "End", heading: { _ in "The end" }),
      ])
  }

  @Test("Explanations, details, reasons, hints and instructions are in the normal colour")
  func fields() {
    let walker = Walker(
      flow([
        Field(
          "c", "Choice",
          .choice([.init("a", "A", "What a means."), .init("b", "B", "What b is.", disabled: "sold out")])),
        Field("t", "Text", .text(placeholder: ""), hint: { _ in "Like this." }, check: { _ in nil }),
      ]))
    for text in ["Why it is asked.", "What a means.", "What b is.", "Not possible: sold out", "Like this."] {
      expect(text, on: walker)
    }
    let secret = Walker(flow([Field("t", "Text", .text(placeholder: ""), check: { _ in "It lacks a dot" })]))
    expect("It lacks a dot", on: secret, "before typing")
    secret.type("x")
    expect("It lacks a dot", on: secret, "after typing")
  }

  @Test("The consequences of a decision and the advice are in the normal colour")
  func decisions() {
    let walker = Walker.move(FakeEngine.move())
    walker.walk(to: "secrets")
    expect("recommended:", on: walker)
    guard case .decisions(let items, let among)? = walker.model.session.fields.first?.kind, let item = items.first
    else {
      Issue.record("there are no decisions")
      return
    }
    for decision in item.possible(among) {
      guard let text = item.consequences[decision.id] else { continue }
      expect("\(decision.title): \(text.prefix(20))", on: walker)
    }
  }

  @Test("Findings, errors and their remedies are in the normal colour, and only their signs are not")
  func troubles() {
    let servers = FakeEngine.move()
    servers.change {
      $0.findings.append(Finding(.blocker, "subdomain", "it is in use", remedy: "choose another one"))
    }
    let walker = Walker.move(servers)
    walker.walk(to: "checks")
    expect("it is in use", on: walker)
    expect("choose another one", on: walker)
    let other = Walker.move(FakeEngine.move())
    other.walk(to: "run")
    other.end(.failure(Trouble(PlainFailure(.connection, "the database", "it went away", remedy: "start it"))))
    for text in ["the database", "it went away", "start it"] { expect(text, on: other) }
  }

  @Test("Nothing that is to be read is drawn dim or faint, on any page")
  func faint() {
    let walker = Walker.move(FakeEngine.move(), size: Size(columns: 120, rows: 40))
    for step in [
      "welcome", "source", "organization", "target", "address", "deactivate", "secrets", "checks", "review", "run",
    ] {
      walker.walk(to: step)
      let picture = walker.model.picture
      let hasDisabled = walker.model.focusable.contains { walker.model.session.disabledReason($0) != nil }
      for row in walker.model.layout.body.row..<walker.model.layout.body.endRow {
        for column in walker.model.layout.body.column..<walker.model.layout.body.endColumn {
          let place = Point(column: column, row: row)
          guard let text = picture.character(at: place)?.first, text.isLetter else { continue }
          let role = picture.role(at: place)
          #expect(role != .muted && (role != .disabled || hasDisabled), "\(step): \(picture.line(row))")
        }
      }
    }
  }

  @Test("A long message takes several rows instead of losing its end")
  func notice() {
    let text = String(repeating: "word ", count: 30) + "the command at the end"
    let session = WizardSession(flow([Field("t", "Text", .text(placeholder: ""))]))
    for columns in [60, 80, 120] {
      let model = WizardModel(
        session, size: Size(columns: columns, rows: 16), glyphs: .unicode, now: .now, opening: text)
      #expect(model.picture.text.contains("end"), "\(columns)")
      #expect(model.picture.line(15).contains("Ctrl-C leave"))
      #expect(model.picture.text.contains("Why it is asked."))
    }
  }

  @Test("A message about the start is shown until the first key")
  func opening() {
    let session = WizardSession(flow([Field("t", "Text", .text(placeholder: ""))]))
    var model = WizardModel(
      session, size: Size(columns: 80, rows: 24), glyphs: .unicode, now: .now, opening: "The theme is broken")
    #expect(model.picture.text.contains("! The theme is broken"))
    model.handle(.tick, at: .now)
    #expect(model.picture.text.contains("! The theme is broken"))
    model.handle(.key(.character("x")), at: .now)
    #expect(!model.picture.text.contains("The theme is broken"))
  }

  @Test("A long option is wrapped, not cut")
  func longOption() {
    let title = "Delete the files of this organization and of all others"
    let walker = Walker(
      flow([Field("c", "Choice", .choice([.init("a", title, recommended: true)]))]),
      size: Size(columns: 60, rows: 16), glyphs: .ascii)
    #expect(walker.sees("> (*) Delete the files of this organization and of all"))
    #expect(walker.sees("      others (recommended)"))
  }

  @Test("Radio buttons and check boxes in ASCII are as in other programs, and titles are aligned")
  func ascii() {
    let walker = Walker(
      flow([
        Field("c", "Choice", .choice([.init("a", "Alpha", "What a means."), .init("b", "Beta", recommended: true)])),
        Field("m", "Many", .multipleChoice([.init("x", "Gamma", recommended: true), .init("y", "Delta")])),
        Field(
          "t", "Table",
          .table(columns: [.init("Name")], rows: ["Epsilon", "Zeta"].map { .init(id: $0, cells: [$0], label: $0) })),
      ]), glyphs: .ascii)
    for line in [
      "  ( ) Alpha", "      What a means.", "> (*) Beta", "  [x] Gamma", "  [ ] Delta", "      Name", "  (*) Epsilon",
      "  ( ) Zeta",
    ] {
      #expect(walker.sees(line), "\(line)")
    }
  }
}
