import Testing

@testable import Terminal

@Suite("What the terminal can do")
struct CapabilitiesTests {
  private func capabilities(
    _ environment: [String: String], isTerminal: Bool = true, _ wishes: Capabilities.Wishes = .init()
  ) -> Capabilities {
    Capabilities(environment: environment, isTerminal: isTerminal, wishes: wishes)
  }

  @Test("the linear mode is for what cannot draw, and for who asks for it")
  func linear() {
    #expect(capabilities(["TERM": "xterm"]).fullScreen)
    #expect(capabilities(["TERM": "xterm"], isTerminal: false).linearReason == .notATerminal)
    for name in ["dumb", "unknown", ""] { #expect(capabilities(["TERM": name]).linearReason == .simpleTerminal) }
    #expect(capabilities([:]).linearReason == .simpleTerminal)
    #expect(capabilities(["TERM": "xterm", "ACCESSIBLE": "1"]).linearReason == .wanted)
    #expect(capabilities(["TERM": "xterm", "ACCESSIBLE": "0"]).fullScreen)
    #expect(capabilities(["TERM": "xterm", "ACCESSIBLE": ""]).fullScreen)
    #expect(capabilities(["TERM": "xterm"], .init(linear: true)).linearReason == .wanted)
  }

  @Test(
    "colours by the kind of terminal",
    arguments: [
      ("xterm-256color", ColorDepth.twoFiftySix), ("xterm-kitty", .twoFiftySix), ("foot", .twoFiftySix),
      ("xterm", .eight),
      ("linux", .eight), ("xterm-16color", .sixteen), ("vt100", .mono), ("vt220", .mono),
      ("vte-256color", .twoFiftySix),
      ("dumb", .mono),
    ])
  func colors(terminal: String, depth: ColorDepth) {
    #expect(capabilities(["TERM": terminal]).colors == depth)
  }

  @Test(
    "the window's title is for terminals that are known to give it back, the bell for who wants it",
    arguments: [
      ("xterm-256color", true), ("screen-256color", true), ("alacritty", true), ("linux", false), ("dumb", false),
      ("vt100", false), ("", false), ("cons25", false),
    ])
  func titles(terminal: String, knows: Bool) {
    func those(_ isTerminal: Bool = true, bell: Bool = true) -> Capabilities {
      Capabilities(environment: ["TERM": terminal], isTerminal: isTerminal, wishes: .init(bell: bell))
    }
    #expect(those().setsTitle == knows)
    #expect(!those(false).setsTitle && !those(false).rings)
    #expect(those().rings && !those(bell: false).rings)
  }

  @Test("NO_COLOR counts where it is not empty, and so does the wish")
  func noColor() {
    #expect(capabilities(["TERM": "xterm", "NO_COLOR": "1"]).colors == .mono)
    #expect(capabilities(["TERM": "xterm", "NO_COLOR": ""]).colors == .eight)
    #expect(capabilities(["TERM": "xterm"], .init(noColor: true)).colors == .mono)
  }

  @Test("Unicode is used where the locale says so; the first of the three variables that is set decides; none means C")
  func unicode() {
    #expect(capabilities(["TERM": "xterm", "LANG": "de_DE.UTF-8"]).showsUnicode)
    #expect(capabilities(["TERM": "xterm", "LANG": "C.utf8"]).showsUnicode)
    #expect(!capabilities(["TERM": "xterm"]).showsUnicode)
    #expect(!capabilities(["TERM": "xterm-256color", "LANG": "", "LC_ALL": ""]).showsUnicode)
    #expect(!capabilities(["TERM": "linux", "LANG": "en_US.ISO-8859-1"]).showsUnicode)
    #expect(!capabilities(["TERM": "xterm", "LANG": "en_US"]).showsUnicode)
    #expect(!capabilities(["TERM": "xterm", "LANG": "C.UTF-8", "LC_CTYPE": "C"]).showsUnicode)
    #expect(capabilities(["TERM": "vt100", "LANG": "en_US.UTF-8"]).showsUnicode)
    #expect(!capabilities(["TERM": "xterm", "LANG": "C"]).showsUnicode)
    #expect(!capabilities(["TERM": "xterm", "LANG": "de_DE.UTF-8", "LC_ALL": "POSIX"]).showsUnicode)
    #expect(capabilities(["TERM": "xterm", "LANG": "C", "LC_CTYPE": "C.UTF-8", "LC_ALL": ""]).showsUnicode)
  }

  @Test("ASCII glyphs where Unicode, or a font for it, is missing, and where they are wanted")
  func glyphs() {
    #expect(capabilities(["TERM": "xterm", "LANG": "C.UTF-8"]).glyphs == .unicode)
    #expect(capabilities(["TERM": "xterm", "LANG": "C"]).glyphs == .ascii)
    #expect(capabilities(["TERM": "xterm"]).glyphs == .ascii)
    #expect(capabilities(["TERM": "linux", "LANG": "C.UTF-8"]).glyphs == .ascii)
    let wanted = capabilities(["TERM": "xterm", "LANG": "C.UTF-8"], .init(ascii: true))
    #expect(wanted.glyphs == .ascii)
    #expect(wanted.showsUnicode, "names stay as they are")
  }
}

@Suite("Messages to the screen")
struct MailboxTests {
  @Test("arrive in order, once, and ring the bell")
  func order() throws {
    let wakeUp = try WakeUp()
    let mailbox = Mailbox<Int>(wakeUp: wakeUp)
    #expect(!wakeUp.hear())
    for number in 0..<100 { mailbox.post(number) }
    #expect(wakeUp.hear())
    #expect(!wakeUp.hear())
    #expect(mailbox.take() == Array(0..<100))
    #expect(mailbox.take().isEmpty)
  }
}
