import Common

/// Formats rows of text in columns for the normal screen.
enum ColumnText {
  static func of(_ rows: [[String]], rightAligned: Set<Int> = []) -> String {
    let columns = rows.map(\.count).max() ?? 0
    let widths = (0..<columns).map { column in rows.map { width($0[column]) }.max() ?? 0 }
    return rows.map { row in
      let cells = row.enumerated().map { column, text in
        let padding = String(repeating: " ", count: widths[column] - width(text))
        return rightAligned.contains(column) ? padding + text : text + padding
      }
      var line = cells.joined(separator: "  ")
      while line.last == " " { line.removeLast() }
      return line + "\n"
    }.joined()
  }

  private static func width(_ text: String) -> Int {
    text.unicodeScalars.reduce(0) { $0 + (CharacterWidth.columns(of: $1) ?? 1) }
  }
}
