/// Channel descriptions that are plain text, rendered as the server does. Anything that could be Markdown is left to
/// the server.
enum PlainDescription {
  /// Returns the HTML of a text without any markup; nil for other texts.
  static func html(_ text: String) -> String? {
    if text.isEmpty { return "" }
    let scalars = Array(text.unicodeScalars)
    for (index, scalar) in scalars.enumerated() {
      let properties = scalar.properties
      if properties.isAlphabetic || properties.numericType != nil { continue }
      switch scalar {
      case " ":
        // Repeated, leading and trailing spaces are changed by rendering.
        guard index > 0, index + 1 < scalars.count, scalars[index + 1] != " " else { return nil }
      case ",", "?", "’": continue
      case ".":
        // In a word it could belong to an address, after a leading number to a list.
        guard index + 1 == scalars.count || scalars[index + 1] == " " else { return nil }
        guard index > 0, scalars[index - 1].properties.isAlphabetic else { return nil }
      default: return nil
      }
    }
    return "<p>\(text)</p>"
  }

  /// Returns a text with unrendered Markdown as it was written, until the server renders it.
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
