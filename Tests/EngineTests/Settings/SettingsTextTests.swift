import Testing

@testable import Server

@Suite("A settings.py")
struct SettingsTextTests {
  private let file = """
    # Settings.
    from typing import Any

    EXTERNAL_HOST = "chat.example.com"  # the name
    AUTHENTICATION_BACKENDS: tuple = (
        "zproject.backends.EmailAuthBackend",  # mail
        # "zproject.backends.GoogleAuthBackend",
        'zproject.backends.GitHubAuthBackend',
    )
    TEXT = '''EXTERNAL_HOST = "no"
    still text
    '''
    NUMBER = 12; OTHER = 3
    if True:
        HIDDEN = "x"
    AUTH_LDAP_USER_SEARCH = LDAPSearch("ou=users", BASE)
    BASE = "dc=example"
    LONG = "a" \\
        "b"
    # TAIL = 1
    """

  @Test("A settings.py equals the concatenation of its statements")
  func whole() {
    for text in [file, "", "\n", "A = 1", "A = 'open", "A = (1,\n", "A = 1\r\nB = 2\r\n", "\"\"\"never closed\n"] {
      #expect(PythonSettings(text).text == text)
    }
  }

  @Test("Assignments are found over several lines, and not in strings, comments and blocks")
  func assignments() {
    let settings = PythonSettings(file)
    #expect(settings["EXTERNAL_HOST"]?.literal == .text("chat.example.com"))
    #expect(
      settings["AUTHENTICATION_BACKENDS"]?.literal?.texts == [
        "zproject.backends.EmailAuthBackend", "zproject.backends.GitHubAuthBackend",
      ])
    #expect(settings["LONG"]?.literal == .text("ab"))
    #expect(settings["HIDDEN"] == nil)
    #expect(settings["TAIL"] == nil)
    #expect(settings["AUTH_LDAP_USER_SEARCH"]?.literal == nil)
  }

  @Test("Statements that cannot be changed are reported with the reason")
  func obstacles() {
    let settings = PythonSettings(file)
    #expect(settings.obstacle("EXTERNAL_HOST") == nil)
    #expect(settings.obstacle("NOT_THERE") == nil)
    #expect(settings.obstacle("AUTH_LDAP_USER_SEARCH")?.contains("computed") == true)
    #expect(settings.obstacle("BASE")?.contains("other statements") == true)
    #expect(settings.obstacle("HIDDEN")?.contains("other statements") == true)
    #expect(settings.obstacle("NUMBER")?.contains("computed") == true, "two statements on one line")
    #expect(PythonSettings("A = 1\nA = 2\n").obstacle("A")?.contains("more than once") == true)
  }

  @Test("Changes replace whole statements and no other byte")
  func changes() {
    var settings = PythonSettings(file)
    settings.set("AUTHENTICATION_BACKENDS", to: "AUTHENTICATION_BACKENDS = (\"x\",)\n", comment: "")
    settings.set("NEW", to: "NEW = 1\n", comment: "Copied")
    settings.drop("LONG")
    let start = file.range(of: "AUTHENTICATION_BACKENDS")?.lowerBound ?? file.startIndex
    #expect(settings.text.hasPrefix(file[..<start]))
    #expect(settings.text.contains("AUTHENTICATION_BACKENDS = (\"x\",)\nTEXT = '''"))
    #expect(settings.text.hasSuffix("BASE = \"dc=example\"\n# TAIL = 1\n\n# Copied\nNEW = 1\n"))
    var open = PythonSettings("A = 1\nB = 2")
    open.set("B", to: "B = 3\n", comment: "")
    #expect(open.text == "A = 1\nB = 3")
  }

  @Test("CRLF line endings of settings.py are kept")
  func otherEnds() {
    let other = file.replacing("\n", with: "\r\n")
    var settings = PythonSettings(other)
    let plain = PythonSettings(file)
    #expect(settings.text == other)
    #expect(settings.names == plain.names && !settings.names.isEmpty)
    for name in settings.names {
      #expect(settings[name]?.literal == plain[name]?.literal, "\(name)")
      #expect(settings[name]?.expression == plain[name]?.expression, "\(name)")
      #expect(settings.obstacle(name) == plain.obstacle(name), "\(name)")
    }
    settings.set("AUTHENTICATION_BACKENDS", to: "AUTHENTICATION_BACKENDS = (\n    \"x\",\n)\n", comment: "")
    settings.set("NEW", to: "NEW = 1", comment: "Copied")
    settings.drop("LONG")
    var expected = plain
    expected.set("AUTHENTICATION_BACKENDS", to: "AUTHENTICATION_BACKENDS = (\r\n    \"x\",\r\n)\r\n", comment: "")
    expected.set("NEW", to: "NEW = 1\r\n", comment: "Copied")
    expected.drop("LONG")
    #expect(!expected.text.contains("\r"))
    #expect(settings.text == expected.text.replacing("\n", with: "\r\n"))
    #expect(settings.text.hasSuffix("\r\n# Copied\r\nNEW = 1\r\n"))
  }

  @Test("Plain assignments are found with CRLF line endings")
  func plainAssignments() {
    let settings = SettingsFile("A = 'one'\r\n# B = 2\r\nB = 3  # three\r\nC = True\r\n")
    #expect(settings.text("A") == "one")
    #expect(settings.number("B") == 3)
    #expect(settings["C"] == .bool(true))
  }

  @Test(
    "Only literals are evaluated",
    arguments: [
      ("'it\\'s'", #""it's""#), ("r'\\d'", #""\\d""#), ("(1)", "1"), ("(1,)", "(1,)"), ("[True, None]", "[True, None]"),
      ("{'a': 1, 'b': [2]}", #"{"a": 1, "b": [2]}"#), ("-1.5", "-1.5"), ("'a', 'b'", #"("a", "b")"#),
      ("f'{x}'", nil), ("get_secret('x')", nil), ("1 + 2", nil), ("NAME", nil), ("[x for x in y]", nil), ("", nil),
      ("'a' if b else 'c'", nil), ("'open", nil), ("'\\x41'", nil),
    ] as [(String, String?)])
  func literals(_ source: String, _ expected: String?) {
    #expect(PythonLiteral(source)?.description == expected)
  }

  @Test("Changes are shown as a diff with three lines of context")
  func diff() {
    let old = (1...10).map { "line \($0)" }.joined(separator: "\n") + "\n"
    let new = old.replacing("line 5\n", with: "line five\nand more\n")
    #expect(
      UnifiedDiff.between(old, new, name: "f") == [
        "--- f", "+++ f", "@@ -2,7 +2,8 @@", " line 2", " line 3", " line 4", "-line 5", "+line five", "+and more",
        " line 6", " line 7", " line 8",
      ])
    #expect(UnifiedDiff.between(old, old, name: "f").isEmpty)
    let other = UnifiedDiff.between(
      old.replacing("\n", with: "\r\n"), new.replacing("\n", with: "\r\n"), name: "f")
    #expect(other == UnifiedDiff.between(old, new, name: "f"))
    #expect(UnifiedDiff.between(old, old.replacing("\n", with: "\r\n"), name: "f").last?.contains("ends") == true)
  }
}
