import Postgres

/// A unique index, read from its definition: the rows that the database rejects because they equal another one.
struct UniqueRule {
  enum Folding: Equatable {
    case none, upper, lower
  }

  enum Condition: Equatable {
    case always
    case isNull(String), isNotNull(String)
    /// A boolean column is false, or is true.
    case not(String), holds(String)
  }

  struct Part: Equatable {
    let column: String
    let folding: Folding
  }

  let parts: [Part]
  let condition: Condition

  /// Returns the rules of a table that can be checked on an archive's rows.
  static func rules(of table: Catalog.Table) -> [UniqueRule] {
    var rules: [UniqueRule] = []
    for index in table.indexes where index.isUnique && !(index.isPrimary && table.primaryKey == ["id"]) {
      guard let rule = UniqueRule(definition: index.definition), !rules.contains(rule) else { continue }
      rules.append(rule)
    }
    if !table.primaryKey.isEmpty, table.primaryKey != ["id"] {
      let key = UniqueRule(parts: table.primaryKey.map { Part(column: $0, folding: .none) }, condition: .always)
      if !rules.contains(key) { rules.append(key) }
    }
    return rules
  }

  private init(parts: [Part], condition: Condition) {
    self.parts = parts
    self.condition = condition
  }

  /// - Parameter definition: `CREATE UNIQUE INDEX … USING btree (realm_id, upper((name)::text)) WHERE (NOT
  ///   deactivated)`, or the part from its first bracket on.
  /// - Returns: nil if this program does not understand the definition; the database itself still checks it.
  init?(definition: String) {
    let start = definition.firstRange(of: "USING btree ")?.upperBound ?? definition.startIndex
    let text = definition[start...]
    guard text.first == "(", let end = Self.closing(text) else { return nil }
    var parts: [Part] = []
    for piece in Self.pieces(text[text.index(after: text.startIndex)..<end]) {
      guard let part = Self.part(piece) else { return nil }
      parts.append(part)
    }
    let rest = text[text.index(after: end)...].drop { $0 == " " }
    guard let condition = Self.condition(rest) else { return nil }
    self.init(parts: parts, condition: condition)
  }

  /// Returns the index of the bracket that closes the first one.
  private static func closing(_ text: Substring) -> Substring.Index? {
    var depth = 0
    for index in text.indices {
      if text[index] == "(" { depth += 1 }
      if text[index] == ")" {
        depth -= 1
        if depth == 0 { return index }
      }
    }
    return nil
  }

  /// Returns the parts between commas outside of brackets.
  private static func pieces(_ text: Substring) -> [String] {
    var pieces = [""]
    var depth = 0
    for character in text {
      if character == "(" { depth += 1 }
      if character == ")" { depth -= 1 }
      if character == ",", depth == 0 { pieces.append("") } else { pieces[pieces.count - 1].append(character) }
    }
    return pieces.map { String($0.drop { $0 == " " }) }
  }

  private static func part(_ text: String) -> Part? {
    for (prefix, folding) in [("upper(", Folding.upper), ("lower(", .lower)] where text.hasPrefix(prefix) {
      let inner = text.dropFirst(prefix.count).dropLast().replacing("::text", with: "")
        .filter { $0 != "(" && $0 != ")" }
      return name(inner).map { Part(column: $0, folding: folding) }
    }
    return name(text).map { Part(column: $0, folding: .none) }
  }

  private static func condition(_ text: Substring) -> Condition? {
    guard !text.isEmpty else { return .always }
    guard text.hasPrefix("WHERE (") else { return nil }
    let inner = String(text.dropFirst("WHERE (".count).dropLast())
    if inner.hasSuffix(" IS NULL") { return name(String(inner.dropLast(8))).map { .isNull($0) } }
    if inner.hasSuffix(" IS NOT NULL") { return name(String(inner.dropLast(12))).map { .isNotNull($0) } }
    if inner.hasPrefix("NOT ") { return name(String(inner.dropFirst(4))).map { .not($0) } }
    return name(inner).map { .holds($0) }
  }

  /// Returns the name of a column, quoted or not; nil for any other expression.
  private static func name(_ text: String) -> String? {
    let plain =
      text.hasPrefix("\"") && text.hasSuffix("\"") && text.count > 2 ? String(text.dropFirst().dropLast()) : text
    return !plain.isEmpty && plain.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_") } ? plain : nil
  }
}

extension UniqueRule: Equatable {
  static func == (left: UniqueRule, right: UniqueRule) -> Bool {
    left.parts == right.parts && left.condition == right.condition
  }

  /// All columns of the rule.
  var columns: [String] {
    let own = parts.map(\.column)
    switch condition {
    case .always: return own
    case .isNull(let column), .isNotNull(let column), .not(let column), .holds(let column): return own + [column]
    }
  }
}

extension UniqueRule.Folding {
  /// Folds a text like PostgreSQL's own functions: character by character, never one into two.
  func folded(_ text: String) -> String {
    switch self {
    case .none: text
    case .upper: Self.mapped(text) { $0.properties.uppercaseMapping }
    case .lower: Self.mapped(text) { $0.properties.lowercaseMapping }
    }
  }

  private static func mapped(_ text: String, _ mapping: (Unicode.Scalar) -> String) -> String {
    var result = String.UnicodeScalarView()
    for scalar in text.unicodeScalars {
      let mapped = mapping(scalar).unicodeScalars
      if mapped.count == 1, let one = mapped.first { result.append(one) } else { result.append(scalar) }
    }
    return String(result)
  }
}
