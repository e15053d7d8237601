import Common

/// One of the server's ini files: `[section]`, `key = value`, comments. Read the way the server reads it.
public struct ConfFile: Sendable {
  private var values: [String: [String: String]] = [:]

  public init(_ text: String) {
    var section = ""
    var lastKey: String?
    for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
      let trimmed = line.trimmed
      if trimmed.isEmpty || trimmed.first == "#" || trimmed.first == ";" {
        if trimmed.isEmpty { lastKey = nil }
        continue
      }
      if let lastKey, line.first == " " || line.first == "\t" {
        // A line that begins with white space goes on with the value before it.
        values[section, default: [:]][lastKey, default: ""] += "\n" + trimmed
      } else if trimmed.first == "[", trimmed.last == "]" {
        section = String(trimmed.dropFirst().dropLast())
        lastKey = nil
      } else if let separator = trimmed.firstIndex(where: { $0 == "=" || $0 == ":" }) {
        // Keys are read without regard to case, as Python's configparser does.
        let key = trimmed[..<separator].trimmed.lowercased()
        values[section, default: [:]][key] = trimmed[trimmed.index(after: separator)...].trimmed
        lastKey = key
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

extension StringProtocol {
  /// Without the white space at both ends.
  var trimmed: String {
    func isBlank(_ character: Character) -> Bool { character == " " || character == "\t" || character == "\r" }
    return String(drop(while: isBlank).reversed().drop(while: isBlank).reversed())
  }
}
