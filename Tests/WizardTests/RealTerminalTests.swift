import Common
import Glibc
import Testing

@testable import Wizard

/// Whole flows on a real terminal with real servers: each key is pressed after the expected screen has appeared.
@Suite("On a real terminal")
struct RealTerminalTests {
  @Test("The demo is completed with Enter alone, as the README shows it; its result stays on the normal screen")
  func wholeWay() throws {
    // As long as the default folder, so that lines break in the same places.
    let folder = "/tmp/aloha-\(RandomText.alphanumeric(4))"
    defer { try? FileSystem.removeTree(folder) }
    let terminal = try TmuxTerminal(["demo", "--dir", folder])
    var frames = ReadmeFrames(folder: folder)
    // Enter is pressed on each screen when its text has appeared.
    let screens: [(step: String, sign: String)] = [
      ("Welcome", "Enter begin"), ("Old server", "old.example.com"), ("Organization", "▸ ●"),
      ("New server", "new.example.com"), ("New server", "▸ \(folder)/new-server"), ("New server", "▸ \(folder)/aloha-"),
      ("Address", "▸ harbour"), ("Old organization", "▸ ● Yes, deactivate it"), ("Secrets", "▸ avatar_salt"),
      ("Checks", "All checks passed"), ("Review", "▸ Start the move"),
    ]
    for (step, sign) in screens {
      let screen = try terminal.waitFor("\(step) with \(sign)") {
        $0.contains("· \(step)") && $0.contains(sign) && !$0.contains("Looking")
      }
      #expect(screen.contains(" TEST"))
      frames.add(try terminal.settled())
      try terminal.press("Enter")
    }
    let result = try terminal.waitFor("the result") { $0.contains("▸ Leave the wizard") && $0.contains("is moved") }
    #expect(result.contains("https://harbour.new.example.com"))
    let counts = try #require(result.firstMatch(of: /Messages +([0-9,]+) \(on the old server: ([0-9,]+)\)/))
    #expect(counts.1 == counts.2 && counts.1 != "0")
    frames.add(try terminal.settled())
    try frames.expectInReadme()
    try terminal.press("Enter")
    try terminal.waitFor("the shell") { $0.contains("rm -r \(folder)") && $0.contains("\n$") }
    let text = try terminal.history
    #expect(text.contains("Next steps:") && text.contains("rm \(folder)/aloha-"))
    #expect(text.contains("Now on new-server: harbour\nOn old-server: bookclub, harbour (deactivated)\n"))
    #expect(text.contains("\n  \(TmuxTerminal.program) demo --serve --dir \(folder)\n"))
    #expect(try !terminal.isOnAlternateScreen)
  }

  @Test("A theme that does not exist never stops the wizard, and is told once", arguments: [false, true])
  func theme(linear: Bool) throws {
    let terminal = try TmuxTerminal(
      ["wizard", "move", "--root", "/nowhere", "--theme", "nonsense"] + (linear ? ["--linear"] : []))
    let screen = try terminal.waitFor("the first step") {
      $0.contains("Step 1 of") && $0.contains("aloha-wizard theme check nonsense")
    }
    #expect(screen.ranges(of: "Theme 'nonsense' cannot be used: there is none of that name.").count == 1)
    try terminal.press("Enter")
    let next = try terminal.waitFor("the second step") { $0.contains("Step 2 of") }
    #expect(linear || !next.contains("nonsense"))
  }

  @Test("Pastes with every fault leave the wizard responsive")
  func pastes() throws {
    let terminal = try TmuxTerminal(["wizard", "move", "--root", "/nowhere"])
    try terminal.waitFor("the first step") { $0.contains("Step 1 of") }
    try terminal.press("Enter")
    try terminal.waitFor("the path") { $0.contains("▸ /nowhere") }
    let start = Array("\u{1B}[200~".utf8)
    let flood = Array(repeating: UInt8(ascii: "x"), count: 2_000_000)
    for bytes in [flood, start + flood, start + Array("y\r\r".utf8), Array(repeating: 0x0D, count: 100_000)] {
      try terminal.paste(bytes)
      // A key that arrives within the paste is a part of it. Pressed again, it is a key.
      for _ in 0..<30 where try !terminal.screen.contains("Help ·") {
        try terminal.press("F1")
        usleep(1_500_000)
      }
      try terminal.waitFor("the help") { $0.contains("Help · Old server") }
      try terminal.press("Escape")
      try terminal.waitFor("the step again") { !$0.contains("Help ·") && $0.contains("Step 2 of") }
    }
  }

  @Test("The terminal is restored after a resize, the help and leaving")
  func leaving() throws {
    let terminal = try TmuxTerminal(["wizard", "move", "--root", "/nowhere"])
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
}
