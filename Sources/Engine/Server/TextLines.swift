/// The lines of a text, each with the end that it has. Configuration files that were edited on other systems end their
/// lines with two bytes, or with the other one; to Swift the two are one character, so lines are found by bytes. Python
/// takes all three for the end of a line, and nothing else.
struct TextLines: Equatable {
  struct Line: Equatable {
    /// Without its end.
    var text: String
    /// "\n", "\r\n", "\r", or nothing at the end of a file that does not end its last line.
    var end: String
  }

  var lines: [Line] = []

  /// The way in which most lines of the file end: what new lines should have.
  let end: String

  init(_ text: String) {
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
  var text: String { lines.map { $0.text + $0.end }.joined() }

  /// A text whose lines all end with one byte: as Python reads it.
  static func unified(_ text: String) -> String {
    TextLines(text).lines.map { $0.end.isEmpty ? $0.text : $0.text + "\n" }.joined()
  }
}

extension StringProtocol {
  /// Without the blanks at both ends.
  var trimmed: String {
    func isBlank(_ character: Character) -> Bool { character == " " || character == "\t" || character == "\r" }
    return String(drop(while: isBlank).reversed().drop(while: isBlank).reversed())
  }
}
