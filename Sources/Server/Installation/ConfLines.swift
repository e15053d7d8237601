import Common

/// The lines of an ini file, classified like Python's `configparser.RawConfigParser` with its default options, which
/// the server uses to read its configuration and its secrets.
///
/// - A line ends with a line feed, a carriage return, or both; no other code point ends a line.
/// - A line whose first visible character is `#` or `;` is a comment in any place; text after a value is not a comment.
/// - A line that is indented further than the last key continues its value, also after empty lines and comments. Empty
///   lines inside a value belong to it.
/// - The first `=` or `:` ends a key; keys are converted to lowercase.
/// - A file with a duplicate section or a duplicate key in a section, a line before its first section, or any other
///   line is refused as a whole.
package struct ConfLines {
  package struct Line {
    package enum Kind: Equatable {
      case comment
      /// Part of the preceding value, if there is one.
      case blank
      case section
      case entry(key: String, value: String)
      case continuation(String)
    }

    package let kind: Kind
    /// The section of the line; nil before the first section. A section's header belongs to it.
    package let section: String?
    /// The entry that a continuation, or an empty line after an entry, continues: an index of a line.
    package let entry: Int?
    /// The number of white space code points before the text.
    package let indentation: Int
  }

  /// The section whose keys apply to all others.
  static let defaults = "DEFAULT"

  package let lines: [Line]

  /// - Parameter name: the name of the file in failures.
  /// - Throws: `.configuration` if Python refuses the file, with the section, the key and the lines.
  package init(_ text: TextLines, name: String) throws {
    var reader = ConfReader(name: name)
    for line in text.lines { try reader.read(line.text) }
    try reader.end()
    lines = reader.lines
  }
}

/// Reads line by line; the meaning of a line depends on the state after the previous ones.
private struct ConfReader {
  private struct Option: Hashable {
    let section: [UInt8]
    let key: [UInt8]
  }

  let name: String
  private(set) var lines: [ConfLines.Line] = []
  private var section: String?
  /// The line of the entry that further indented lines continue.
  private var entry: Int?
  private var indentation = 0
  private var sections: [[UInt8]: Int] = [:]
  private var options: [Option: Int] = [:]
  /// Python continues after a line that it cannot parse, and refuses the file at the end.
  private var unreadable: PlainFailure?

  init(name: String) { self.name = name }

  mutating func read(_ line: String) throws {
    let text = PythonText.stripped(line)
    let depth = line.unicodeScalars.prefix { PythonText.isSpace($0) }.count
    guard let first = text.unicodeScalars.first else { return add(.blank, entry: entry, depth) }
    if first == "#" || first == ";" { return add(.comment, entry: nil, depth) }
    if let entry, depth > indentation { return add(.continuation(text), entry: entry, depth) }
    indentation = depth
    if let header = Self.header(text) { return try begin(header, depth) }
    guard section != nil else {
      let isMarked = first.value == 0xFEFF
      throw refusal(
        "line \(number) stands before the first section\(isMarked ? ": the file begins with a byte order mark" : "")",
        remedy: isMarked ? "save the file without a byte order mark" : "begin the file with the line [section]")
    }
    try option(text, depth)
  }

  func end() throws { if let unreadable { throw unreadable } }

  // MARK: Lines

  private mutating func begin(_ header: String, _ depth: Int) throws {
    if header != ConfLines.defaults {
      if let before = sections[Array(header.utf8)] {
        throw refusal(
          "the section [\(SafeText.clean(header, limit: .label))] begins on line \(before) and again on line \(number)",
          remedy: "join the two sections")
      }
      sections[Array(header.utf8)] = number
    }
    section = header
    entry = nil
    add(.section, entry: nil, depth)
  }

  private mutating func option(_ text: String, _ depth: Int) throws {
    let scalars = text.unicodeScalars
    guard let separator = scalars.firstIndex(where: ConfLines.isSeparator) else {
      notUnderstood()
      return add(.comment, entry: nil, depth)
    }
    let key = PythonText.lowercased(PythonText.strippedRight(text[..<separator]))
    if key.isEmpty { notUnderstood() }
    let owner = section ?? ""
    let option = Option(section: Array(owner.utf8), key: Array(key.utf8))
    if let before = options[option] {
      let shown = SafeText.clean(key, limit: .label)
      throw refusal(
        "in the section [\(SafeText.clean(owner, limit: .label))] the key \(shown) is on line \(before) and again on line "
          + "\(number)", remedy: "remove the line that does not count")
    }
    options[option] = number
    let value = PythonText.stripped(text[scalars.index(after: separator)...])
    entry = key.isEmpty ? nil : lines.count
    add(.entry(key: key, value: value), entry: nil, depth)
  }

  private mutating func notUnderstood() {
    if unreadable == nil {
      unreadable = refusal(
        "line \(number) is no section, no key with a value and no comment",
        remedy: "a value on several lines has its further lines indented; a key needs = behind it")
    }
  }

  private mutating func add(_ kind: ConfLines.Line.Kind, entry: Int?, _ depth: Int) {
    lines.append(ConfLines.Line(kind: kind, section: section, entry: entry, indentation: depth))
  }

  private var number: Int { lines.count + 1 }

  private func refusal(_ reason: String, remedy: String) -> PlainFailure {
    PlainFailure(.configuration, name, "\(reason); the server refuses such a file", remedy: remedy)
  }

  /// Returns the text from the first bracket to the last one; text after it is ignored.
  private static func header(_ text: String) -> String? {
    let scalars = text.unicodeScalars
    guard scalars.first == "[", let last = scalars.lastIndex(of: "]") else { return nil }
    let start = scalars.index(after: scalars.startIndex)
    return start < last ? String(String.UnicodeScalarView(scalars[start..<last])) : nil
  }
}

extension ConfLines {
  package static func isSeparator(_ scalar: Unicode.Scalar) -> Bool { scalar == "=" || scalar == ":" }
}
