import Common
import Operations

/// Converts an assignment of settings.py to the environment of a container.
///
/// The image writes `NAME = value` for each variable `SETTING_NAME`, and derives the type from the value: `True`,
/// `False` and `None` are keywords, digits alone are a number, text in brackets is Python, everything else is a string.
/// Other values are written into the variable for settings in Python.
enum ContainerPython {
  enum Form: Equatable {
    case variable(name: String, value: String)
    /// A statement that no variable of its own can express.
    case statement(String)
  }

  /// Settings whose values the image always treats as Python.
  private static let computed: Set<String> = [
    "AUTH_LDAP_USER_SEARCH", "AUTH_LDAP_GROUP_SEARCH", "AUTH_LDAP_REVERSE_EMAIL_SEARCH", "AUTH_LDAP_GROUP_TYPE",
  ]
  static let backends = "AUTHENTICATION_BACKENDS"
  private static let backendPrefix = "zproject.backends."

  static func form(_ assignment: PythonSettings.Assignment, brand: Brand) -> Form {
    let name = assignment.name
    let statement = Form.statement(stripped(assignment.source))
    guard name.utf8.allSatisfy({ $0 == 0x5F || isDigit($0) || (0x41...0x5A).contains($0 & 0xDF) }) else {
      return statement
    }
    if name == backends, let words = backendWords(assignment.literal) {
      return .variable(name: "\(brand.rawValue.uppercased())_AUTH_BACKENDS", value: words)
    }
    let variable = { (value: String) in Form.variable(name: "SETTING_\(name)", value: value) }
    guard let literal = assignment.literal else {
      return computed.contains(name) || isBracketed(assignment.expression)
        ? variable(stripped(assignment.expression)) : statement
    }
    if computed.contains(name) { return variable(literal.description) }
    switch literal {
    case .text(let text): return isPlain(text) ? variable(text) : statement
    case .number(let digits): return digits.utf8.allSatisfy(isDigit) ? variable(digits) : statement
    case .word(let word): return variable(word)
    case .sequence, .dictionary: return variable(literal.description)
    }
  }

  /// Returns "EmailAuthBackend,GoogleAuthBackend": only the names, as the image requires; nil if there are other
  /// values.
  private static func backendWords(_ literal: PythonLiteral?) -> String? {
    guard let texts = literal?.texts, !texts.isEmpty else { return nil }
    let words = texts.compactMap { text -> String? in
      guard text.hasPrefix(backendPrefix) else { return nil }
      let word = text.dropFirst(backendPrefix.count)
      return !word.isEmpty && word.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_") }
        ? String(word) : nil
    }
    return words.count == texts.count ? words.joined(separator: ",") : nil
  }

  /// Returns whether the image treats a value as a string, and can write it.
  private static func isPlain(_ text: String) -> Bool {
    guard !text.isEmpty, text.unicodeScalars.allSatisfy({ $0.value >= 0x20 && $0.value != 0x7F }) else { return false }
    let solid = text.filter { !$0.isWhitespace }
    if ["true", "false"].contains(solid.lowercased()) || ["None", "none"].contains(solid) { return false }
    return !isBracketed(text) && !(!solid.isEmpty && solid.utf8.allSatisfy(isDigit))
  }

  private static func isBracketed(_ text: String) -> Bool {
    let solid = text.filter { !$0.isWhitespace }
    return [("[", "]"), ("(", ")"), ("{", "}")].contains { solid.hasPrefix($0.0) && solid.hasSuffix($0.1) }
  }

  /// Returns the text without leading and trailing white space.
  static func stripped(_ text: some StringProtocol) -> String {
    let isSpace = { (scalar: Unicode.Scalar) in scalar.properties.isWhitespace }
    let scalars = text.unicodeScalars.drop(while: isSpace)
    let end = scalars.lastIndex { !isSpace($0) }
    return end.map { String(String.UnicodeScalarView(scalars[...$0])) } ?? ""
  }

  private static func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }
}

/// The content of a settings.py, as far as it can be compared with another one.
struct ContainerSettings {
  private let python: PythonSettings

  init(_ text: String) { python = PythonSettings(text) }

  var names: [String] { python.names }

  /// Returns the effective assignment; for the backends including later additions, as the image writes them.
  subscript(_ name: String) -> PythonSettings.Assignment? {
    guard let own = python[name] else { return nil }
    guard name == ContainerPython.backends, var texts = own.literal?.texts else { return own }
    for statement in python.statements where statement.hasPrefix(name) {
      let rest = ContainerPython.stripped(statement.dropFirst(name.count))
      guard rest.hasPrefix("+="), let more = PythonLiteral(String(rest.dropFirst(2)))?.texts else { continue }
      texts += more
    }
    let all = PythonLiteral.sequence("(", texts.map { .text($0) })
    return PythonSettings.Assignment(
      name: name, source: "\(name) = \(all.description)\n", expression: all.description, literal: all)
  }

  /// Statements other than assignments: imports, conditions, calls.
  var otherStatements: [String] {
    python.statements.map { ContainerPython.stripped($0) }.filter { statement in
      guard !statement.isEmpty, !statement.hasPrefix("#"), !statement.hasPrefix("\"\"\""), !statement.hasPrefix("'''")
      else { return false }
      return PythonSettings(statement).names.isEmpty && !statement.hasPrefix("\(ContainerPython.backends) +=")
    }
  }

  /// Returns whether two assignments have the same meaning.
  static func areEqual(_ one: PythonSettings.Assignment?, _ other: PythonSettings.Assignment?) -> Bool {
    guard let one, let other else { return one == nil && other == nil }
    if let literal = one.literal { return literal == other.literal }
    return other.literal == nil && one.expression == other.expression
  }
}
