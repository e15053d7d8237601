import Common
import Foundation
import Testing

@Suite("The screen on a real terminal")
struct RealTerminalTests {
  @Test("The screen draws lines, colours, wide and combined characters, and restores the shell's screen")
  func draws() throws {
    let session = try TmuxSession()
    try session.run("echo shown-before")
    try session.runProbe()
    let text = try session.screen
    #expect(text.contains("┌─ Terminal probe ─"))
    #expect(text.contains("size 80x24  depth twoFiftySix"))
    #expect(text.contains("Zürich 漢字 naïve ✓✗→ e\u{301}|"))
    #expect(try session.format("#{alternate_on}") == "1")
    #expect(try session.colored.contains("38;5;"))
    try session.press("q")
    try session.waitFor("the end") { $0.contains("probe: quit") && $0.contains("shown-before") }
    try session.expectCleanTerminal()
  }

  @Test("The hidden cursor is on the focused element")
  func cursor() throws {
    let session = try TmuxSession()
    try session.runProbe()
    #expect(try session.format("#{cursor_x},#{cursor_y} #{cursor_flag}") == "10,3 0")
  }

  @Test("The screen follows the window's size")
  func resizes() throws {
    let session = try TmuxSession()
    try session.runProbe()
    try session.resize(columns: 100, rows: 30)
    try session.waitFor("the new size") { $0.contains("size 100x30") && $0.contains("resized 100x30") }
    try session.resize(columns: 60, rows: 16)
    let text = try session.waitFor("the smaller size") { $0.contains("size 60x16") && $0.contains("resized 60x16") }
    #expect(text.split(separator: "\n")[0].hasSuffix("─┐"))
  }

  @Test("The screen follows the window's size although LINES and COLUMNS are exported")
  func resizesWithLines() throws {
    let session = try TmuxSession(environment: ["LINES": "24", "COLUMNS": "80"])
    try session.runProbe()
    try session.resize(columns: 90, rows: 20)
    try session.waitFor("the new size") { $0.contains("size 90x20") && $0.contains("resized 90x20") }
  }

  @Test("Keys are read by name")
  func keys() throws {
    let session = try TmuxSession()
    try session.runProbe()
    let pressed = ["Up", "Down", "Left", "Right", "PPage", "NPage", "Home", "End", "BSpace", "DC"]
    let named = ["Up", "Down", "Left", "Right", "PgUp", "PgDn", "Home", "End", "Backspace", "Del"]
    for key in pressed { try session.press(key) }
    try session.waitFor("the keys") { text in named.allSatisfy { text.contains("key \($0)") } }
    for key in ["Enter", "Tab", "BTab", "F1", "F12", "C-c", "C-s", "é", "漢", "Space"] { try session.press(key) }
    let others = ["Enter", "Tab", "Shift-Tab", "F1", "F12", "Ctrl-C", "Ctrl-S", "é", "漢", "Space"]
    try session.waitFor("the other keys") { text in others.allSatisfy { text.contains("key \($0) ") } }
  }

  @Test("Escape alone is a key, Escape with a letter is Alt, and unknown sequences are ignored")
  func escape() throws {
    let session = try TmuxSession()
    try session.runProbe()
    try session.press("Escape")
    try session.waitFor("Escape") { $0.contains("key Esc") && $0.contains("events 1.") }
    try session.send(bytes: [0x1B, 0x62])
    try session.waitFor("Alt") { $0.contains("key Alt-b") && $0.contains("events 2.") }
    try session.send(bytes: Array("\u{1B}[77;5~".utf8))
    try session.press("z")
    let text = try session.waitFor("the letter after") { $0.contains("key z") && $0.contains("events 3.") }
    #expect(!text.contains("key 7"))
  }

  @Test("A paste is one event, and its line breaks are not Enter")
  func paste() throws {
    let session = try TmuxSession()
    try session.runProbe()
    try session.paste("erste Zeile\nzweite\tZürich 漢\n")
    let text = try session.waitFor("the paste") { $0.contains("events 1.") }
    #expect(text.contains(#"paste "erste Zeile\nzweite\tZürich 漢\n""#))
    #expect(!text.contains("key Enter"))
  }

  @Test("Pasted escape sequences and Ctrl-C have no effect")
  func pasteControls() throws {
    let session = try TmuxSession()
    try session.runProbe()
    try session.send(bytes: Array("\u{1B}[200~a\u{03}\u{1B}[Ab\r\nc\u{1B}[201~".utf8))
    let text = try session.waitFor("the paste") { $0.contains("events 1.") }
    #expect(text.contains(#"paste "ab\nc""#))
  }

  @Test("Keys after a pause are read although a paste has no end")
  func pasteWithoutEnd() throws {
    let session = try TmuxSession()
    try session.runProbe()
    for (bytes, name): ([UInt8], String) in [([0x1B], "key Esc"), ([0x03], "key Ctrl-C"), ([0x78], "key x")] {
      try session.send(bytes: Array("\u{1B}[200~abc".utf8))
      usleep(1_200_000)
      try session.send(bytes: bytes)
      try session.waitFor(name) { $0.contains(name) && $0.contains(#"paste "abc""#) }
    }
    try session.send(bytes: Array("\u{1B}[200~late".utf8))
    try session.waitFor("the paste by itself") { $0.contains(#"paste "late""#) }
  }

  @Test("The end of a paste is recognized exactly")
  func pasteEnds() throws {
    let session = try TmuxSession()
    try session.runProbe()
    try session.send(bytes: Array("\u{1B}[200~a\u{1B}[201x\u{1B}\u{1B}[201~yz".utf8))
    let text = try session.waitFor("the keys") { $0.contains("key z") }
    #expect(text.contains(#"paste "a"#) && text.contains("key y"))
    try session.paste(String(repeating: "x", count: 10_000))
    try session.press("w")
    try session.waitFor("the key after a long paste") { $0.contains("key w") }
  }

  @Test("Every key ends a paste without its end mark, also after its time, and a late rest is never read as keys")
  func lateKeys() throws {
    let session = try TmuxSession()
    try session.runProbe()
    try session.send(bytes: Array("\u{1B}[200~one".utf8))
    try session.waitFor("the overdue paste") { $0.contains(#"paste "one""#) }
    try session.send(bytes: Array("\u{1B}[5~".utf8))
    try session.waitFor("a key after it") { $0.contains("key PgUp") && $0.contains("events 2.") }
    try session.send(bytes: Array("\u{1B}[200~two".utf8))
    try session.waitFor("another one") { $0.contains(#"paste "two""#) }
    try session.send(bytes: Array("rest\rqq\r\u{1B}[201~".utf8))
    let text = try session.waitFor("its rest") { $0.contains(#"paste "rest\nqq\n""#) && $0.contains("events 4.") }
    #expect(!text.contains("key Enter"))
    try session.press("z")
    try session.waitFor("a key") { $0.contains("key z") }
  }

  @Test("A paste of 2 MB is one truncated event, other events are handled meanwhile, and keys work afterwards")
  func largePaste() throws {
    let session = try TmuxSession()
    try session.runProbe()
    try session.paste(bytes: Array(repeating: UInt8(ascii: "x"), count: 2_000_000), marked: true)
    try session.press("w")
    let text = try session.waitFor("the key after it") { $0.contains("key w") }
    #expect(text.contains("events 2.") && !text.contains("key x"))
  }

  @Test("A paste that a terminal does not mark is recognized by its size, and its line breaks are not Enter")
  func unmarkedPaste() throws {
    let session = try TmuxSession()
    try session.runProbe()
    let line = Array("yes, start it now\r".utf8)
    try session.paste(bytes: Array(repeating: line, count: 100_000).flatMap { $0 }, marked: false)
    try session.waitFor("the paste") { $0.contains("paste \"") }
    try session.press("w")
    let text = try session.waitFor("the key after it") { $0.contains("key w") }
    #expect(!text.contains("key Enter") && !text.contains("key y"))
  }

  @Test("A message from another thread wakes the screen")
  func wakes() throws {
    let session = try TmuxSession()
    try session.runProbe()
    try session.press("m")
    try session.waitFor("the message") { $0.contains("mail from a thread") }
  }

  @Test("Standard error is shown after the screen is left")
  func standardError() throws {
    let session = try TmuxSession()
    try session.runProbe()
    try session.press("e", "z")
    #expect(!(try session.waitFor("the key after") { $0.contains("key z") }).contains("said on standard error"))
    try session.press("q")
    try session.waitFor("what was said") { $0.contains("said on standard error") && $0.contains("probe: quit") }
  }

  @Test("Ctrl-Z restores the shell, and fg the screen in the current size")
  func suspends() throws {
    let session = try TmuxSession()
    try session.runProbe()
    try session.press("C-z")
    try session.waitFor("the shell") { $0.contains("Stopped") || $0.contains("Suspended") }
    try session.expectCleanTerminal()
    try session.resize(columns: 90, rows: 26)
    try session.run("fg")
    try session.waitFor("the screen again") { $0.contains("Terminal probe") && $0.contains("size 90x26") }
    #expect(try session.format("#{alternate_on} #{cursor_flag}") == "1 0")
    try session.press("Up")
    try session.waitFor("a key") { $0.contains("key Up") }
    try session.press("q")
    try session.waitFor("the end") { $0.contains("probe: quit") }
    try session.expectCleanTerminal()
  }

  @Test("SIGTSTP suspends the program cleanly")
  func suspendedFromElsewhere() throws {
    let session = try TmuxSession()
    try session.runProbe()
    try session.signal("TSTP")
    try session.waitFor("the shell") { $0.contains("Stopped") || $0.contains("Suspended") }
    try session.expectCleanTerminal()
    try session.run("fg")
    try session.waitFor("the screen again") { $0.contains("Terminal probe") }
  }
}

@Suite("Restoring the terminal")
struct CleanTerminalTests {
  @Test("A signal is handled after the terminal was restored", arguments: ["TERM", "INT", "HUP"])
  func signals(name: String) throws {
    let session = try TmuxSession()
    try session.runProbe()
    try session.signal(name)
    try session.waitFor("the end") { $0.contains("probe: hangup") }
    try session.expectCleanTerminal()
  }

  @Test(
    "A crash restores the terminal and reports its reason and signal",
    arguments: [
      ("trap", "Index out of range"), ("worker", "Index out of range"), ("segv", ""), ("abort", ""), ("overflow", ""),
      ("worker-trap", "Index out of range"), ("worker-overflow", ""),
    ])
  func crashes(mode: String, reason: String) throws {
    let session = try TmuxSession()
    try session.runProbe("--crash \(mode)")
    try session.press("c")
    #expect(try session.waitForPrompt().contains(reason) || reason.isEmpty)
    try session.run("echo status-$?")
    let text = try session.waitFor("the status") { $0.contains("status-1") }
    #expect(!text.contains("Press space"), "Swift's backtracer waits for a key")
    let status = text.firstMatch(of: /status-(\d+)/).flatMap { Int32($0.1) }
    #expect([SIGILL, SIGTRAP, SIGABRT, SIGSEGV].map { 128 + $0 }.contains(status), "\(text)")
    try session.expectCleanTerminal()
  }

  @Test("The window title is restored at the end, at Ctrl-Z and after a crash")
  func title() throws {
    let session = try TmuxSession()
    let before = try session.format("#{pane_title}")
    func title(is expected: String) throws {
      try session.waitFor("the title \(expected)") { _ in try session.format("#{pane_title}") == expected }
    }
    try session.runProbe("--crash segv")
    try session.press("t")
    // The requested title contained the end of a title sequence and a bell: they are removed.
    try title(is: "probing ]2;évil")
    try session.press("t")
    try title(is: before)
    try session.press("t")
    try title(is: "probing ]2;évil")
    try session.press("C-z")
    try session.waitForPrompt()
    try title(is: before)
    try session.run("fg")
    try title(is: "probing ]2;évil")
    try session.press("c")
    try session.waitForPrompt()
    try title(is: before)
    try session.expectCleanTerminal()
  }

  @Test("An unknown terminal gets no title, and the bell is one byte")
  func noTitle() throws {
    let session = try TmuxSession(environment: ["TERM": "linux"])
    try session.runProbe()
    try session.record()
    try session.press("t", "b", "x")
    try session.waitFor("the key") { $0.contains("events 1.") }
    try session.press("q")
    try session.waitForPrompt()
    let bytes = try session.recorded()
    #expect(!bytes.contains("probing") && !bytes.contains("[22;0t") && !bytes.contains("[23;0t"))
    #expect(bytes.count { $0 == "\u{7}" } == 1)
  }

  @Test("A lost terminal ends the program")
  func terminalGone() throws {
    let session = try TmuxSession()
    let folder = "\(NSTemporaryDirectory())/aloha-gone-\(RandomText.alphanumeric(8))"
    try FileSystem.makeFolder(folder)
    defer { try? FileSystem.removeTree(folder) }
    // With SIGHUP ignored, as by nohup, only the closed terminal itself can be noticed.
    try session.run("trap '' HUP; sh -c '\(TmuxSession.probePath); echo ended > \(folder)/ended'")
    try session.waitFor("the probe's screen") { $0.contains("events 0.") }
    session.kill()
    let deadline = ContinuousClock.now + .seconds(20)
    while !FileSystem.exists("\(folder)/ended") && ContinuousClock.now < deadline { usleep(20_000) }
    #expect(FileSystem.exists("\(folder)/ended"))
  }
}

@Suite("Limited terminals")
struct LesserTerminalTests {
  @Test("An unknown kind of terminal is replaced by the nearest known one")
  func unknownKind() throws {
    let session = try TmuxSession(environment: ["TERM": "xterm-of-the-future"])
    try session.runProbe()
    #expect(try session.screen.contains("depth twoFiftySix"))
    try session.press("Up", "q")
    try session.waitFor("the end") { $0.contains("probe: quit") }
  }

  @Test("TERM=dumb and a piped output use the linear mode")
  func linear() throws {
    let session = try TmuxSession(environment: ["TERM": "dumb"])
    try session.run(TmuxSession.probePath)
    try session.waitFor("the reason") { $0.contains("linear: simpleTerminal") }
    try session.run("clear; TERM=xterm \(TmuxSession.probePath) | cat")
    try session.waitFor("the other reason") { $0.contains("linear: notATerminal") }
  }

  @Test("With NO_COLOR and LANG=C the screen is complete in monochrome ASCII")
  func plain() throws {
    let session = try TmuxSession(environment: ["LANG": "C", "NO_COLOR": "1"])
    try session.runProbe()
    let text = try session.screen
    #expect(text.utf8.allSatisfy { $0 < 0x80 })
    #expect(text.contains("+- Terminal probe -"))
    #expect(text.contains("Zurich ???? naive vx> e|"))
    let looks = try session.colored
    // 39 and 49 are the terminal's own colours.
    #expect(looks.firstMatch(of: /\u{1B}\[[0-9;]*(3[0-8]|4[0-8]|9[0-7])/) == nil, "there is a colour")
    #expect(looks.contains("\u{1B}[1;7mfocus"))
  }

  @Test("Without a locale only ASCII is sent")
  func noLocale() throws {
    let session = try TmuxSession(environment: ["LANG": "", "TERM": "vt100"])
    try session.runProbe()
    try session.record()
    try session.press("t", "C-l", "x")
    try session.waitFor("the key") { $0.contains("key x") }
    #expect(try session.screen.contains("Zurich ???? naive vx> e|"))
    #expect(try session.recorded().utf8.allSatisfy { $0 < 0x80 })
  }

  @Test(
    "Fewer colours are used on simpler terminals",
    arguments: [("xterm", "eight"), ("vt100", "mono"), ("screen-256color", "twoFiftySix")])
  func fewerColors(terminal: String, depth: String) throws {
    let session = try TmuxSession(environment: ["TERM": terminal])
    try session.runProbe()
    #expect(try session.screen.contains("depth \(depth)"))
    #expect(try session.screen.contains("Terminal probe"))
    try session.press("q")
    try session.waitFor("the end") { $0.contains("probe: quit") }
  }
}

@Suite("The terminal in the linear mode")
struct LineTerminalTests {
  @Test("A hidden answer is never shown, and the echo is restored")
  func hidden() throws {
    let session = try TmuxSession(environment: ["TERM": "dumb"])
    try session.run("\(TmuxSession.probePath) --ask")
    try session.waitFor("the question") { $0.contains("Zürich or 漢字?") }
    try session.run("somebody")
    try session.waitFor("the second question") { $0.contains("Password?") }
    try session.press("w", "r", "é", "BSpace", "BSpace", "C-u", "s", "e", "x", "BSpace", "é")
    try session.press("Enter")
    let text = try session.waitFor("the answers") { $0.contains("password text") }
    #expect(text.contains(#"name text("somebody")"#))
    #expect(text.contains(#"password text("seé")"#))
    let line = try #require(text.split(separator: "\n").first { $0.hasPrefix("Password?") })
    #expect(line.trimmingCharacters(in: .whitespaces) == "Password?")
    try session.expectCleanTerminal()
  }

  @Test("A line of 2 MB is refused, and the question is asked again", arguments: [false, true])
  func longLines(hidden: Bool) throws {
    let session = try TmuxSession(environment: ["TERM": "dumb"])
    try session.run("\(TmuxSession.probePath) --ask")
    try session.waitFor("the question") { $0.contains("Zürich or 漢字?") }
    if hidden { try session.press("n", "Enter") }
    try session.waitFor("the question") { $0.contains("Password?") == hidden }
    try session.paste(bytes: Array(repeating: UInt8(ascii: "x"), count: 2_000_000), marked: false)
    // The terminal drops what does not fit into a line: Enter is pressed again until it has arrived.
    for _ in 0..<40 where try !session.screen.contains("Not accepted") {
      try session.press("Enter")
      usleep(500_000)
    }
    try session.waitFor("the refusal") { $0.contains("Not accepted: the line is longer than 4094 bytes.") }
  }

  @Test("Arrow keys and marks of pastes do not get into the answers")
  func sequences() throws {
    let session = try TmuxSession(environment: ["TERM": "dumb"])
    try session.run("\(TmuxSession.probePath) --ask")
    try session.waitFor("the question") { $0.contains("Zürich or 漢字?") }
    try session.send(bytes: Array("\u{1B}[200~some\u{1B}[201~body\u{1B}[D\r".utf8))
    try session.waitFor("the second question") { $0.contains("Password?") }
    try session.send(bytes: Array("se\u{1B}[A\u{1B}[200~cret\u{1B}[201~\r".utf8))
    let text = try session.waitFor("the answers") { $0.contains("password text") }
    #expect(text.contains(#"name text("somebody")"#))
    #expect(text.contains(#"password text("secret")"#))
  }

  @Test("Ctrl-C at a hidden question is an answer, and Ctrl-D ends the input")
  func interrupted() throws {
    let session = try TmuxSession()
    for (key, answer) in [("C-c", "interrupted"), ("C-d", "end")] {
      try session.run("clear; \(TmuxSession.probePath) --ask")
      try session.waitFor("the question") { $0.contains("Zürich or 漢字?") && !$0.contains("password") }
      try session.press("Enter")
      try session.waitFor("the second question") { $0.contains("Password?") }
      try session.press("x", key)
      if key == "C-d" { try session.press("BSpace", key) }
      try session.waitFor("the answer") { $0.contains("password \(answer)") }
      try session.waitForPrompt()
    }
    try session.expectCleanTerminal()
  }

  @Test("A terminal without Unicode is asked in ASCII, and a pipe is read to its end")
  func plain() throws {
    let session = try TmuxSession(environment: ["LANG": "C"])
    try session.run("printf 'one\\ntwo' | \(TmuxSession.probePath) --ask")
    let text = try session.waitFor("the answers") { $0.contains("password") }
    // Answers from a pipe are echoed, except hidden ones.
    #expect(text.contains("Zurich or ????? one\nPassword?\nname text(\"one\")"))
    #expect(text.contains(#"password text("two")"#))
  }

  @Test("Earlier input never answers a destructive question")
  func askedAfresh() throws {
    let session = try TmuxSession(environment: ["TERM": "dumb"])
    try session.run("\(TmuxSession.probePath) --ask-afresh")
    try session.waitFor("the work") { $0.contains("Working") }
    try session.send(bytes: Array("early\ny\n\u{04}\nha".utf8))
    try session.waitFor("the question") { $0.contains("was discarded. It is not an answer.\nReally?") }
    try session.press("l", "a", "t", "e", "Enter")
    let text = try session.waitFor("the answer") { $0.contains("answer text(") }
    #expect(text.contains(#"answer text("late")"#))
    try session.expectCleanTerminal()
  }

  @Test("A paste in pieces is discarded to its end")
  func pastedInPieces() throws {
    let session = try TmuxSession(environment: ["TERM": "dumb"])
    try session.run("\(TmuxSession.probePath) --ask-afresh")
    try session.waitFor("the work") { $0.contains("Working") }
    for piece in ["one\n", "tw", "o\nyes\n", "yes\n"] {
      try session.send(bytes: Array(piece.utf8))
      usleep(600_000)
    }
    try session.waitFor("the question") { $0.contains("Really?") }
    try session.press("now", "Enter")
    #expect(try session.waitFor("the answer") { $0.contains("answer text(") }.contains(#"answer text("now")"#))
  }

  @Test("Several lines at once never answer a destructive question")
  func severalLines() throws {
    let session = try TmuxSession(environment: ["TERM": "dumb"])
    try session.run("\(TmuxSession.probePath) --ask-afresh")
    try session.waitFor("the question") { $0.contains("Really?") }
    try session.send(bytes: Array("yes\nyes\nand".utf8))
    try session.waitFor("the second question") {
      $0.contains("Several lines arrived at once") && $0.count(of: "Really?") == 2
    }
    try session.press("yes", "Enter")
    #expect(try session.waitFor("the answer") { $0.contains("answer text(") }.contains(#"answer text("yes")"#))
  }

  @Test("Ctrl-C works while earlier input is discarded, and the echo is restored")
  func endedWhileDiscarding() throws {
    let session = try TmuxSession()
    try session.run("\(TmuxSession.probePath) --ask-afresh")
    try session.waitFor("the work") { $0.contains("Working") }
    try session.send(bytes: [0x78])
    usleep(1_500_000)
    try session.send(bytes: [0x78, 0x0A, 0x03])
    try session.waitFor("the answer") { $0.contains("answer interrupted") }
    try session.waitForPrompt()
    try session.expectCleanTerminal()
  }
}

extension String {
  fileprivate func count(of text: String) -> Int { ranges(of: text).count }
}
