import Testing

@testable import Terminal

@Suite("Capabilities of a terminal")
struct CapabilitiesTests {
  private func capabilities(
    _ environment: [String: String], isTerminal: Bool = true, _ preferences: Capabilities.Preferences = .init()
  ) -> Capabilities {
    Capabilities(
      environment: environment, isTerminal: isTerminal, preferences: preferences, encoding: { Self.encodings[$0] })
  }

  /// The installed locales of a machine.
  private static let encodings = [
    "C": "ANSI_X3.4-1968", "POSIX": "ANSI_X3.4-1968", "C.UTF-8": "UTF-8", "C.utf8": "UTF-8", "de_DE.UTF-8": "UTF-8",
    "en_US.UTF-8": "UTF-8", "en_US": "ISO-8859-1", "en_US.ISO-8859-1": "ISO-8859-1", "ru_RU": "KOI8-R", "sv": "UTF-8",
  ]

  @Test("The linear mode is used for simple terminals and on request")
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
    "The number of colours depends on the kind of terminal",
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
    "The window title is set only on terminals that can restore it, and the bell is optional",
    arguments: [
      ("xterm-256color", true), ("screen-256color", true), ("alacritty", true), ("linux", false), ("dumb", false),
      ("vt100", false), ("", false), ("cons25", false),
    ])
  func titles(terminal: String, knows: Bool) {
    func those(_ isTerminal: Bool = true, bell: Bool = true) -> Capabilities {
      Capabilities(environment: ["TERM": terminal], isTerminal: isTerminal, preferences: .init(bell: bell))
    }
    #expect(those().setsTitle == knows)
    #expect(!those(false).setsTitle && !those(false).rings)
    #expect(those().rings && !those(bell: false).rings)
  }

  @Test("Colours are off if NO_COLOR is not empty, or on request")
  func noColor() {
    #expect(capabilities(["TERM": "xterm", "NO_COLOR": "1"]).colors == .mono)
    #expect(capabilities(["TERM": "xterm", "NO_COLOR": ""]).colors == .eight)
    #expect(capabilities(["TERM": "xterm"], .init(noColor: true)).colors == .mono)
  }

  @Test("Unicode is used by the locale; the first set variable decides")
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

  @Test("The encoding of the locale counts, not its name, and a locale that is not installed means ASCII")
  func installed() {
    #expect(capabilities(["TERM": "xterm", "LANG": "sv"]).showsUnicode)
    #expect(!capabilities(["TERM": "xterm", "LANG": "ru_RU"]).showsUnicode)
    for name in ["xx_YY.UTF-8", "UTF-8", "utf8", "nonsense", "fr_FR.UTF-8", "/", "C.UTF-8 "] {
      #expect(!capabilities(["TERM": "xterm", "LANG": name]).showsUnicode, "\(name)")
      #expect(!capabilities(["TERM": "xterm", "LC_ALL": name, "LANG": "C.UTF-8"]).showsUnicode, "\(name)")
    }
    #expect(Capabilities.encoding(of: "C") != "UTF-8")
    #expect(Capabilities.encoding(of: "xx_YY.UTF-8") == nil && Capabilities.encoding(of: "nonsense") == nil)
  }

  @Test("ASCII glyphs are used without Unicode, and on request")
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
  @Test("Messages to the screen arrive once, in order, and ring the bell")
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
