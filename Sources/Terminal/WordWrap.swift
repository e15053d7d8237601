extension TextWidth {
  /// Returns the lines of `text` in a column of `width`: broken at spaces, and within a word only if it is too long.
  /// Wide characters (Chinese, Japanese, Korean) can be separated. Line breaks in `text` are kept; an empty text is one
  /// empty line.
  ///
  /// - Parameter hanging: the indentation of all lines except the first, in columns.
  public static func wrapped(_ text: some StringProtocol, to width: Int, hanging: Int = 0) -> [String] {
    guard width > 0 else { return [] }
    var lines: [String] = []
    for paragraph in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline) {
      var wrapper = Wrapper(width: width, hanging: max(0, min(hanging, width - 2)))
      for piece in pieces(paragraph) { wrapper.add(piece) }
      lines += wrapper.finish()
    }
    return lines
  }

  /// An unbreakable piece: a word or one wide character, and whether a space precedes it.
  private struct Piece {
    var cells: [TextCell]
    var afterSpace: Bool
    var columns: Int { cells.reduce(0) { $0 + $1.columns } }
  }

  /// Characters that must not start a line.
  private static let clinging = Set("、。，．！？：；）」』】》〉〕ーッャュョァィゥェォっゃゅょぁぃぅぇぉ々".map(String.init))

  private static func pieces(_ paragraph: some StringProtocol) -> [Piece] {
    var pieces: [Piece] = []
    var afterSpace = false
    var open = false
    for cell in cells(paragraph) {
      if cell.text == " " {
        afterSpace = true
        open = false
      } else if cell.columns == 2 && !clinging.contains(cell.text) {
        pieces.append(Piece(cells: [cell], afterSpace: afterSpace))
        afterSpace = false
        open = false
      } else if let last = pieces.indices.last, open || clinging.contains(cell.text) && !afterSpace {
        pieces[last].cells.append(cell)
      } else {
        pieces.append(Piece(cells: [cell], afterSpace: afterSpace))
        afterSpace = false
        open = true
      }
    }
    return pieces
  }

  private struct Wrapper {
    let width: Int
    let hanging: Int
    private var lines: [String] = []
    private var line = ""
    private var used = 0

    init(width: Int, hanging: Int) {
      self.width = width
      self.hanging = hanging
    }

    private var indent: Int { lines.isEmpty ? 0 : hanging }

    mutating func add(_ piece: Piece) {
      let space = piece.afterSpace && used > indent ? 1 : 0
      if used + space + piece.columns > width && used > indent { breakLine() }
      if used > indent && space == 1 {
        line += " "
        used += 1
      }
      for cell in piece.cells {
        if used + cell.columns > width && used > indent { breakLine() }
        line += cell.text
        used += cell.columns
      }
    }

    mutating func finish() -> [String] {
      lines.append(line)
      return lines
    }

    private mutating func breakLine() {
      lines.append(line)
      line = String(repeating: " ", count: hanging)
      used = hanging
    }
  }
}
