import Common

/// Texts in YAML, always in double quotes: so no value can be taken for a number, a word or more lines than one.
enum YAML {
  static func quoted(_ text: String) -> String {
    var quoted = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": quoted += "\\\""
      case "\\": quoted += "\\\\"
      case "\n": quoted += "\\n"
      case "\t": quoted += "\\t"
      case "\r": quoted += "\\r"
      case _ where isUnprintable(scalar.value):
        let digits = String(scalar.value, radix: 16, uppercase: true)
        let width = scalar.value <= 0xFF ? 2 : scalar.value <= 0xFFFF ? 4 : 8
        let mark = width == 2 ? "x" : width == 4 ? "u" : "U"
        quoted += "\\\(mark)" + String(repeating: "0", count: max(0, width - digits.count)) + digits
      default: quoted.unicodeScalars.append(scalar)
      }
    }
    return quoted + "\""
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
