import Common

/// A Python value that can be determined without running Python: strings, numbers, `True`, `False`, `None`, and lists,
/// tuples, sets and dictionaries of them.
package enum PythonLiteral: Equatable {
  case text(String)
  case number(String)
  case word(String)
  /// With its opening bracket.
  case sequence(Character, [PythonLiteral])
  case dictionary([Pair])

  package struct Pair: Equatable {
    let key: PythonLiteral
    let value: PythonLiteral
  }

  /// Parses an expression; nil if it is not a literal.
  init?(_ source: String) {
    var parser = PythonLiteralParser(source)
    guard let value = parser.whole() else { return nil }
    self = value
  }

  /// The value in Python's notation, on one line.
  package var description: String {
    switch self {
    case .text(let text): Self.quoted(text)
    case .number(let number): number
    case .word(let word): word
    case .sequence("(", let items) where items.count == 1: "(\(items[0].description),)"
    case .sequence(let bracket, let items):
      "\(bracket)\(items.map(\.description).joined(separator: ", "))\(bracket == "(" ? ")" : bracket == "[" ? "]" : "}")"
    case .dictionary(let pairs):
      "{\(pairs.map { "\($0.key.description): \($0.value.description)" }.joined(separator: ", "))}"
    }
  }

  /// The strings of a list or tuple; nil if it contains other values.
  package var texts: [String]? {
    guard case .sequence(_, let items) = self else { return nil }
    let texts = items.compactMap { item in
      if case .text(let text) = item { text } else { nil }
    }
    return texts.count == items.count ? texts : nil
  }

  package static func quoted(_ text: String) -> String { QuotedText.doubleQuoted(text) }
}

/// Parses one literal.
private struct PythonLiteralParser {
  private let source: [Character]
  private var position = 0
  /// The nesting level of brackets. The limit is that of Python itself.
  private var depth = 0
  private static let deepest = 100

  init(_ source: String) { self.source = Array(source) }

  mutating func whole() -> PythonLiteral? {
    guard let first = value() else { return nil }
    skip()
    guard position < source.count else { return first }
    // "A, B" without brackets is a tuple.
    var items = [first]
    while take(",") {
      skip()
      if position == source.count { break }
      guard let next = value() else { return nil }
      items.append(next)
      skip()
    }
    return position == source.count ? .sequence("(", items) : nil
  }

  private var current: Character? { position < source.count ? source[position] : nil }

  private mutating func skip() {
    while let character = current {
      if character == "#" {
        while let inside = current, !inside.isNewline { position += inside.isNewline ? 0 : 1 }
      } else if character.isWhitespace {
        position += 1
      } else if character == "\\", position + 1 < source.count, source[position + 1].isNewline {
        position += 2
      } else {
        return
      }
    }
  }

  private mutating func take(_ character: Character) -> Bool {
    guard current == character else { return false }
    position += 1
    return true
  }

  private mutating func value() -> PythonLiteral? {
    skip()
    guard let character = current, depth < Self.deepest else { return nil }
    depth += 1
    defer { depth -= 1 }
    switch character {
    case "(", "[": return sequence(character, closing: character == "(" ? ")" : "]")
    case "{": return braces()
    case "\"", "'": return texts()
    default: break
    }
    if character.isNumber || character == "-" || character == "." { return number() }
    let word = String(source[position...].prefix { $0.isLetter || $0.isNumber || $0 == "_" })
    if ["r", "R", "u", "U"].contains(word), let quote = source.dropFirst(position + 1).first,
      quote == "\"" || quote == "'"
    {
      return texts()
    }
    guard ["True", "False", "None"].contains(word) else { return nil }
    position += word.count
    return .word(word)
  }

  private mutating func number() -> PythonLiteral? {
    let digits = source[position...].prefix { $0.isNumber || "-.eE_xXabcdefABCDEF".contains($0) }
    let text = String(digits).filter { $0 != "_" }
    guard Int(text) != nil || Double(text) != nil || text.lowercased().hasPrefix("0x") else { return nil }
    position += digits.count
    return .number(text)
  }

  private mutating func sequence(_ opening: Character, closing: Character) -> PythonLiteral? {
    position += 1
    var items: [PythonLiteral] = []
    var hasComma = false
    while true {
      skip()
      if take(closing) { break }
      guard items.isEmpty || hasComma, let item = value() else { return nil }
      items.append(item)
      skip()
      hasComma = take(",")
    }
    // A single value in round brackets is that value, unless a comma makes it a tuple.
    if opening == "(", items.count == 1, !hasComma { return items[0] }
    return .sequence(opening, items)
  }

  private mutating func braces() -> PythonLiteral? {
    position += 1
    var items: [PythonLiteral] = []
    var pairs: [PythonLiteral.Pair] = []
    while true {
      skip()
      if take("}") { break }
      guard let key = value() else { return nil }
      skip()
      if take(":") {
        guard let value = value() else { return nil }
        pairs.append(PythonLiteral.Pair(key: key, value: value))
      } else {
        items.append(key)
      }
      skip()
      guard take(",") || current == "}" else { return nil }
    }
    if items.isEmpty { return .dictionary(pairs) }
    return pairs.isEmpty ? .sequence("{", items) : nil
  }

  /// Parses one string, or several adjacent ones, which Python joins.
  private mutating func texts() -> PythonLiteral? {
    var joined = ""
    while let character = current, character == "\"" || character == "'" || "rRuU".contains(character) {
      guard let text = text() else { return nil }
      joined += text
      skip()
    }
    return .text(joined)
  }

  private mutating func text() -> String? {
    let isRaw = current == "r" || current == "R"
    if let character = current, "rRuU".contains(character) { position += 1 }
    guard let quote = current, quote == "\"" || quote == "'" else { return nil }
    let mark = String(repeating: quote, count: 3)
    let isLong = String(source[position...].prefix(3)) == mark
    position += isLong ? 3 : 1
    var text = ""
    while let character = current {
      if isLong ? String(source[position...].prefix(3)) == mark : character == quote {
        position += isLong ? 3 : 1
        return text
      }
      position += 1
      guard character == "\\" else {
        if character.isNewline && !isLong { return nil }
        text.append(character)
        continue
      }
      guard let escaped = current else { return nil }
      position += 1
      if isRaw {
        text += "\\\(escaped)"
        continue
      }
      switch escaped {
      case "n": text.append("\n")
      case "t": text.append("\t")
      case "r": text.append("\r")
      case "\\", "'", "\"": text.append(escaped)
      case "\n", "\r\n": break
      default: return nil
      }
    }
    return nil
  }
}
