import Common
import Sandbox
import Testing

@testable import Wizard

/// The whole way, as a person goes it: a real terminal, real servers, looking at the screen before each key.
@Suite("On a real terminal")
struct RealTerminalTests {
  private static let sandbox = Result {
    let sandbox = try Sandbox.temporary(servers: ["old", "new"])
    try sandbox.servers[0].add(SampleOrganization(.harbour, messages: 150))
    return sandbox
  }

  private func open(_ sandbox: Sandbox, columns: Int = 80, rows: Int = 24) throws -> TmuxTerminal {
    try TmuxTerminal(
      ["wizard", "--root", sandbox.servers[0].root, "--target", sandbox.servers[1].root], columns: columns, rows: rows)
  }

  @Test("with nothing but Enter a person arrives at “moved”, and finds it written on the normal screen")
  func wholeWay() throws {
    let sandbox = try Self.sandbox.get()
    let terminal = try open(sandbox)
    try terminal.waitFor("the first step") { $0.contains("Step 1 of") && $0.contains("Enter begin") }
    try terminal.press("Enter")
    // Each step is done when what it looked up is there and Enter leads on.
    for (step, sign) in [
      ("Old server", sandbox.servers[0].host), ("Organization", "▸ ●"), ("New server", sandbox.servers[1].host),
    ] {
      try terminal.waitFor(step) { $0.contains("· \(step)") && $0.contains(sign) && !$0.contains("Looking") }
      try terminal.press("Enter")
    }
    try terminal.waitFor("the folder") { $0.contains("▸ \(sandbox.servers[1].root)".prefix(40)) }
    try terminal.press("Enter")
    try terminal.waitFor("the archive") { $0.contains("▸ /tmp/aloha-export-") }
    let archive = try #require(
      try terminal.screen.split(separator: " ").first { $0.hasPrefix("/tmp/aloha-export-") }
        .map { String($0.prefix { !$0.isNewline }) })
    defer { try? FileSystem.removeTree(archive) }
    try terminal.press("Enter")
    try terminal.waitFor("the address") { $0.contains("▸ harbour") }
    try terminal.press("Enter")
    try terminal.waitFor("the question") { $0.contains("▸ ● Yes, deactivate it") }
    try terminal.press("Enter")
    try terminal.waitFor("the checks") { $0.contains("Nothing stands in the way") }
    try terminal.press("Enter")
    try terminal.waitFor("the secrets") { $0.contains("▸ camo_key") }
    try terminal.press("Enter")
    try terminal.waitFor("the review") { $0.contains("▸ Start the move") && !$0.contains("Working out") }
    try terminal.press("Enter")
    let result = try terminal.waitFor("the result") { $0.contains("▸ Leave the wizard") && $0.contains("is moved") }
    #expect(result.contains("https://harbour.\(sandbox.servers[1].host)"))
    try terminal.press("Enter")
    let text = try terminal.waitFor("the shell") { $0.contains("What to do next:") && $0.contains("rm \(archive)") }
    #expect(text.contains("is moved"))
    #expect(try !terminal.isOnAlternateScreen)
    let count =
      "SELECT count(*) FROM zerver_message m JOIN zerver_realm r ON r.id = m.realm_id WHERE string_id = 'harbour'"
    #expect(try sandbox.servers[1].connect().value(count) == sandbox.servers[0].connect().value(count))
  }

  @Test("another size, the help, leaving: the terminal is as it was before")
  func leaving() throws {
    let terminal = try open(try Self.sandbox.get())
    try terminal.waitFor("the first step") { $0.contains("Step 1 of") }
    try terminal.resize(columns: 120, rows: 40)
    try terminal.waitFor("the list of steps") { $0.contains("▸ Welcome") && $0.contains("○ Review") }
    try terminal.resize(columns: 40, rows: 10)
    try terminal.waitFor("one line") { $0.contains("Needs 60x16, has 40x10.") }
    try terminal.resize(columns: 60, rows: 16)
    try terminal.waitFor("the step again") { $0.contains("Step 1 of") }
    try terminal.press("?")
    try terminal.waitFor("the help") { $0.contains("Help · Welcome") }
    try terminal.press("Escape")
    try terminal.waitFor("no help") { !$0.contains("Help ·") }
    try terminal.press("C-c")
    try terminal.waitFor("the question") { $0.contains("Leave the wizard?") && $0.contains("▸ No, go on") }
    try terminal.press("Down")
    try terminal.waitFor("yes") { $0.contains("▸ Yes, leave") }
    try terminal.press("Enter")
    try terminal.waitFor("the shell") { $0.contains("$") && !$0.contains("Step 1 of") }
    #expect(try !terminal.isOnAlternateScreen)
  }

  @Test("without a terminal the wizard says what to use instead")
  func noTerminal() throws {
    let options = { () -> WizardOptions in
      var options = WizardOptions()
      options.source = "/srv/old"
      options.linear = true
      return options
    }()
    do {
      _ = try Wizard.run(options)
      Issue.record("there is no terminal here")
    } catch let failure as PlainFailure {
      #expect(failure.family == .usage)
      #expect(failure.remedy?.contains("aloha-wizard export --root /srv/old") == true)
    }
  }
}
