/// Descriptions of channels that are plain text, as the server renders them. Anything that could be Markdown is the
/// server's own business.
enum PlainDescription {
  /// The HTML of a text in which nothing can mean anything; nil for any other.
  static func html(_ text: String) -> String? {
    if text.isEmpty { return "" }
    let scalars = Array(text.unicodeScalars)
    for (index, scalar) in scalars.enumerated() {
      let properties = scalar.properties
      if properties.isAlphabetic || properties.numericType != nil { continue }
      switch scalar {
      case " ":
        // Two spaces, or one at an end, are not left as they are.
        guard index > 0, index + 1 < scalars.count, scalars[index + 1] != " " else { return nil }
      case ",", "?", "’": continue
      case ".":
        // Within a word it could be an address, behind a number at the beginning a list.
        guard index + 1 == scalars.count || scalars[index + 1] == " " else { return nil }
        guard index > 0, scalars[index - 1].properties.isAlphabetic else { return nil }
      default: return nil
      }
    }
    return "<p>\(text)</p>"
  }

  /// A text whose Markdown nobody has rendered: shown as it was written, until the server renders it.
  static func escaped(_ text: String) -> String {
    var html = "<p>"
    for character in text {
      switch character {
      case "&": html += "&amp;"
      case "<": html += "&lt;"
      case ">": html += "&gt;"
      default: html.append(character)
      }
    }
    return html + "</p>"
  }
}
