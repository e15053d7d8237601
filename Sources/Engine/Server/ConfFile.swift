import Common

/// One of the server's ini files: `[section]`, `key = value`, comments. Read the way the server reads it.
public struct ConfFile: Sendable {
  private var values: [String: [String: String]] = [:]

  public init(_ text: String) {
    for line in ConfLine.all(TextLines(text)) {
      switch line.kind {
      case .entry(let key, let value): values[line.section, default: [:]][key] = value
      case .continuation(let key, let value): values[line.section, default: [:]][key, default: ""] += "\n" + value
      case .section, .blank, .comment, .other: break
      }
    }
  }

  /// Reads a file; nil where there is none.
  public static func read(_ path: String) throws -> ConfFile? {
    guard FileSystem.exists(path) else { return nil }
    return ConfFile(String(decoding: try FileSystem.read(path), as: UTF8.self))
  }

  /// The value of a key, or nil. An empty value is a value.
  public func value(_ section: String, _ key: String) -> String? {
    values[section]?[key.lowercased()]
  }

  public var sections: [String] { values.keys.sorted() }

  public func keys(of section: String) -> [String] { (values[section] ?? [:]).keys.sorted() }
}

/// What one line of an ini file is.
struct ConfLine: Equatable {
  enum Kind: Equatable {
    case blank, comment, other
    case section
    /// The key in small letters: keys are read without regard to case, as Python's configparser does.
    case entry(key: String, value: String)
    /// A line that begins with white space goes on with the value before it.
    case continuation(key: String, value: String)
  }

  let kind: Kind
  /// Whose line it is; empty before the first one. A section's own first line belongs to it.
  let section: String

  static func all(_ text: TextLines) -> [ConfLine] {
    var section = ""
    var lastKey: String?
    return text.lines.map { line in
      let trimmed = line.text.trimmed
      let kind: Kind
      if trimmed.isEmpty {
        lastKey = nil
        kind = .blank
      } else if trimmed.first == "#" || trimmed.first == ";" {
        kind = .comment
      } else if let lastKey, line.text.first == " " || line.text.first == "\t" {
        kind = .continuation(key: lastKey, value: trimmed)
      } else if trimmed.first == "[", trimmed.last == "]" {
        section = String(trimmed.dropFirst().dropLast())
        lastKey = nil
        kind = .section
      } else if let separator = trimmed.firstIndex(where: isSeparator) {
        let key = trimmed[..<separator].trimmed.lowercased()
        lastKey = key
        kind = .entry(key: key, value: trimmed[trimmed.index(after: separator)...].trimmed)
      } else {
        kind = .other
      }
      return ConfLine(kind: kind, section: section)
    }
  }

  static func isSeparator(_ character: Character) -> Bool { character == "=" || character == ":" }
}

extension StringProtocol {
  /// Without the white space at both ends.
  var trimmed: String {
    func isBlank(_ character: Character) -> Bool { character == " " || character == "\t" || character == "\r" }
    return String(drop(while: isBlank).reversed().drop(while: isBlank).reversed())
  }
}
