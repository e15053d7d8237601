/// A settings.py as its statements, byte for byte.
///
/// Only assignments of literals at the beginning of a line are parsed, and only those are ever changed; everything else
/// is preserved, and names that it uses are not changed.
package struct PythonSettings {
  package struct Assignment: Equatable {
    let name: String
    /// The statement with its line break and its inner comments.
    package let source: String
    /// The expression; its lines end with a line feed, whatever the line ends of the file.
    package let expression: String
    /// Nil if it is not a literal.
    package let literal: PythonLiteral?
  }

  /// In the order of the file; joined, they are the file.
  package private(set) var statements: [String]

  /// The assignment in each statement, if it is one.
  private var assignments: [Assignment?] = []
  /// The statements that assign each name.
  private var places: [String: [Int]] = [:]
  /// The uses of each word outside of literals: the assigned name, or nil for another statement.
  private var uses: [String: [String?]] = [:]

  package init(_ text: String) {
    statements = Self.split(text)
    look()
  }

  package var text: String { statements.joined() }

  /// All names assigned at the beginning of a line, in the order of the file.
  package var names: [String] {
    var seen: Set<String> = []
    return assignments.compactMap { $0?.name }.filter { seen.insert($0).inserted }
  }

  /// Returns the effective assignment, which in Python is the last one; nil if there is none.
  package subscript(_ name: String) -> Assignment? {
    places[name]?.last.flatMap { assignments[$0] }
  }

  /// Returns why a name cannot be changed separately; nil if it can.
  package func obstacle(_ name: String) -> String? {
    let own = places[name] ?? []
    if own.count > 1 { return "it is assigned more than once" }
    if let assignment = own.first.flatMap({ assignments[$0] }), assignment.literal == nil {
      return "its value is computed by Python"
    }
    let isUsed = uses[name]?.contains { $0 != name } ?? false
    return isUsed ? "other statements of the file use it" : nil
  }

  /// Replaces the assignment of a name by another statement, or appends it. Its line ends are those of the file.
  package mutating func set(_ name: String, to statement: String, comment: String) {
    defer { look() }
    let end = TextLines(text).end
    let line = TextLines(statement).lines.map { $0.text + end }.joined()
    if let index = places[name]?.last {
      let endsFile = index == statements.count - 1 && !Self.endsLine(statements[index])
      statements[index] = endsFile ? String(line.dropLast()) : line
      return
    }
    if let last = statements.last, !Self.endsLine(last) { statements[statements.count - 1] += end }
    statements += [end, "# \(comment)\(end)", line]
  }

  package mutating func drop(_ name: String) {
    let doomed = Set(places[name] ?? [])
    statements = statements.indices.filter { !doomed.contains($0) }.map { statements[$0] }
    look()
  }

  /// Parses each statement once, so that look-ups of names are cheap.
  private mutating func look() {
    assignments = statements.map(Self.assignment)
    places = [:]
    uses = [:]
    for (index, statement) in statements.enumerated() {
      if let assignment = assignments[index] {
        places[assignment.name, default: []].append(index)
        if assignment.literal != nil { continue }
        for word in Self.words(assignment.expression) { uses[word, default: []].append(assignment.name) }
      } else if Self.isCode(statement) {
        for word in Self.words(statement) { uses[word, default: []].append(nil) }
      }
    }
  }

  // MARK: Statements

  /// By bytes, because in Swift a carriage return and a line feed are one character.
  private static func endsLine(_ text: String) -> Bool { text.utf8.last == 10 || text.utf8.last == 13 }

  /// Returns whether a line ends with this byte: Python accepts a single carriage return as a line end too.
  private static func isEnd(_ bytes: [UInt8], _ index: Int) -> Bool {
    bytes[index] == 10 || (bytes[index] == 13 && !(index + 1 < bytes.count && bytes[index + 1] == 10))
  }

  /// Splits the text at line ends, except in brackets, in triple-quoted strings and after a backslash.
  private static func split(_ text: String) -> [String] {
    let bytes = Array(text.utf8)
    var statements: [String] = []
    var start = 0
    var index = 0
    var depth = 0
    func starts(_ quote: UInt8) -> Bool {
      index + 2 < bytes.count && bytes[index + 1] == quote && bytes[index + 2] == quote
    }
    while index < bytes.count {
      switch bytes[index] {
      case UInt8(ascii: "#"):
        while index + 1 < bytes.count, !isEnd(bytes, index + 1) { index += 1 }
      case UInt8(ascii: "\""), UInt8(ascii: "'"):
        let quote = bytes[index]
        index = starts(quote) ? longEnd(bytes, index, quote) : shortEnd(bytes, index, quote)
      case UInt8(ascii: "("), UInt8(ascii: "["), UInt8(ascii: "{"): depth += 1
      case UInt8(ascii: ")"), UInt8(ascii: "]"), UInt8(ascii: "}"): depth = max(0, depth - 1)
      case UInt8(ascii: "\\"): index = escaped(bytes, index)
      case _ where depth == 0 && isEnd(bytes, index):
        statements.append(String(decoding: bytes[start...index], as: UTF8.self))
        start = index + 1
      default: break
      }
      index += 1
    }
    if start < bytes.count { statements.append(String(decoding: bytes[start...], as: UTF8.self)) }
    return statements
  }

  /// Returns the last byte of an escape: an escaped line end may have two bytes.
  private static func escaped(_ bytes: [UInt8], _ backslash: Int) -> Int {
    let isLongEnd = backslash + 2 < bytes.count && bytes[backslash + 1] == 13 && bytes[backslash + 2] == 10
    return backslash + (isLongEnd ? 2 : 1)
  }

  /// Returns the last byte of a string in single or double quotes; an unclosed one ends with its line.
  private static func shortEnd(_ bytes: [UInt8], _ start: Int, _ quote: UInt8) -> Int {
    var index = start + 1
    while index < bytes.count {
      if bytes[index] == 0x5C {
        index = escaped(bytes, index)
      } else if bytes[index] == quote {
        return index
      } else if isEnd(bytes, index) {
        return index - 1
      }
      index += 1
    }
    return bytes.count - 1
  }

  private static func longEnd(_ bytes: [UInt8], _ start: Int, _ quote: UInt8) -> Int {
    var index = start + 3
    while index < bytes.count {
      if bytes[index] == 0x5C {
        index = escaped(bytes, index)
      } else if bytes[index] == quote, index + 2 < bytes.count, bytes[index + 1] == quote, bytes[index + 2] == quote {
        return index + 2
      }
      index += 1
    }
    return bytes.count - 1
  }

  private static func isCode(_ statement: String) -> Bool {
    let trimmed = statement.drop { $0.isWhitespace }
    return !trimmed.isEmpty && trimmed.first != "#"
  }

  private static func assignment(_ statement: String) -> Assignment? {
    guard let first = statement.first, first.isLetter || first == "_",
      let equals = statement.firstIndex(of: "=")
    else { return nil }
    let left = statement[..<equals]
    let name = left.prefix { $0.isLetter || $0.isNumber || $0 == "_" }
    let annotation = left[name.endIndex...].drop { $0 == " " || $0 == "\t" }
    guard annotation.isEmpty || annotation.first == ":" else { return nil }
    let expression = TextLines.unified(String(statement[statement.index(after: equals)...]))
    guard expression.first != "=" else { return nil }
    return Assignment(
      name: String(name), source: statement, expression: expression.trimmed, literal: PythonLiteral(expression))
  }

  /// Returns the names that code uses; words in comments and strings may be included, which is the safe choice.
  private static func words(_ code: String) -> Set<String> {
    Set(code.split { !($0.isLetter || $0.isNumber || $0 == "_") }.map(String.init))
  }
}
