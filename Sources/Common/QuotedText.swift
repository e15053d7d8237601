/// Texts in double quotes, as JSON, Python, TOML and YAML all read them.
public enum QuotedText {
  /// Quotes, backslashes, line feeds, carriage returns and tabs are written with a backslash.
  ///
  /// - Parameter special: how the language writes another scalar that it does not take as it is; nil for one that it does.
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

  /// `\u0007` and the like: a mark, and the scalar's number in at least so many hexadecimal digits.
  public static func escape(_ scalar: Unicode.Scalar, mark: String, digits width: Int, uppercase: Bool = false)
    -> String
  {
    let digits = String(scalar.value, radix: 16, uppercase: uppercase)
    return "\\\(mark)" + String(repeating: "0", count: max(0, width - digits.count)) + digits
  }
}
