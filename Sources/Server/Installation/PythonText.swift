/// Text by the rules of Python 3: white space, lowercase, and each code point separately. In Swift, a letter and its
/// combining accent are one character, and two spellings of one character are equal; in Python they are not.
package enum PythonText {
  /// Like `str.isspace`, and `\s` in regular expressions.
  package static func isSpace(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0x09...0x0D, 0x1C...0x20, 0x85, 0xA0, 0x1680, 0x2000...0x200A, 0x2028, 0x2029, 0x202F, 0x205F, 0x3000: true
    default: false
    }
  }

  /// Like `str.strip` without arguments.
  static func stripped(_ text: some StringProtocol) -> String {
    let scalars = text.unicodeScalars
    guard let first = scalars.firstIndex(where: { !isSpace($0) }), let last = scalars.lastIndex(where: { !isSpace($0) })
    else { return "" }
    return String(String.UnicodeScalarView(scalars[first...last]))
  }

  /// Like `str.rstrip` without arguments.
  static func strippedRight(_ text: some StringProtocol) -> String {
    let scalars = text.unicodeScalars
    guard let last = scalars.lastIndex(where: { !isSpace($0) }) else { return "" }
    return String(String.UnicodeScalarView(scalars[...last]))
  }

  /// Like `str.lower`: by code points, except that a capital sigma at the end of a word becomes a final sigma.
  package static func lowercased(_ text: String) -> String {
    guard text.unicodeScalars.contains(where: { $0.value == 0x3A3 }) else { return text.lowercased() }
    let scalars = Array(text.unicodeScalars)
    var result = ""
    for (index, scalar) in scalars.enumerated() {
      guard scalar.value == 0x3A3 else {
        result += scalar.properties.lowercaseMapping
        continue
      }
      let before = scalars[..<index].last { !$0.properties.isCaseIgnorable }
      let after = scalars[(index + 1)...].first { !$0.properties.isCaseIgnorable }
      let endsWord = (before?.properties.isCased ?? false) && !(after?.properties.isCased ?? false)
      result += endsWord ? "ς" : "σ"
    }
    return result
  }
}
