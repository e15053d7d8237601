import Common

/// Texts in YAML, always in double quotes: so no value can be taken for a number, a word or more lines than one.
enum YAML {
  static func quoted(_ text: String) -> String {
    QuotedText.doubleQuoted(text) { scalar in
      guard isUnprintable(scalar.value) else { return nil }
      let (mark, digits) = scalar.value <= 0xFF ? ("x", 2) : scalar.value <= 0xFFFF ? ("u", 4) : ("U", 8)
      return QuotedText.escape(scalar, mark: mark, digits: digits, uppercase: true)
    }
  }

  /// A value of a compose file, which takes a dollar sign for a variable unless there are two.
  static func compose(_ text: String) -> String { quoted(text.replacing("$", with: "$$")) }

  /// A word of a command of Kubernetes, which takes `$(NAME)` for a variable unless there are two dollar signs.
  static func kubernetes(_ text: String) -> String { quoted(text.replacing("$(", with: "$$(")) }

  /// `["a", "b"]`.
  static func list(_ words: [String], _ quote: (String) -> String) -> String {
    "[\(words.map(quote).joined(separator: ", "))]"
  }

  /// Controls, and what some readers take for the end of a line or for a mark of the file's encoding.
  private static func isUnprintable(_ value: UInt32) -> Bool {
    value < 0x20 || (0x7F...0x9F).contains(value) || [0x2028, 0x2029, 0xFEFF].contains(value)
  }
}
