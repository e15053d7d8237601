import Common

/// The simple assignments of a `settings.py`: `NAME = "text"`, numbers, `True`, `False`, `None`, each on one line.
///
/// The file is Python; anything but a simple assignment at the beginning of a line is nil here.
public struct SettingsFile: Sendable {
  public enum Value: Sendable, Equatable {
    case text(String)
    case number(Int)
    case bool(Bool)
    case none
  }

  private var values: [String: Value] = [:]
  /// Whether no line assigns anything, not even a value that is not understood here.
  public private(set) var isEmpty = true

  public init(_ source: String) {
    for line in TextLines(source).lines.map(\.text) {
      guard let first = line.first, first.isLetter || first == "_", let equals = line.firstIndex(of: "=") else {
        continue
      }
      var name = line[..<equals].trimmed
      // `NAME: type = value` is an assignment too.
      if let colon = name.firstIndex(of: ":") { name = name[..<colon].trimmed }
      guard name.allSatisfy({ $0.isLetter || $0.isNumber || $0 == "_" }) else { continue }
      let right = line[line.index(after: equals)...].trimmed
      if right.first == "=" { continue }
      isEmpty = isEmpty && name.isEmpty
      // Python uses the last assignment, even one that is not understood here.
      values[name] = Self.parse(right)
    }
  }

  /// Reads a file; returns nil if there is none.
  ///
  /// - Throws: `.file` if it cannot be read.
  public static func read(_ path: String) throws -> SettingsFile? {
    guard try FileSystem.isPresent(path) else { return nil }
    return SettingsFile(String(decoding: try FileSystem.read(path), as: UTF8.self))
  }

  /// Creates the settings that a container's environment defines for its database, before settings.py exists; else
  /// empty.
  init(container: Container?) {
    self = SettingsFile("").placed(in: container)
  }

  /// Returns the settings with the database location from a container's environment.
  package func placed(in container: Container?) -> SettingsFile {
    var placed = self
    for (name, value) in container?.environment?.databaseSettings ?? [:] {
      placed.values[name] = Int(value).map { .number($0) } ?? .text(value)
    }
    return placed
  }

  public subscript(_ name: String) -> Value? { values[name] }

  /// Returns a string that is set and not empty.
  public func text(_ name: String) -> String? {
    guard case .text(let text)? = values[name], !text.isEmpty else { return nil }
    return text
  }

  public func number(_ name: String) -> Int? {
    switch values[name] {
    case .number(let number): number
    case .text(let text): Int(text)
    default: nil
    }
  }

  private static func parse(_ source: String) -> Value? {
    if let quote = source.first, quote == "\"" || quote == "'" { return quoted(source, by: quote) }
    let word = source.prefix { $0 != "#" }.trimmed
    switch word {
    case "True": return .bool(true)
    case "False": return .bool(false)
    case "None": return Value.none
    default: return Int(word).map { .number($0) }
    }
  }

  /// Parses one string in single or double quotes, followed at most by a comment; no prefixes, no concatenation.
  private static func quoted(_ source: String, by quote: Character) -> Value? {
    if source.hasPrefix(String(repeating: quote, count: 3)) { return nil }
    var text = ""
    var rest = source.dropFirst()
    while let character = rest.popFirst() {
      if character == quote {
        let behind = rest.trimmed
        return behind.isEmpty || behind.first == "#" ? .text(text) : nil
      }
      guard character == "\\" else {
        text.append(character)
        continue
      }
      switch rest.popFirst() {
      case "n": text.append("\n")
      case "t": text.append("\t")
      case let escaped? where escaped == "\\" || escaped == "'" || escaped == "\"": text.append(escaped)
      default: return nil
      }
    }
    return nil
  }
}

extension SettingsFile {
  /// Whether these settings store uploads in S3 instead of a folder.
  package var keepsUploadsInS3: Bool {
    self["LOCAL_UPLOADS_DIR"] == SettingsFile.Value.none
      || (text("LOCAL_UPLOADS_DIR") == nil && text("S3_AUTH_UPLOADS_BUCKET") != nil)
  }
}
