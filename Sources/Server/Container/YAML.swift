import Common

/// Texts in YAML, always in double quotes: so no value can be read as a number, a keyword or several lines.
package enum YAML {
  package static func quoted(_ text: String) -> String {
    QuotedText.doubleQuoted(text) { scalar in
      guard isUnprintable(scalar.value) else { return nil }
      let (mark, digits) = scalar.value <= 0xFF ? ("x", 2) : scalar.value <= 0xFFFF ? ("u", 4) : ("U", 8)
      return QuotedText.escape(scalar, mark: mark, digits: digits, uppercase: true)
    }
  }

  /// Returns a value for a compose file, in which a single dollar sign begins a variable.
  static func compose(_ text: String) -> String { quoted(text.replacing("$", with: "$$")) }

  /// Returns a word of a command for Kubernetes, where `$(NAME)` with a single dollar sign is a variable.
  package static func kubernetes(_ text: String) -> String { quoted(text.replacing("$(", with: "$$(")) }

  /// Returns for example `["a", "b"]`.
  package static func list(_ words: [String], _ quote: (String) -> String) -> String {
    "[\(words.map(quote).joined(separator: ", "))]"
  }

  /// Returns whether the character is a control character, or a line break or byte order mark to some readers.
  private static func isUnprintable(_ value: UInt32) -> Bool {
    value < 0x20 || (0x7F...0x9F).contains(value) || [0x2028, 0x2029, 0xFEFF].contains(value)
  }
}
