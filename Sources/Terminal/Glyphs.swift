/// The characters for drawing, one column wide unless stated otherwise: one set for Unicode terminals, one for others.
public struct Glyphs: Sendable, Equatable {
  public let horizontal: String
  public let vertical: String
  public let topLeft: String
  public let topRight: String
  public let bottomLeft: String
  public let bottomRight: String
  /// The ends of a separator line at the sides of a box.
  public let teeLeft: String
  public let teeRight: String

  /// The states of phases, steps and findings, distinguishable without colours.
  public let done: String
  public let failed: String
  public let warning: String
  public let current: String
  public let todo: String
  public let skipped: String

  public let bullet: String
  /// The mark of the focused item.
  public let pointer: String
  public let arrowLeft: String
  public let arrowRight: String
  public let arrowUp: String
  public let arrowDown: String
  /// As wide as each other.
  public let radioOn: String
  public let radioOff: String
  /// Three columns each.
  public let checkboxOn: String
  public let checkboxOff: String

  /// The mark of truncated text, up to three columns.
  public let ellipsis: String
  public let dash: String
  /// The separator between two short texts.
  public let separator: String
  /// Replaces a character of a secret.
  public let mask: String

  /// The filled part of a bar.
  public let barFull: String
  /// The partial fillings of a column, ascending; empty if not available.
  public let barParts: [String]
  public let barEmpty: String
  public let scrollTrack: String
  public let scrollThumb: String

  public static let unicode = Glyphs(
    horizontal: "─", vertical: "│", topLeft: "┌", topRight: "┐", bottomLeft: "└", bottomRight: "┘",
    teeLeft: "├", teeRight: "┤",
    done: "✓", failed: "✗", warning: "!", current: "▸", todo: "○", skipped: "–",
    bullet: "•", pointer: "▸", arrowLeft: "←", arrowRight: "→", arrowUp: "↑", arrowDown: "↓",
    radioOn: "●", radioOff: "○", checkboxOn: "[✓]", checkboxOff: "[ ]",
    ellipsis: "…", dash: "–", separator: "·", mask: "•",
    barFull: "█", barParts: ["▏", "▎", "▍", "▌", "▋", "▊", "▉"], barEmpty: "░",
    scrollTrack: "│", scrollThumb: "█")

  public static let ascii = Glyphs(
    horizontal: "-", vertical: "|", topLeft: "+", topRight: "+", bottomLeft: "+", bottomRight: "+",
    teeLeft: "+", teeRight: "+",
    done: "v", failed: "x", warning: "!", current: ">", todo: ".", skipped: "-",
    bullet: "*", pointer: ">", arrowLeft: "<", arrowRight: ">", arrowUp: "^", arrowDown: "v",
    radioOn: "(*)", radioOff: "( )", checkboxOn: "[x]", checkboxOff: "[ ]",
    ellipsis: "...", dash: "-", separator: "|", mask: "*",
    barFull: "#", barParts: [], barEmpty: ".",
    scrollTrack: "|", scrollThumb: "#")

  /// Converts text for an ASCII terminal: plain punctuation, letters without marks, and one `?` per column of other
  /// characters, so that the layout stays.
  public static func asciiOnly(_ text: String) -> String {
    if text.utf8.allSatisfy({ $0 < 0x80 }) { return text }
    return TextWidth.cells(text).reduce(into: "") { $0 += asciiCell($1) }
  }

  /// Applies ``asciiOnly(_:)`` and keeps line breaks, tabs and other control characters.
  public static func asciiLines(_ text: String) -> String {
    if text.utf8.allSatisfy({ $0 < 0x80 }) { return text }
    return text.unicodeScalars.split(omittingEmptySubsequences: false) { $0.value < 0x20 }.reduce(
      into: (text: "", place: text.unicodeScalars.startIndex)
    ) { result, part in
      // The control character before the part.
      if result.place < part.startIndex {
        result.text.unicodeScalars += text.unicodeScalars[result.place..<part.startIndex]
      }
      result.text += asciiOnly(String(part))
      result.place = part.endIndex
    }.text
  }

  private static let plainSigns: [String: String] = [
    "–": "-", "—": "-", "‐": "-", "‑": "-", "…": ".", "‘": "'", "’": "'", "“": "\"", "”": "\"", "•": "*", "·": ".",
    "→": ">", "←": "<", "↑": "^", "↓": "v", "×": "x", "\u{A0}": " ", "✓": "v", "✗": "x", "─": "-", "│": "|",
  ]

  static func asciiCell(_ cell: TextCell) -> String {
    if let sign = plainSigns[cell.text] { return sign }
    guard cell.columns == 1, let first = cell.text.decomposedFirst, first.isASCII, first.value >= 0x20 else {
      return String(repeating: "?", count: cell.columns)
    }
    return String(Character(first))
  }
}

extension String {
  /// The base letter: `e` for `é`, in any notation.
  fileprivate var decomposedFirst: Unicode.Scalar? {
    guard let first = unicodeScalars.first else { return nil }
    if first.isASCII { return first }
    return Self.baseLetters[first]
  }

  /// The letters of Latin-1 and Latin Extended-A with an ASCII base letter.
  private static let baseLetters: [Unicode.Scalar: Unicode.Scalar] = {
    let marks: [UInt32] = [
      0x300, 0x301, 0x302, 0x303, 0x304, 0x306, 0x307, 0x308, 0x30A, 0x30B, 0x30C, 0x323, 0x326, 0x327, 0x328,
    ]
    var table: [Unicode.Scalar: Unicode.Scalar] = [:]
    var bySpelling: [String: Unicode.Scalar] = [:]
    for value in UInt32(0xC0)...0x233 {
      guard let scalar = Unicode.Scalar(value) else { continue }
      bySpelling[String(Character(scalar))] = scalar
    }
    for letter in "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz".unicodeScalars {
      for mark in marks {
        guard let mark = Unicode.Scalar(mark) else { continue }
        var spelling = String(Character(letter))
        spelling.unicodeScalars.append(mark)
        // Strings are compared by canonical equivalence, so that the composed letter is found by its parts.
        if let composed = bySpelling[spelling] { table[composed] = letter }
      }
    }
    return table
  }()
}
