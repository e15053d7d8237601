/// The lines of a text, each with the end that it has. Configuration files that were edited on other systems end their
/// lines with two bytes; to Swift those are one character, so lines are found by bytes.
struct TextLines: Equatable {
  struct Line: Equatable {
    /// Without its end.
    var text: String
    /// "\n", "\r\n", or nothing at the end of a file that does not end its last line.
    var end: String
  }

  var lines: [Line] = []

  /// The way in which most lines of the file end: what new lines should have.
  let end: String

  init(_ text: String) {
    var rest = text.utf8[...]
    while !rest.isEmpty {
      let feed = rest.firstIndex(of: 10)
      var line = rest[..<(feed ?? rest.endIndex)]
      let isLong = feed != nil && line.last == 13
      if isLong { line = line.dropLast() }
      lines.append(Line(text: String(Substring(line)), end: feed == nil ? "" : isLong ? "\r\n" : "\n"))
      rest = feed.map { rest[rest.index(after: $0)...] } ?? rest[rest.endIndex...]
    }
    let long = lines.count { $0.end == "\r\n" }
    end = long > lines.count { $0.end == "\n" } ? "\r\n" : "\n"
  }

  /// The file, byte for byte.
  var text: String { lines.map { $0.text + $0.end }.joined() }

  /// A text whose lines all end with one byte: as Python reads it.
  static func unified(_ text: String) -> String {
    TextLines(text).lines.map { $0.end.isEmpty ? $0.text : $0.text + "\n" }.joined()
  }
}
