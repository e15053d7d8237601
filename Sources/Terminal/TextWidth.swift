import Common

/// A glyph as a terminal shows it: a character with its marks, and its columns, 1 or 2.
struct TextCell: Sendable, Equatable {
  var text: String
  var columns: Int
}

/// Fits texts into columns.
///
/// A text is first normalized to a form that all terminals count alike: invisible characters and controls are removed,
/// line breaks and tabs become spaces, an unmeasurable character becomes `�`, a joined emoji its first part, and a flag
/// its two letters.
public enum TextWidth {
  /// Returns the number of columns of `text`.
  public static func columns(_ text: some StringProtocol) -> Int {
    // Most texts are plain ASCII.
    if let plain = text.utf8.withContiguousStorageIfAvailable({ $0.allSatisfy { (0x20...0x7E).contains($0) } }), plain {
      return text.utf8.count
    }
    return cells(text).reduce(0) { $0 + $1.columns }
  }

  /// Returns the beginning of `text` that fits into `limit` columns, with `ellipsis` if it is truncated.
  public static func truncated(_ text: some StringProtocol, to limit: Int, ellipsis: String = "…") -> String {
    let all = cells(text)
    if all.reduce(0, { $0 + $1.columns }) <= limit { return joined(all) }
    let mark = cells(ellipsis)
    let markColumns = mark.reduce(0) { $0 + $1.columns }
    guard limit > markColumns else { return joined(fitting(all, limit)) }
    return joined(fitting(all, limit - markColumns)) + joined(mark)
  }

  /// Returns the end of `text` that fits: for paths, whose end is more important.
  public static func truncatedAtStart(_ text: some StringProtocol, to limit: Int, ellipsis: String = "…") -> String {
    let all = cells(text)
    if all.reduce(0, { $0 + $1.columns }) <= limit { return joined(all) }
    let mark = cells(ellipsis)
    let markColumns = mark.reduce(0) { $0 + $1.columns }
    guard limit > markColumns else { return joined(fitting(all.reversed(), limit).reversed()) }
    return joined(mark) + joined(fitting(all.reversed(), limit - markColumns).reversed())
  }

  /// Splits `text` into pieces of `width` columns, and keeps spaces. Returns at least one piece.
  public static func cut(_ text: some StringProtocol, to width: Int) -> [String] {
    var pieces = [""]
    var used = 0
    for cell in cells(text) {
      if used + cell.columns > width, used > 0 {
        pieces.append("")
        used = 0
      }
      pieces[pieces.count - 1] += cell.text
      used += cell.columns
    }
    return pieces
  }

  /// The position of a text in a wider field.
  public enum Alignment: Sendable { case leading, center, trailing }

  /// Returns `text` in exactly so many columns: truncated, or filled up with spaces.
  public static func padded(
    _ text: some StringProtocol, to width: Int, alignment: Alignment = .leading, ellipsis: String = "…"
  ) -> String {
    let fitted = truncated(text, to: width, ellipsis: ellipsis)
    let free = max(0, width - columns(fitted))
    let before =
      switch alignment {
      case .leading: 0
      case .center: free / 2
      case .trailing: free
      }
    return String(repeating: " ", count: before) + fitted + String(repeating: " ", count: free - before)
  }

  static func joined(_ cells: some Sequence<TextCell>) -> String {
    cells.reduce(into: "") { $0 += $1.text }
  }

  private static func fitting(_ cells: some Sequence<TextCell>, _ limit: Int) -> [TextCell] {
    var left = limit
    return Array(
      cells.prefix { cell in
        left -= cell.columns
        return left >= 0
      })
  }
}

extension TextWidth {
  /// The maximum number of marks that ncurses keeps in a cell.
  private static let mostMarks = 4

  /// Returns the cells of `text` from left to right.
  static func cells(_ text: some StringProtocol) -> [TextCell] {
    var cells: [TextCell] = []
    cells.reserveCapacity(text.utf8.count)
    for character in text { append(character, to: &cells) }
    return cells
  }

  private static func append(_ character: Character, to cells: inout [TextCell]) {
    let scalars = character.unicodeScalars
    var joinedPicture = false
    var marks = 0
    for scalar in scalars {
      switch scalar.value {
      case 0x20...0x7E:
        cells.append(TextCell(text: String(Character(scalar)), columns: 1))
      case 0x09, 0x0A, 0x0D, 0x2028, 0x2029:
        // CR and LF are one character, and become one space.
        if scalar.value == 0x0A && scalars.count == 2 { continue }
        cells.append(TextCell(text: " ", columns: 1))
      case 0x00...0x1F, 0x7F...0x9F: continue
      case 0x1F1E6...0x1F1FF:
        let letter = Unicode.Scalar(UInt8(0x41 + scalar.value - 0x1F1E6))
        cells.append(TextCell(text: String(Character(letter)), columns: 1))
      case 0x200D: joinedPicture = true
      case _ where scalar.properties.isDefaultIgnorableCodePoint: continue
      case _ where joinedPicture || scalar.properties.isEmojiModifier && scalars.count > 1: continue
      default: append(scalar, marks: &marks, to: &cells)
      }
    }
  }

  private static func append(_ scalar: Unicode.Scalar, marks: inout Int, to cells: inout [TextCell]) {
    switch CharacterWidth.columns(of: scalar) {
    case 0?:
      guard let last = cells.indices.last, marks < mostMarks else { return }
      marks += 1
      cells[last].text.unicodeScalars.append(scalar)
    case let columns?: cells.append(TextCell(text: String(Character(scalar)), columns: columns))
    case nil: cells.append(TextCell(text: "\u{FFFD}", columns: 1))
    }
  }
}
