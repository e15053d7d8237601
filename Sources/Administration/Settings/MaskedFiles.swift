import Common
import Server

/// Configuration files for display: each secret value is replaced by a mark, the same one for equal values.
struct MaskedFiles {
  private let marks: Fingerprints
  /// The names that are not masked: of settings, and of keys of the configuration with their sections.
  private let shown: Set<String>

  init(_ marks: Fingerprints = Fingerprints(), except shown: Set<String> = []) {
    self.marks = marks
    self.shown = shown
  }

  /// Masks a settings.py, statement by statement.
  func settings(_ text: String) -> String {
    PythonSettings(text).statements.map { statement in
      self.statement(statement)
    }.joined()
  }

  /// Masks the machine's configuration.
  ///
  /// - Throws: `.configuration` if the server refuses it.
  func configuration(_ text: String, name: String) throws -> String {
    let file = TextLines(text)
    let lines = try ConfLines(file, name: name).lines
    let values = try ConfFile(text, name: name)
    func isCovered(_ line: ConfLines.Line) -> String? {
      guard case .entry(let key, let first) = line.kind else { return nil }
      if let section = line.section, shown.contains("\(section).\(key)") { return nil }
      let value = line.section.flatMap { values.value($0, key) } ?? first
      return SecretSigns.cover(key, value) ? value : nil
    }
    return zip(file.lines, lines).map { text, line -> String in
      switch line.kind {
      case .entry(let key, _):
        isCovered(line).map { "\(key) = (secret \(mark($0)))" } ?? text.text
      case .continuation(let part):
        line.entry.flatMap { isCovered(lines[$0]) } == nil ? text.text : "  (secret \(mark(part)))"
      case .comment: comment(text.text)
      case .section: SecretSigns.holdCredentials(text.text) ? "[(secret \(mark(text.text)))]" : text.text
      case .blank: text.text
      }
    }.joined(separator: "\n")
  }

  // MARK: Statements

  private func statement(_ statement: String) -> String {
    let code = statement.drop { $0.isWhitespace }
    guard let first = code.first else { return statement }
    if first == "#" { return comment(statement) }
    let end = statement.utf8.last == 10 ? "\n" : ""
    if let equals = code.firstIndex(of: "=") {
      let name = code[..<equals].prefix { $0.isLetter || $0.isNumber || $0 == "_" }
      let left = String(code[..<equals]).trimmed
      // The left side can reveal that the value is a secret: `DATABASES["default"]["PASSWORD"] = "…"`.
      let subject = left.utf8.count == name.utf8.count ? String(name) : left
      if shown.contains(subject) { return statement }
      guard SecretSigns.cover(subject, String(code[equals...])) else { return statement }
      let shown = name.isEmpty ? "" : "\(name) = "
      return "\(shown)(secret \(mark(statement)))\(end)"
    }
    let hasText = code.contains("\"") || code.contains("'")
    if SecretSigns.holdCredentials(statement) || (hasText && SecretSigns.cover("", statement)) {
      return "(secret \(mark(statement)))\(end)"
    }
    return statement
  }

  private func comment(_ line: String) -> String {
    guard SecretSigns.coverComment(line) else { return line }
    return "# (secret \(mark(line)))\(line.utf8.last == 10 ? "\n" : "")"
  }

  private func mark(_ text: String) -> String { marks.of([Secret(text)]) ?? "" }
}
