import Common

/// One of the server's ini files: `[section]`, `key = value`, comments. Parsed exactly as by the server, which uses
/// Python's `configparser.RawConfigParser`; see ``ConfLines`` for the rules.
public struct ConfFile: Sendable, Equatable {
  /// The sections and keys by their bytes: Swift considers two spellings of one character equal, Python does not.
  private var values: [[UInt8]: [[UInt8]: String]] = [:]

  /// An empty file.
  public init() {}

  /// - Parameter name: the name of the file in failures.
  /// - Throws: `.configuration` if the server refuses the file: a duplicate section or key, a line that is neither, a
  ///   line before the first section.
  public init(_ text: String, name: String) throws {
    self.init(try ConfLines(TextLines(text), name: name))
  }

  /// - Throws: also if the file is not UTF-8 text.
  public init(_ bytes: [UInt8], name: String) throws {
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw PlainFailure(
        .configuration, name, "is not UTF-8 text; the server refuses such a file", remedy: "save it as UTF-8")
    }
    try self.init(text, name: name)
  }

  init(_ lines: ConfLines) {
    var texts: [Int: [String]] = [:]
    for (index, line) in lines.lines.enumerated() {
      switch line.kind {
      case .comment: break
      case .section:
        values[Array((line.section ?? "").utf8), default: [:]] = values[Array((line.section ?? "").utf8)] ?? [:]
      case .entry(_, let value): texts[index] = [value]
      case .continuation(let text): line.entry.map { texts[$0, default: []].append(text) }
      case .blank: line.entry.map { texts[$0, default: []].append("") }
      }
    }
    for (index, text) in texts {
      guard case .entry(let key, _) = lines.lines[index].kind, let section = lines.lines[index].section else {
        continue
      }
      values[Array(section.utf8), default: [:]][Array(key.utf8)] =
        PythonText.strippedRight(text.joined(separator: "\n"))
    }
  }

  /// Reads a file; returns nil if there is none.
  ///
  /// - Throws: `.file` if it cannot be read, `.configuration` if the server refuses it.
  public static func read(_ path: String) throws -> ConfFile? {
    guard try FileSystem.isPresent(path) else { return nil }
    return try ConfFile(try FileSystem.read(path), name: path)
  }

  /// Returns the value of a key, or nil. An empty value is a value. A key missing in the section is looked up in
  /// `[DEFAULT]`.
  public func value(_ section: String, _ key: String) -> String? {
    guard let own = values[Array(section.utf8)] else { return nil }
    let key = Array(PythonText.lowercased(key).utf8)
    return own[key] ?? values[Array(ConfLines.defaults.utf8)]?[key]
  }

  /// Returns whether the section itself contains the key.
  package func has(_ section: String, _ key: String) -> Bool {
    values[Array(section.utf8)]?[Array(PythonText.lowercased(key).utf8)] != nil
  }

  /// Returns whether this file equals another one, except for one key of a section, which has another value or is
  /// missing.
  package func isLike(_ other: ConfFile, but section: String, _ key: String, _ value: String?) -> Bool {
    let (section, key) = (Array(section.utf8), Array(PythonText.lowercased(key).utf8))
    var expected = other.values
    if value != nil || expected[section] != nil { expected[section, default: [:]][key] = value }
    guard Set(values.keys) == Set(expected.keys) else { return false }
    return values.allSatisfy { name, own in
      let others = expected[name] ?? [:]
      return own.count == others.count
        && own.allSatisfy { key, text in others[key].map { $0.utf8.elementsEqual(text.utf8) } ?? false }
    }
  }

  /// Whether no section has a key.
  package var isEmpty: Bool { values.values.allSatisfy(\.isEmpty) }

  /// All sections except `[DEFAULT]`.
  public var sections: [String] {
    values.keys.map { String(decoding: $0, as: UTF8.self) }.filter { $0 != ConfLines.defaults }.sorted()
  }

  /// Returns the section's own keys and those of `[DEFAULT]`.
  public func keys(of section: String) -> [String] {
    guard let own = values[Array(section.utf8)] else { return [] }
    let all = Set(own.keys).union(values[Array(ConfLines.defaults.utf8), default: [:]].keys)
    return all.map { String(decoding: $0, as: UTF8.self) }.sorted()
  }
}
