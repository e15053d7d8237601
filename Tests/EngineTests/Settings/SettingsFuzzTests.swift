import Common
import Fuzzing
import Testing

@testable import Administration
@testable import Server

@Suite("Fuzzing of configuration files")
struct SettingsFuzzTests {
  private static let ini = [
    "[secrets]\nmulti = one\n  two\n\n  three\nlast = 9\n",
    "# c\n[machine]\r\npuppet_classes = a::b\r\n\r\n[DEFAULT]\nx: 1\n",
    "[a]\n  k = v\n  [b]\n x = redis://u:hunter2@h\n ; c\n y\n", "[secrets]\nΟΔΟΣ = \u{2028}x\u{85}\n",
  ]
  private static let iniTokens = [
    "[", "]", "[secrets]", "=", ":", "\n", "\r", "\n ", " ", "\t", "#", ";", "DEFAULT", "\u{2028}", "Σ",
  ]

  private static let python = [
    "A = 'x'\nB: tuple = (\n  'a',  # c\n  \"b\",\n)\nC = {'a': 1, 'b': [True, None]}\n# D = 1\n",
    "TEXT = '''a\n'''\nE = r'\\d' \"x\" \\\n 'y'\nif True:\n    F = 1; G = 2\n",
    "H = get_secret('x')\r\nI = -1.5e3\r\n",
    "REDIS = 'redis://:hunter2@host'\nDATABASES['default']['PASSWORD'] = 'hunter2'\n",
  ]
  private static let pythonTokens = [
    "'", "\"", "'''", "\"\"\"", "(", ")", "[", "]", "{", "}", "\\", "\n", "\r", "\r\n", "#", "=", ",", ":", "r'",
    "None", "A = ", "@",
  ]

  @Test("Any ini file is read or refused, and a change can be read back")
  func iniFiles() throws {
    try Fuzz("ini", corpus: Self.ini, tokens: Self.iniTokens, largest: 4096).run(800) { bytes in
      guard let text = String(validating: bytes, as: UTF8.self) else {
        try hold((try? ConfFile(bytes, name: "file")) == nil, "text that is not UTF-8 is read")
        return
      }
      try hold(Array(TextLines(text).text.utf8) == bytes, "the lines are not the file")
      guard let file = try? ConfFile(text, name: "file") else { return }
      var editor = try ConfFileEditor(text, name: "file")
      try hold(Array(editor.text.utf8) == bytes, "the editor changes what nobody changed")
      for section in file.sections.prefix(3) + ["secrets"] {
        do { try editor.set(section, "new_key", to: "a\nb") } catch is PlainFailure { continue }
        let changed = try ConfFile(editor.text, name: "file")
        try hold(changed.value(section, "new_key") == "a\nb", "the value is not read back")
      }
      let masked = try? MaskedFiles().configuration(text + "\nurl = redis://:quiet8word@host\n", name: "file")
      try hold(masked?.contains("quiet8word") != true, "a password is shown")
    }
  }

  @Test("Any settings.py is split into its statements, and no password is shown")
  func settingsFiles() throws {
    let secrets = [
      "X_URL = 'redis://u:quiet8word@h'\n", "EMAIL_PASSWORD = 'quiet8word'\n", "# X_PASSWORD = 'quiet8word'\n",
      "D = {'user': 'x', 'password': 'quiet8word'}\n", "    u = 'http://h/?token=quiet8word'\n",
    ]
    try Fuzz("settings.py", corpus: Self.python, tokens: Self.pythonTokens, largest: 2048).run(500) { bytes in
      let text = String(decoding: bytes, as: UTF8.self)
      var settings = PythonSettings(text)
      try hold(settings.text == text, "the statements are not the file")
      _ = SettingsFile(text)
      _ = PythonLiteral(text)
      for name in settings.names {
        _ = settings.obstacle(name)
        if let literal = settings[name]?.literal {
          try hold(PythonLiteral(literal.description) == literal, "\(literal.description) is not read back")
        }
      }
      settings.set("NEW", to: "NEW = 1\n", comment: "x")
      settings.drop("A")
      for secret in secrets {
        let masked = MaskedFiles().settings(text + "\n" + secret)
        try hold(!masked.contains("quiet8word"), "a password is shown: \(secret)")
      }
    }
  }

  @Test("Deep and long settings are read in bounded time")
  func hostile() throws {
    var corpus = [
      "(", "[", "{'a':", "'", "'''", "A=1\n", "A = ", "\\\n", "#", "r", "'a' ", "1,", "-", "\r", "@", ":", "?a=", "://",
    ].map {
      "A = " + String(repeating: $0, count: 20_000 / $0.utf8.count)
    }
    corpus.append((1...1500).map { "A\($0) = B\($0)\n" }.joined())
    try Fuzz("long-settings", corpus: corpus, largest: 1 << 20).run(0) { bytes in
      let text = String(decoding: bytes, as: UTF8.self)
      let settings = PythonSettings(text)
      for name in settings.names { _ = settings.obstacle(name) }
      _ = MaskedFiles().settings(text)
      _ = SettingsFile(text)
      _ = UnifiedDiff.between(text, String(text.reversed()), name: "x")
      _ = try? ConfFile("[a]\n" + text.replacing("A", with: " A"), name: "file")
    }
  }
}
