/// Detects texts that the TOML parser would misread or crash on.
public enum TOMLGuard {
  /// The maximum number of parts of a dotted key, which the parser handles by recursion.
  private static let mostDots = 16

  /// Returns the fault; nil if the parser can read the text, or reports its faults itself.
  public static func fault(_ text: String) -> String? {
    // The parser would treat it as the end.
    if text.utf8.contains(0) { return "it holds a zero byte" }
    var line = 1
    var isAtStart = true
    var brackets = 0
    var dots = 0
    /// Whether a key can start here; once it is quoted, only a new key ends it.
    var isKey = true
    var isQuoted = false
    /// The quote of the open string; everything before is outside of strings.
    var quote: Unicode.Scalar?
    var isEscaped = false
    var isComment = false
    var last: Unicode.Scalar = "\n"
    for scalar in text.unicodeScalars {
      let isBreak = isLineBreak(scalar)
      if brackets == 1, scalar == "[" {
        brackets = 2
        continue
      }
      if brackets > 0, isBreak || !scalar.properties.isWhitespace {
        // The parser asserts that a key starts here.
        guard beginsKey(scalar) || scalar == "]" else { return "line \(line): a name must follow '['" }
        brackets = 0
        isAtStart = false
      } else if isAtStart, scalar == "[" {
        brackets = 1
      } else if !isBreak, !scalar.properties.isWhitespace, scalar != "\u{FEFF}" {
        isAtStart = false
      }
      switch scalar {
      case ".": if isKey { dots += 1 }
      case "\"", "'": isQuoted = true
      case "=", "#": if !isQuoted { isKey = false }
      default: break
      }
      if dots >= mostDots { return "line \(line): a key has too many parts" }
      if isBreak || scalar == "," || scalar == "{" {
        isKey = true
        isQuoted = false
        dots = 0
      }
      if isBreak {
        isAtStart = true
        isComment = false
      } else if isComment {
        // Until the end of the line.
      } else if let open = quote {
        if isEscaped {
          isEscaped = false
        } else if scalar == open {
          quote = nil
        } else if scalar == "\\", open == "\"" {
          isEscaped = true
        }
      } else if scalar == "\"" || scalar == "'" {
        quote = scalar
        last = scalar
      } else if scalar == "#" {
        isComment = true
      } else if !scalar.properties.isWhitespace {
        // The parser asserts that a value starts here.
        if scalar == "}", last == "[" || last == "," { return "line \(line): a value is missing before '}'" }
        last = scalar
      }
      if scalar == "\n" { line += 1 }
    }
    return nil
  }

  private static func isLineBreak(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0x0A...0x0D, 0x85, 0x2028, 0x2029: true
    default: false
    }
  }

  /// Returns whether a key can start with this scalar, quoted or bare.
  private static func beginsKey(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x5F, 0x22, 0x27: true
    default: false
    }
  }
}
