/// Texts in double quotes, in the form that JSON, Python, TOML and YAML share.
public enum QuotedText {
  /// Escapes quotes, backslashes, line feeds, carriage returns and tabs with a backslash.
  ///
  /// - Parameter special: the language's notation for another scalar that needs escaping; nil for one that does not.
  public static func doubleQuoted(
    _ text: some StringProtocol, special: (Unicode.Scalar) -> String? = { _ in nil }
  ) -> String {
    var quoted = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": quoted += "\\\""
      case "\\": quoted += "\\\\"
      case "\n": quoted += "\\n"
      case "\t": quoted += "\\t"
      case "\r": quoted += "\\r"
      default:
        if let escaped = special(scalar) { quoted += escaped } else { quoted.unicodeScalars.append(scalar) }
      }
    }
    return quoted + "\""
  }

  /// Returns for example `\u0007`: a mark and the scalar's number in at least `width` hexadecimal digits.
  public static func escape(_ scalar: Unicode.Scalar, mark: String, digits width: Int, uppercase: Bool = false)
    -> String
  {
    let digits = String(scalar.value, radix: 16, uppercase: uppercase)
    return "\\\(mark)" + String(repeating: "0", count: max(0, width - digits.count)) + digits
  }
}
