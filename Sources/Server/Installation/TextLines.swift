/// The lines of a text, each with its own line end. Configuration files edited on other systems end their lines with
/// two bytes, or with a carriage return; in Swift the two bytes are one character, so lines are split by bytes. Python
/// accepts all three line ends, and no others.
package struct TextLines: Equatable {
  package struct Line: Equatable {
    /// The text without its line end.
    package var text: String
    /// "\n", "\r\n", "\r", or empty for an unterminated last line.
    package var end: String

    package init(text: String, end: String) {
      self.text = text
      self.end = end
    }
  }

  package var lines: [Line] = []

  /// The most frequent line end of the file, for new lines.
  package let end: String

  package init(_ text: String) {
    var rest = text.utf8[...]
    while !rest.isEmpty {
      guard let stop = rest.firstIndex(where: { $0 == 10 || $0 == 13 }) else {
        lines.append(Line(text: String(Substring(rest)), end: ""))
        break
      }
      let next = rest.index(after: stop)
      let isLong = rest[stop] == 13 && next < rest.endIndex && rest[next] == 10
      let end = isLong ? "\r\n" : rest[stop] == 10 ? "\n" : "\r"
      lines.append(Line(text: String(Substring(rest[..<stop])), end: end))
      rest = rest[(isLong ? rest.index(after: next) : next)...]
    }
    let ends = lines.map(\.end)
    let (short, long, old) = (ends.count { $0 == "\n" }, ends.count { $0 == "\r\n" }, ends.count { $0 == "\r" })
    end = long > short && long >= old ? "\r\n" : old > short ? "\r" : "\n"
  }

  /// The file, byte for byte.
  package var text: String { lines.map { $0.text + $0.end }.joined() }

  /// Returns the text with line feeds as line ends, as Python reads it.
  static func unified(_ text: String) -> String {
    TextLines(text).lines.map { $0.end.isEmpty ? $0.text : $0.text + "\n" }.joined()
  }
}

extension StringProtocol {
  /// The text without spaces, tabs and carriage returns at both ends.
  package var trimmed: String {
    func isBlank(_ character: Character) -> Bool { character == " " || character == "\t" || character == "\r" }
    return String(drop(while: isBlank).reversed().drop(while: isBlank).reversed())
  }
}
